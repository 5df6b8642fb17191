package timelines

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"joinery/record"
	"joinery/timeline"
)

// buildChunk is how many resources are read at once.
const buildChunk = 4_000

// build reads everyone, and deals with what changed meanwhile.
func (k *Keeper) build(ctx context.Context, newest record.Position) error {
	k.at, k.since, k.group = newest, 0, map[int64]int64{}
	members, err := k.groups(ctx)
	if err != nil {
		return err
	}
	k.live = timeline.NewLive(nil)
	if err := k.practices(ctx); err != nil {
		return err
	}
	seq := timeline.NewSequence()
	added := make(chan error, 1)
	added <- nil // nothing is being added yet
	for from := int64(1); from > 0; {
		held, next, err := k.follower.People(ctx, from, buildChunk)
		if err != nil {
			return err
		}
		people := k.split(held)
		for i := range people {
			for _, other := range members[people[i].key] {
				own, err := k.follower.Person(ctx, other)
				if err != nil {
					return err
				}
				people[i].held = append(people[i].held, own...)
			}
		}
		if err := <-added; err != nil {
			return err
		}
		go func() { added <- k.add(seq, people) }() // while the next are read
		from = next
	}
	if err := <-added; err != nil {
		return err
	}
	k.live.Begin(seq.Set())
	k.place.open(k.at)
	for {
		before := k.at
		changed, err := k.Step(ctx)
		if err != nil || k.at == before {
			return err
		}
		k.untold = append(k.untold, changed...)
	}
}

// groups learns who is one with whom, and returns the others of each group by
// its key.
func (k *Keeper) groups(ctx context.Context) (others map[int64][]int64, err error) {
	roots, err := k.follower.Links(ctx)
	if err != nil {
		return nil, err
	}
	lowest := map[int64]int64{} // by root
	for p, root := range roots {
		if low, ok := lowest[root]; !ok || p < low {
			lowest[root] = p
		}
	}
	others = map[int64][]int64{}
	for p, root := range roots {
		k.group[p] = lowest[root]
		if p != lowest[root] {
			others[lowest[root]] = append(others[lowest[root]], p)
		}
	}
	for _, list := range others {
		slices.Sort(list)
	}
	return others, nil
}

// one is a person and all that is held of them, and what comes of it.
type one struct {
	key    int64
	held   []record.Holding
	who    timeline.Profile
	events []timeline.Event
	ok     bool
	err    error
}

// split parts what is held by person, leaving out those who are known by
// another's key.
func (k *Keeper) split(held []record.Holding) []one {
	var people []one
	for i := range held {
		key := held[i].Key
		if k.keyOf(key) != key {
			continue
		}
		if n := len(people); n == 0 || people[n-1].key != key {
			people = append(people, one{key: key})
		}
		last := &people[len(people)-1]
		last.held = append(last.held, held[i])
	}
	return people
}

// add adds people to the sequence, in order; what comes of their resources is
// worked out side by side.
func (k *Keeper) add(seq *timeline.Sequence, people []one) error {
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(people); i += workers {
				p := &people[i]
				p.who, p.events, p.ok, p.err = gather(p.key, p.held)
			}
		})
	}
	wg.Wait()
	for i := range people {
		p := &people[i]
		if p.err != nil {
			return p.err
		}
		if !p.ok {
			k.untold = append(k.untold, p.key)
			continue
		}
		p.who.Network = k.live.Network(p.who.Practice)
		if err := seq.Add(&p.who, p.events); err != nil {
			return err
		}
	}
	return nil
}
