package timeline

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"joinery/fault"
)

// Builder makes a Set of people and events that come in any order. The zero
// Builder is ready; it is for one goroutine. It holds everything as it came: for
// a million events, not for a hundred, for which there is Load.
type Builder struct {
	people []Profile
	events map[int64][]Event
}

// AddPerson adds a person, whose key none other may have.
func (b *Builder) AddPerson(p Profile) { b.people = append(b.people, p) }

// AddEvent adds an event of the person with a key.
func (b *Builder) AddEvent(key int64, e Event) {
	if b.events == nil {
		b.events = map[int64][]Event{}
	}
	e.Codes = slices.Clone(e.Codes)
	slices.SortFunc(e.Codes, Code.Compare)
	e.Codes = slices.Compact(e.Codes)
	if e.Recorded == e.Day {
		e.Recorded = NoDay
	}
	b.events[key] = append(b.events[key], e)
}

// Set returns the Set of what was added. The fault is Invalid when two people
// have one key, when there are events of nobody, or when a number is none.
func (b *Builder) Set() (*Set, error) {
	people := slices.Clone(b.people)
	slices.SortFunc(people, func(p, q Profile) int { return cmp.Compare(p.Key, q.Key) })
	known := map[int64]bool{}
	for _, p := range people {
		known[p.Key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(b.events)) {
		if !known[key] {
			return nil, fault.New(fault.Invalid, fmt.Sprintf("There are events of person %d, but no such person.", key))
		}
	}
	seq := NewSequence()
	for i := range people {
		if err := seq.Add(&people[i], b.events[people[i].Key]); err != nil {
			return nil, err
		}
	}
	return seq.Set(), nil
}

var tooManyOrganisations = fault.New(fault.TooLarge, "The events name more than 65,535 organisations, which is more than one set can hold.")

// add appends a person with their events, which it sorts.
func (p *part) add(d *dictionaries, who *Profile, events []Event) error {
	for i := range events {
		if err := events[i].check(); err != nil {
			return err
		}
	}
	if uint64(len(p.what)+len(events)) > math.MaxUint32 {
		return fault.New(fault.TooLarge, "The people have more events than can be numbered.")
	}
	p.key = append(p.key, who.Key)
	p.id.add(string(who.ID))
	p.born, p.died, p.registered = append(p.born, who.Born), append(p.died, who.Died), append(p.registered, who.Registered)
	for a := range Attribute(attributes) {
		p.attribute[a] = append(p.attribute[a], d.values[a].number(*who.value(a)))
	}
	p.deprivation, p.resident = append(p.deprivation, uint8(who.Deprivation)), append(p.resident, who.Resident)

	slices.SortFunc(events, func(e, f Event) int { return e.compare(&f) })
	p.expect(len(events))
	for i := range events {
		p.addEvent(d, &events[i])
	}
	p.first = append(p.first, uint32(len(p.what)))
	if len(d.orgs.list) > math.MaxUint16 {
		return tooManyOrganisations
	}
	return nil
}

// expect makes room for the events of a person, just enough for the first: most
// parts are of one.
func (p *part) expect(n int) {
	if len(p.what) > 0 {
		return
	}
	p.what, p.day, p.minute, p.org = make([]uint32, 0, n), make([]Day, 0, n), make([]int16, 0, n), make([]uint16, 0, n)
	p.value.expect(n)
	p.end.expect(n)
	p.recorded.expect(n)
}

func (p *part) addEvent(d *dictionaries, e *Event) {
	i := len(p.what)
	p.what = append(p.what, d.whats.number(e.What))
	p.day, p.minute = append(p.day, e.Day), append(p.minute, e.Minute)
	p.org = append(p.org, uint16(d.orgs.number(e.Organisation)))
	p.value.add(i, e.Value, e.HasValue)
	p.end.add(i, e.End, e.End != NoDay)
	p.recorded.add(i, e.Recorded, e.Recorded != NoDay)
	addSource(p, i, e.Source)
}

// addSource notes the source of the i-th event. There is no such column until
// one has a source.
func addSource[S string | []byte](p *part, i int, source S) {
	if len(source) > 0 && len(p.source.ends) == 0 {
		p.source.ends = make([]uint32, i, max(i+1, cap(p.what)))
	}
	if len(p.source.ends) == i && (i > 0 || len(source) > 0) {
		p.source.bytes = append(p.source.bytes, source...)
		p.source.ends = append(p.source.ends, uint32(len(p.source.bytes)))
	}
}
