package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/record/store"
)

// OpKind is what an Op does.
type OpKind uint8

// Kinds of Op.
const (
	Read OpKind = iota
	Search
	Create
	Update
	Patch
	Delete
)

// action returns the right that an op needs.
func (k OpKind) action() access.Action {
	switch k {
	case Create:
		return access.Create
	case Update, Patch:
		return access.Update
	case Delete:
		return access.Delete
	case Search:
		return access.Search
	case Read:
	}
	return access.Read
}

// Op is one step of a transaction.
type Op struct {
	Kind OpKind
	Type string
	ID   fhir.ID // of Read, Update, Patch and Delete without Where

	// FullURL is the name by which other ops of the transaction refer to this
	// one's resource, usually urn:uuid:….
	FullURL string

	Body  *fhir.Doc                       // of Create and Update
	Patch func(*fhir.Doc) ([]byte, error) // of Patch: from the resource as it is to what it shall be
	Where *search.Query                   // of Search; or of a conditional Update, Patch or Delete
	// IfNoneExist makes a Create do nothing when its search finds one resource
	// already, and fail when it finds several.
	IfNoneExist *search.Query
	IfMatch     string // ETag of the version that is changed; empty: any
}

// Result is what came of an Op.
type Result struct {
	Version Version // as it is now; the zero Version when there was nothing to delete
	Created bool    // there was none before
	Page    *Page   // of a Search
}

// OpError says which op of a transaction could not be done.
type OpError struct {
	Index int
	Err   error
}

func (e *OpError) Error() string { return "operation " + strconv.Itoa(e.Index) + ": " + e.Err.Error() }

// Unwrap returns why.
func (e *OpError) Unwrap() error { return e.Err }

// Transact does all ops or none, and returns a result for each. Deletes come
// first, then creates, then updates and patches; reads and searches see what
// was written. Ops may refer to each other's resources by FullURL, and to what
// is stored by search, as in Patient?identifier=…; such references become
// literal ones.
//
// The error is an *OpError when one op is to blame. A refusal is audited.
func (v *View) Transact(ctx context.Context, ops []Op) ([]Result, error) {
	results, _, err := v.transact(ctx, ops, nil, nil)
	return results, err
}

// Import is Transact for a batch of a feed that may come again: when ops were
// done under the same receipt before, nothing is done and again is true.
func (v *View) Import(ctx context.Context, receipt []byte, ops []Op) (results []Result, again bool, err error) {
	return v.transact(ctx, ops, receipt, nil)
}

// patience is how often a patch is tried on what another writer has changed
// meanwhile.
const patience = 5

func (v *View) transact(ctx context.Context, ops []Op, receipt []byte, limits []Limit) ([]Result, bool, error) {
	for try := 0; ; try++ {
		t := &transaction{view: v, ops: ops, receipt: receipt, limits: limits}
		results, again, err := t.run(ctx)
		if err == nil {
			return results, again, nil
		}
		if try < patience && errors.Is(err, errMoved) {
			continue
		}
		if audit := v.audit(ctx, refusal(t.line(), err)); audit != nil {
			return nil, false, audit
		}
		return nil, false, err
	}
}

// errMoved says that what a transaction looked at was changed before it could
// commit, and that trying again may help.
var errMoved = errors.New("changed meanwhile")

// transaction is one try at a list of ops.
type transaction struct {
	view    *View
	ops     []Op
	receipt []byte
	limits  []Limit

	todo     []step            // of each op
	literal  map[string]string // what full URLs and conditional references stand for
	named    bool              // ops have full URLs, so a urn:uuid that none has is a mistake
	searched []condition       // what was found, to be found again at the commit
}

// step is what became of an op on the way to its commit.
type step struct {
	id     fhir.ID
	found  *Version // by IfNoneExist: the create does nothing
	none   bool     // nothing matched a conditional delete
	change *store.Change
	place  int // of change in the store's transaction
	body   *fhir.Doc
}

// condition is a search that the transaction rests on.
type condition struct {
	op    int
	query *search.Query
	found []fhir.ID
}

func (t *transaction) run(ctx context.Context) ([]Result, bool, error) {
	t.todo = make([]step, len(t.ops))
	if err := t.validate(); err != nil {
		return nil, false, err
	}
	if err := t.look(ctx); err != nil {
		return nil, false, err
	}
	changes, err := t.prepare(ctx)
	if err != nil {
		return nil, false, err
	}
	done, again, err := t.commit(ctx, changes)
	if err != nil || again {
		return nil, again, err
	}
	results, err := t.results(ctx, done)
	return results, false, err
}

// validate refuses what no record could do, and what the subject may never do
// whatever it is about.
func (t *transaction) validate() error {
	for i := range t.ops {
		op := &t.ops[i]
		number, ok := r4.TypeNumber(op.Type)
		if !ok && (op.Type != "" || op.Kind != Search) {
			return &OpError{i, fault.New(fault.NotFound, "There is no resource type of this name in FHIR R4.")}
		}
		if op.Type == auditType && op.Kind >= Create {
			return &OpError{i, fault.New(fault.Unsupported, "The audit trail is written by the record itself and cannot be changed.")}
		}
		if op.Kind >= Create && t.view.filter(op.Kind.action()).None(number) {
			return &OpError{i, denied(op.Kind.action(), op.Type)}
		}
		if op.Kind != Create && op.Kind != Update {
			continue
		}
		if op.Body == nil || !op.Body.Root().Get("resourceType").Is(op.Type) {
			return &OpError{i, fault.New(fault.Invalid, "The body must be a resource of the type "+op.Type+", which it is sent as.")}
		}
	}
	return nil
}

// look finds what the ops are about: the targets of conditions and conditional
// references, and ids for what is new.
func (t *transaction) look(ctx context.Context) error {
	t.literal, t.named = map[string]string{}, len(t.ops) > 1
	if t.conditional() {
		err := t.view.rec.store.View(ctx, func(n *store.Snap) error { return t.search(n) })
		if err != nil {
			return err
		}
	}
	seen := make(map[string]int, len(t.ops))
	for i := range t.ops {
		op, s := &t.ops[i], &t.todo[i]
		switch {
		case op.Kind == Read:
			s.id = op.ID
			continue
		case op.Kind == Search || s.none:
			continue
		case s.found != nil:
			s.id = s.found.ID
		case op.Kind == Create || op.Where != nil && s.id == "":
			var err error
			if s.id, err = t.view.rec.ids.next(); err != nil {
				return err
			}
		case op.Where == nil:
			s.id = op.ID
		}
		where := op.Type + "/" + string(s.id)
		if first, twice := seen[where]; twice && s.found == nil {
			return &OpError{i, fault.New(fault.Invalid, fmt.Sprintf("A transaction may change a resource once; the entries %d and %d change the same.", first, i))}
		}
		if s.found == nil {
			seen[where] = i
		}
		if op.FullURL != "" {
			t.named = true
			if _, twice := t.literal[op.FullURL]; twice && isURN(op.FullURL) {
				return &OpError{i, fault.New(fault.Invalid, "Two entries of the transaction have the same fullUrl.")}
			}
			t.literal[op.FullURL] = where
		}
	}
	return t.readable(ctx, seen)
}

// readable makes sure that what is to be read after the commit is there to be
// read: a transaction in which a read fails does nothing.
func (t *transaction) readable(ctx context.Context, changed map[string]int) error {
	for i := range t.ops {
		op := &t.ops[i]
		if op.Kind != Read {
			continue
		}
		if at, ok := changed[op.Type+"/"+string(op.ID)]; ok {
			if t.ops[at].Kind == Delete {
				return &OpError{i, fault.New(fault.Gone, "The transaction deletes what it is to read.")}
			}
			continue
		}
		if err := t.view.may(ctx, access.Read, op.Type, op.ID); err != nil {
			return &OpError{i, err}
		}
	}
	return nil
}

// conditional reports whether anything has to be searched for.
func (t *transaction) conditional() bool {
	for i := range t.ops {
		op := &t.ops[i]
		if op.IfNoneExist != nil || op.Where != nil && op.Kind != Search {
			return true
		}
		if op.Body != nil && bytes.IndexByte(op.Body.Bytes(), '?') >= 0 {
			return true // perhaps a reference by search
		}
	}
	return false
}

func (t *transaction) search(n *store.Snap) error {
	for i := range t.ops {
		op := &t.ops[i]
		var err error
		switch {
		case op.IfNoneExist != nil:
			err = t.ifNoneExist(n, i)
		case op.Where != nil && op.Kind != Search:
			err = t.where(n, i)
		}
		if err == nil && op.Body != nil && bytes.IndexByte(op.Body.Bytes(), '?') >= 0 {
			err = t.conditionalReferences(n, i)
		}
		if err != nil {
			return &OpError{i, err}
		}
	}
	return nil
}

// matches returns up to two resources of a condition, and notes it.
func (t *transaction) matches(n *store.Snap, op int, q *search.Query) ([]store.Version, error) {
	found, err := n.Matching(t.view.filter(access.Search), q, 2)
	if err != nil {
		return nil, err
	}
	c := condition{op: op, query: q}
	for i := range found {
		c.found = append(c.found, found[i].ID)
	}
	t.searched = append(t.searched, c)
	if len(found) > 1 {
		return nil, fault.New(fault.Precondition, "The condition matches more than one resource; make it narrower.")
	}
	return found, nil
}

func (t *transaction) ifNoneExist(n *store.Snap, i int) error {
	found, err := t.matches(n, i, t.ops[i].IfNoneExist)
	if err != nil || len(found) == 0 {
		return err
	}
	v, err := show(t.view.filter(access.Read), &found[0])
	t.todo[i].found = &v
	return err
}

func (t *transaction) where(n *store.Snap, i int) error {
	op, s := &t.ops[i], &t.todo[i]
	found, err := t.matches(n, i, op.Where)
	if err != nil {
		return err
	}
	switch {
	case len(found) == 1:
		s.id = found[0].ID
	case op.Kind == Delete:
		s.none = true
	case op.Kind == Patch:
		return fault.New(fault.NotFound, "Nothing matches the condition.")
	case op.Body != nil && op.Body.Root().Get("id").Exists():
		return fault.New(fault.Invalid, "Nothing matches the condition, and a new resource gets its id from the server: leave the id out.")
	}
	if s.id != "" && op.Body != nil {
		if id := op.Body.Root().Get("id"); id.Exists() && !id.Is(string(s.id)) {
			return fault.New(fault.Invalid, "The body's id is not the id of the resource that the condition matches.")
		}
	}
	return nil
}

// conditionalReferences finds what references such as Patient?identifier=… in a
// body stand for.
func (t *transaction) conditionalReferences(n *store.Snap, i int) error {
	var failed error
	eachReference(t.ops[i].Body.Root(), func(v fhir.Value) {
		reference := v.Text()
		if failed != nil || !conditional(reference) || t.literal[reference] != "" {
			return
		}
		typ, raw, _ := strings.Cut(reference, "?")
		found, err := t.matchText(n, i, typ, raw)
		switch {
		case err != nil:
			failed = fmt.Errorf("%s: %w", v.Where(), err)
		case len(found) == 0:
			failed = fault.New(fault.Precondition, v.Where()+": Nothing matches the search that this reference is.")
		default:
			t.literal[reference] = typ + "/" + string(found[0].ID)
		}
	})
	return failed
}

// matchText is matches for a condition that is still text.
func (t *transaction) matchText(n *store.Snap, op int, typ, raw string) ([]store.Version, error) {
	params, err := pairs(raw)
	if err != nil {
		return nil, err
	}
	q, err := search.Parse(typ, params, search.Options{Strict: true, Now: t.view.rec.clock()})
	if err != nil {
		return nil, err
	}
	return t.matches(n, op, q)
}

// prepare makes the store's changes, in the order that FHIR sets.
func (t *transaction) prepare(ctx context.Context) ([]*store.Change, error) {
	var changes []*store.Change
	for _, kinds := range [][]OpKind{{Delete}, {Create}, {Update, Patch}} {
		for i := range t.ops {
			s := &t.todo[i]
			if !slices.Contains(kinds, t.ops[i].Kind) || s.found != nil || s.none {
				continue
			}
			if err := t.change(ctx, i); err != nil {
				return nil, &OpError{i, err}
			}
			if s.change != nil {
				s.place = len(changes)
				changes = append(changes, s.change)
			}
		}
	}
	return changes, nil
}

// change makes the store's change for an op.
func (t *transaction) change(ctx context.Context, i int) error {
	op, s := &t.ops[i], &t.todo[i]
	f := t.view.filter(op.Kind.action())
	version, err := ifMatch(op.IfMatch)
	if err != nil {
		return err
	}
	switch op.Kind {
	case Create:
		if s.body, err = t.body(i, op.Body); err != nil {
			return err
		}
		if s.change, err = store.Prepare(op.Type, s.id, store.Post, s.body); err != nil {
			return err
		}
		s.change.Expect, s.change.After = store.Nothing, f
	case Update:
		if s.body, err = t.body(i, op.Body); err != nil {
			return err
		}
		if s.change, err = store.Prepare(op.Type, s.id, store.Put, s.body); err != nil {
			return err
		}
		s.change.Expect, s.change.Before, s.change.After = t.expect(i), f, f
	case Patch:
		return t.patch(ctx, i, f, version)
	case Delete:
		if s.change, err = store.Deletion(op.Type, s.id); err != nil {
			return err
		}
		s.change.Before = f
	case Read, Search:
	}
	s.change.Version = version
	return nil
}

// expect says what an update needs to find. Only who may write everything may
// choose the id of something new; for others the answer would tell whether
// there is something that they cannot see.
func (t *transaction) expect(i int) store.Expect {
	number, _ := r4.TypeNumber(t.ops[i].Type)
	switch {
	case t.ops[i].Where != nil && len(t.foundBy(i)) == 0:
		return store.Nothing
	case t.view.rec.policy.Places(t.view.subject, number, t.view.rec.clock()):
		return store.Anything
	}
	return store.Something
}

func (t *transaction) foundBy(op int) []fhir.ID {
	for _, c := range t.searched {
		if c.op == op && c.query == t.ops[op].Where {
			return c.found
		}
	}
	return nil
}

// body returns an op's body with its id and with literal references, valid.
func (t *transaction) body(i int, doc *fhir.Doc) (*fhir.Doc, error) {
	edits := withID(doc, t.todo[i].id)
	dangling := false
	// What a stored Bundle's entries call each other is their own affair.
	if t.ops[i].Type != "Bundle" && (mayHavePlaceholders(doc) || len(t.literal) > 0) {
		edits = append(edits, literal(doc, func(reference string) (string, bool) {
			to, ok := t.literal[reference]
			dangling = dangling || !ok && t.named && strings.HasPrefix(reference, "urn:uuid:")
			return to, ok
		})...)
	}
	if dangling {
		return nil, fault.New(fault.Invalid, "A reference names an entry by urn, and no entry of the transaction has this fullUrl.")
	}
	if len(edits) > 0 {
		var err error
		if doc, err = fhir.Parse(fhir.Splice(doc.Bytes(), edits)); err != nil {
			return nil, err
		}
	}
	return doc, r4.Validate(doc)
}

// patch reads the resource as it is and applies the op's patch. Only who may
// change the resource gets so far: a patch can test for what is masked for them.
func (t *transaction) patch(ctx context.Context, i int, f *access.Filter, version int) error {
	op, s := &t.ops[i], &t.todo[i]
	var now store.Version
	err := t.view.rec.store.View(ctx, func(n *store.Snap) error {
		var err error
		now, err = n.Get(f, op.Type, s.id)
		return err
	})
	if errors.Is(err, store.ErrHidden) {
		if t.view.may(ctx, access.Read, op.Type, s.id) == nil {
			return fmt.Errorf("%w: %w", denied(access.Update, op.Type), err)
		}
	}
	if err != nil {
		return err
	}
	doc, err := fhir.Parse(now.JSON())
	if err != nil {
		return err
	}
	patched, err := op.Patch(doc)
	if err != nil {
		return err
	}
	if doc, err = fhir.Parse(patched); err != nil {
		return err
	}
	if root := doc.Root(); !root.Get("resourceType").Is(op.Type) || !root.Get("id").Is(string(s.id)) {
		return fault.New(fault.Invalid, "A patch cannot change the type or the id of a resource.")
	}
	if err := r4.Validate(doc); err != nil {
		return err
	}
	if s.change, err = store.Prepare(op.Type, s.id, store.Patch, doc); err != nil {
		return err
	}
	s.body = doc
	s.change.Expect, s.change.Before, s.change.After = store.Something, f, f
	s.change.Version = version
	if version == 0 {
		s.change.Version = now.Number
	}
	return nil
}
