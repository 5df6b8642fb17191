package timeline

import (
	"cmp"
	"maps"
	"slices"
	"sync"
)

// Live is a Set that changes: a base, and the people changed since, each a part
// of their own. It is safe for concurrent use; the Sets that it gives stay as
// they were.
type Live struct {
	mu       sync.Mutex
	d        *dictionaries
	begun    *Set // everyone of the base
	base     *part
	changed  map[int64]*part // by key; nil: no longer there
	networks map[string]string
	moved    bool // a practice of the base has another network now
	set      *Set // of what is now; nil: not made since the last change
}

// NewLive returns a Live that begins with a Set in one part, as Sequence makes
// them; nil begins with nobody.
func NewLive(base *Set) *Live {
	if base == nil {
		base = NewSequence().Set()
	}
	l := &Live{changed: map[int64]*part{}, networks: map[string]string{}}
	l.begin(base)
	return l
}

// Begin puts everyone of a Set in the place of those who are there.
func (l *Live) Begin(base *Set) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begin(base)
}

func (l *Live) begin(base *Set) {
	l.d, l.begun, l.base, l.moved, l.set = newDictionaries(), base, base.parts[0], false, base
	for _, w := range base.whats {
		l.d.whats.number(w)
	}
	for _, o := range base.orgs {
		l.d.orgs.number(o)
	}
	for a, values := range base.values {
		for _, v := range values {
			l.d.values[a].number(v)
		}
	}
	clear(l.changed)
	for row, n := range l.base.attribute[Practice] {
		l.networks[base.values[Practice][n]] = base.values[Network][l.base.attribute[Network][row]]
	}
}

// Put gives a person, new or known, this profile and these events, which it puts
// in order and keeps nothing of. The network follows from the practice. The
// fault is as with Sequence.Add.
func (l *Live) Put(who Profile, events []Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.put(who, events)
}

func (l *Live) put(who Profile, events []Event) error {
	who.Network = l.networks[who.Practice]
	one := &part{first: []uint32{0}}
	if err := one.add(l.d, &who, events); err != nil {
		return err
	}
	l.changed[who.Key], l.set = one, nil
	return nil
}

// Remove takes a person out.
func (l *Live) Remove(key int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remove(key)
}

func (l *Live) remove(key int64) {
	_, known := slices.BinarySearch(l.base.key, key)
	_, put := l.changed[key]
	if known {
		l.changed[key] = nil
	} else {
		delete(l.changed, key)
	}
	if known || put {
		l.set = nil
	}
}

// Practice says of which network a practice is a part, or of none.
func (l *Live) Practice(practice, network string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.practice(practice, network)
}

func (l *Live) practice(practice, network string) {
	if l.networks[practice] == network {
		return
	}
	l.networks[practice] = network
	if _, known := l.d.values[Practice].numbers[practice]; known {
		l.moved, l.set = true, nil
	}
}

// Network returns of which network a practice is a part, as far as is known.
func (l *Live) Network(practice string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.networks[practice]
}

// Person returns a person by key, in a Set of their own.
func (l *Live) Person(key int64) (Person, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one, row, ok := l.find(key)
	if !ok {
		return Person{}, false
	}
	return Person{set: l.d.set([]*part{one}, nil), part: one, row: row}, true
}

// Alone returns a Set of this person alone, who is at 0 in it.
func (p Person) Alone() *Set {
	return &Set{whats: p.set.whats, values: p.set.values, orgs: p.set.orgs, parts: []*part{p.part}, order: []place{{row: uint32(p.row)}}, of: p.set.of}
}

// Changed returns how many people changed since the base was made.
func (l *Live) Changed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.changed)
}

// Begun returns how many people are in the base.
func (l *Live) Begun() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.base.key)
}

// Set returns everyone as they are now.
func (l *Live) Set() (*Set, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.set != nil {
		return l.set, nil
	}
	if l.moved {
		err := l.compact()
		return l.set, err
	}
	parts, order := []*part{l.base}, make([]place, 0, len(l.base.key)+len(l.changed))
	for _, key := range slices.Sorted(maps.Keys(l.changed)) {
		if one := l.changed[key]; one != nil {
			parts = append(parts, one)
		}
	}
	next := 1 // of parts
	for row, key := range l.base.key {
		for next < len(parts) && parts[next].key[0] < key {
			order = append(order, place{part: uint32(next)})
			next++
		}
		if _, again := l.changed[key]; !again {
			order = append(order, place{row: uint32(row)})
		}
	}
	for ; next < len(parts); next++ {
		order = append(order, place{part: uint32(next)})
	}
	l.set = l.d.set(parts, order)
	return l.set, nil
}

// Compact makes a new base of everyone as they are now, and returns it: the same
// people give the same bytes, whatever happened before. It needs the memory of a
// second Set meanwhile, and everything else waits; Freeze is the way round that.
func (l *Live) Compact() (*Set, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.same() {
		return l.begun, nil
	}
	err := l.compact()
	return l.set, err
}

func (l *Live) compact() error {
	f := l.freeze()
	base, err := f.Compact()
	if err != nil {
		return err
	}
	l.begin(base)
	return nil
}

// same reports whether everyone is as the base has them.
func (l *Live) same() bool { return len(l.changed) == 0 && !l.moved }

// Frozen is everyone of a Live as they were at a moment. It never changes and is
// safe for concurrent use.
type Frozen struct {
	begun    *Set  // the base, where nothing differs from it; nil otherwise
	set      *Set  // with the dictionaries of that moment
	base     *part // of the Live at that moment
	changed  map[int64]*part
	networks map[string]string
}

// Freeze returns everyone as they are now, of whom a new base can be made while
// the Live goes on.
func (l *Live) Freeze() *Frozen {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.freeze()
}

func (l *Live) freeze() *Frozen {
	f := &Frozen{set: l.d.set(nil, nil), base: l.base, changed: maps.Clone(l.changed), networks: maps.Clone(l.networks)}
	if l.same() {
		f.begun = l.begun
	}
	return f
}

// Compact makes one part of them, as Live.Compact does.
func (f *Frozen) Compact() (*Set, error) {
	if f.begun != nil {
		return f.begun, nil
	}
	seq := NewSequence()
	added := slices.SortedFunc(maps.Values(f.changed), func(a, b *part) int {
		return cmp.Compare(a.firstKey(), b.firstKey())
	})
	add := func(p Person) error {
		who := p.Profile()
		who.Network = f.networks[who.Practice]
		events := p.Events()
		return seq.Add(&who, events.All())
	}
	next := 0
	changedBelow := func(key int64) error {
		for ; next < len(added) && added[next].firstKey() < key; next++ {
			if added[next] == nil {
				continue
			}
			if err := add(Person{set: f.set, part: added[next]}); err != nil {
				return err
			}
		}
		return nil
	}
	for row, key := range f.base.key {
		if err := changedBelow(key); err != nil {
			return nil, err
		}
		if _, again := f.changed[key]; again {
			continue
		}
		if err := add(Person{set: f.set, part: f.base, row: row}); err != nil {
			return nil, err
		}
	}
	if err := changedBelow(maxKey); err != nil {
		return nil, err
	}
	return seq.Set(), nil
}

// Take puts what was made of a Frozen in the place of the base; whoever changed
// since the freezing stays as they are now. It does nothing when the Live has
// had another base since.
func (l *Live) Take(f *Frozen, base *Set) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.base != l.base || base == l.begun {
		return nil
	}
	since, networks, former := l.since(f), l.networks, l.d.set(nil, nil)
	l.networks = map[string]string{}
	l.begin(base)
	for practice, network := range networks {
		l.practice(practice, network)
	}
	for key, one := range since {
		if one == nil {
			l.remove(key)
			continue
		}
		p := Person{set: former, part: one}
		events := p.Events()
		if err := l.put(p.Profile(), events.All()); err != nil {
			return err
		}
	}
	return nil
}

// since returns who changed since a freezing, nil for who is no longer there.
func (l *Live) since(f *Frozen) map[int64]*part {
	out := map[int64]*part{}
	for key, one := range l.changed {
		if was, ok := f.changed[key]; !ok || was != one {
			out[key] = one
		}
	}
	for key := range f.changed {
		if _, ok := l.changed[key]; !ok {
			out[key] = nil
		}
	}
	return out
}

const maxKey = 1<<63 - 1

// firstKey returns the key of the only person of a part, below all others for
// one who is gone.
func (p *part) firstKey() int64 {
	if p == nil {
		return -1 << 63
	}
	return p.key[0]
}
