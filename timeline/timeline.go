// Package timeline holds the events of many people as columns: the form that
// criteria read and people look at.
//
//	var b timeline.Builder
//	b.AddPerson(timeline.Profile{Key: 1, ID: "p1", Born: timeline.Date(1950, 3, 1)})
//	b.AddEvent(1, timeline.Event{What: timeline.What{Kind: "Condition", Codes: codes}, Day: timeline.Date(2019, 5, 20)})
//	set, err := b.Set()
//	for i := range set.Len() {
//		events := set.Person(i).Events()
//		…
//	}
//
// A Set is immutable. Its people stand in the order of their keys, and each
// person's events together, in order. The same people give the same Set, byte
// for byte, in whatever order and by whatever way they came: from flat files or
// from the record.
//
// # What an event is
//
// One event is one resource, however many codings it has, so that nothing is
// counted twice; an Observation with components is one event for the panel and
// one for each component. What many events share (kind, class, status, codings,
// unit) is a What, kept once: whoever looks for a code set resolves it to Whats
// first and then compares numbers.
//
// # Days, and what partial dates mean
//
// Days and times of day are civil, Europe/London, to the minute; what happens in
// one minute is ordered by what it is. An event has its effective day, may have
// an end, and has the day on which it was recorded: three dates, kept apart.
//
// A date known to the month or the year is an unknown day inside it. The event
// stands in the order at the period's first day (Day), and may have been as late
// as its last (Latest). Whoever compares must be sure: such an event is before,
// after or within something only when every day of its period is. An end known
// to the month or year stands for that period's last day, a birth or death for
// its first. Who is dead since nobody knows when has died on DayMin.
//
// # Trade-offs
//
// Numbers are dictionary entries and values lie in columns with gaps left out,
// so that an event takes about 18 bytes and 150 million fit beside their
// criteria in 4 GB. In exchange a Set cannot be changed: the record's timelines
// are a base and the people changed since (Live).
package timeline

import (
	"joinery/fhir"
)

// Set is the events of many people. It never changes and is safe for concurrent
// use.
type Set struct {
	whats  []What
	values [attributes][]string
	orgs   []string
	parts  []*part
	order  []place // of the people by key; nil: those of the only part, as they stand
	of     *dictionaries
}

// place is where a person is: a part and the row in it.
type place struct{ part, row uint32 }

// Attribute is one of the things known of a person that come from a list, by
// which people can be selected and grouped.
type Attribute uint8

// Attributes.
const (
	Sex       Attribute = iota // FHIR administrative gender: male, female, other, unknown
	Ethnicity                  // UK Core ethnic category of England: A…Z, 99
	Practice                   // Organization id of the practice of registration; none: registered nowhere
	Network                    // Organization id of the practice's network
	Borough                    // ONS code of the borough of residence
	LSOA                       // ONS code of the 2011 lower super output area of residence
	Language                   // BCP 47, when not English

	attributes = iota
)

var attributeNames = [attributes]string{"sex", "ethnicity", "practice", "network", "borough", "lsoa", "language"}

// String returns the attribute's name, as flat files have it.
func (a Attribute) String() string { return attributeNames[a] }

// Len returns how many people there are.
func (s *Set) Len() int {
	if s.order != nil {
		return len(s.order)
	}
	if len(s.parts) == 0 {
		return 0
	}
	return len(s.parts[0].key)
}

// Events returns how many events there are.
func (s *Set) Events() int {
	if s.order == nil && len(s.parts) == 1 {
		return len(s.parts[0].what)
	}
	n := 0
	for _, p := range s.order {
		first, end := s.parts[p.part].span(int(p.row))
		n += end - first
	}
	return n
}

// Whats returns the dictionary to which the numbers in Events.What point. The
// caller must not change it.
func (s *Set) Whats() []What { return s.whats }

// Continues reports whether the numbers of a former Set mean the same in this
// one: both are of one Live between two of its bases. Then what was worked out
// for the former's Whats holds, and only those that came since are new.
func (s *Set) Continues(former *Set) bool {
	return s.of != nil && s.of == former.of && len(s.whats) >= len(former.whats)
}

// Organisations returns the ids to which the numbers in Events.Organisation
// point; number 0 is the empty id, for none. The caller must not change it.
func (s *Set) Organisations() []string { return s.orgs }

// Values returns the values that an attribute takes, to which Person.Number
// points; number 0 is the empty string, for not known. The caller must not
// change it.
func (s *Set) Values(a Attribute) []string { return s.values[a] }

// Person returns the i-th person in the order of keys.
func (s *Set) Person(i int) Person {
	if s.order == nil {
		return Person{set: s, part: s.parts[0], row: i}
	}
	p := s.order[i]
	return Person{set: s, part: s.parts[p.part], row: int(p.row)}
}

// Find returns which person has the id of a Patient. It looks through all.
func (s *Set) Find(id fhir.ID) (i int, ok bool) {
	for i := range s.Len() {
		p := s.Person(i)
		if string(p.part.id.at(p.row)) == string(id) {
			return i, true
		}
	}
	return 0, false
}

// Person is one person of a Set.
type Person struct {
	set  *Set
	part *part
	row  int
}

// Key returns the person's number in the Set.
func (p Person) Key() int64 { return p.part.key[p.row] }

// ID returns the id of the Patient resource.
func (p Person) ID() fhir.ID { return fhir.ID(p.part.id.at(p.row)) }

// Born returns the day of birth, NoDay when it is not known.
func (p Person) Born() Day { return p.part.born[p.row] }

// Died returns the day of death, NoDay when there is none, and DayMin when it is
// not known.
func (p Person) Died() Day { return p.part.died[p.row] }

// Registered returns since when the person is registered at the practice, NoDay
// when that is not known.
func (p Person) Registered() Day { return p.part.registered[p.row] }

// Number returns the number of an attribute's value in Set.Values; 0: not known.
func (p Person) Number(a Attribute) uint32 { return p.part.attribute[a][p.row] }

// Value returns the value of an attribute, empty when it is not known.
func (p Person) Value(a Attribute) string { return p.set.values[a][p.Number(a)] }

// Deprivation returns the decile of the Index of Multiple Deprivation 2019 where
// the person lives, 1 being the most deprived; 0: not known.
func (p Person) Deprivation() int { return int(p.part.deprivation[p.row]) }

// Resident reports whether the person lives in the area that the Set is of.
func (p Person) Resident() bool { return p.part.resident[p.row] }

// Profile returns all that is known of the person beside the events.
func (p Person) Profile() Profile {
	out := Profile{
		Key: p.Key(), ID: p.ID(), Born: p.Born(), Died: p.Died(), Registered: p.Registered(),
		Deprivation: p.Deprivation(), Resident: p.Resident(),
	}
	for a := range Attribute(attributes) {
		*out.value(a) = p.Value(a)
	}
	return out
}

// Events returns the person's events, in order.
func (p Person) Events() Events {
	first, end := p.part.span(p.row)
	return Events{
		What: p.part.what[first:end:end], Day: p.part.day[first:end:end],
		Minute: p.part.minute[first:end:end], Organisation: p.part.org[first:end:end],
		set: p.set, part: p.part, first: first,
	}
}

// Profile is what is known of a person beside the events.
type Profile struct {
	Key        int64
	ID         fhir.ID
	Born, Died Day // NoDay: not known, or none
	Registered Day // since when at the practice; NoDay: not known

	// See the Attributes of these names.
	Sex, Ethnicity, Practice, Network, Borough, LSOA, Language string

	Deprivation int // decile from 1, the most deprived, to 10; 0: not known
	Resident    bool
}

func (p *Profile) value(a Attribute) *string {
	return [attributes]*string{&p.Sex, &p.Ethnicity, &p.Practice, &p.Network, &p.Borough, &p.LSOA, &p.Language}[a]
}
