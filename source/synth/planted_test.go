package synth

import (
	"math"
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

// within reports whether a share of counts lies around what is planted, within
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
