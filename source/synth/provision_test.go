package synth

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// provided is a district's areas and provision that several tests read.
var provided = sync.OnceValues(func() ([]Area, *provision) {
	areas := readAreas()
	return areas, newProvision(7, areas)
})

func TestPracticesAsPublished(t *testing.T) {
	_, p := provided()
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
	areas, p := provided()
	d := roll(1, "test", 0)
	var at []int // each area as often as a hundred people live there
	for i, a := range areas {
		for range a.Population / 100 {
			at = append(at, i)
		}
	}
	got := map[*Organisation]float64{}
	const n = 200_000
	for range n {
		got[p.practiceFor(d, &areas[anyOf(d, at)])]++
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
	areas, p := provided()
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
	areas, p := provided()
	d := roll(1, "test", 0)
	for what := purpose(1); what < purposes; what++ {
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

func TestProvisionIsWhole(t *testing.T) {
	_, p := provided()
	ids, types, staff := map[string]bool{}, map[string]int{}, 0
	unique := func(id string) {
		if ids[id] {
			t.Errorf("two things have the id %s", id)
		}
		ids[id] = true
	}
	for _, o := range p.all {
		unique(o.ID)
		types[o.Type]++
		staff += len(o.Staff)
		if len(o.Sites) == 0 || !strings.HasSuffix(o.Name, " (synthetic)") || !strings.HasPrefix(o.ODS, "ZZ") {
			t.Errorf("%s, %s, has %d sites", o.Name, o.ODS, len(o.Sites))
		}
		for _, who := range o.Staff {
			unique(who.ID)
		}
		for _, site := range o.Sites {
			unique(site.ID)
			if site.Of != o || site.Lat < 51.2 || site.Lat > 51.6 || site.Lon < -0.2 || site.Lon > 0.3 || !strings.HasPrefix(site.Postcode, "ZZ") {
				t.Errorf("%s lies at %v, %v, %s", site.Name, site.Lat, site.Lon, site.Postcode)
			}
			for _, service := range site.Services {
				unique(service.ID)
				checkService(t, service)
			}
		}
	}
	want := map[string]int{"network": 24, "practice": 208, "pharmacy": 354, "trust": 4, "mentalhealth": 2, "ambulance": 1, "community": 1, "hospice": 2, "council": 6}
	for kind, n := range want {
		if types[kind] != n {
			t.Errorf("%d of type %s, want %d", types[kind], kind, n)
		}
	}
	if types["carehome"] < 120 || types["charity"] < 60 || staff < 5000 || staff > 12000 {
		t.Errorf("%d care homes, %d charities, %d staff", types["carehome"], types["charity"], staff)
	}
}

func checkService(t *testing.T, s *Service) {
	t.Helper()
	if s.At.Of == nil || s.Type == nil || s.Eligible == "" || s.Referral == "" || s.Phone[:9] != "020 7946 " || s.To != 0 && s.To < s.From {
		t.Errorf("%s, %s: incomplete", s.ID, s.Name)
	}
	open := false
	for _, spans := range s.Hours {
		last := int16(0)
		for _, span := range spans {
			open = true
			if span.From < last || span.To <= span.From || span.To > 1440 {
				t.Errorf("%s is open from minute %d to %d", s.Name, span.From, span.To)
			}
			last = span.To
		}
	}
	if !open {
		t.Errorf("%s never opens", s.Name)
	}
}

func TestOpenAt(t *testing.T) {
	practice := &Service{Hours: weekOf("08:00-13:00 14:00-18:30", "-", "-")}
	hub := &Service{Hours: weekOf("18:30-20:00", "08:00-20:00", "10:00-16:00"), Holidays: asOnSunday}
	always := &Service{Hours: weekOf("00:00-24:00", "00:00-24:00", "00:00-24:00"), Holidays: asUsual}
	for _, c := range []struct {
		what             string
		at               Moment
		practice, hubbed bool
	}{
		{"a Monday in winter", dayOf(2025, 1, 13).At(8 * 60), true, false},
		{"before it opens", dayOf(2025, 1, 13).At(8*60 - 1), false, false},
		{"a Monday in summer", dayOf(2025, 7, 14).At(8 * 60), true, false},
		{"lunch", dayOf(2025, 7, 14).At(13 * 60), false, false},
		{"closing", dayOf(2025, 7, 14).At(18*60 + 30), false, true},
		{"Saturday", dayOf(2025, 7, 12).At(9 * 60), false, true},
		{"Sunday early", dayOf(2025, 7, 13).At(9 * 60), false, false},
		{"August bank holiday", dayOf(2025, 8, 25).At(11 * 60), false, true},
		{"bank holiday evening", dayOf(2025, 8, 25).At(19 * 60), false, false},
		{"Christmas 2022 moved to a Tuesday", dayOf(2022, 12, 27).At(11 * 60), false, true},
	} {
		if got := practice.OpenAt(c.at); got != c.practice {
			t.Errorf("%s: practice open is %v", c.what, got)
		}
		if got := hub.OpenAt(c.at); got != c.hubbed {
			t.Errorf("%s: hub open is %v", c.what, got)
		}
		if !always.OpenAt(c.at) {
			t.Errorf("%s: what is always open is closed", c.what)
		}
	}
}

func TestOpenMomentsAreOpen(t *testing.T) {
	_, p := provided()
	d := roll(3, "test", 0)
	for _, o := range p.all {
		for _, site := range o.Sites {
			for _, service := range site.Services {
				for range 40 {
					wished := Moment(d.between(int(dayOf(2021, 1, 1).Start()), int(dayOf(2026, 1, 31).Start())))
					at := service.openFrom(d, wished)
					if !service.OpenAt(at) || at < wished || at > wished+14*1440 {
						t.Fatalf("%s: wished %s, got %s", service.Name, wished.Time(), at.Time())
					}
				}
			}
		}
	}
}

func TestProvisionComesAgain(t *testing.T) {
	unlessShort(t)
	summary := func(seed uint64) string {
		var b strings.Builder
		p := newProvision(seed, readAreas())
		for _, o := range p.all {
			fmt.Fprintln(&b, o.ID, o.Name, o.ODS, o.List, len(o.Staff))
			for _, site := range o.Sites {
				fmt.Fprintln(&b, *site)
				for _, service := range site.Services {
					fmt.Fprintln(&b, service.ID, service.Hours, service.Access, service.Languages, service.Capacity)
				}
			}
			for _, who := range o.Staff {
				fmt.Fprintln(&b, who.ID, who.Given, who.Family, who.Job)
			}
		}
		fmt.Fprintln(&b, p.registered)
		return pointer.ReplaceAllString(b.String(), "")
	}
	if summary(7) != summary(7) { //nolint:staticcheck // that both calls say the same is the test
		t.Error("one seed made two districts")
	}
	if summary(7) == summary(8) {
		t.Error("two seeds made one district")
	}
}

// pointer matches an address in printed values.
var pointer = regexp.MustCompile(`0x[0-9a-f]+`)
