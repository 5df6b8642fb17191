package store

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

func compareGX(a, b gxRow) int {
	return cmp.Or(cmp.Compare(a.p, b.p), cmp.Compare(a.k, b.k), cmp.Compare(a.who, b.who))
}

// candidates checks gx: every current key must be there, and nothing that no
// version explains.
func (k *verifier) candidates() error {
	slices.SortFunc(k.must, compareGX)
	k.must = slices.Compact(k.must)
	slices.SortFunc(k.may, compareGX)
	k.may = slices.Compact(k.may)
	must, may := k.must, k.may
	missing := func(g gxRow) error {
		return damaged("gx", fmt.Sprintf("(%d, %d, %d)", g.p, g.k, g.who), "a candidate is missing")
	}
	err := k.n.query("SELECT p, k, who FROM gx ORDER BY p, k, who", nil, func(r *row) error {
		g := gxRow{r.int(0), r.int(1), r.int(2)}
		for len(may) > 0 && compareGX(may[0], g) < 0 {
			may = may[1:]
		}
		switch {
		case len(must) > 0 && must[0] == g:
			must = must[1:]
		case len(must) > 0 && compareGX(must[0], g) < 0:
			return missing(must[0])
		case len(may) == 0 || may[0] != g:
			return damaged("gx", fmt.Sprintf("(%d, %d, %d)", g.p, g.k, g.who), "nothing explains this candidate")
		}
		return nil
	})
	if err == nil && len(must) > 0 {
		err = missing(must[0])
	}
	k.must, k.may = nil, nil
	return err
}

func compareRel(a, b relRow) int {
	return cmp.Or(cmp.Compare(a.actor, b.actor), cmp.Compare(a.person, b.person), cmp.Compare(a.basis, b.basis),
		cmp.Compare(a.src, b.src), cmp.Compare(a.since, b.since), cmp.Compare(a.until, b.until))
}

// relations checks rel against what current versions give, over all links.
func (k *verifier) relations() error {
	company := map[Person][]Person{}
	err := k.n.query("SELECT a.person, b.person FROM person_link a JOIN person_link b ON b.root = a.root WHERE a.until = ? AND b.until = ? AND a.basis <> ? AND b.basis <> ?",
		[]any{open, open, linkApart, linkApart}, func(r *row) error {
			company[Person(r.int(0))] = append(company[Person(r.int(0))], Person(r.int(1)))
			return nil
		})
	if err != nil {
		return err
	}
	var want []relRow
	for _, r := range k.rel {
		all := company[Person(r.person)]
		if len(all) == 0 {
			want = append(want, r)
		}
		for _, p := range all {
			r.person = int64(p)
			want = append(want, r)
		}
	}
	var have []relRow
	err = k.n.query("SELECT actor, person, basis, src, since, until FROM rel", nil, func(r *row) error {
		have = append(have, relRow{r.int(0), r.int(1), r.int(2), r.int(3), r.int(4), r.int(5)})
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(want, compareRel)
	slices.SortFunc(have, compareRel)
	sameKey := func(a, b relRow) bool { a.until, b.until = 0, 0; return a == b } // the first of a key stays
	want, have = slices.CompactFunc(want, sameKey), slices.CompactFunc(have, sameKey)
	for i := range max(len(want), len(have)) {
		switch {
		case i >= len(have), i < len(want) && compareRel(want[i], have[i]) < 0:
			return damaged("rel", fmt.Sprintf("%+v", want[i]), "a relation is missing")
		case i >= len(want), compareRel(want[i], have[i]) > 0:
			return damaged("rel", fmt.Sprintf("%+v", have[i]), "nothing gives this relation")
		}
	}
	return nil
}

// numbers checks nhs_number against current Patients, and links against it.
func (k *verifier) numbers() error {
	left := len(k.nhs)
	err := k.n.query("SELECT number, person FROM nhs_number", nil, func(r *row) error {
		if k.nhs[Person(r.int(1))] != r.int(0) {
			return damaged("nhs_number", r.int(1), "no Patient of this person has this number")
		}
		left--
		return nil
	})
	if err == nil && left != 0 {
		err = damaged("nhs_number", "", fmt.Sprintf("%d are missing", left))
	}
	if err != nil {
		return err
	}
	return k.none("person_link", "it ends before it begins, or begins after the log ends",
		"SELECT person FROM person_link WHERE until < t OR t > ? OR t < 1 OR until > ? AND until <> ?", k.n.last, k.n.last, open)
}

// logChunk is how many transactions are checked at once.
const logChunk = 500

// logRow is a row of the log.
type logRow struct {
	t, at   int64
	entries []entry
	hash    []byte
	receipt []byte
}

// made is what a version's row says.
type made struct {
	t, at  int64
	method Method
	hash   []byte
}

// log checks the chain, and that it tells of every version.
func (k *verifier) log() error {
	var prev []byte
	next := int64(1)
	total := int64(0)
	for {
		rows, err := k.logRows(next)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		versions, err := k.made(rows)
		if err != nil {
			return err
		}
		for i := range rows {
			l := &rows[i]
			if l.t != next {
				return damaged("log", next, "it is missing")
			}
			sum := newChain(prev, l.t, l.at, l.receipt)
			for _, e := range l.entries {
				m, ok := versions[version{e.rk, e.ver}]
				if !ok || m.t != l.t || m.at != l.at || m.method != e.method {
					return damaged("log", l.t, fmt.Sprintf("it tells of a %s, row %d version %d, that is not there or says otherwise", typeName(e.rk), e.rk, e.ver))
				}
				sum.add(e.rk, e.ver, e.method, m.hash)
				total++
			}
			if prev = sum.sum(); !bytes.Equal(prev, l.hash) {
				return damaged("log", l.t, "the chain is broken")
			}
			next++
		}
	}
	k.found.Transactions, k.found.Versions = next-1, total
	return k.nothingUntold(total, prev)
}

// nothingUntold checks that there are no versions or receipts beside the log, and that
// each version was replaced when the next came.
func (k *verifier) nothingUntold(told int64, last []byte) error {
	if k.found.Transactions != k.n.last {
		return damaged("log", k.found.Transactions+1, "the log ends too early")
	}
	count := int64(0)
	for _, table := range []string{"res", "hist"} {
		err := k.n.query("SELECT count(*) FROM "+table+" WHERE home = rk AND method <> 9", nil, func(r *row) error { count += r.int(0); return nil })
		if err != nil {
			return err
		}
	}
	if count != told {
		return damaged("log", "", fmt.Sprintf("it tells of %d versions, and there are %d", told, count))
	}
	if err := k.none("receipt", "its transaction is not there", "SELECT r.t FROM receipt r LEFT JOIN log l ON l.t = r.t WHERE l.t IS NULL"); err != nil {
		return err
	}
	following := func(table string) string {
		return "NOT EXISTS (SELECT 1 FROM ids j JOIN " + table + " r ON r.rk = j.rk WHERE j.id = h.id AND j.typ = ((h.rk >> 22) & 255) AND r.method <> 9 AND r.ver = h.ver + 1 AND r.t = (h.n >> 20))"
	}
	if err := k.none("hist", "no version replaced it then", "SELECT h.n FROM hist h WHERE "+following("res")+" AND "+following("hist")); err != nil {
		return err
	}
	if err := k.none("hist", "positions are not in order", "SELECT max(n) FROM hist GROUP BY n >> 20 HAVING max(n & 1048575) + 1 <> count(*)"); err != nil {
		return err
	}
	if err := k.none("hist", "the content is missing, and no erasure says why",
		"SELECT h.rk FROM hist h LEFT JOIN erased e ON e.rk = h.rk AND e.ver = h.ver WHERE h.body IS NULL AND h.home = h.rk AND h.method IN (1, 2, 3) AND e.rk IS NULL"); err != nil {
		return err
	}
	if err := k.none("erased", "what it says was erased is there, or was never",
		"SELECT e.rk FROM erased e LEFT JOIN hist h ON h.rk = e.rk AND h.ver = e.ver WHERE h.rk IS NULL OR h.body IS NOT NULL"); err != nil {
		return err
	}
	if err := k.none("res", "where it went is not there", "SELECT r.rk FROM res r LEFT JOIN res h ON h.rk = r.home WHERE r.method = 9 AND (h.rk IS NULL OR h.id <> r.id)"); err != nil {
		return err
	}
	return k.tip(0, k.found.Transactions, last)
}

func (k *verifier) logRows(from int64) ([]logRow, error) {
	var rows []logRow
	err := k.n.query("SELECT l.t, l.at, l.what, l.hash, r.name FROM log l LEFT JOIN receipt r ON r.t = l.t WHERE l.t >= ? ORDER BY l.t LIMIT ?", []any{from, logChunk}, func(r *row) error {
		l := logRow{t: r.int(0), at: r.int(1), hash: r.copy(3), receipt: r.copy(4)}
		for e, err := range entries(r.bytes(2)) {
			if err != nil {
				return damaged("log", l.t, err.Error())
			}
			l.entries = append(l.entries, e)
		}
		rows = append(rows, l)
		return nil
	})
	return rows, err
}

// made reads the versions that rows of the log tell of.
func (k *verifier) made(rows []logRow) (map[version]made, error) {
	var list []int64
	for _, l := range rows {
		for _, e := range l.entries {
			list = append(list, int64(e.rk))
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	out := make(map[version]made, len(list))
	for _, table := range []string{"res", "hist"} {
		err := k.n.query("SELECT rk, ver, t, at, method, hash FROM "+table+" WHERE home = rk AND method <> 9 AND "+k.n.words().in("rk"), []any{list}, func(r *row) error {
			out[version{r.rk(0), int(r.int(1))}] = made{r.int(2), r.int(3), Method(r.int(4)), r.copy(5)}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (k *verifier) audit() error {
	var prev []byte
	next, last := int64(1), int64(0)
	err := k.n.query("SELECT n, at, person, t, entry, hash FROM audit ORDER BY n", nil, func(r *row) error {
		if r.int(0) != next {
			return damaged("audit", next, "it is missing")
		}
		hash := auditHash(prev, next, r.int(1), r.int(2), r.int(3), r.bytes(4))
		if !bytes.Equal(hash, r.bytes(5)) {
			return damaged("audit", next, "the chain is broken")
		}
		prev, last = hash, next
		next++
		return nil
	})
	if err != nil {
		return err
	}
	k.found.Audited = last
	return k.tip(1, last, prev)
}

// trail checks the index of the audit by person.
func (k *verifier) trail() error {
	mark, err := trailMark(k.n.ctx, k.n.c)
	if err != nil {
		return err
	}
	if err := k.none("looked", "a line of the audit is not in its index", "SELECT a.n FROM audit a WHERE a.n <= ? AND a.person <> 0 AND NOT EXISTS (SELECT 1 FROM looked l WHERE l.person = a.person AND l.n = a.n)", mark); err != nil {
		return err
	}
	return k.none("looked", "the index names a line that is about another", "SELECT l.n FROM looked l WHERE l.n > ? OR NOT EXISTS (SELECT 1 FROM audit a WHERE a.n = l.n AND a.person = l.person)", mark)
}

// tip checks that a chain ends where it is said to.
func (k *verifier) tip(what int, n int64, hash []byte) error {
	return k.n.query("SELECT n, hash FROM tip WHERE what = ?", []any{what}, func(r *row) error {
		if r.int(0) != n || !bytes.Equal(r.bytes(1), hash) {
			return damaged("tip", what, fmt.Sprintf("the chain is said to end at %d, and ends at %d", r.int(0), n))
		}
		return nil
	})
}

func (k *verifier) tips() error {
	last := int64(0)
	if err := k.n.query("SELECT max(rk) FROM ids", nil, func(r *row) error { last = int64(r.rk(0).person()); return nil }); err != nil {
		return err
	}
	return k.none("tip", "the last person is another", "SELECT what FROM tip WHERE what = 2 AND n <> ?", last)
}
