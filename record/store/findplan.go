package store

import (
	"cmp"
	"fmt"
	"slices"

	"joinery/fhir/r4"
	"joinery/record/access"
	"joinery/record/search"
)

// source says where rows are that may answer, and how far they have been read.
type source struct {
	kind sourceKind
	list []int64      // of listed and ofKey: candidates, in the order of rows
	key  search.Range // of ofKey
	rows []rk         // of given
	from rk           // only rows after this one, and after what was read
	last int64        // of ofKey: the last candidate that was listed
	step int
	done bool
}

// mayHave reports whether a row may be among the source's. Candidates stay in gx
// when what they stood for is replaced, so it may be asked of former versions.
func (src *source) mayHave(k rk) bool {
	switch src.kind {
	case listed:
		_, in := slices.BinarySearchFunc(src.list, k.who(), compareWho)
		return in
	case given:
		_, in := slices.BinarySearch(src.rows, k)
		return in
	case ofKey, whole:
	}
	return true
}

type sourceKind uint8

const (
	listed sourceKind = iota // candidates as gx.who has them: persons, and rows of nobody's
	ofKey                    // candidates of one key, listed as they are needed
	given                    // these rows
	whole                    // all rows of the type
)

// statement is one part of a scan.
type statement struct {
	sql     string
	args    []any
	ordered bool // rows come in order, and it can go on from where it stopped
}

// With so few candidates no other condition is looked at, with so many others are
// preferred; and how many persons are read at a time.
const (
	fewCandidates  = 8
	manyCandidates = 2000
	worthListing   = 16 // times as many of another condition are listed to have fewer
	firstPersons   = 4
	mostPersons    = 512
)

// plan chooses where to look.
func (s *finder) plan(a *ask) (*source, error) {
	for i := range a.conds {
		if c := &a.conds[i]; c.rows != nil && !c.not {
			return &source{kind: given, rows: sortedRows(c.rows)}, nil
		}
	}
	if a.persons != nil {
		src := &source{}
		for _, p := range a.persons {
			src.list = append(src.list, int64(p))
		}
		slices.Sort(src.list)
		return src, nil
	}
	if src, err := s.planCandidates(a); err != nil || src != nil {
		return src, err
	}
	if !personal(a.name) {
		return &source{kind: whole}, nil // they are nobody's, and lie together
	}
	persons := s.filter.Persons(access.SQLite, a.typ, 1)
	if persons.Every {
		return &source{kind: whole}, nil
	}
	visible, err := s.visiblePersons(persons)
	if err != nil {
		return nil, err
	}
	return s.planVisible(a, persons, visible)
}

func sortedRows(rows []rk) []rk {
	rows = slices.Clone(rows)
	slices.Sort(rows)
	return slices.Compact(rows)
}

// visiblePersons returns, in order, whose rows the filter can allow, unless it
// can allow everyone's.
func (s *finder) visiblePersons(p access.Persons) ([]int64, error) {
	if p.Query == "" {
		return nil, nil
	}
	var list []int64
	if err := s.query(p.Query, p.Args, into(&list)); err != nil {
		return nil, fmt.Errorf("look up whose rows may be seen: %w", err)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// into adds the first column of each row to a list.
func into(list *[]int64) func(*row) error {
	return func(r *row) error {
		*list = append(*list, r.int(0))
		return nil
	}
}

// withNobody puts the rows of nobody's of a type before a list.
func (s *finder) withNobody(a *ask, list []int64) ([]int64, error) {
	out := []int64{}
	allowed, args := s.filter.Predicate(access.SQLite, "r", a.typ, 3)
	err := s.query("SELECT r.rk FROM head r WHERE r.rk >= ?1 AND r.rk < ?2 AND "+allowed+" ORDER BY r.rk",
		append([]any{firstRK(0, a.typ), firstRK(0, a.typ+1)}, args...), func(r *row) error {
			out = append(out, -r.int(0))
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("look up what is nobody's: %w", err)
	}
	return append(out, list...), nil
}

// planCandidates lists the candidates of the most promising condition, less
// those who may not be seen and those who are not candidates of others, where
// that is quickly told. It returns nil when no condition narrows the search.
func (s *finder) planCandidates(a *ask) (*source, error) {
	var many []search.Range // of the first condition, when all have many
	var best []int64
	found := false
	for _, ranges := range a.ranges() {
		if len(ranges) == 0 { // nothing can match
			return &source{}, nil
		}
		list, all, err := []int64(nil), false, error(nil)
		if found { // those of best may be seen: what is not among them need not be asked for
			list, all, err = s.candidates(ranges, 64+worthListing*len(best))
		} else {
			list, all, err = s.seenCandidates(a, ranges, manyCandidates)
		}
		if err != nil {
			return nil, err
		}
		switch {
		case all && found:
			best = slices.DeleteFunc(best, func(who int64) bool {
				_, in := slices.BinarySearchFunc(list, who, compareWho)
				return !in
			})
		case all:
			best, found = list, true
		case many == nil:
			many = ranges
		}
		if found && len(best) <= fewCandidates {
			break
		}
	}
	switch {
	case found:
		return &source{list: best}, nil
	case many != nil:
		return s.planMany(a, many)
	}
	return nil, nil
}

// seenCandidates is candidates without those whose rows the filter cannot allow.
// Where they are gone through, that is asked of each on the way.
func (s *finder) seenCandidates(a *ask, ranges []search.Range, limit int) (list []int64, all bool, err error) {
	persons := s.filter.Persons(access.SQLite, a.typ, 1)
	if persons.Every || slices.ContainsFunc(ranges, search.Range.Exact) {
		list, all, err = s.candidates(ranges, limit)
		if err == nil && all {
			list, err = s.seenOf(a, list)
		}
		return list, all, err
	}
	holds, args := s.filter.OfPerson(access.SQLite, "x.who", a.typ, 1)
	if persons.Nobody {
		holds = "(x.who < 0 OR " + holds + ")"
	}
	rows := 0
	for _, r := range ranges {
		err := s.query("SELECT x.who, CASE WHEN "+holds+" THEN 1 ELSE 0 END FROM gx x WHERE x.p = ? AND x.k >= ? AND x.k <= ? LIMIT ?",
			append(slices.Clone(args), r.P, r.From, r.To, limit+1-rows), func(r *row) error {
				if rows++; r.int(1) == 1 {
					list = append(list, r.int(0))
				}
				return nil
			})
		if err != nil {
			return nil, false, fmt.Errorf("look up candidates who may be seen: %w", err)
		}
		if rows > limit {
			return nil, false, nil
		}
	}
	sortWho(list)
	return slices.Compact(list), true, nil
}

// seenOf leaves out, of a list of candidates, whose rows the filter cannot allow:
// that is cheaper told of a person than by reading their rows.
func (s *finder) seenOf(a *ask, list []int64) ([]int64, error) {
	persons := s.filter.Persons(access.SQLite, a.typ, 2)
	if persons.Every || len(list) <= fewCandidates {
		return list, nil
	}
	first, _ := slices.BinarySearchFunc(list, 0, compareWho)
	nobodys, list := list[:first], list[first:]
	if !persons.Nobody {
		nobodys = nil
	}
	if persons.Query == "" || len(list) == 0 {
		return nobodys, nil
	}
	out := slices.Clone(nobodys)
	holds, args := s.filter.OfPerson(access.SQLite, "w.v", a.typ, 2)
	err := s.query("SELECT w.v FROM "+s.words().list("w")+" WHERE "+holds, append([]any{list}, args...), into(&out))
	if err != nil {
		return nil, fmt.Errorf("look up whose rows may be seen: %w", err)
	}
	slices.Sort(out[len(nobodys):])
	return out, nil
}

// seen leaves those of a list who are visible.
func seen(list, visible []int64, nobody bool) []int64 {
	return slices.DeleteFunc(list, func(who int64) bool {
		if who < 0 {
			return !nobody
		}
		_, in := slices.BinarySearch(visible, who)
		return !in
	})
}

// planMany is for conditions that very many persons could meet: whoever may not
// be seen is left out first.
func (s *finder) planMany(a *ask, ranges []search.Range) (*source, error) {
	persons := s.filter.Persons(access.SQLite, a.typ, 1)
	exact := len(ranges) == 1 && ranges[0].Exact()
	if persons.Every {
		if exact && !a.counting {
			return &source{kind: ofKey, key: ranges[0]}, nil
		}
		list, all, err := s.candidates(ranges, maxScanned)
		if err == nil && !all {
			err = tooCostly("too many resources would have to be looked at. Say more of what is wanted, such as the patient.")
		}
		return &source{list: list}, err
	}
	visible, err := s.visiblePersons(persons)
	if err != nil {
		return nil, err
	}
	if exact {
		list, err := s.among(ranges[0], visible, persons.Nobody)
		return &source{list: list}, err
	}
	list, all, err := s.candidates(ranges, worthListing*len(visible)+manyCandidates)
	switch {
	case err != nil:
		return nil, err
	case all:
		return &source{list: seen(list, visible, persons.Nobody)}, nil
	}
	return s.planVisible(a, persons, visible)
}

// planVisible reads all that may be seen.
func (s *finder) planVisible(a *ask, persons access.Persons, visible []int64) (*source, error) {
	if !persons.Nobody {
		return &source{list: visible}, nil
	}
	list, err := s.withNobody(a, visible)
	return &source{list: list}, err
}

// among returns which of the persons are candidates, and what is nobody's.
func (s *finder) among(r search.Range, visible []int64, nobody bool) ([]int64, error) {
	var out []int64
	add := into(&out)
	if nobody {
		if err := s.query("SELECT g.who FROM gx g WHERE g.p = ? AND g.k = ? AND g.who < 0", []any{r.P, r.From}, add); err != nil {
			return nil, fmt.Errorf("look up candidates: %w", err)
		}
	}
	for part := range slices.Chunk(visible, 2000) {
		err := s.query("SELECT g.who FROM "+s.words().list("w")+" CROSS JOIN gx g WHERE g.p = ? AND g.k = ? AND g.who = w.v", []any{part, r.P, r.From}, add)
		if err != nil {
			return nil, fmt.Errorf("look up candidates: %w", err)
		}
	}
	sortWho(out)
	return out, nil
}

// ranges returns where candidates of each condition that narrows are, the most
// promising first.
func (a *ask) ranges() [][]search.Range {
	type choice struct {
		rank   int
		ranges []search.Range
	}
	var found []choice
	for i := range a.conds {
		c := &a.conds[i]
		switch {
		case c.clause == nil || c.own != nil || c.barred != 0:
		case c.refer != nil:
			hashes := make([]uint64, 0, len(c.refer))
			for hash := range c.refer {
				hashes = append(hashes, hash)
			}
			found = append(found, choice{1, c.clause.RangesTo(hashes)})
		default:
			if ranges := c.clause.Ranges(a.name); ranges != nil {
				found = append(found, choice{rank(c.clause), ranges})
			}
		}
	}
	slices.SortStableFunc(found, func(x, y choice) int { return x.rank - y.rank })
	out := make([][]search.Range, len(found))
	for i := range found {
		out[i] = found[i].ranges
	}
	return out
}

// rank guesses how few a condition's candidates are.
func rank(c *search.Clause) int {
	switch c.Param.Type {
	case r4.Reference:
		return 0
	case r4.Token:
		if c.Param.Code == "identifier" {
			return 0
		}
		return 3
	case r4.URI:
		return 1
	case r4.String:
		return 2
	case r4.Quantity, r4.Number, r4.Composite, r4.Date, r4.Special:
	}
	return 4
}

// candidates returns the candidates of ranges, in order; all is false when there
// are more than limit rows of them, and then the list is of no use.
func (s *finder) candidates(ranges []search.Range, limit int) (list []int64, all bool, err error) {
	all = true
	add := func(r *row) error {
		if len(list) >= limit {
			all = false
			return errEnough
		}
		list = append(list, r.int(0))
		return nil
	}
	ask := func(sql string, args ...any) {
		if err == nil && all {
			err = s.query(sql+" LIMIT ?", append(args, limit+1-len(list)), add)
		}
	}
	for p, keys := range exactRanges(ranges) {
		if len(keys) == 1 {
			ask("SELECT g.who FROM gx g WHERE g.p = ? AND g.k = ?", p, keys[0])
			continue
		}
		for part := range slices.Chunk(keys, 1000) {
			ask("SELECT g.who FROM "+s.words().list("w")+" CROSS JOIN gx g WHERE g.p = ? AND g.k = w.v", part, p)
		}
	}
	for _, r := range ranges {
		if !r.Exact() {
			ask("SELECT g.who FROM gx g WHERE g.p = ? AND g.k >= ? AND g.k <= ?", r.P, r.From, r.To)
		}
	}
	if err != nil {
		return nil, false, fmt.Errorf("look up candidates: %w", err)
	}
	sortWho(list)
	return slices.Compact(list), all, nil
}

// exactRanges returns the ranges of one key each, by their slot.
func exactRanges(ranges []search.Range) map[uint32][]int64 {
	out := map[uint32][]int64{}
	for _, r := range ranges {
		if r.Exact() {
			out[r.P] = append(out[r.P], r.From)
		}
	}
	return out
}

// sortWho puts candidates in the order of their rows.
func sortWho(list []int64) {
	slices.Sort(list)
	persons, _ := slices.BinarySearch(list, 0)
	slices.Reverse(list[:persons])
}

func compareWho(a, b int64) int {
	if a < 0 && b < 0 {
		a, b = b, a
	}
	return cmp.Compare(a, b)
}

// next returns the statement that reads the source's next part, and whether
// there is more after it. A statement without text reads nothing.
func (s *finder) next(a *ask, src *source) (st statement, more bool, err error) {
	if src.done {
		return st, false, nil
	}
	switch src.kind {
	case given:
		src.done = true
		return s.rowsStatement(a, src.rows), false, nil
	case whole:
		return s.wholeStatement(a, src), false, nil
	case ofKey:
		if len(src.list) == 0 {
			if err := s.moreOfKey(src); err != nil {
				return st, false, err
			}
		}
	case listed:
	}
	src.skip()
	if len(src.list) == 0 {
		src.done = true
		return st, false, nil
	}
	src.step = min(max(2*src.step, firstPersons), mostPersons)
	if a.enough == 0 || len(a.sort) > 0 {
		src.step = mostPersons
	}
	nobody, end := src.list[0] < 0, 1
	for end < len(src.list) && end < src.step && (src.list[end] < 0) == nobody {
		end++
	}
	part := src.list[:end]
	src.list = src.list[end:]
	more = len(src.list) > 0 || src.kind == ofKey
	if !nobody {
		return s.personsStatement(a, part), more, nil
	}
	rows := make([]rk, len(part))
	for i := range part {
		rows[i] = rk(-part[i])
	}
	return s.rowsStatement(a, rows), more, nil
}

// skip leaves out candidates that lie before where the source is to begin.
func (src *source) skip() {
	for src.from != 0 && len(src.list) > 0 {
		who := src.list[0]
		if who < 0 && rk(-who) > src.from || who > 0 && Person(who) >= src.from.person() {
			return
		}
		src.list = src.list[1:]
	}
}

// moreOfKey lists the next candidates of one key: first what is nobody's, from
// -1 downwards, then persons.
func (s *finder) moreOfKey(src *source) error {
	src.list = src.list[:0]
	add := into(&src.list)
	if src.last == 0 && src.from != 0 {
		if src.last = int64(src.from.person()) - 1; src.last < 0 {
			src.last = -int64(src.from)
		}
	}
	if src.last <= 0 {
		err := s.query("SELECT g.who FROM gx g WHERE g.p = ? AND g.k = ? AND g.who < ? ORDER BY g.who DESC LIMIT ?", []any{src.key.P, src.key.From, src.last, mostPersons}, add)
		if err != nil {
			return fmt.Errorf("look up candidates: %w", err)
		}
	}
	if len(src.list) == 0 {
		err := s.query("SELECT g.who FROM gx g WHERE g.p = ? AND g.k = ? AND g.who > ? ORDER BY g.who LIMIT ?", []any{src.key.P, src.key.From, max(src.last, 0), mostPersons}, add)
		if err != nil {
			return fmt.Errorf("look up candidates: %w", err)
		}
	}
	if len(src.list) > 0 {
		src.last = src.list[len(src.list)-1]
	}
	return nil
}

// personsStatement reads the rows of a type that persons have.
func (s *finder) personsStatement(a *ask, persons []int64) statement {
	if len(persons) == 1 {
		p := Person(persons[0])
		return s.statement(a, "head r WHERE r.rk >= ?1 AND r.rk < ?2 AND r.t <= ?3", firstRK(p, a.typ), firstRK(p, a.typ+1), s.t)
	}
	if s.words().postgres {
		// The fence keeps the planner from reading all of head first.
		return s.statement(a, s.words().list("w")+" CROSS JOIN LATERAL (SELECT * FROM head h WHERE h.rk >= (w.v << 30) + ?2 AND h.rk < (w.v << 30) + ?3 AND h.t <= ?4 OFFSET 0) r WHERE 1=1",
			persons, firstRK(0, a.typ), firstRK(0, a.typ+1), s.t)
	}
	return s.statement(a, s.words().list("w")+" CROSS JOIN head r WHERE r.rk >= (w.v << 30) + ?2 AND r.rk < (w.v << 30) + ?3 AND r.t <= ?4",
		persons, firstRK(0, a.typ), firstRK(0, a.typ+1), s.t)
}

// rowsStatement reads given rows of a type.
func (s *finder) rowsStatement(a *ask, rows []rk) statement {
	list := make([]int64, len(rows))
	for i := range rows {
		list[i] = int64(rows[i])
	}
	return s.statement(a, s.words().list("w")+" CROSS JOIN head r WHERE r.rk = w.v AND r.t <= ?2", list, s.t)
}

// wholeStatement reads all rows of a type, in order. Those of a type that is
// nobody's lie together; others lie between their persons' other rows.
func (s *finder) wholeStatement(a *ask, src *source) statement {
	var st statement
	if personal(a.name) {
		st = s.statement(a, "head r WHERE r.rk >= ?1 AND ((r.rk >> 22) & 255) = ?2 AND r.t <= ?3", src.from+1, a.typ, s.t)
	} else {
		st = s.statement(a, "head r WHERE r.rk >= ?1 AND r.rk < ?2 AND r.t <= ?3", max(firstRK(0, a.typ), src.from+1), firstRK(0, a.typ+1), s.t)
	}
	st.sql, st.ordered = st.sql+" ORDER BY r.rk", true
	return st
}

// statement completes one on head, which has the arguments args, by when rows
// must have been stored and by the filter's predicate.
func (s *finder) statement(a *ask, from string, args ...any) statement {
	when, more := a.when(len(args) + 1)
	args = append(args, more...)
	allowed, more := s.filter.Predicate(access.SQLite, "r", a.typ, len(args)+1)
	return statement{sql: "SELECT " + headRow + " FROM " + from + when + " AND " + allowed, args: append(args, more...)}
}

// personal reports whether resources of a type may be a person's.
func personal(name string) bool { return name == "Patient" || r4.Compartment(name) != nil }
