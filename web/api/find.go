package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record"
	"joinery/record/search"
	"joinery/web"
)

func pair(name, value string) search.Pair { return search.Pair{Name: name, Value: value} }

// search answers GET {type} and GET of the system.
func (c *call) search() (*reply, error) {
	q, err := c.query(c.typ, c.params)
	if err != nil {
		return nil, err
	}
	return c.found(q)
}

// searchForm answers POST {type}/_search and POST _search.
func (c *call) searchForm() (*reply, error) {
	if err := c.form(); err != nil {
		return nil, err
	}
	return c.search()
}

// compartment answers GET Patient/{id}/{type} and GET Patient/{id}/*.
func (c *call) compartment() (*reply, error) {
	inside := c.r.PathValue("inside")
	if c.typ != "Patient" {
		return nil, &unknownAddress{"The compartment that is there is Patient: Patient/[id]/[type], or * for every type."}
	}
	if inside == "*" {
		inside = ""
	} else if _, ok := r4.TypeNumber(inside); !ok || inside != "Patient" && r4.Compartment(inside) == nil {
		return nil, &unknownAddress{"There is no such resource type in the Patient compartment."}
	}
	q, err := search.ParseCompartment("Patient", c.id, inside, c.params, c.searching())
	if err != nil {
		return nil, err
	}
	return c.found(q)
}

// compartmentForm answers POST Patient/{id}/{type}/_search.
func (c *call) compartmentForm() (*reply, error) {
	if err := c.form(); err != nil {
		return nil, err
	}
	return c.compartment()
}

func (c *call) found(q *search.Query) (*reply, error) {
	c.ignored = append(c.ignored, q.Ignored...)
	p, err := c.view.Search(c.ctx, q)
	if err != nil {
		return nil, err
	}
	return c.paged("searchset", p), nil
}

// next answers GET _page: the page that a link names.
func (c *call) next() (*reply, error) {
	handle := c.param("handle")
	if err := c.only("handle"); err != nil {
		return nil, err
	}
	if handle == "" || len(handle) > 256 {
		return nil, fault.New(fault.NotFound, missing)
	}
	p, err := c.view.Next(c.ctx, handle)
	if err != nil {
		return nil, err
	}
	kind := "searchset"
	if p.Of == record.OfHistory {
		kind = "history"
	}
	return c.paged(kind, p), nil
}

// page is one page of results on its way out.
type page struct {
	kind string // searchset or history
	record.Page
}

func (c *call) paged(kind string, p record.Page) *reply {
	if q := p.Query; q != nil {
		c.shape = shapeOf(q)
	}
	return &reply{status: http.StatusOK, page: &page{kind, p}}
}

// appendPage appends a page as a Bundle.
func (c *call) appendPage(dst []byte, p *page) ([]byte, error) {
	dst = append(dst, `{"resourceType":"Bundle","type":"`...)
	dst = append(dst, p.kind...)
	dst = append(dst, '"')
	if p.Total != nil {
		dst = append(dst, `,"total":`...)
		dst = strconv.AppendInt(dst, int64(*p.Total), 10)
	}
	dst = append(dst, `,"link":[{"relation":"self","url":`...)
	dst = fhir.AppendQuoted(dst, c.self(p))
	if p.Next != "" {
		dst = append(dst, `},{"relation":"next","url":`...)
		dst = fhir.AppendQuoted(dst, c.api.base+"/_page?handle="+url.QueryEscape(p.Next))
	}
	dst = append(dst, `}]`...)
	count := 0
	var err error
	for i := range p.Entries {
		dst = opening(dst, count)
		if dst, err = c.appendEntry(dst, p.kind, &p.Entries[i]); err != nil {
			return nil, err
		}
		count++
	}
	web.Of(c.r).Count = count
	if len(c.ignored) > 0 {
		dst = opening(dst, count)
		dst = c.appendIgnored(dst)
		count++
	}
	if count > 0 {
		dst = append(dst, ']')
	}
	return append(dst, '}'), nil
}

// opening begins an entry, and the list of them with the first.
func opening(dst []byte, count int) []byte {
	if count == 0 {
		return append(dst, `,"entry":[`...)
	}
	return append(dst, ',')
}

func (c *call) appendEntry(dst []byte, kind string, e *record.Entry) ([]byte, error) {
	v := &e.Version
	dst = append(dst, `{"fullUrl":"`...)
	dst = append(dst, c.api.base...)
	dst = append(append(append(append(dst, '/'), v.Type...), '/'), v.ID...)
	dst = append(dst, '"')
	if !v.Deleted {
		var err error
		dst = append(dst, `,"resource":`...)
		if dst, err = c.shape.append(dst, v); err != nil {
			return nil, err
		}
	}
	if kind != "history" {
		dst = append(dst, `,"search":{"mode":"`...)
		dst = append(dst, e.Mode...)
		return append(dst, `"}}`...), nil
	}
	dst = append(dst, `,"request":{"method":"`...)
	dst = append(dst, v.Method...)
	dst = append(dst, `","url":"`...)
	dst = append(dst, v.Type...)
	if v.Method != http.MethodPost {
		dst = append(append(dst, '/'), v.ID...)
	}
	status := "200"
	switch {
	case v.Deleted:
		status = "204"
	case v.Number == 1:
		status = "201"
	}
	dst = append(dst, `"},"response":{"status":"`...)
	dst = append(dst, status...)
	dst = append(dst, `","etag":`...)
	dst = fhir.AppendQuoted(dst, v.ETag())
	dst = append(dst, `,"lastModified":"`...)
	dst = v.At.UTC().AppendFormat(dst, instantForm)
	return append(dst, `"}}`...), nil
}

// instantForm is how moments are written in FHIR.
const instantForm = "2006-01-02T15:04:05.000Z07:00"

// self is the link to what was asked: the address, with the search as it was
// understood. It never holds the handle of a page.
func (c *call) self(p *page) string {
	if p.Query != nil {
		return c.searched(p.Query)
	}
	at := strings.TrimPrefix(c.r.URL.Path, "/fhir")
	if at == "/_page" {
		at = ""
	}
	if len(c.params) == 0 || at == "" {
		return c.api.base + at
	}
	query := make([]string, 0, len(c.params))
	for _, p := range c.params {
		if !slices.Contains(c.ignored, p.Name) {
			query = append(query, url.QueryEscape(p.Name)+"="+url.QueryEscape(p.Value))
		}
	}
	return c.api.base + at + "?" + strings.Join(query, "&")
}

// searched is the address of a search.
func (c *call) searched(q *search.Query) string {
	at := c.api.base
	if in := q.Compartment; in != nil {
		at += "/" + in.Type + "/" + string(in.ID)
	}
	switch {
	case q.Type != "":
		at += "/" + q.Type
	case q.Compartment != nil:
		at += "/*"
	}
	if parameters := q.Self(); parameters != "" {
		at += "?" + parameters
	}
	return at
}

// appendIgnored says which parameters were left out of account, since the
// client preferred an answer to a refusal.
func (c *call) appendIgnored(dst []byte) []byte {
	issues := make([]fhir.Issue, len(c.ignored))
	for i, name := range c.ignored {
		issues[i] = fhir.Issue{
			Severity: fhir.Warning, Code: "not-supported", Where: "http." + parameterName(name),
			Say: "This parameter is not known here and was ignored.",
		}
	}
	dst = append(dst, `{"resource":`...)
	dst = append(dst, fhir.Outcome(issues)...)
	return append(dst, `,"search":{"mode":"outcome"}}`...)
}
