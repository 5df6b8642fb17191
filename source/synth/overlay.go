package synth

import (
	"cmp"
	"slices"
)

// overlay is what a record holds of another person.
type overlay struct {
	of     *Person
	places []int32 // in the events of whose record holds them
}

// overlays files some events of people under others who are like them, within
// a block: what comes of picking the wrong person from a list.
func (d *District) overlays(people []*Person) {
	if !d.truths.on[overlays] {
		return
	}
	for _, p := range people {
		r := roll(d.Seed, "overlay", p.Number)
		if !r.chance(overlayShare) || p.overlay != nil || p.overlaid {
			continue
		}
		if q := d.likest(p, people); q != nil {
			misfile(r, p, q)
		}
	}
}

// likest returns who of the people is most easily taken for a person; nil: nobody.
func (d *District) likest(p *Person, people []*Person) *Person {
	var best *Person
	var most int
	within := 500 + (d.Until-p.Born)/12 // older people differ less by a few years
	for _, q := range people {
		apart := max(p.Born-q.Born, q.Born-p.Born)
		if q == p || q.Sex != p.Sex || q.overlay != nil || q.overlaid || apart > within {
			continue
		}
		score := 10 - int(apart/300)
		if q.Names[0].Family == p.Names[0].Family {
			score += 12
		}
		if len(q.Names[0].Given) > 0 && len(p.Names[0].Given) > 0 && q.Names[0].Given[0] == p.Names[0].Given[0] {
			score += 12
		}
		if q.Practice == p.Practice {
			score += 3
		}
		if best == nil || score > most {
			best, most = q, score
		}
	}
	return best
}

// misfile moves encounters of some weeks, with what happened in them, from one
// person's record into another's.
func misfile(r dice, p, q *Person) {
	from, to := max(p.Born, q.Born).Start(), Moment(1<<30)
	if p.Died != NotYet {
		to = p.Died.Start()
	}
	fits := func(e *Event) bool {
		return e.Kind == Encounter && e.At >= from && e.Until != Never && e.Until < to && e.Class != "IMP"
	}
	var may []int
	for i := range q.Events {
		if fits(&q.Events[i]) {
			may = append(may, i)
		}
	}
	if len(may) == 0 {
		return
	}
	first := q.Events[anyOf(r, may)].At
	last := first + Moment(r.between(1, 60)*1440)
	stay, gone := split(q.Events, func(e *Event) bool { return fits(e) && e.At >= first && e.At <= last })
	for i := range gone {
		gone[i].misfiled = true
	}
	q.Events, q.overlaid = stay, true
	p.Events, p.overlay = merged(p.Events, gone), &overlay{of: q}
	for i := range p.Events {
		if p.Events[i].misfiled {
			p.overlay.places = append(p.overlay.places, int32(i))
		}
	}
}

// merged returns the events of two records in the order of time.
func merged(own, other []Event) []Event {
	all := make([]Event, 0, len(own)+len(other))
	all = append(all, own...)
	for _, e := range other {
		if e.In >= 0 {
			e.In += int32(len(own))
		}
		if e.For >= 0 {
			e.For += int32(len(own))
		}
		all = append(all, e)
	}
	order := make([]int32, len(all))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(all[a].At, all[b].At) })
	place := make([]int32, len(all))
	for to, from := range order {
		place[from] = int32(to)
	}
	told := make([]Event, len(all))
	for to, from := range order {
		e := all[from]
		if e.In >= 0 {
			e.In = place[e.In]
		}
		if e.For >= 0 {
			e.For = place[e.For]
		}
		told[to] = e
	}
	return told
}
