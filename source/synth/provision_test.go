package synth

import (
	"math"
	"slices"
	"testing"
)

func TestPracticesAsPublished(t *testing.T) {
	p := newProvision(7, readAreas())
	if got := len(p.practices); got != 208 {
		t.Errorf("%d practices, published are 208", got)
	}
	var lists []int
	total, names := 0, map[string]bool{}
	for _, o := range p.practices {
		if o.PartOf == nil || o.PartOf.Type != "network" || o.PartOf.Borough != o.Borough {
			t.Errorf("%s is in the network %v", o.Name, o.PartOf)
		}
		if names[o.Name] {
			t.Errorf("two practices are called %s", o.Name)
		}
		names[o.Name] = true
		lists = append(lists, o.List)
		total += o.List
	}
	if total != 2019995 {
		t.Errorf("lists sum to %d, published are 2,019,995", total)
	}
	slices.Sort(lists)
	for _, q := range []struct{ at, want float64 }{{0.25, 6078}, {0.5, 8948}, {0.75, 11783}} {
		if got := float64(lists[int(q.at*float64(len(lists)))]); math.Abs(got/q.want-1) > 0.06 {
			t.Errorf("quantile %v of the lists is %v, published is %v", q.at, got, q.want)
		}
	}
	if lists[0] < 300 || lists[0] > 450 || lists[len(lists)-1] < 70000 || lists[len(lists)-1] > 85000 {
		t.Errorf("lists from %d to %d, published are 372 to 77,809", lists[0], lists[len(lists)-1])
	}
}

func TestPeopleRegisterAsListsAre(t *testing.T) {
	areas := readAreas()
	p := newProvision(7, areas)
	d := roll(1, "test", 0)
	var people []float64
	for _, a := range areas {
		people = append(people, float64(a.Population))
	}
	got := map[*Organisation]float64{}
	const n = 200_000
	for range n {
		got[p.practiceFor(d, &areas[d.among(people)])]++
	}
	far := 0
	for _, o := range p.practices {
		want := n * float64(o.List) / 2019995
		if math.Abs(got[o]-want) > 0.15*want+30 {
			far++
			t.Logf("%s: %v people, its list says %.0f", o.Name, got[o], want)
		}
	}
	if far > 8 {
		t.Errorf("%d practices have lists unlike those published", far)
	}
}

func TestEmergencySharesAsPublished(t *testing.T) {
	areas := readAreas()
	p := newProvision(7, areas)
	d := roll(1, "test", 0)
	got, of := map[[2]string]float64{}, map[string]float64{}
	for range 100 {
		for i := range areas {
			a := &areas[i]
			got[[2]string{a.Borough, p.find(d, emergency, a).At.Of.ID[len("sel-"):]}]++
			of[a.Borough]++
		}
	}
	for _, row := range table("emergency-shares") {
		if share := got[[2]string{row[0], row[1]}] / of[row[0]]; math.Abs(share-number(row[2])) > 0.02 {
			t.Errorf("%s sends %.3f to %s, published is %s", row[0], share, row[1], row[2])
		}
	}
}

func TestEveryAreaFindsWhatItNeeds(t *testing.T) {
	areas := readAreas()
	p := newProvision(7, areas)
	d := roll(1, "test", 0)
	for _, what := range []purpose{generalPractice, emergency, urgentTreatment, maternity, communityNursing, mentalHealthTeam, adultSocialCare, helpline, ambulance, hospice} {
		for i := range areas {
			s := p.find(d, what, &areas[i])
			if s == nil {
				t.Errorf("nobody offers purpose %d to %s", what, areas[i].Code)
				break
			}
			if !s.takes(&areas[i]) {
				t.Errorf("%s does not take people of %s", s.Name, areas[i].Code)
			}
		}
		if p.find(d, what, nil) == nil {
			t.Errorf("nobody offers purpose %d to people from elsewhere", what)
		}
	}
}
