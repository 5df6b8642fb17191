package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/search"
	"joinery/source"
	"joinery/source/bundle"
	"joinery/web/api"
)

// maxImportEntries is how many entries a bundle in a file may have. Over HTTP
// it is fewer.
const maxImportEntries = 50_000

// taken is what became of a piece of an import.
type taken struct {
	Created int              `json:"created"`
	Updated int              `json:"updated"`
	Deleted int              `json:"deleted"`
	Before  int              `json:"before"` // in deliveries that were taken before
	Types   map[string]int   `json:"types"`  // created and updated, by type
	Refused []source.Refusal `json:"refused,omitempty"`
}

// add adds the counts of another, without its refusals.
func (t *taken) add(o taken) {
	t.Created += o.Created
	t.Updated += o.Updated
	t.Deleted += o.Deleted
	t.Before += o.Before
	for typ, n := range o.Types {
		t.Types[typ] += n
	}
}

// importPiece takes a piece: the body, with what is known of it in the query.
func (d *desk) importPiece(_ http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	line, _ := strconv.Atoi(q.Get("line")) // zero when absent
	form, _ := strconv.Atoi(q.Get("form"))
	data, err := readWhole(r)
	if err != nil {
		return nil, err
	}
	in := &intake{ctx: r.Context(), view: view, from: q.Get("from"), options: search.Options{Strict: true, Now: d.clock()}}
	in.taken.Types = map[string]int{}
	p := source.Piece{From: in.from, Line: line, Form: source.Form(form), Data: data}
	if err := in.piece(p); err != nil {
		return nil, err
	}
	slices.SortFunc(in.taken.Refused, func(a, b source.Refusal) int { return cmp.Or(a.Line-b.Line, a.Entry-b.Entry) })
	return in.taken, in.note(p, q.Get("run"))
}

// note keeps in the record what was refused of a piece, without what was sent, and
// which of what was refused before was taken now.
func (in *intake) note(p source.Piece, run string) error {
	if err := keepRefusals(in.ctx, in.view, run, in.taken.Refused); err != nil {
		return err
	}
	stands := map[int]bool{0: p.Form != source.Lines} // the lines on which something is; 0 of a bundle
	if p.Form == source.Lines {
		number := p.Line
		for text := range bytes.Lines(p.Data) {
			stands[number] = len(bytes.TrimSpace(text)) > 0
			number++
		}
	}
	//nolint:wrapcheck // it is fit to be shown
	return in.view.MendRefusals(in.ctx, source.PlaceOf(p.From), func(r record.Refusal) bool {
		again := slices.ContainsFunc(in.taken.Refused, func(now source.Refusal) bool {
			return now.Line == r.Line && (now.Entry == r.Entry || now.Entry == 0)
		})
		return !again && stands[r.Line] && r.Entry <= in.entries
	})
}

// keepRefusals keeps what a run refused. A run is named by the moment at which it
// began, in milliseconds; without one nothing is kept.
func keepRefusals(ctx context.Context, view *record.View, run string, of []source.Refusal) error {
	began, err := strconv.ParseInt(run, 10, 64)
	if err != nil || len(of) == 0 {
		return nil
	}
	kept := make([]record.Refusal, len(of))
	for i, r := range of {
		plain := r.Plain()
		kept[i] = record.Refusal{Place: plain.Place, File: plain.File, Line: plain.Line, Entry: plain.Entry, Reason: plain.Reason}
	}
	return view.KeepRefusals(ctx, began, time.UnixMilli(began), kept) //nolint:wrapcheck // it is fit to be shown
}

// importRefused keeps what a command could not even read.
func (d *desk) importRefused(_ http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	data, err := readWhole(r)
	if err != nil {
		return nil, err
	}
	var of []source.Refusal
	if err := json.Unmarshal(data, &of); err != nil {
		return nil, fault.Wrap(fault.Invalid, "What was refused cannot be read: are both programs of one version?", err)
	}
	return struct{}{}, keepRefusals(r.Context(), view, r.URL.Query().Get("run"), of)
}

// readWhole reads a body of a known length into one slice.
func readWhole(r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 || r.ContentLength > bundle.DefaultLimits.Value {
		return nil, fault.New(fault.TooLarge, "A piece of an import must say its length, and not be too long.")
	}
	data := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, data); err != nil {
		return nil, fault.Wrap(fault.Unavailable, "A piece of the import did not come whole.", err)
	}
	return data, nil
}

// intake is the taking of one piece.
type intake struct {
	ctx     context.Context //nolint:containedctx // it lives as long as its request
	view    *record.View
	from    string
	options search.Options
	entries int // of a bundle
	taken   taken
}

// item is something that is taken or refused for itself.
type item struct {
	op          record.Op
	line, entry int
	raw         []byte
	sum         [sha256.Size]byte
}

// piece takes a piece. What it refuses is in the outcome; an error means that
// the import cannot go on.
func (in *intake) piece(p source.Piece) error {
	if p.Form == source.Lines {
		return in.each(in.lines(p))
	}
	if !bundle.IsBundle(p.Data) {
		i := in.resource(p.Data, 0)
		if i == nil {
			return nil
		}
		return in.each([]item{*i})
	}
	b, err := bundle.Open(p.Data, maxImportEntries)
	if err != nil {
		in.refuse(item{raw: p.Data}, err)
		return nil
	}
	in.entries = len(b.Entries)
	switch b.Type {
	case bundle.Transaction:
		return in.transaction(b, p.Data)
	case bundle.Batch:
		return in.batch(b)
	case bundle.Collection, bundle.SearchSet:
		return in.collection(b, p.Data)
	}
	in.refuse(item{raw: p.Data}, fault.New(fault.Invalid, fmt.Sprintf(
		"A Bundle of the type %q is not imported: only transaction, batch, collection and searchset are.", clip(string(b.Type)))))
	return nil
}

func clip(s string) string { return s[:min(len(s), 40)] }

// lines reads NDJSON.
func (in *intake) lines(p source.Piece) []item {
	var items []item
	number := p.Line
	for rest := p.Data; len(rest) > 0; number++ {
		line := rest
		if end := bytes.IndexByte(rest, '\n'); end >= 0 {
			line, rest = rest[:end], rest[end+1:]
		} else {
			rest = nil
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if i := in.resource(line, number); i != nil {
			items = append(items, *i)
		}
	}
	return items
}

// resource reads a resource that comes without a request: it keeps its id, or
// gets one from its content, so that to import it again changes nothing.
func (in *intake) resource(raw []byte, line int) *item {
	i := &item{line: line, raw: raw, sum: sha256.Sum256(raw)}
	doc, err := fhir.Parse(raw)
	if err == nil {
		i.op, err = plainOp(doc, i.sum)
	}
	if err != nil {
		in.refuse(*i, err)
		return nil
	}
	return i
}

// plainOp returns what storing a resource as it is takes.
func plainOp(doc *fhir.Doc, sum [sha256.Size]byte) (record.Op, error) {
	root := doc.Root()
	typ := root.Get("resourceType")
	if typ.Kind() != fhir.String {
		return record.Op{}, fault.New(fault.Invalid, "This is not a FHIR resource: it does not say its resourceType.")
	}
	if typ.Is("Bundle") {
		return record.Op{}, fault.New(fault.Invalid, "A Bundle in a line or inside a Bundle is not taken apart: hand it over as a file of its own.")
	}
	id := fhir.ID(root.Get("id").Text())
	if !root.Get("id").Exists() {
		id = fhir.ID(hex.EncodeToString(sum[:16]))
		var err error
		if doc, err = withID(doc, id); err != nil {
			return record.Op{}, err
		}
	}
	return record.Op{Kind: record.Update, Type: typ.Text(), ID: id, Body: doc}, nil
}

// withID returns the resource with an id.
func withID(doc *fhir.Doc, id fhir.ID) (*fhir.Doc, error) {
	start, _ := doc.Root().Span()
	data := fhir.Splice(doc.Bytes(), []fhir.Edit{{Start: start + 1, End: start + 1, New: []byte(`"id":"` + string(id) + `",`)}})
	return fhir.Parse(data) //nolint:wrapcheck // it cannot fail: the document was whole
}

// transaction takes a transaction: all of it, or nothing.
func (in *intake) transaction(b *bundle.Bundle, data []byte) error {
	whole := item{raw: data}
	requests, err := b.Requests("")
	if err != nil {
		in.refuse(whole, err)
		return nil
	}
	for _, q := range requests {
		if q.Method == http.MethodGet || q.Method == http.MethodHead {
			in.refuse(whole, fault.New(fault.Invalid, bundle.Where(q.Index)+": an import takes changes only, and this entry reads."))
			return nil
		}
	}
	ops, err := api.Ops(requests, in.options)
	if err != nil {
		in.refuse(whole, err)
		return nil
	}
	err = in.carryOut(ops, source.Receipt(data))
	if !ours(err) {
		return err
	}
	in.refuse(whole, at(err, func(i int) string { return bundle.Where(requests[i].Index) + ".resource" }))
	return nil
}

// collection takes a collection, or what a search found: all of it, or nothing.
func (in *intake) collection(b *bundle.Bundle, data []byte) error {
	var ops []record.Op
	var places []int
	var bad fhir.Invalid
	for i, e := range b.Entries {
		if e.Resource == nil || e.SearchMode == "outcome" {
			continue
		}
		op, err := plainOp(e.Resource, sha256.Sum256(e.Resource.Bytes()))
		if err != nil {
			bad.Issues = append(bad.Issues, bundle.Under(bundle.Where(i)+".resource", err)...)
			continue
		}
		op.FullURL = e.FullURL
		ops, places = append(ops, op), append(places, i)
	}
	err := error(&bad)
	if len(bad.Issues) == 0 {
		err = in.carryOut(ops, source.Receipt(data))
	}
	if !ours(err) {
		return err
	}
	in.refuse(item{raw: data}, at(err, func(i int) string { return bundle.Where(places[i]) + ".resource" }))
	return nil
}

// batch takes each entry of a batch for itself.
func (in *intake) batch(b *bundle.Bundle) error {
	var items []item
	for i := range b.Entries {
		e := &b.Entries[i]
		one := item{entry: i + 1}
		if e.Resource != nil {
			one.raw = e.Resource.Bytes()
		}
		requests, err := (&bundle.Bundle{Type: bundle.Batch, Entries: b.Entries[i : i+1]}).Requests("")
		var ops []record.Op
		if err == nil {
			if m := requests[0].Method; m == http.MethodGet || m == http.MethodHead {
				err = fault.New(fault.Invalid, "An import takes changes only, and this entry reads.")
			} else {
				ops, err = api.Ops(requests, in.options)
			}
		}
		if err != nil {
			in.refuse(one, err)
			continue
		}
		one.op = ops[0]
		one.sum = sha256.Sum256(fmt.Appendf(nil, "%s %s %s %s\n%s", e.Method, e.URL, e.IfMatch, e.IfNoneExist, one.raw))
		items = append(items, one)
	}
	return in.each(items)
}

// each takes items that do not depend on each other: in one go when nothing is
// wrong with any of them, and otherwise the rest without those that are wrong.
func (in *intake) each(items []item) error {
	if len(items) == 0 {
		return nil
	}
	all := sha256.New()
	ops := make([]record.Op, len(items))
	for i := range items {
		ops[i] = items[i].op
		all.Write(items[i].sum[:])
	}
	err := in.carryOut(ops, all.Sum(nil))
	switch {
	case !ours(err):
		return err
	case len(items) == 1:
		in.refuse(items[0], at(err, func(int) string { return items[0].op.Type }))
		return nil
	}
	good := items[:0:0]
	for _, i := range items {
		if i.op.Body != nil {
			if err := in.view.Validate(in.ctx, i.op.Type, i.op.Body); err != nil {
				if !ours(err) {
					return err
				}
				in.refuse(i, err)
				continue
			}
		}
		good = append(good, i)
	}
	if len(good) < len(items) {
		return in.each(good)
	}
	// Each is sound, but not together with what is there: halve until it is alone.
	if err := in.each(items[:len(items)/2]); err != nil {
		return err
	}
	return in.each(items[len(items)/2:])
}

// ours reports whether an error is about the input, so that the import can go
// on without it.
func ours(err error) bool {
	if err == nil {
		return false
	}
	switch fault.KindOf(err) {
	case fault.Invalid, fault.NotFound, fault.Gone, fault.Conflict, fault.Precondition, fault.Denied, fault.TooLarge, fault.Unsupported:
		return true
	case fault.Internal, fault.Unidentified, fault.TooMany, fault.Unavailable:
	}
	return false
}

// at says the place of an error of one operation from the whole of the piece.
func at(err error, where func(int) string) error {
	var of *record.OpError
	if !errors.As(err, &of) {
		return err
	}
	return &fhir.Invalid{Issues: bundle.Under(where(of.Index), err)}
}

func (in *intake) refuse(i item, err error) {
	r := source.Refuse(in.from, err, i.raw)
	r.Line, r.Entry = i.line, i.entry
	in.taken.Refused = append(in.taken.Refused, r)
}

// carryOut stores what ops ask for, once for a receipt.
func (in *intake) carryOut(ops []record.Op, receipt []byte) error {
	results, before, err := in.view.Import(in.ctx, receipt, ops)
	if err != nil {
		return err //nolint:wrapcheck // it is fit to be shown
	}
	if before {
		in.taken.Before += len(ops)
		return nil
	}
	for i, r := range results {
		switch v := r.Version; {
		case r.Created:
			in.taken.Created++
			in.taken.Types[v.Type]++
		case ops[i].Kind == record.Delete:
			in.taken.Deleted++
		default:
			in.taken.Updated++
			in.taken.Types[v.Type]++
		}
	}
	return nil
}
