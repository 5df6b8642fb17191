package synth

import (
	"cmp"
	"slices"
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
	d, with := peopled(t, 24)
	_, without := peopled(t, 24, "effective-model")
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
