package record_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/search"
)

// request is one thing asked of a world. say is what it is, for failures; do
// asks it of a View and returns all that leaves; wire is the same over HTTP.
type request struct {
	say  string
	do   func(w *world, s access.Subject) string
	wire wire
}

// request makes a random request, without looking at any world.
func (m maker) request() request {
	typ := pick(m, typeNames()...)
	if m.chance(50) { // where most is to be seen
		typ = pick(m, "Observation", "Patient", "Encounter", "Organization", "RiskAssessment")
	}
	id := fhir.ID(idOf(typ, 1+m.IntN(ids+1)))
	switch k := m.IntN(100); {
	case k < 12:
		return request{fmt.Sprintf("read %s/%s", typ, id), func(w *world, s access.Subject) string {
			v, err := w.As(s).Read(context.Background(), typ, id)
			return answer(v, err)
		}, get(typ + "/" + string(id))}
	case k < 18:
		return vread(typ, id, 1+m.IntN(4))
	case k < 25:
		return m.historyOf(typ, id)
	case k < 29:
		return m.everything()
	case k < 35:
		return nextPage()
	case k < 78:
		return m.searches(typ)
	}
	return m.writes(typ, id)
}

func vread(typ string, id fhir.ID, n int) request {
	path := fmt.Sprintf("%s/%s/_history/%d", typ, id, n)
	return request{"vread " + path, func(w *world, s access.Subject) string {
		v, err := w.As(s).VRead(context.Background(), typ, id, n)
		return answer(v, err)
	}, get(path)}
}

func nextPage() request {
	return request{"next page", func(w *world, s access.Subject) string {
		if w.next == "" {
			return "no page to follow"
		}
		p, err := w.As(s).Next(context.Background(), w.next)
		return w.page(p, err)
	}, wire{next: true}}
}

// firstPage asks for the first page of something that has more.
func (m maker) firstPage() request {
	switch m.IntN(4) {
	case 0:
		id := pick(m, fhir.ID("p1"), "p4")
		return everything(id, record.EverythingQuery{Count: 1 + m.IntN(3)})
	case 1:
		return historyOf(record.HistoryQuery{Count: 1 + m.IntN(3), Type: pick(m, "", "Observation", "Encounter")})
	}
	typ := pick(m, typeNames()...)
	pairs := []search.Pair{{Name: "_count", Value: fmt.Sprint(1 + m.IntN(2))}}
	if m.chance(50) {
		p := pick(m, r4.SearchParams(typ)...)
		pairs = append(pairs, search.Pair{Name: "_sort", Value: pick(m, "", "-") + p.Code})
	}
	return searchFor("search", typ, "", pairs)
}

func (m maker) historyOf(typ string, id fhir.ID) request {
	q := record.HistoryQuery{Type: typ, ID: id, Count: 1 + m.IntN(4)}
	switch m.IntN(4) {
	case 0:
		q.ID = ""
	case 1:
		q.Type, q.ID = "", ""
	}
	if m.chance(30) {
		q.Since = beginning.Add(time.Duration(m.IntN(1200)) * time.Second)
	}
	if m.chance(20) {
		q.At = beginning.Add(time.Duration(m.IntN(1200)) * time.Second)
	}
	return historyOf(q)
}

func historyOf(q record.HistoryQuery) request {
	pairs := []search.Pair{{Name: "_count", Value: fmt.Sprint(q.Count)}}
	for _, at := range []struct {
		name string
		time.Time
	}{{"_since", q.Since}, {"_at", q.At}} {
		if !at.IsZero() {
			pairs = append(pairs, search.Pair{Name: at.name, Value: at.Format(time.RFC3339)})
		}
	}
	path := strings.TrimLeft(q.Type+"/"+string(q.ID)+"/_history", "/")
	return request{fmt.Sprintf("history %+v", q), func(w *world, s access.Subject) string {
		p, err := w.As(s).History(context.Background(), q)
		return w.page(p, err)
	}, get(strings.ReplaceAll(path, "//", "/"), pairs...)}
}

func (m maker) everything() request {
	id := fhir.ID(idOf("Patient", 1+m.IntN(ids+1)))
	q := record.EverythingQuery{Count: m.IntN(4) * 2}
	if m.chance(30) {
		q.Types = []string{pick(m, typeNames()...), "Observation"}
	}
	if m.chance(30) {
		q.Since = beginning.Add(time.Duration(m.IntN(1200)) * time.Second)
	}
	if m.chance(20) {
		q.Start = time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return everything(id, q)
}

func everything(id fhir.ID, q record.EverythingQuery) request {
	pairs := []search.Pair{{Name: "_count", Value: fmt.Sprint(q.Count)}}
	if q.Types != nil {
		pairs = append(pairs, search.Pair{Name: "_type", Value: strings.Join(q.Types, ",")})
	}
	if !q.Since.IsZero() {
		pairs = append(pairs, search.Pair{Name: "_since", Value: q.Since.Format(time.RFC3339)})
	}
	if !q.Start.IsZero() {
		pairs = append(pairs, search.Pair{Name: "start", Value: q.Start.Format(time.DateOnly)})
	}
	return request{fmt.Sprintf("Patient/%s/$everything %+v", id, q), func(w *world, s access.Subject) string {
		p, err := w.As(s).Everything(context.Background(), id, q)
		return w.page(p, err)
	}, get("Patient/"+string(id)+"/$everything", pairs...)}
}

// searches makes a search: of a type, of all types, or in a compartment.
func (m maker) searches(typ string) request {
	if m.chance(6) {
		typ = ""
	}
	within := fhir.ID("")
	if m.chance(12) {
		within = fhir.ID(idOf("Patient", 1+m.IntN(3)))
	}
	return searchFor("search", typ, within, m.pairs(typ))
}

// searchFor searches a type or, with none, all types; within a compartment, when
// it is named.
func searchFor(what, typ string, within fhir.ID, pairs []search.Pair) request {
	path := typ
	if within != "" {
		path = "Patient/" + string(within) + "/" + cmp.Or(typ, "*")
	}
	return request{fmt.Sprintf("%s %s in %q: %v", what, typ, within, pairs), func(w *world, s access.Subject) string {
		q, err := query(typ, within, pairs)
		if err != nil {
			return answer(record.Version{}, err)
		}
		p, err := w.As(s).Search(context.Background(), q)
		return w.page(p, err)
	}, get(path, pairs...)}
}

// counts makes a search that asks for a number alone.
func (m maker) counts() request {
	typ := pick(m, typeNames()...)
	pairs := []search.Pair{{Name: "_summary", Value: "count"}}
	if m.chance(70) {
		name, value := m.condition(typ, 2)
		pairs = append(pairs, search.Pair{Name: name, Value: value})
	}
	return searchFor("count", typ, "", pairs)
}

// ofMasked makes a search by what may be masked of a Patient, by itself, at the
// end of a chain, in _has or as an order; or reads a former version of it, or
// tests for it with a patch.
func (m maker) ofMasked() request {
	switch m.IntN(6) {
	case 0:
		return vread("Patient", pick(m, fhir.ID("p1"), "p4"), 1+m.IntN(3))
	case 1:
		return transaction([]operation{m.patch("RelatedPerson", fhir.ID(idOf("RelatedPerson", 1+m.IntN(ids))), "")})
	}
	code := pick(m, "birthdate", "gender", "identifier", "address-city", "address-postalcode", "organization", "address", "_tag")
	p, ok := r4.SearchParam("Patient", code)
	if !ok {
		panic("R4 has no parameter " + code)
	}
	name, value := m.plain("Patient", p)
	if p.Type == r4.String {
		value = pick(m, append(slices.Clone(cities), codes...)...)
	}
	if m.chance(20) {
		name, value = code+":missing", pick(m, "true", "false")
	}
	typ, pairs := "Patient", []search.Pair{{Name: name, Value: value}}
	switch m.IntN(6) {
	case 0:
		typ = pick(m, "RiskAssessment", "Observation", "Encounter")
		pairs[0].Name = "subject:Patient." + name
	case 1:
		pairs = []search.Pair{{Name: "_sort", Value: pick(m, "", "-") + code}, {Name: "_count", Value: fmt.Sprint(1 + m.IntN(3))}}
	case 2:
		typ = "Organization"
		pairs = []search.Pair{{Name: "_has:Patient:organization:_id", Value: pick(m, "p1", "p4")}}
	case 3:
		pairs = []search.Pair{{Name: "_include", Value: pick(m, "Patient:organization", "RiskAssessment:performer", "RiskAssessment:encounter")}}
		if strings.HasPrefix(pairs[0].Value, "Risk") {
			typ = "RiskAssessment"
		}
	case 4:
		typ, pairs = "RelatedPerson", []search.Pair{{Name: "address-city", Value: pick(m, cities...)}}
	}
	return searchFor("search by what may be masked", typ, "", pairs)
}

func query(typ string, within fhir.ID, pairs []search.Pair) (*search.Query, error) {
	o := search.Options{Strict: true, Now: beginning, Base: "http://here/fhir"}
	if within != "" {
		return search.ParseCompartment("Patient", within, typ, pairs, o)
	}
	return search.Parse(typ, pairs, o)
}

// pairs makes the parameters of a search.
func (m maker) pairs(typ string) []search.Pair {
	var out []search.Pair
	add := func(name, value string) { out = append(out, search.Pair{Name: name, Value: value}) }
	if typ == "" {
		add("_type", pick(m, typeNames()...)+","+pick(m, typeNames()...))
		if m.chance(50) {
			add("_tag", pick(m, codes...))
		}
		add("_count", fmt.Sprint(1+m.IntN(5)))
		return out
	}
	for range m.IntN(3) {
		name, value := m.condition(typ, 2)
		add(name, value)
	}
	if m.chance(25) {
		add(m.include(typ))
	}
	if m.chance(30) {
		p := pick(m, r4.SearchParams(typ)...)
		add("_sort", pick(m, "", "-")+p.Code)
	}
	if m.chance(60) {
		add("_count", fmt.Sprint(m.IntN(5)))
	}
	if m.chance(30) {
		add("_total", pick(m, "accurate", "estimate", "none"))
	}
	if m.chance(15) {
		add("_summary", pick(m, "count", "count", "true", "data"))
	}
	return out
}

// include makes an _include or a _revinclude.
func (m maker) include(typ string) (name, value string) {
	iterate := pick(m, "", "", ":iterate")
	if m.chance(50) {
		if m.chance(10) {
			return "_include", "*"
		}
		return "_include" + iterate, typ + ":" + m.referenceParam(typ)
	}
	from := pick(m, typeNames()...)
	return "_revinclude" + iterate, from + ":" + m.referenceParam(from)
}

// referenceParam picks a reference parameter of a type, and something that is
// none when there is none.
func (m maker) referenceParam(typ string) string {
	var all []string
	for _, p := range r4.SearchParams(typ) {
		if p.Type == r4.Reference {
			all = append(all, p.Code)
		}
	}
	if all == nil {
		return "none"
	}
	return pick(m, all...)
}

// condition makes one parameter of a type, with chains and _has up to a depth.
func (m maker) condition(typ string, depth int) (name, value string) {
	if depth > 0 && m.chance(25) {
		from := pick(m, typeNames()...)
		inner, value := m.condition(from, depth-1)
		return "_has:" + from + ":" + m.referenceParam(from) + ":" + inner, value
	}
	if depth > 0 && m.chance(25) {
		to := pick(m, typeNames()...)
		inner, value := m.condition(to, depth-1)
		return m.referenceParam(typ) + pick(m, ":"+to, "") + "." + inner, value
	}
	p := pick(m, r4.SearchParams(typ)...)
	if m.chance(12) {
		return p.Code + ":missing", pick(m, "true", "false")
	}
	return m.plain(typ, p)
}

// plain makes a parameter's value, and now and then a modifier.
func (m maker) plain(typ string, p *r4.Param) (name, value string) {
	switch p.Type {
	case r4.Token:
		switch p.Code {
		case "_id":
			return p.Code, idOf(typ, 1+m.IntN(ids))
		case "gender":
			return p.Code + pick(m, "", ":not"), pick(m, "male", "female")
		case "_security":
			return p.Code + pick(m, "", ":not"), pick(m, append(slices.Clone(sensitiveMarks), "SUBSETTED", "N")...)
		}
		return p.Code + pick(m, "", "", ":not", ":text"), pick(m, "urn:c|", "", "urn:i|") + pick(m, codes...)
	case r4.String:
		return p.Code + pick(m, "", ":exact", ":contains"), pick(m, append(slices.Clone(families), cities...)...)
	case r4.Date:
		return p.Code, pick(m, "", "ge", "lt", "ne", "sa", "eb") + pick(m, append(slices.Clone(dates), "2026-11-22")...)
	case r4.Number, r4.Quantity:
		return p.Code, pick(m, "", "gt", "le") + fmt.Sprint(1+m.IntN(4))
	case r4.Reference:
		to := pick(m, typeNames()...)
		if len(p.Targets) > 0 && m.chance(70) {
			if shared := slices.DeleteFunc(slices.Clone(p.Targets), func(t string) bool { return typesMade[t] == "" }); len(shared) > 0 {
				to = pick(m, shared...)
			}
		}
		id := idOf(to, 1+m.IntN(ids))
		return pick(m, p.Code, p.Code, p.Code, p.Code+":"+to), pick(m, to+"/"+id, id, "http://here/fhir/"+to+"/"+id, to+"/"+id+"/_history/1")
	case r4.URI:
		return p.Code, "urn:d:" + pick(m, codes...)
	case r4.Composite:
		return p.Code, pick(m, codes...) + "$" + fmt.Sprint(1+m.IntN(4))
	case r4.Special:
	}
	return p.Code, "x"
}

// operation is one of a transaction: for a View, and as it goes over HTTP.
type operation struct {
	say  string
	op   func() (record.Op, error)
	wire wire
}

// writes makes a transaction of one or a few operations.
func (m maker) writes(typ string, id fhir.ID) request {
	n := 1
	if m.chance(25) {
		n = 2 + m.IntN(2)
	}
	var all []operation
	for i := range n {
		all = append(all, m.op(typ, id, i))
		typ = pick(m, typeNames()...)
		id = fhir.ID(idOf(typ, 1+m.IntN(ids+1)))
	}
	return transaction(all)
}

func transaction(all []operation) request {
	var says []string
	var wires []wire
	for _, one := range all {
		says, wires = append(says, one.say), append(wires, one.wire)
	}
	return request{"transaction: " + strings.Join(says, "; "), func(w *world, s access.Subject) string {
		var ops []record.Op
		for _, one := range all {
			op, err := one.op()
			if err != nil {
				return answer(record.Version{}, err)
			}
			ops = append(ops, op)
		}
		results, err := w.As(s).Transact(context.Background(), ops)
		if err != nil {
			return answer(record.Version{}, err)
		}
		var b strings.Builder
		for _, r := range results {
			fmt.Fprintln(&b, r.Created, answer(r.Version, nil))
			if r.Page != nil {
				b.WriteString(w.page(*r.Page, nil))
			}
		}
		return b.String()
	}, together(wires)}
}

// op makes one operation of a transaction.
func (m maker) op(typ string, id fhir.ID, at int) operation {
	person := idOf("Patient", 1+m.IntN(ids))
	if m.chance(50) {
		person = "p1"
	}
	full := fmt.Sprintf("urn:uuid:00000000-0000-0000-0000-00000000000%d", at)
	body := m.resource(typ, string(id), person)
	parsed := func() (*fhir.Doc, error) { return fhir.Parse([]byte(text(body))) }
	pairs := m.pairs(typ)
	if m.chance(50) {
		name, value := m.condition(typ, 1)
		pairs = []search.Pair{{Name: name, Value: value}}
	}
	match := pick(m, "", "", `W/"1"`, `W/"2"`)
	name := typ + "/" + string(id)
	switch m.IntN(9) {
	case 0, 1:
		delete(body, "id")
		if typ == "Observation" && m.chance(30) {
			body["encounter"] = content{"reference": "Encounter?" + urlOf(m, "Encounter")}
		}
		return operation{"create " + text(body), func() (record.Op, error) {
			doc, err := parsed()
			return record.Op{Kind: record.Create, Type: typ, Body: doc, FullURL: full}, err
		}, wire{method: "POST", path: typ, body: text(body), full: full}}
	case 2:
		delete(body, "id")
		return operation{fmt.Sprintf("create if none %v %s", pairs, text(body)), func() (record.Op, error) {
			doc, err := parsed()
			q, wrong := query(typ, "", pairs)
			return record.Op{Kind: record.Create, Type: typ, Body: doc, FullURL: full, IfNoneExist: q}, errors.Join(err, wrong)
		}, wire{method: "POST", path: typ, body: text(body), full: full, ifNone: encode(pairs)}}
	case 3, 4:
		return operation{"update " + match + text(body), func() (record.Op, error) {
			doc, err := parsed()
			return record.Op{Kind: record.Update, Type: typ, ID: id, Body: doc, IfMatch: match}, err
		}, wire{method: "PUT", path: name, body: text(body), match: match}}
	case 5:
		delete(body, "id")
		kind := pick(m, record.Update, record.Delete)
		sent := wire{method: "PUT", path: typ + "?" + encode(pairs), body: text(body)}
		if kind == record.Delete {
			sent = wire{method: "DELETE", path: sent.path}
		}
		return operation{fmt.Sprintf("%d where %v %s", kind, pairs, text(body)), func() (record.Op, error) {
			op := record.Op{Kind: kind, Type: typ}
			var err, wrong error
			if kind == record.Update {
				op.Body, err = parsed()
			}
			op.Where, wrong = query(typ, "", pairs)
			return op, errors.Join(err, wrong)
		}, sent}
	case 6:
		return operation{fmt.Sprintf("delete %s %s", name, match), func() (record.Op, error) {
			return record.Op{Kind: record.Delete, Type: typ, ID: id, IfMatch: match}, nil
		}, wire{method: "DELETE", path: name, match: match}}
	case 7:
		if m.chance(50) { // what may be masked
			typ, id = "RelatedPerson", fhir.ID(idOf("RelatedPerson", 1+m.IntN(ids)))
		}
		return m.patch(typ, id, match)
	}
	if m.chance(50) {
		return operation{"read " + name, func() (record.Op, error) { return record.Op{Kind: record.Read, Type: typ, ID: id}, nil }, get(name)}
	}
	return operation{fmt.Sprintf("search %s %v", typ, pairs), func() (record.Op, error) {
		q, err := query(typ, "", pairs)
		return record.Op{Kind: record.Search, Type: typ, Where: q}, err
	}, get(typ, pairs...)}
}

// patch makes a JSON Patch that tests a value before it changes another.
func (m maker) patch(typ string, id fhir.ID, match string) operation {
	path, value := "/status", text(pick(m, "final", "current"))
	switch typ {
	case "Patient":
		path, value = pick(m, "/address/0/city", "/contact/0/address/city"), text(pick(m, cities...))
	case "RelatedPerson":
		path, value = "/address/0/city", text(pick(m, cities...))
	}
	patch := fmt.Sprintf(`[{"op":"test","path":%q,"value":%s},{"op":"add","path":"/language","value":"en"}]`, path, value)
	return operation{fmt.Sprintf("patch %s/%s %s %s", typ, id, match, patch), func() (record.Op, error) {
		return record.Op{Kind: record.Patch, Type: typ, ID: id, IfMatch: match, Patch: func(d *fhir.Doc) ([]byte, error) {
			return fhir.PatchJSON(d, []byte(patch))
		}}, nil
	}, wire{method: "PATCH", path: typ + "/" + string(id), body: patch, match: match}}
}

func urlOf(m maker, typ string) string {
	name, value := m.condition(typ, 1)
	return name + "=" + value
}

// answer writes down all that leaves with a version or an error.
func answer(v record.Version, err error) string {
	if err == nil {
		return fmt.Sprintf("%s/%s %d %s %v %s %s", v.Type, v.ID, v.Number, v.At.Format(time.RFC3339Nano), v.Deleted, v.Method, v.JSON())
	}
	out := fmt.Sprintf("%s: %s", fault.KindOf(err), fault.MessageOf(err))
	var at *record.OpError
	if errors.As(err, &at) {
		out += fmt.Sprintf(" (operation %d)", at.Index)
	}
	var invalid *fhir.Invalid
	if errors.As(err, &invalid) {
		issues, _ := json.Marshal(invalid.Issues)
		out += string(issues)
	}
	if fault.KindOf(err) == fault.Internal {
		out += " INTERNAL " + err.Error()
	}
	return out
}

// page writes down all that leaves with a page, and keeps the handle of the next.
func (w *world) page(p record.Page, err error) string {
	if err != nil {
		w.next = ""
		return answer(record.Version{}, err)
	}
	var b strings.Builder
	for _, e := range p.Entries {
		fmt.Fprintln(&b, e.Mode, answer(e.Version, nil))
	}
	if p.Total != nil {
		fmt.Fprintln(&b, "total", *p.Total)
	}
	w.next = p.Next
	fmt.Fprintln(&b, "next", p.Next)
	return b.String()
}
