package synth

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestPeopleAreAsManyAsPublished holds people to the counts that the tables
// give. Nobody has lived yet: each counts as much as is likely that they live.
func TestPeopleAreAsManyAsPublished(t *testing.T) {
	n, loose := int64(200_000), 1.0
	if testing.Short() {
		n, loose = 30_000, 4 // chance alone makes more of a difference
	}
	d := open(t, 1)
	var made, want census
	made.count(d, n)
	want.read(d.Areas)
	check := func(what string, made, want, tolerance float64) {
		t.Helper()
		if off := math.Abs(made - want); off > tolerance*loose {
			t.Errorf("%s: made %.2f%%, published %.2f%%, off by %.2f where %.2f is allowed", what, made, want, off, tolerance*loose)
		}
	}
	for b := range Boroughs {
		name := boroughNames[Boroughs[b]]
		check(name+", of all residents", percentOf(made.borough[b], total(made.borough[:])), percentOf(want.borough[b], total(want.borough[:])), 0.35)
		for c := range cells {
			check(name+", of an age", percentOf(made.ages[b][c], made.borough[b]), percentOf(want.ages[b][c], want.borough[b]), 0.55)
		}
		for e := range letters {
			check(name+", "+ethnicities[letters[e:e+1]], percentOf(made.groups[b][e], total(made.groups[b][:])), percentOf(want.groups[b][e], total(want.groups[b][:])), 1.2)
		}
		for decile := range 10 {
			check(name+", of a decile", percentOf(made.deciles[b][decile], made.borough[b]), percentOf(want.deciles[b][decile], want.borough[b]), 1.1)
		}
		for k, tenure := range tenures {
			check(name+", "+tenure, percentOf(made.tenures[b][k], total(made.tenures[b][:])), percentOf(want.tenures[b][k], total(want.tenures[b][:])), 1.5)
		}
		check(name+", overcrowded", percentOf(made.crowded[b], total(made.tenures[b][:])), percentOf(want.crowded[b], total(want.tenures[b][:])), 0.8)
		check(name+", people a home", made.borough[b]/total(made.tenures[b][:])*100, want.borough[b]/total(want.tenures[b][:])*100, 5)
		check(name+", unpaid carers", percentOf(made.carers[b], made.fivePlus[b]), 100*carers[Boroughs[b]].rate, 0.45)
		check(name+", language not English", percentOf(made.foreign[b], made.threePlus[b]), mainLanguage[b], 5)
		check(name+", born abroad", percentOf(made.abroad[b], made.borough[b]), bornElsewhere[b], 7)
	}
	registered := 100 * made.registered / total(made.borough[:])
	check("registered for 100 residents", registered, 100*assumed["registered"]/assumed["residents"], 1.2)
	for i, age := range []string{"care home 65", "care home 75", "care home 85"} {
		check(age, percentOf(made.homes[i], made.old[i]), 100*assumed[age], []float64{0.2, 0.5, 2}[i])
	}
}

// Percent of people whose main language is not English (Census 2011, of three
// and over) and who were born abroad (2014), from GLA's borough profiles. Both
// have grown since.
var (
	mainLanguage  = [6]float64{6.0, 5.8, 16.9, 20.3, 16.5, 19.6}
	bornElsewhere = [6]float64{16.1, 17.2, 34, 36, 34, 38}
)

func percentOf(part, of float64) float64 { return 100 * part / of }

// census is people counted in the ways that tables are published.
type census struct {
	borough, crowded, carers, foreign, abroad, fivePlus, threePlus [6]float64
	ages                                                           [6][len(cells)]float64
	groups                                                         [6][16]float64
	deciles                                                        [6][10]float64
	tenures                                                        [6][4]float64
	old, homes                                                     [3]float64
	registered                                                     float64
}

// read takes the counts from the tables.
func (c *census) read(areas []Area) {
	for _, s := range readStrata(areas) {
		b := slices.Index(Boroughs[:], s.borough)
		for age, n := range s.ages {
			c.borough[b] += n
			c.ages[b][cell(float64(age), Female)/2] += n
		}
		for e, n := range s.groups {
			c.groups[b][e] += n
		}
		// Homes were counted in 2021, people are those of 2020.
		scale := total(s.ages[:]) / total(s.groups[:])
		for k, n := range s.tenures {
			c.tenures[b][k] += n * scale
		}
		c.crowded[b] += s.crowded * total(s.tenures[:]) * scale
	}
	for _, a := range areas {
		c.deciles[slices.Index(Boroughs[:], a.Borough)][a.Deprivation-1] += float64(a.Population)
	}
}

// count makes people and counts them.
func (c *census) count(d *District, people int64) {
	for n := range people / BlockSize {
		for _, p := range d.people(n) {
			c.add(d, p)
		}
	}
}

func (c *census) add(d *District, p *Person) {
	age, decile := ageOn(p.Born, d.Until), 5
	if p.Household.Area != nil {
		decile = p.Household.Area.Deprivation
	}
	alive := survival(float64(d.Until-p.Born)/365.25, p.Sex, decile, told)
	if p.Practice != nil {
		c.registered += alive
	}
	if p.Household.Area == nil || p.Left != NotYet {
		return
	}
	b := slices.Index(Boroughs[:], p.Household.Area.Borough)
	c.borough[b] += alive
	c.ages[b][cell(float64(age), Female)/2] += alive
	c.groups[b][strings.Index(letters, p.Ethnicity)] += alive
	c.deciles[b][decile-1] += alive
	for i, from := range []int{65, 75, 85} {
		if age >= from && age < []int{75, 85, 200}[i] {
			c.old[i] += alive
			if p.Household.Home == CareHomeRoom {
				c.homes[i] += math.Pow(alive, 1.8) // as in frailer
			}
		}
	}
	for what, yes := range map[*float64]bool{
		&c.abroad[b]: p.BornAbroad, &c.fivePlus[b]: age >= 5, &c.threePlus[b]: age >= 3,
		&c.carers[b]: p.Caring != NoCare, &c.foreign[b]: age >= 3 && p.Language != "",
	} {
		if yes {
			*what += alive
		}
	}
	if home := p.Household; home.Home == Private && home.People[0] == p {
		k := slices.Index(tenures[:], home.Tenure)
		if home.Tenure == "temporary accommodation" {
			k = 2
		}
		c.tenures[b][k]++
		if home.Overcrowded {
			c.crowded[b]++
		}
	}
}

func TestNHSNumbersAreDistinctAndValid(t *testing.T) {
	seen := make(map[string]bool, nhsNumbers)
	for n := range int64(nhsNumbers) {
		number := numberFor(7, n)
		sum := 0
		for i := range 9 {
			sum += int(number[i]-'0') * (10 - i)
		}
		if len(number) != 10 || number[:3] != "999" || (11-sum%11)%11 != int(number[9]-'0') {
			t.Fatalf("number %d is %q, which does not lie in the range for tests or has a wrong check digit", n, number)
		}
		if seen[number] {
			t.Fatalf("number %d is %q, which somebody else has", n, number)
		}
		seen[number] = true
	}
	if last := numberFor(7, nhsNumbers); last != "" {
		t.Errorf("number %d is %q, want none: the range is spent", nhsNumbers, last)
	}
}

// TestPeopleMakeSense holds what must be so of anybody.
func TestPeopleMakeSense(t *testing.T) {
	d := open(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 20_000).Draw(t, "block")
		people := d.people(n)
		if len(people) != BlockSize {
			t.Fatalf("%d people, want %d", len(people), BlockSize)
		}
		for i, p := range people {
			if p.Number != n*BlockSize+int64(i) {
				t.Fatalf("person %d has the number %d", n*BlockSize+int64(i), p.Number)
			}
			if !slices.Contains(p.Household.People, p) {
				t.Fatalf("person %d does not live in their household", p.Number)
			}
			soundDates(t, d, p)
			soundNames(t, p)
			soundLinks(t, p)
		}
	})
}

// complains is what *testing.T and *rapid.T have in common.
type complains interface {
	Errorf(format string, values ...any)
}

func soundDates(t complains, d *District, p *Person) {
	if p.Born > d.Until || ageOn(p.Born, d.Until) > 110 {
		t.Errorf("person %d was born on %d", p.Number, p.Born)
	}
	if p.Practice != nil && (p.Since < p.Born || p.Since > d.Until) {
		t.Errorf("person %d, born on %d, has been registered since %d", p.Number, p.Born, p.Since)
	}
	if p.Left != NotYet && (p.Left < p.Born || p.Left > d.Until || p.Since > p.Left) {
		t.Errorf("person %d, registered since %d, left on %d", p.Number, p.Since, p.Left)
	}
	if p.Arrived != NotYet && (!p.BornAbroad || p.Arrived < p.Born || p.Arrived > d.Until || p.Practice != nil && p.Since < p.Arrived) {
		t.Errorf("person %d, registered since %d, arrived on %d", p.Number, p.Since, p.Arrived)
	}
	for _, n := range p.Names {
		if n.Until != NotYet && (n.Until <= p.Born || n.Until > d.Until) {
			t.Errorf("person %d, born on %d, had a name until %d", p.Number, p.Born, n.Until)
		}
	}
}

func soundNames(t complains, p *Person) {
	if len(p.Names) == 0 || p.Names[0].Until != NotYet || p.Names[0].Use != "official" {
		t.Errorf("person %d has no present official name: %v", p.Number, p.Names)
	}
	for _, n := range p.Names {
		if strings.TrimSpace(n.Family) == "" || len(n.Given) == 0 || strings.ContainsAny(n.Family+strings.Join(n.Given, ""), "/*_|") {
			t.Errorf("person %d is called %v", p.Number, n)
		}
		for _, given := range n.Given {
			if given == "" || given != strings.TrimSpace(given) {
				t.Errorf("person %d is called %v", p.Number, n)
			}
		}
	}
}

func soundLinks(t complains, p *Person) {
	if m := p.Mother; m != nil && (m.Sex != Female || m == p || (p.Born-m.Born)/365 < 13 || (p.Born-m.Born)/365 > 55) {
		t.Errorf("person %d, born on %d, has a mother of sex %s born on %d", p.Number, p.Born, m.Sex, m.Born)
	}
	for _, q := range p.CaresFor {
		if q == p || !slices.Contains(q.Carers, p) {
			t.Errorf("person %d cares for %d, who doesn't know of it", p.Number, q.Number)
		}
	}
	for _, q := range p.Carers {
		if q.Caring == NoCare || !slices.Contains(q.CaresFor, p) {
			t.Errorf("person %d is cared for by %d, who doesn't know of it", p.Number, q.Number)
		}
	}
	for _, c := range p.Needs {
		if c.Code == "" || c.Mark == "" {
			t.Errorf("person %d has a need without a code", p.Number)
		}
	}
	if number := p.NumberStatus == "01" || p.NumberStatus == "02"; number && p.NHSNumber == "" || p.NHSNumber == "" && p.NumberStatus != "04" {
		t.Errorf("person %d has the number %q of status %s", p.Number, p.NHSNumber, p.NumberStatus)
	}
}

// TestAmongManyPeopleAreTheUnusual looks for those who try software that keeps
// and matches records: each must be there, and none be common.
func TestAmongManyPeopleAreTheUnusual(t *testing.T) {
	d := open(t, 1)
	found := map[string]int{}
	note := func(what string, is bool) {
		if is {
			found[what]++
		}
	}
	const people = 40 * BlockSize * 8
	for n := range int64(people / BlockSize) {
		for _, p := range d.people(n) {
			name := p.Names[0]
			note("no practice", p.Practice == nil)
			note("no NHS number", p.NHSNumber == "")
			note("no fixed abode", p.Household.Home == NoFixedAbode)
			note("lives outside", p.Household.Home == OutsideDistrict)
			note("moved away", p.Left != NotYet)
			note("came lately", p.Arrived != NotYet)
			note("lives in a care home", p.Household.Home == CareHomeRoom)
			note("temporary accommodation", p.Household.Tenure == "temporary accommodation")
			note("needs an interpreter", p.Interpreter)
			note("accessible information", len(p.Needs) > 0)
			note("young carer", p.Caring != NoCare && ageOn(p.Born, d.Until) < 18)
			note("cared for from outside the home", len(p.Carers) > 0 && p.Carers[0].Household != p.Household)
			note("mother elsewhere", p.Mother != nil && p.Mother.Household != p.Household)
			note("baby without a name", strings.HasPrefix(name.Given[0], "Baby") || strings.HasPrefix(name.Given[0], "Twin"))
			note("two surnames", strings.Contains(name.Family, " "))
			note("hyphen", strings.Contains(name.Family, "-"))
			note("apostrophe", strings.Contains(name.Family, "'"))
			note("letters beyond English", strings.IndexFunc(name.Family+name.Given[0], func(r rune) bool { return r > 127 }) >= 0)
			note("three names", len(name.Given) > 2)
			for _, other := range p.Names[1:] {
				note("name of use "+other.Use, true)
			}
			for _, q := range p.Household.People {
				older := q != p && q.Number < p.Number
				note("twin", older && q.Born == p.Born && q.Mother == p.Mother && p.Mother != nil)
				note("namesake at home", older && q.Names[0].Family == name.Family && q.Names[0].Given[0] == name.Given[0])
			}
		}
	}
	for _, what := range []string{
		"no practice", "no NHS number", "no fixed abode", "lives outside", "moved away", "came lately",
		"lives in a care home", "temporary accommodation", "needs an interpreter", "accessible information", "young carer",
		"cared for from outside the home", "mother elsewhere", "baby without a name", "two surnames", "hyphen", "apostrophe",
		"letters beyond English", "three names", "name of use maiden", "name of use old", "name of use usual", "twin", "namesake at home",
	} {
		if n := found[what]; n < 3 || n > people/5 {
			t.Errorf("%s: %d of %d people", what, n, people)
		}
	}
}

func TestBlockIsTheSameEachTime(t *testing.T) {
	a, b, c := open(t, 1).people(3), open(t, 1).people(3), open(t, 2).people(3)
	same := 0
	for i := range a {
		if tell(a[i]) != tell(b[i]) {
			t.Fatalf("person %d is once %s and once %s", a[i].Number, tell(a[i]), tell(b[i]))
		}
		if tell(a[i]) == tell(c[i]) {
			same++
		}
	}
	if same > 0 {
		t.Errorf("%d of %d people of another seed are the same", same, len(a))
	}
}

// tell puts in one line who a person is.
func tell(p *Person) string {
	return strings.Join([]string{
		p.NHSNumber, p.Sex.String(), string(rune(p.Born + 100_000)), p.Names[0].Family, strings.Join(p.Names[0].Given, " "),
		p.Ethnicity, p.Language, p.Phone, p.Email, p.Household.Postcode,
	}, "|")
}

func open(t testing.TB, seed uint64) *District {
	t.Helper()
	d, err := Open(Options{Seed: seed, Until: dayOf(2026, 1, 31)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}
