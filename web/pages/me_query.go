package pages

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
)

// A person can say that an entry of their record is wrong, or that they do not want
// everybody to see it. What they say is a Communication of theirs about the entry,
// to whoever wrote it or to their practice: it changes nothing by itself, it stands
// in their record, and staff find it among what is new.

// saidSystem are the codes of what people say of an entry.
const saidSystem = "urn:joinery:said"

// sayings are what can be said of an entry, and how the record puts it.
var sayings = []struct{ code, says string }{
	{"wrong", "Says that an entry of their record is wrong"},
	{"hide", "Asks that not everybody sees an entry of their record"},
}

// queryView is an entry of which somebody says something.
type queryView struct {
	Own   own
	Type  string
	ID    fhir.ID
	ETag  string
	Entry plainEntry
	To    string // to whom it goes, by name; empty where that is not known
	What  Choice
	Says  Area

	to string // the same as a reference
}

// query answers GET /me/record/{type}/{id}.
func (c *call) query() (*page, error) {
	v, err := c.queryView()
	return &page{name: "query", view: v}, err
}

func (c *call) queryView() (*queryView, error) {
	id, err := c.id("id")
	if err != nil {
		return nil, err
	}
	typ := c.r.PathValue("type")
	if !slices.ContainsFunc(recordParts, func(p recordKind) bool { return slices.Contains(p.types, typ) }) {
		return nil, errAbsent
	}
	s, err := c.gather(c.who.Grant.Patient, typ)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(s.of[typ], func(l leaf) bool { return l.id == id })
	if i < 0 {
		return nil, errAbsent
	}
	l := s.of[typ][i]
	v := &queryView{Own: own{ID: s.id}, Type: typ, ID: id, ETag: l.etag, Entry: c.glossary("query").entry(s, l)}
	v.to, v.To = s.answers(l)
	v.What = Choice{Field: Field{ID: "what", Name: "what", Label: c.word("query.what"), Value: c.field("what")}}
	for _, one := range sayings {
		v.What.Options = append(v.What.Options, Option{Value: one.code, Text: c.word("query.what-" + one.code), Chosen: one.code == v.What.Value})
	}
	v.Says = Area{Field: Field{ID: "says", Name: "says", Label: c.word("query.says"), Hint: c.word("query.says-hint"), Value: c.field("says")}, Rows: 4}
	return v, nil
}

// answers returns whoever is to answer for an entry: the organisation that wrote it,
// or the practice.
func (s *sheaf) answers(l leaf) (ref, name string) {
	for _, path := range referring {
		for one := range l.Get(path[0]).Items() {
			ref := one.At(append(slices.Clone(path[1:]), "reference")...).Text()
			if strings.HasPrefix(ref, "Organization/") && s.names[ref] != "" {
				return ref, s.names[ref]
			}
		}
	}
	for gp := range s.patient.Get("generalPractitioner").Items() {
		ref := gp.Get("reference").Text()
		if strings.HasPrefix(ref, "Organization/") && s.names[ref] != "" {
			return ref, s.names[ref]
		}
	}
	return "", ""
}

// sayOf answers POST /me/record/{type}/{id}.
func (c *call) sayOf() (*page, error) {
	if err := c.only("person", "version", "what", "says"); err != nil {
		return nil, err
	}
	c.back = "/me/record"
	if err := c.madeFor(c.who.Grant.Patient); err != nil {
		return nil, err
	}
	v, err := c.queryView()
	if err != nil {
		return nil, err
	}
	if v.ETag != c.field("version") {
		return nil, errMoved
	}
	var lacks []mistake
	if !slices.ContainsFunc(v.What.Options, func(o Option) bool { return o.Chosen }) {
		v.What.Error = c.word("query.lacks-what")
		lacks = append(lacks, mistake{"what", v.What.Error})
	}
	if v.Says.Value == "" {
		v.Says.Error = c.word("query.lacks-says")
		lacks = append(lacks, mistake{"says", v.Says.Error})
	}
	if lacks != nil {
		return &page{status: http.StatusBadRequest, name: "query", view: v, errors: lacks}, nil
	}
	if err := c.keepSaying(v); err != nil {
		return nil, err
	}
	return &page{to: "/me/record#said"}, nil
}

// keepSaying writes what was said of an entry into the record.
func (c *call) keepSaying(v *queryView) error {
	i := slices.IndexFunc(sayings, func(one struct{ code, says string }) bool { return one.code == v.What.Value })
	q := func(s string) []byte { return fhir.AppendQuoted(nil, s) }
	to := ""
	if v.to != "" {
		to = fmt.Sprintf(`"recipient":[{"reference":%s}],`, q(v.to))
	}
	me := q("Patient/" + string(v.Own.ID))
	body := fmt.Sprintf(`{"resourceType":"Communication","status":"completed","category":[{"coding":[{"system":%s,"code":%s}],"text":%s}],"subject":{"reference":%s},"about":[{"reference":%s}],"sent":%s,%s"sender":{"reference":%s},"payload":[{"contentString":%s}]}`,
		q(saidSystem), q(sayings[i].code), q(sayings[i].says), me, q(v.Type+"/"+string(v.ID)), q(c.now().UTC().Format(time.RFC3339)), to, me, q(v.Says.Value))
	doc, err := fhir.Parse([]byte(body))
	if err != nil {
		return fmt.Errorf("say something of an entry: %w", err)
	}
	if _, err := c.view.Transact(c.ctx, []record.Op{{Kind: record.Create, Type: "Communication", Body: doc}}); err != nil {
		return fmt.Errorf("say something of an entry: %w", err)
	}
	return nil
}

// said is what a person has said of an entry of their record.
type saidOf struct {
	Code string
	Says string
	On   dated
}

// saidOf are what the person has said of their record, the newest first.
func (s *sheaf) saidOf() []saidOf {
	var out []saidOf
	for _, l := range s.of["Communication"] {
		for category := range l.Get("category").Items() {
			for code := range category.Get("coding").Items() {
				if code.Get("system").Is(saidSystem) {
					out = append(out, saidOf{code.Get("code").Text(), l.Get("payload").Item(0).Get("contentString").Text(), l.on})
				}
			}
		}
	}
	return out
}

var errMoved = fault.New(fault.Conflict, "This was changed while you looked at it, so nothing was done. Look at it again.")
