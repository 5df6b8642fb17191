package timelines

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"joinery/record"
	"joinery/timeline"
)

// stepSize is how many transactions are dealt with at once.
const stepSize = 500

var kinds = func() map[string]bool {
	m := map[string]bool{"Patient": true, "Organization": true}
	for _, kind := range timeline.Kinds() {
		m[kind] = true
	}
	return m
}()

// Step deals with the next transactions, if there are any, and returns the keys
// of those whose timelines changed, in order.
func (k *Keeper) Step(ctx context.Context) ([]int64, error) {
	changed, to, err := k.follower.After(ctx, k.at, stepSize)
	if err != nil {
		return nil, fmt.Errorf("keep timelines: %w", err)
	}
	changed = slices.DeleteFunc(changed, func(c record.Changed) bool { return !kinds[c.Type] })
	standings, err := k.follower.Now(ctx, changed)
	if err != nil {
		return nil, fmt.Errorf("keep timelines: %w", err)
	}
	anew := map[int64]bool{}                        // persons of whom everything is read again
	some := map[int64]map[string][]timeline.Event{} // by key and source, what it is now
	for i := range standings {
		k.note(&standings[i], anew, some)
	}
	touched, err := k.rebuild(ctx, anew)
	if err != nil {
		return nil, fmt.Errorf("keep timelines: %w", err)
	}
	for _, key := range slices.Sorted(maps.Keys(some)) {
		if touched[key] {
			continue
		}
		// Of one whose Patient is not there yet, everything is read when it comes.
		ok, err := k.live.Edit(key, some[key])
		if err != nil {
			return nil, fmt.Errorf("keep timelines: %w", err)
		}
		if ok {
			touched[key] = true
		}
	}
	k.since += int(to - k.at)
	k.at = to
	k.place.open(to)
	return slices.Sorted(maps.Keys(touched)), nil
}

// note sorts out what a change concerns.
func (k *Keeper) note(s *record.Standing, anew map[int64]bool, some map[int64]map[string][]timeline.Event) {
	if s.Type == "Organization" {
		if s.Doc != nil {
			k.live.Practice(timeline.NetworkOf(s.Doc.Root()))
		} else {
			k.live.Practice(string(s.ID), "")
		}
		return
	}
	if s.Type == "Patient" {
		for _, p := range slices.Concat(s.Now, s.Former) {
			anew[p] = true
		}
		return
	}
	add := func(persons []int64, events []timeline.Event) {
		for _, p := range persons {
			if p == 0 {
				continue
			}
			key := k.keyOf(p)
			if some[key] == nil {
				some[key] = map[string][]timeline.Event{}
			}
			some[key][s.Type+"/"+string(s.ID)] = events
		}
	}
	add(s.Former, nil)
	if s.Doc != nil {
		add(s.Now, timeline.EventsOf(s.Doc.Root())) // after the former: two who are one may have had and have it
	}
}

// keyOf returns by which key a person is known.
func (k *Keeper) keyOf(p int64) int64 {
	if g, ok := k.group[p]; ok {
		return g
	}
	return p
}

// rebuild reads everything of persons again, and of those with whom they are or
// were one. It returns the keys that it put or removed.
func (k *Keeper) rebuild(ctx context.Context, anew map[int64]bool) (map[int64]bool, error) {
	touched := map[int64]bool{}
	groups, err := k.regroup(ctx, anew, touched)
	if err != nil {
		return nil, err
	}
	for _, members := range groups {
		var held []record.Holding
		for _, p := range members {
			own, err := k.follower.Person(ctx, p)
			if err != nil {
				return nil, err
			}
			held = append(held, own...)
		}
		who, events, ok, err := gather(members[0], held)
		switch {
		case err != nil:
			return nil, err
		case ok:
			err = k.live.Put(who, events)
		default:
			k.live.Remove(members[0])
		}
		if err != nil {
			return nil, err
		}
		touched[members[0]] = true
	}
	return touched, nil
}

// regroup finds who is now one with whom, among the persons, those with whom
// they were one, and those with whom they are. It takes out whoever is no longer
// known by their own key.
func (k *Keeper) regroup(ctx context.Context, anew, touched map[int64]bool) ([][]int64, error) {
	was := map[int64][]int64{}
	for p, g := range k.group {
		was[g] = append(was[g], p)
	}
	var todo []int64
	todo = slices.AppendSeq(todo, maps.Keys(anew))
	seen := map[int64]bool{}
	var groups [][]int64
	for len(todo) > 0 {
		p := todo[0]
		todo = todo[1:]
		if seen[p] {
			continue
		}
		members, err := k.follower.Linked(ctx, p)
		if err != nil {
			return nil, err
		}
		slices.Sort(members)
		groups = append(groups, members)
		for _, m := range members {
			seen[m] = true
			todo = append(todo, was[k.keyOf(m)]...)
		}
	}
	for _, members := range groups {
		for _, m := range members {
			if delete(k.group, m); len(members) > 1 {
				k.group[m] = members[0]
			}
			if m != members[0] {
				k.live.Remove(m)
				touched[m] = true
			}
		}
	}
	return groups, nil
}

// gather makes one person's timeline of all that the record holds of them. ok is
// false when no Patient says who it is.
func gather(key int64, held []record.Holding) (who timeline.Profile, events []timeline.Event, ok bool, err error) {
	seen := map[string]bool{}
	for i := range held {
		h := &held[i]
		source := h.Type + "/" + string(h.ID)
		if !kinds[h.Type] || seen[source] {
			continue
		}
		seen[source] = true
		doc, err := h.Doc()
		if err != nil {
			return who, nil, false, err
		}
		if h.Type != "Patient" {
			events = append(events, timeline.EventsOf(doc.Root())...)
			continue
		}
		if p, found := timeline.ProfileOf(doc.Root()); found && !ok {
			who, ok = p, true
		}
	}
	who.Key = key
	return who, events, ok, nil
}
