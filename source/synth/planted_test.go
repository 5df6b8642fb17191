package synth

import (
	"math"
	"slices"
	"testing"
	"time"
)

// patientsOf returns the people of a practice among those of so many blocks,
// with their lives.
func patientsOf(d *District, practice *Organisation, blocks int64) []*Person {
	var all []*Person
	for n := range blocks {
		for _, p := range d.people(n) {
			if p.Practice == practice {
				d.live(p)
				all = append(all, p)
			}
		}
	}
	return all
}

// practiceBlocks hold some hundreds of people of one practice.
const practiceBlocks = 700

// nearPlanted reports whether a share of counts lies around what is planted, within
// so many standard errors of the counts.
func nearPlanted(got, of int, planted, errors float64) bool {
	share := float64(got) / float64(of)
	return math.Abs(share-planted) <= errors*planted*math.Sqrt(1/float64(got)+1/float64(of))
}

// TestTheOutlierIsAsFarOutAsPlanted measures in what is made by how much the
// people of the outlier practice attend beyond what they would, who they are
// being the same, and that it is so with no other truth in between.
func TestTheOutlierIsAsFarOutAsPlanted(t *testing.T) {
	unlessShort(t)
	t.Parallel()
	on, _ := peopled(t, 0)
	off, _ := peopled(t, 0, "outlier-practice")
	practice := on.truths.outlier
	with, without := patientsOf(on, practice, practiceBlocks), patientsOf(off, off.truths.outlier, practiceBlocks)
	got, of := 0, 0
	for i, p := range with {
		if p.Number != without[i].Number {
			t.Fatalf("person %d is of the practice only with the truth on, or only with it off", p.Number)
		}
		got += len(attendances(p, on.Since))
		of += len(attendances(without[i], on.Since))
	}
	t.Logf("%d people attend %d times, and %d without", len(with), got, of)
	if of < 400 || !nearPlanted(got, of, outlierFactor, 2.5) {
		t.Errorf("%d people attend %d times, and without the truth %d: %.2f times as often, planted is %v", len(with), got, of, float64(got)/float64(of), outlierFactor)
	}
}

// TestMondaysAreAsShortAsPlanted measures in what is made how many of the
// contacts that people seek on a Monday the practice gives, and where the others go.
func TestMondaysAreAsShortAsPlanted(t *testing.T) {
	unlessShort(t)
	t.Parallel()
	on, _ := peopled(t, 0)
	off, _ := peopled(t, 0, "monday-practice")
	with, without := patientsOf(on, on.truths.mondays, practiceBlocks), patientsOf(off, off.truths.mondays, practiceBlocks)
	made, would := soughtByDay(with), soughtByDay(without)
	t.Logf("%d people: contacts by weekday %v, and without %v", len(with), made, would)
	if would[time.Monday] < 400 || !nearPlanted(made[time.Monday], would[time.Monday], mondayShare, 2.5) {
		t.Errorf("%d contacts on Mondays, and without the truth %d: %.2f, planted is %v", made[time.Monday], would[time.Monday], float64(made[time.Monday])/float64(would[time.Monday]), mondayShare)
	}
	missing, later := would[time.Monday]-made[time.Monday], 0
	for day := time.Tuesday; day <= time.Friday; day++ {
		later += made[day] - would[day]
	}
	if share := float64(later) / float64(missing); share < 0.45 || share > 0.85 {
		t.Errorf("%d of %d contacts that Mondays could not hold came later in the week, planted is about two in three", later, missing)
	}
}

// soughtByDay counts the contacts with a practice's doctors that people sought
// for a trouble of their own, by the day of the week.
func soughtByDay(people []*Person) (days [7]int) {
	for _, p := range people {
		for i := range p.Events {
			e := &p.Events[i]
			if e.Kind != Encounter || e.Org != p.Practice || e.Who == nil || e.Who.Job != generalist {
				continue
			}
			if e.For < 0 || p.Events[e.For].Category != ofEncounter || e.Note != "" { // called in, or about what the practice follows
				continue
			}
			days[e.At.Day().Weekday()]++
		}
	}
	return days
}

// networksBlocks hold some thousands of people of two networks.
const networksBlocks = 300

// patientsIn returns the people of the networks of models among those of so many
// blocks, by model, with their lives.
func patientsIn(d *District, blocks int64, which ...planted) map[planted][]*Person {
	all := map[planted][]*Person{}
	for n := range blocks {
		for _, p := range d.people(n) {
			for _, w := range which {
				if p.Practice != nil && d.truths.models[w].has(p.Practice) {
					d.live(p)
					all[w] = append(all[w], p)
				}
			}
		}
	}
	return all
}

// beforeAndAfter counts attendances in the two years before a day and in those
// from then on, of who was there all that time.
func beforeAndAfter(d *District, people []*Person, from Day) (before, after int) {
	for _, p := range people {
		if p.Since > from-700 || p.Died != NotYet || p.Left != NotYet || p.Arrived != NotYet && p.Arrived > from-700 {
			continue
		}
		for _, at := range attendances(p, from-700) {
			switch day := at.Day(); {
			case day < from:
				before++
			case day < from+700:
				after++
			}
		}
	}
	return before, after
}

// TestTheModelsAreFoundInTheData finds by difference in differences, as an
// evaluator would, that the first model cuts attendances as planted and the second
// changes nothing: each is the other's comparison, over the same two years.
func TestTheModelsAreFoundInTheData(t *testing.T) {
	unlessShort(t)
	t.Parallel()
	d, _ := peopled(t, 0)
	without, _ := peopled(t, 0, "effective-model", "ineffective-model")
	from := d.truths.models[effective].From
	made := patientsIn(d, networksBlocks, effective, ineffective)
	would := patientsIn(without, networksBlocks, effective, ineffective)

	b1, a1 := beforeAndAfter(d, made[effective], from)
	b2, a2 := beforeAndAfter(d, made[ineffective], from)
	ratio := float64(a1) / float64(b1) / (float64(a2) / float64(b2))
	errs := math.Sqrt(1/float64(a1) + 1/float64(b1) + 1/float64(a2) + 1/float64(b2))
	t.Logf("attendances before and after: %d and %d with the model, %d and %d with the other: ratio %.3f, standard error %.3f", b1, a1, b2, a2, ratio, errs)
	if b1 < 700 || math.Abs(math.Log(ratio/effectiveFactor)) > 3*errs {
		t.Errorf("the ratio of ratios is %.3f, planted is %v, and one standard error %.3f", ratio, effectiveFactor, errs)
	}

	// Beside what would have been, chance falls away.
	_, other := beforeAndAfter(without, would[effective], from)
	if share := float64(a1) / float64(other); math.Abs(share-effectiveFactor) > 0.03 {
		t.Errorf("%d attendances of %d remain, %.3f, planted is %v", a1, other, share, effectiveFactor)
	}
	for i, p := range made[ineffective] {
		if !slices.Equal(attendances(p, 0), attendances(would[ineffective][i], 0)) {
			t.Fatalf("person %d attends otherwise for the model that changes nothing", p.Number)
		}
	}
}

// TestTheThirdModelOnlySeemsToWork measures what an evaluation without a
// comparison would take for an effect: those who are enrolled attend far less
// after it than before, and exactly as often as without the model.
func TestTheThirdModelOnlySeemsToWork(t *testing.T) {
	unlessShort(t)
	t.Parallel()
	d, _ := peopled(t, 0)
	without, _ := peopled(t, 0, "regression-model")
	model := &d.truths.models[regression]
	made := patientsIn(d, networksBlocks, regression)[regression]
	would := patientsIn(without, networksBlocks, regression)[regression]
	enrolled, before, after := 0, 0, 0
	for i, p := range made {
		if !slices.Equal(attendances(p, 0), attendances(would[i], 0)) {
			t.Fatalf("person %d attends otherwise for the model that changes nothing", p.Number)
		}
		if count(p, model) == 0 || p.Died != NotYet || p.Left != NotYet {
			continue
		}
		enrolled++
		for _, at := range attendances(p, model.From-365) {
			switch day := at.Day(); {
			case day < model.From:
				before++
			case day < model.From+365:
				after++
			}
		}
	}
	t.Logf("%d enrolled attended %d times in the year before and %d in the year after", enrolled, before, after)
	if enrolled < 30 || float64(after) > 0.75*float64(before) {
		t.Errorf("%d enrolled attended %d times in the year before and %d in the year after: nothing that could mislead", enrolled, before, after)
	}
}

// TestFaultsOfRecordsAreAsManyAsPlanted counts second records and records that
// hold another's events in what is made.
func TestFaultsOfRecordsAreAsManyAsPlanted(t *testing.T) {
	unlessShort(t)
	t.Parallel()
	_, people := everybody(t)
	seconds, mixed := 0, 0
	for _, p := range people {
		if p.Duplicate != nil {
			seconds++
		}
		if p.overlay != nil {
			mixed++
		}
	}
	for _, c := range []struct {
		what  string
		got   int
		share float64
	}{{"second records", seconds, duplicateShare}, {"records that hold another's events", mixed, overlayShare}} {
		want := c.share * float64(len(people))
		if math.Abs(float64(c.got)-want) > 3*math.Sqrt(want) {
			t.Errorf("%d %s of %d people, planted are %.0f", c.got, c.what, len(people), want)
		}
	}
}
