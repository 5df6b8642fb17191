package store

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"sync"

	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record/access"
	"joinery/record/search"
)

// Damaged is the error of a record that is not as it was written: the first row
// at which that shows.
type Damaged struct {
	Table string
	Row   string // which one, by key; "" when it is the whole table or file
	What  string
}

func (e *Damaged) Error() string {
	if e.Row == "" {
		return fmt.Sprintf("the record is damaged: %s: %s", e.Table, e.What)
	}
	return fmt.Sprintf("the record is damaged: %s row %s: %s", e.Table, e.Row, e.What)
}

func damaged(table string, row any, what string) error {
	return &Damaged{Table: table, Row: fmt.Sprint(row), What: what}
}

// Verified is what was looked at and found whole.
type Verified struct {
	Versions     int64
	Transactions int64
	Audited      int64
}

// Verify reads the whole record and checks that it is as it was written: the
// pages of a SQLite file, the content hash of every version, the chains of the
// log and of the audit, and that all that is derived from the versions (ids,
// search keys, candidates, relations, NHS numbers) is what it would be if it were
// made anew. The error is a *Damaged that names the first bad row. What was
// erased is whole when its hash and reason are there.
//
// It can run while the record is in use, and sees one t. It needs memory for
// about 100 bytes a resource.
func (s *Store) Verify(ctx context.Context) (Verified, error) {
	var v Verified
	if err := s.sums.check(); err != nil {
		return v, err
	}
	err := s.ViewTrail(ctx, func(n *Snap) error {
		k := &verifier{n: n, patients: map[string]Person{}, named: map[string]bool{}, several: map[version][]Person{}}
		if _, err := n.T(); err != nil {
			return err
		}
		for _, step := range []func() error{
			k.pages, k.knownPatients, k.current, k.replaced, k.shared, k.ids, k.heads, k.candidates,
			k.relations, k.numbers, k.log, k.audit, k.trail, k.tips,
		} {
			if err := step(); err != nil {
				return err
			}
		}
		v = k.found
		return nil
	})
	return v, err
}

// version names a version by the row that has its body.
type version struct {
	rk  rk
	ver int
}

// verifier is one Verify under way.
type verifier struct {
	n     *Snap
	found Verified

	patients map[string]Person // key of a Patient → person
	mu       sync.Mutex        // guards what follows
	named    map[string]bool   // keys of Patients to which something refers
	several  map[version][]Person
	must     []gxRow // candidates of current versions
	may      []gxRow // … of replaced ones
	rel      []relRow
	nhs      map[Person]int64
}

type gxRow struct {
	p   int64
	k   int64
	who int64
}

type relRow struct{ actor, person, basis, src, since, until int64 }

// pages has SQLite check every page, and PostgreSQL take its time.
func (k *verifier) pages() error {
	if k.n.words().postgres {
		_, err := k.n.c.exec(k.n.ctx, "SET LOCAL statement_timeout = 0")
		return err
	}
	return k.n.query("PRAGMA integrity_check(1)", nil, func(r *row) error {
		if said := r.text(0); said != "ok" {
			return &Damaged{Table: "file", What: said}
		}
		return nil
	})
}

func (k *verifier) knownPatients() error {
	return k.n.query("SELECT id, rk FROM ids WHERE typ = ?", []any{patientType}, func(r *row) error {
		key := string(append([]byte{byte(patientType)}, r.bytes(0)...))
		if _, twice := k.patients[key]; twice {
			return damaged("ids", r.int(1), "a Patient is of two persons")
		}
		k.patients[key] = r.rk(1).person()
		return nil
	})
}

// stored is a row of res or hist with, of a current one, its row of head.
type stored struct {
	table string
	v     Version
	body  []byte // as stored
	head  bool
	ht    int64
	hat   int64
	hlbl  int64
	hhome rk
	hkeys []byte
}

// current checks the rows of res.
func (k *verifier) current() error {
	return k.bodies("res", "SELECT "+versionRow+", h.rk, h.t, h.at, h.lbl, h.home, h.keys FROM res r LEFT JOIN head h ON h.rk = r.rk WHERE r.method <> 9")
}

// replaced checks the rows of hist.
func (k *verifier) replaced() error {
	return k.bodies("hist", "SELECT "+versionRow+", NULL, NULL, NULL, NULL, NULL, NULL FROM hist r")
}

// bodies reads rows one after the other and checks them in parallel.
func (k *verifier) bodies(table, sql string) error {
	rows := make(chan stored, 64)
	var wg sync.WaitGroup
	var first error
	stop := make(chan struct{})
	for range runtime.GOMAXPROCS(0) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for s := range rows {
				if err := k.body(&s); err != nil {
					k.mu.Lock()
					if first == nil {
						first = err
						close(stop)
					}
					k.mu.Unlock()
				}
			}
		}()
	}
	err := k.n.query(sql, nil, func(r *row) error {
		s, err := scanStored(table, r)
		if err != nil {
			return err
		}
		select {
		case rows <- s:
			return nil
		case <-stop:
			return errEnough
		}
	})
	close(rows)
	wg.Wait()
	if first != nil {
		return first
	}
	return err
}

func scanStored(table string, r *row) (stored, error) {
	v, err := scanVersion(r)
	s := stored{table: table, v: v, body: r.copy(9)}
	if err != nil {
		return s, damaged(table, r.int(0), "the body cannot be read: "+err.Error())
	}
	if !r.null(10) {
		s.head, s.ht, s.hat, s.hlbl, s.hhome, s.hkeys = true, r.int(11), r.int(12), r.int(13), r.rk(14), r.copy(15)
	}
	return s, nil
}

// body checks one version and notes what is derived from it.
func (k *verifier) body(s *stored) error {
	v := &s.v
	bad := func(what string) error {
		return damaged(s.table, fmt.Sprintf("%d version %d", v.rk, v.Number), what)
	}
	if v.Type == "" || !v.ID.Valid() || v.Number < 1 || v.Method < Post || v.Method > Erase {
		return bad("its type, id, number or method cannot be")
	}
	live := s.table == "res" && !v.Deleted()
	if live != s.head {
		return bad("its row of head is missing, or should not be there")
	}
	if live && (s.ht != v.t || s.hat != v.At.UnixMilli() || s.hlbl != int64(v.Labels) || s.hhome != v.home) {
		return bad("head says otherwise")
	}
	if v.home != v.rk {
		if s.body != nil || len(v.hash) != 0 || v.home.typ() != v.rk.typ() {
			return bad("a row that is not its home has a body or a hash")
		}
		k.mu.Lock()
		at := version{v.home, v.Number}
		k.several[at] = append(k.several[at], -v.rk.person()) // a row that is there, to be met by one that must be
		k.mu.Unlock()
		return nil
	}
	hash := contentHash(v.Type, v.ID, v.rest)
	if v.Deleted() {
		if s.body != nil {
			return bad("a deletion has a body")
		}
		hash = contentHash(v.Type, v.ID, nil)
	}
	if v.rest == nil && !v.Deleted() {
		return k.erased(s, bad)
	}
	if !bytes.Equal(hash[:], v.hash) {
		return bad("the content is not what its hash says")
	}
	if v.Deleted() {
		return nil
	}
	return k.derived(s, live, bad)
}

// erased notes a version whose content went; log makes sure that it is said why.
func (k *verifier) erased(s *stored, bad func(string) error) error {
	if s.table != "hist" || len(s.v.hash) != 32 {
		return bad("the content is missing")
	}
	return nil
}

// derived notes what is made of a body, and compares what lies beside it.
func (k *verifier) derived(s *stored, live bool, bad func(string) error) error {
	v := &s.v
	doc, err := fhir.Parse(v.JSON())
	if err != nil {
		return bad("the content is no JSON")
	}
	res := doc.Root()
	if uint64(access.Labels(res)) != v.Labels {
		return bad("its labels are not those of its content")
	}
	keys := search.Extract(nil, v.Type, res)
	if live && !bytes.Equal(keys, s.hkeys) {
		return bad("its search keys are not those of its content")
	}
	candidates := keys.Candidates(nil, v.Type)
	persons, err := k.personsOf(v, res, bad)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(persons) > 1 {
		at := version{v.rk, v.Number}
		k.several[at] = append(k.several[at], persons...)
	}
	for _, p := range persons {
		who := int64(p)
		if p == 0 {
			who = v.rk.who()
		}
		for _, c := range candidates {
			if live {
				k.must = append(k.must, gxRow{int64(c.P), c.K, who})
			} else {
				k.may = append(k.may, gxRow{int64(c.P), c.K, who})
			}
		}
	}
	if !live {
		return nil
	}
	if v.Type == "Patient" {
		if n := verifiedNHS(res); n != 0 {
			if k.nhs == nil {
				k.nhs = map[Person]int64{}
			}
			k.nhs[v.rk.person()] = n
		}
	}
	return k.relationsOf(v, res, persons, bad)
}

// personsOf returns the persons of a version, the home's first.
func (k *verifier) personsOf(v *Version, res fhir.Value, bad func(string) error) ([]Person, error) {
	ids := patientsOf(v.Type, v.ID, res)
	if len(ids) == 0 {
		if v.rk.person() != 0 {
			return nil, bad("it is about nobody and lies with a person")
		}
		return []Person{0}, nil
	}
	seen := map[Person]bool{}
	persons := []Person{v.rk.person()}
	for _, id := range ids {
		key := resourceKey(patientType, id)
		p, ok := k.patients[key]
		if !ok {
			return nil, bad("it is about a Patient who has no person")
		}
		k.mu.Lock()
		k.named[key] = true
		k.mu.Unlock()
		if p != v.rk.person() && !seen[p] {
			persons = append(persons, p)
		}
		seen[p] = true
	}
	if !seen[v.rk.person()] {
		return nil, bad("it lies with a person whom it is not about")
	}
	return persons, nil
}

func (k *verifier) relationsOf(v *Version, res fhir.Value, persons []Person, bad func(string) error) error {
	for _, r := range access.Relations(res) {
		whom := persons
		if r.Of != "" {
			id, _ := patientID([]byte(r.Of))
			key := resourceKey(patientType, id)
			p, ok := k.patients[key]
			if !ok {
				return bad("it gives a relation to a Patient who has no person")
			}
			k.named[key] = true
			whom = []Person{p}
		}
		for _, p := range whom {
			k.rel = append(k.rel, relRow{int64(r.Actor), int64(p), r.Stored(), int64(v.rk), r.Since, r.Until})
		}
	}
	return nil
}

// shared checks that a version of several persons has one row for each: rows
// that are there were noted as negative.
func (k *verifier) shared() error {
	for at, persons := range k.several {
		sum := map[Person]int{}
		for _, p := range persons {
			if p < 0 {
				sum[-p]--
			} else if p != at.rk.person() {
				sum[p]++
			}
		}
		for p, n := range sum {
			if n < 0 && k.isErased(at) {
				continue
			}
			if n != 0 {
				return damaged("res", fmt.Sprintf("%d version %d", at.rk, at.ver), fmt.Sprintf("its rows are not one for each of its persons (person %d)", p))
			}
		}
	}
	return nil
}

// isErased reports whether it is said why a version has no content; whose rows it
// had cannot be told any more.
func (k *verifier) isErased(at version) bool {
	found := false
	_ = k.n.query("SELECT 1 FROM erased WHERE rk = ? AND ver = ?", []any{at.rk, at.ver}, func(*row) error { found = true; return nil })
	if found {
		return true
	}
	_ = k.n.query("SELECT 1 FROM res WHERE rk = ? AND ver = ? AND method IN (4, 5)", []any{at.rk, at.ver}, func(*row) error { found = true; return nil })
	if !found {
		_ = k.n.query("SELECT 1 FROM hist WHERE rk = ? AND ver = ? AND method IN (4, 5)", []any{at.rk, at.ver}, func(*row) error { found = true; return nil })
	}
	return found
}

// none runs a query that finds rows only when something is wrong.
func (k *verifier) none(table, what, sql string, args ...any) error {
	return k.n.query(sql, args, func(r *row) error { return damaged(table, r.int(0), what) })
}

func (k *verifier) ids() error {
	if err := k.none("res", "there is no id for it", "SELECT r.rk FROM res r WHERE NOT EXISTS (SELECT 1 FROM ids i WHERE i.id = r.id AND i.typ = ((r.rk >> 22) & 255) AND i.rk = r.rk)"); err != nil {
		return err
	}
	if err := k.none("ids", "the type of the row is another", "SELECT rk FROM ids WHERE typ <> ((rk >> 22) & 255)"); err != nil {
		return err
	}
	return k.n.query("SELECT i.id, i.rk FROM ids i LEFT JOIN res r ON r.rk = i.rk WHERE r.rk IS NULL OR r.id <> i.id", nil, func(r *row) error {
		rk := r.rk(1)
		key := append([]byte{byte(rk.typ())}, r.bytes(0)...)
		if rk.typ() != patientType || rk.seq() != 1 || !k.named[string(key)] {
			return damaged("ids", rk, "there is no such row, and nothing refers to it")
		}
		return nil
	})
}

func (k *verifier) heads() error {
	if err := k.none("head", "there is no current version for it",
		"SELECT h.rk FROM head h LEFT JOIN res r ON r.rk = h.rk WHERE r.rk IS NULL OR r.method NOT IN (1, 2, 3)"); err != nil {
		return err
	}
	return k.none("head", "it differs from the row that has the body",
		"SELECT h.rk FROM head h JOIN res r ON r.rk = h.rk LEFT JOIN head m ON m.rk = r.home WHERE r.home <> r.rk AND (m.rk IS NULL OR m.keys <> h.keys OR m.lbl <> h.lbl OR m.t <> h.t OR m.at <> h.at)")
}

// typeName names a type for a person.
func typeName(k rk) string { return r4.TypeName(k.typ()) }
