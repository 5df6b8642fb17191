package synth

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"joinery/fault"
)

// peopled returns the people of some blocks of a district without some truths.
func peopled(t *testing.T, blocks int64, without ...string) (*District, []*Person) {
	t.Helper()
	d, err := Open(Options{Seed: 11, Until: dayOf(2026, 1, 31), Without: without})
	if err != nil {
		t.Fatal(err)
	}
	var people []*Person
	for n := range blocks {
		people = append(people, d.Block(n)...)
	}
	return d, people
}

// unlessShort skips a test that invents thousands of people when there is little time.
func unlessShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("invents thousands of people")
	}
}

// manyBlocks hold enough people for what is planted to show.
const manyBlocks = 24

// everybody is a district with all that is planted, which several tests read.
func everybody(t *testing.T) (*District, []*Person) {
	t.Helper()
	once.Do(func() { all.d, all.people = peopled(t, manyBlocks) })
	return all.d, all.people
}

var (
	once sync.Once
	all  struct {
		d      *District
		people []*Person
	}
)

// sameLife reports whether two people have the same events.
func sameLife(a, b *Person) bool {
	return slices.EqualFunc(a.Events, b.Events, func(x, y Event) bool {
		return x.Kind == y.Kind && x.At == y.At && x.Until == y.Until && x.Value == y.Value && x.Status == y.Status && x.Text == y.Text
	})
}

// attendances returns the times at which somebody attended in an emergency.
func attendances(p *Person, from Day) []Moment {
	var at []Moment
	for i := range p.Events {
		if e := &p.Events[i]; e.Kind == Encounter && (e.Class == "EMER" || e.What == urgentVisit) && e.At >= from.Start() {
			at = append(at, e.At)
		}
	}
	return at
}

func TestATruthThereIsNot(t *testing.T) {
	_, err := Open(Options{Until: dayOf(2026, 1, 31), Without: []string{"effective-model", "magic"}})
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v, want Invalid", err)
	}
}

func TestTheEffectiveModelCutsAttendances(t *testing.T) {
	unlessShort(t)
	d, with := everybody(t)
	_, without := peopled(t, manyBlocks, "effective-model")
	model := &d.truths.models[effective]
	before, after, enrolled := 0, 0, 0
	for i, p := range with {
		q := without[i]
		if p.Practice == nil || !model.has(p.Practice) {
			if !sameLife(p, q) {
				t.Fatalf("person %d, not of the model's networks, lives another life without it", p.Number)
			}
			continue
		}
		if !slices.Equal(attendances(p, 0)[:len(attendances(p, 0))-len(attendances(p, model.From))], attendances(q, 0)[:len(attendances(q, 0))-len(attendances(q, model.From))]) {
			t.Errorf("person %d attended otherwise before the model began", p.Number)
		}
		kept, all := attendances(p, model.From), attendances(q, model.From)
		for _, at := range kept {
			if _, found := slices.BinarySearchFunc(all, at, cmp.Compare[Moment]); !found {
				t.Errorf("person %d attends with the model when not without it", p.Number)
			}
		}
		before, after = before+len(all), after+len(kept)
		enrolled += count(p, model)
	}
	if share := float64(after) / float64(before); before < 100 || share < 0.8 || share > 0.95 {
		t.Errorf("%d attendances of %d remain, planted is %v", after, before, effectiveFactor)
	}
	if enrolled == 0 {
		t.Error("nobody is enrolled")
	}
}

func TestFactorsOfWhatIsPlanted(t *testing.T) {
	d, _ := peopled(t, 0)
	without, _ := peopled(t, 0, "outlier-practice", "monday-practice")
	u := &d.truths
	model := u.models[effective]
	var member *Organisation
	for _, o := range d.care.practices {
		if model.has(o) {
			member = o
		}
		for _, m := range u.models {
			if m.has(o) && (o == u.outlier || o == u.mondays) {
				t.Errorf("%s is in a model's network and planted itself", o.ID)
			}
		}
	}
	if u.outlier == u.mondays {
		t.Error("one practice has two truths")
	}
	monday := dayOf(2025, 3, 10)
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"before the model", u.emergencyFactor(member, model.From-1), 1},
		{"the model's first day", u.emergencyFactor(member, model.From), effectiveFactor},
		{"the outlier", u.emergencyFactor(u.outlier, monday), outlierFactor},
		{"the outlier left out", without.truths.emergencyFactor(without.truths.outlier, monday), 1},
		{"nobody's practice", u.emergencyFactor(nil, monday), 1},
		{"the practice short on Mondays", u.emergencyFactor(u.mondays, monday), 1},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
		}
	}
	if !u.short(u.mondays, monday) || u.short(u.mondays, monday+1) || u.short(u.outlier, monday) || without.truths.short(without.truths.mondays, monday) {
		t.Error("a practice is short when it isn't, or isn't when it is")
	}
}

// TestTheThirdModelTakesWhoAttendedMuch holds that it enrols by the year before,
// and that enrolling changes nothing else.
func TestTheThirdModelTakesWhoAttendedMuch(t *testing.T) {
	unlessShort(t)
	d, with := everybody(t)
	model := &d.truths.models[regression]
	enrolled := 0
	for _, p := range with {
		if count(p, model) == 0 {
			continue
		}
		enrolled++
		year := 0
		for _, e := range p.Whole() {
			if e.Kind == Encounter && e.Class == "EMER" && e.At >= (model.From-365).Start() && e.At < model.From.Start() {
				year++
			}
		}
		if year < frequent && !p.overlaid {
			t.Errorf("person %d is enrolled after %d attendances", p.Number, year)
		}
		if !model.has(p.Practice) {
			t.Errorf("person %d is enrolled from a practice outside the networks", p.Number)
		}
	}
	if enrolled == 0 {
		t.Error("nobody is enrolled")
	}
}

// count returns how many episodes of a model somebody has.
func count(p *Person, m *careModel) int {
	n := 0
	for i := range p.Events {
		if e := &p.Events[i]; e.Kind == EpisodeOfCare && e.What == m.What {
			n++
		}
	}
	return n
}

func TestSecondRecords(t *testing.T) {
	unlessShort(t)
	_, with := peopled(t, 12, "overlays")
	_, without := peopled(t, 12, "overlays", "duplicates")
	seen, holding := 0, 0
	numbers := map[int64]bool{}
	for i, p := range with {
		if without[i].Duplicate != nil {
			t.Fatal("there is a second record without the truth of them")
		}
		if p.Duplicate == nil {
			if !sameLife(p, without[i]) {
				t.Errorf("person %d has one record and lives otherwise", p.Number)
			}
			continue
		}
		seen++
		other := p.Duplicate
		if numbers[other.Number] || other.Number < 1_000_000_000 || len(other.slips) == 0 {
			t.Errorf("the second record of %d has the number %d and differs in %v", p.Number, other.Number, other.slips)
		}
		numbers[other.Number] = true
		if len(other.Events) > 0 {
			holding++
		}
		if len(p.Events)+len(other.Events) != len(without[i].Events) {
			t.Errorf("person %d: %d and %d events make %d", p.Number, len(p.Events), len(other.Events), len(without[i].Events))
		}
		checkReferences(t, p)
		checkReferences(t, other)
		whole := &Person{Events: p.Whole()}
		checkReferences(t, whole)
		if !slices.Equal(times(whole), times(without[i])) {
			t.Errorf("person %d: the whole is another life", p.Number)
		}
	}
	if share := float64(seen) / float64(len(with)); share < duplicateShare/2 || share > duplicateShare*2 || holding < seen/3 {
		t.Errorf("%d of %d people have a second record, %d of them with events", seen, len(with), holding)
	}
	records := Records(with[:BlockSize])
	if len(records) < BlockSize || records[0] != with[0] {
		t.Errorf("%d records of a block", len(records))
	}
}

// times returns when a person's events are.
func times(p *Person) []Moment {
	var at []Moment
	for i := range p.Events {
		at = append(at, p.Events[i].At)
	}
	return at
}

// checkReferences holds that events are in order and refer to encounters, conditions and referrals of their own record.
func checkReferences(t *testing.T, p *Person) {
	t.Helper()
	for i := range p.Events {
		e := &p.Events[i]
		if i > 0 && e.At < p.Events[i-1].At {
			t.Fatalf("record %d: event %d comes before the one before it", p.Number, i)
		}
		if e.In >= 0 && p.Events[e.In].Kind != Encounter {
			t.Errorf("record %d: event %d happened in no encounter", p.Number, i)
		}
		if e.For >= 0 && p.Events[e.For].Kind != Condition && p.Events[e.For].Kind != ServiceRequest {
			t.Errorf("record %d: event %d is for an event of kind %d", p.Number, i, p.Events[e.For].Kind)
		}
	}
}

func TestOverlays(t *testing.T) {
	unlessShort(t)
	d, with := peopled(t, manyBlocks, "duplicates")
	_, without := peopled(t, manyBlocks, "duplicates", "overlays")
	held, kept, all := 0, 0, 0
	for i, p := range with {
		kept += len(p.Events)
		all += len(without[i].Events)
		checkReferences(t, p)
		if p.overlay == nil {
			if !p.overlaid && !sameLife(p, without[i]) {
				t.Errorf("person %d has no part in an overlay and lives otherwise", p.Number)
			}
			continue
		}
		held++
		if len(p.overlay.places) == 0 || len(p.Events) != len(without[i].Events)+len(p.overlay.places) {
			t.Errorf("record %d holds %d events of another, and %d in all for %d", p.Number, len(p.overlay.places), len(p.Events), len(without[i].Events))
		}
		if of := p.overlay.of; of.Sex != p.Sex || !of.overlaid || p.Number/BlockSize != of.Number/BlockSize {
			t.Errorf("record %d holds events of %d", p.Number, of.Number)
		}
		for _, at := range p.overlay.places {
			if e := &p.Events[at]; e.At.Day() < p.Born || p.Died != NotYet && e.At.Day() > p.Died {
				t.Errorf("record %d holds an event outside the life", p.Number)
			}
		}
		checkPairs(t, d, p)
	}
	if kept != all {
		t.Errorf("%d events of %d are left", kept, all)
	}
	if held < 1 || held > 20 {
		t.Errorf("%d of %d records hold another's events", held, len(with))
	}
}

// checkPairs holds that the resources that the line of a person names are written.
func checkPairs(t *testing.T, d *District, p *Person) {
	t.Helper()
	written := map[string]bool{}
	NewScribe(d, func(r Resource) { written[r.Type+"/"+r.ID] = true }).Person(p)
	for line := range strings.Lines(string(AppendPairs(nil, p))) {
		var pair struct {
			Kind, Patient, Of string
			Resources         []string
		}
		if err := json.Unmarshal([]byte(line), &pair); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if pair.Kind != "overlay" || !written["Patient/"+pair.Patient] || len(pair.Resources) == 0 {
			t.Errorf("line %s", line)
		}
		for _, name := range pair.Resources {
			if !written[name] {
				t.Errorf("there is no %s", name)
			}
		}
	}
}

func TestTruthIsToldBesideTheData(t *testing.T) {
	d, _ := peopled(t, 0, "ineffective-model")
	var told struct {
		Effects []struct {
			Name, Practice string
			On             bool
			Networks       []string
			Multiplier     float64
		}
	}
	if err := json.Unmarshal(d.Truth(1000), &told); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, o := range d.Organisations {
		known[o.ID] = true
	}
	used := map[string]bool{}
	for i, e := range told.Effects {
		if e.Name != Truths[i] || e.On != (e.Name != "ineffective-model") || e.Multiplier <= 0 {
			t.Errorf("truth %d is told as %+v", i, e)
		}
		for _, id := range append(e.Networks, e.Practice) {
			if id != "" && (!known[id] || used[id]) {
				t.Errorf("%s is told of %q", e.Name, id)
			}
			used[id] = true
		}
	}
}
