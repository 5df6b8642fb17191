package synth

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// second gives some people a second record: another Patient, made at another
// organisation from what was said or typed there, which holds what happened
// there for a while.
func (d *District) second(p *Person) {
	r := roll(d.Seed, "second record", p.Number)
	if !r.chance(duplicateShare) || !d.truths.on[duplicates] {
		return
	}
	other := *p
	other.Number = secondNumber(d.Seed, p.Number)
	other.Names = []Name{p.Names[0]}
	other.Names[0].Given = slices.Clone(p.Names[0].Given)
	other.Carers, other.CaresFor, other.Mother, other.Events = nil, nil, nil, nil
	d.keep(r, p, &other)
	d.misname(r, p, &other)
	p.Duplicate = &other
}

// Records returns the records that are kept of some people: one each, and after
// them the second records of those who have one, in the order of their numbers.
func Records(people []*Person) []*Person {
	records := slices.Clone(people)
	for _, p := range people {
		if p.Duplicate != nil {
			records = append(records, p.Duplicate)
		}
	}
	slices.SortFunc(records[len(people):], func(a, b *Person) int { return cmp.Compare(a.Number, b.Number) })
	return records
}

// Whole returns all events of a person, those in a second record as well, in
// the order of time.
func (p *Person) Whole() []Event {
	if p.Duplicate == nil {
		return p.Events
	}
	return merged(p.Events, p.Duplicate.Events)
}

// secondNumber returns the number of a second record, which no person has, and
// no other second record: an odd factor permutes the numbers below a power of two.
func secondNumber(seed uint64, n int64) int64 {
	const size = 1 << 33
	return 1_000_000_000 + int64((uint64(n)*0x9E3779B1+mix(seed))%size)
}

// keep decides who keeps the second record and moves there what happened there
// within some months. Who never was elsewhere has an empty record at another practice.
func (d *District) keep(r dice, p, other *Person) {
	var elsewhere []int
	for i := range p.Events {
		if e := &p.Events[i]; e.Kind == Encounter && e.Org != nil && e.Org != p.Practice && e.Class != "IMP" {
			elsewhere = append(elsewhere, i)
		}
	}
	if len(elsewhere) == 0 {
		other.Practice = d.care.practiceFor(r, p.Household.Area)
		other.Since = max(p.Born, d.Until-Day(r.between(400, 4000)))
		return
	}
	if r.chance(0.4) {
		other.Practice = nil // it was not asked
	}
	first := p.Events[anyOf(r, elsewhere)]
	other.Keeper = first.Org
	until := first.At + Moment(r.between(1, 180)*1440)
	p.Events, other.Events = split(p.Events, func(e *Event) bool {
		return e.Kind == Encounter && e.Org == first.Org && e.At >= first.At && e.At < until
	})
}

// split takes some encounters and what happened in them out of the events of a
// life. References between the two parts end.
func split(events []Event, leaves func(*Event) bool) (stay, gone []Event) {
	place := make([]int32, len(events)) // in its part
	out := make([]bool, len(events))
	for i := range events {
		e := &events[i]
		out[i] = leaves(e)
	}
	for i := range events {
		if in := events[i].In; in >= 0 && out[in] {
			out[i] = true
		}
	}
	for i := range events {
		if out[i] {
			place[i] = int32(len(gone))
			gone = append(gone, events[i])
		} else {
			place[i] = int32(len(stay))
			stay = append(stay, events[i])
		}
	}
	moved := func(from int, to int32) int32 {
		if to < 0 || out[from] != out[to] {
			return -1
		}
		return place[to]
	}
	for i := range events {
		part := stay
		if out[i] {
			part = gone
		}
		part[place[i]].In, part[place[i]].For = moved(i, events[i].In), moved(i, events[i].For)
	}
	return stay, gone
}

// slip is one way in which a second record differs. It reports whether it could.
type slip struct {
	words  string
	weight float64
	make   func(d *District, r dice, p, other *Person) bool
}

// slips are the ways, with how often each is tried. The weights are an
// assumption; the kinds are those that studies of duplicate records name.
var slips = []slip{
	{"typing error in the family name", 3, func(_ *District, r dice, _, o *Person) bool {
		return mistype(r, &o.Names[0].Family)
	}},
	{"typing error in the given name", 3, func(_ *District, r dice, _, o *Person) bool {
		return len(o.Names[0].Given) > 0 && mistype(r, &o.Names[0].Given[0])
	}},
	{"another spelling", 6, func(_ *District, r dice, _, o *Person) bool { return respell(r, &o.Names[0], "spelling") }},
	{"short form of the given name", 2, func(_ *District, r dice, _, o *Person) bool { return respell(r, &o.Names[0], "short") }},
	{"former family name", 3, formerName},
	{"family and given name exchanged", 1.5, exchange},
	{"second given name left out", 1, func(_ *District, _ dice, _, o *Person) bool {
		if len(o.Names[0].Given) < 2 {
			return false
		}
		o.Names[0].Given = o.Names[0].Given[:1]
		return true
	}},
	{"day and month of birth exchanged", 1.5, func(_ *District, _ dice, _, o *Person) bool {
		y, m, day := o.Born.Date()
		if day > 12 || day == int(m) {
			return false
		}
		o.Born = dayOf(y, time.Month(day), int(m))
		return true
	}},
	{"day of birth not known", 0.7, func(_ *District, _ dice, _, o *Person) bool {
		y, m, day := o.Born.Date()
		o.Born = dayOf(y, 1, 1)
		return m != 1 || day != 1
	}},
	{"another year of birth", 1, func(_ *District, r dice, _, o *Person) bool {
		y, m, day := o.Born.Date()
		o.Born = dayOf(y-anyOf(r, []int{1, 1, 2, 10}), m, day)
		return true
	}},
	{"another address", 4, func(d *District, r dice, _, o *Person) bool {
		home := &Household{Home: Private, Area: &d.Areas[r.rng.IntN(len(d.Areas))], Tenure: o.Household.Tenure}
		d.address(r, home)
		o.Household = home
		return true
	}},
	{"another telephone number", 2, func(_ *District, r dice, p, o *Person) bool {
		o.Phone = "07700 900" + string(rune('0'+r.between(0, 9))) + string(rune('0'+r.between(0, 9))) + string(rune('0'+r.between(0, 9)))
		return o.Phone != p.Phone
	}},
	{"sex not recorded", 0.3, func(_ *District, _ dice, _, o *Person) bool {
		o.Sex = UnknownSex
		return true
	}},
}

// misname makes one to three slips in a second record, and leaves out or keeps
// the NHS number.
func (d *District) misname(r dice, p, other *Person) {
	weights := make([]float64, len(slips))
	for i := range slips {
		weights[i] = slips[i].weight
	}
	for wanted, tries := 1+r.poisson(0.6), 0; wanted > 0 && tries < 30; tries++ {
		i := r.among(weights)
		if slips[i].make(d, r, p, other) {
			other.slips = append(other.slips, slips[i].words)
			weights[i] = 0
			wanted--
		}
	}
	switch {
	case p.NHSNumber == "":
	case r.chance(0.65):
		other.NHSNumber, other.NumberStatus = "", "03"
		other.slips = append(other.slips, "no NHS number")
	default:
		other.NumberStatus = "02"
	}
	if r.chance(0.4) {
		other.Email = ""
	}
	if p.Died != NotYet && r.chance(0.5) {
		other.Died = NotYet
		other.slips = append(other.slips, "death not recorded")
	}
}

// mistype makes one error of typing in a name of at least four letters: two
// letters exchanged, one left out, or one doubled.
func mistype(r dice, name *string) bool {
	letters := []rune(*name)
	if len(letters) < 4 {
		return false
	}
	i := r.between(1, len(letters)-2)
	switch r.between(0, 2) {
	case 0:
		letters[i], letters[i+1] = letters[i+1], letters[i]
	case 1:
		letters = slices.Delete(letters, i, i+1)
	default:
		letters = slices.Insert(letters, i, letters[i])
	}
	changed := string(letters) != *name
	*name = string(letters)
	return changed
}

// spellings are rows of forms of one name, by a form and what the row is.
var spellings = func() map[[2]string][]string {
	forms := map[[2]string][]string{}
	for _, row := range table("spellings") {
		all := strings.Fields(row[1])
		for _, form := range all {
			if key := [2]string{row[0], form}; forms[key] == nil {
				forms[key] = all
			}
		}
	}
	return forms
}()

// respell writes the given or the family name in another of its forms.
func respell(r dice, n *Name, kind string) bool {
	for i, given := range n.Given {
		if forms := spellings[[2]string{kind, given}]; forms != nil {
			n.Given[i] = anyOf(r, forms)
			return n.Given[i] != given
		}
	}
	if forms := spellings[[2]string{kind, n.Family}]; forms != nil && kind == "spelling" {
		was := n.Family
		n.Family = anyOf(r, forms)
		return n.Family != was
	}
	return false
}

// formerName gives the second record the name that the person had before, or
// one of two family names.
func formerName(_ *District, r dice, p, o *Person) bool {
	for _, n := range p.Names[1:] {
		if n.Family != "" && n.Family != o.Names[0].Family {
			o.Names[0].Family = n.Family
			return true
		}
	}
	parts := strings.FieldsFunc(o.Names[0].Family, func(c rune) bool { return c == ' ' || c == '-' })
	if len(parts) < 2 {
		return false
	}
	o.Names[0].Family = anyOf(r, parts)
	return utf8.RuneCountInString(o.Names[0].Family) > 2
}

// exchange writes the given name as the family name and the other way round.
func exchange(_ *District, _ dice, _, o *Person) bool {
	n := &o.Names[0]
	if len(n.Given) == 0 || n.Family == "" || n.Given[0] == n.Family {
		return false
	}
	n.Family, n.Given = n.Given[0], []string{n.Family}
	return true
}
