package workflow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
)

// The parts of resources that are written here.
type (
	coding struct {
		System  string `json:"system,omitempty"`
		Code    string `json:"code"`
		Display string `json:"display,omitempty"`
	}
	concept struct {
		Coding []coding `json:"coding,omitempty"`
		Text   string   `json:"text,omitempty"`
	}
	reference struct {
		Reference string `json:"reference"`
		Display   string `json:"display,omitempty"`
	}
	identifier struct {
		System string `json:"system"`
		Value  string `json:"value"`
	}
	period struct {
		Start string `json:"start,omitempty"`
		End   string `json:"end,omitempty"`
	}
	extension struct {
		URL       string      `json:"url"`
		Extension []extension `json:"extension,omitempty"`
		Code      string      `json:"valueCode,omitempty"`
		Text      string      `json:"valueString,omitempty"`
		Instant   string      `json:"valueInstant,omitempty"`
		DateTime  string      `json:"valueDateTime,omitempty"`
		URI       string      `json:"valueUri,omitempty"`
		Reference *reference  `json:"valueReference,omitempty"`
	}
	meta struct {
		Security []coding `json:"security"`
		Tag      []coding `json:"tag,omitempty"`
	}
	annotation struct {
		Text string `json:"text"`
	}
	restriction struct {
		Period period `json:"period"`
	}
	output struct {
		Type concept  `json:"type"`
		Text string   `json:"valueString,omitempty"`
		Code *concept `json:"valueCodeableConcept,omitempty"`

		Reference *reference `json:"valueReference,omitempty"`
	}

	serviceRequest struct {
		ResourceType string       `json:"resourceType"`
		Meta         meta         `json:"meta"`
		Extension    []extension  `json:"extension,omitempty"`
		Identifier   []identifier `json:"identifier,omitempty"`
		Status       string       `json:"status"`
		Intent       string       `json:"intent"`
		Priority     string       `json:"priority,omitempty"`
		Code         *concept     `json:"code,omitempty"`
		Subject      reference    `json:"subject"`
		AuthoredOn   string       `json:"authoredOn"`
		Requester    reference    `json:"requester"`
		Performer    []reference  `json:"performer"`
		ReasonCode   []concept    `json:"reasonCode,omitempty"`
		Note         []annotation `json:"note,omitempty"`
	}
	task struct {
		ResourceType   string       `json:"resourceType"`
		Meta           meta         `json:"meta"`
		Extension      []extension  `json:"extension,omitempty"`
		BasedOn        []reference  `json:"basedOn,omitempty"`
		PartOf         []reference  `json:"partOf,omitempty"`
		Status         string       `json:"status"`
		StatusReason   *concept     `json:"statusReason,omitempty"`
		BusinessStatus concept      `json:"businessStatus"`
		Intent         string       `json:"intent"`
		Priority       string       `json:"priority,omitempty"`
		Code           concept      `json:"code"`
		Description    string       `json:"description,omitempty"`
		Focus          *reference   `json:"focus,omitempty"`
		For            reference    `json:"for"`
		AuthoredOn     string       `json:"authoredOn"`
		LastModified   string       `json:"lastModified"`
		Requester      *reference   `json:"requester,omitempty"`
		PerformerType  []concept    `json:"performerType,omitempty"`
		Owner          reference    `json:"owner"`
		Restriction    *restriction `json:"restriction,omitempty"`
		Output         []output     `json:"output,omitempty"`
	}
	episodeStatus struct {
		Status string `json:"status"`
		Period period `json:"period"`
	}
	episodeOfCare struct {
		ResourceType string          `json:"resourceType"`
		Meta         meta            `json:"meta"`
		Extension    []extension     `json:"extension,omitempty"`
		Status       string          `json:"status"`
		History      []episodeStatus `json:"statusHistory"`
		Type         []concept       `json:"type,omitempty"`
		Patient      reference       `json:"patient"`
		Managing     reference       `json:"managingOrganization"`
		Period       period          `json:"period"`
		Referral     []reference     `json:"referralRequest,omitempty"`
	}
)

// Systems of what the workflow says.
const (
	StateSystem = "urn:joinery:referral-state" // Task.businessStatus
	KindSystem  = "urn:joinery:task"           // Task.code: what kind of task
	ModelSystem = "urn:joinery:model"          // Task.code, EpisodeOfCare.type: the model it is of
	KeySystem   = "urn:joinery:key"            // ServiceRequest.identifier: what makes it come once
	OpenTag     = "urn:joinery:open"           // meta.tag, while a task is open: on whose list it is
	ClaimTag    = "urn:joinery:claimed"        // meta.tag: who does it
	SiteTag     = "urn:joinery:site"           // meta.tag: where
	reasonCodes = "urn:joinery:reason"
	moveURL     = "urn:joinery:move"
	standardURL = "urn:joinery:standard"
	serviceURL  = "urn:joinery:service"
	bookedURL   = "urn:joinery:booked-for"
)

// Kinds of task.
const (
	KindReferral = "referral" // somebody's referral at a service
	KindQuestion = "question" // an answer that is waited for
	KindOnward   = "onward"   // somebody who came back to who sent them
	KindInvite   = "invite"   // someone a model found, to be asked
	KindActivity = "activity" // part of a model's care
	KindAction   = "action"   // what was agreed in a care plan, beside models
	KindConflict = "conflict" // what two models ask and does not go together, to be decided
)

// held is a resource as it was read: what a move changes of it is put in by
// edits, so that whatever else stands in it stays.
type held struct {
	typ  string
	id   fhir.ID
	etag string
	doc  *fhir.Doc
	put  map[string]any // members that are set
	more map[string][]any

	planned time.Time // of a task: for when it is about to be planned
}

func hold(v *record.Version) (*held, error) {
	doc, err := v.Doc()
	if err != nil {
		return nil, fmt.Errorf("read a %s: %w", v.Type, err)
	}
	return &held{typ: v.Type, id: v.ID, etag: v.ETag(), doc: doc, put: map[string]any{}, more: map[string][]any{}}, nil
}

// get returns the member at a path, of the first where there is a list on the way.
func (h *held) get(names ...string) fhir.Value {
	last := len(names) - 1
	return h.doc.Root().At(names[:last]...).Get(names[last])
}

// set gives a member of the resource a value; nil takes it out.
func (h *held) set(name string, value any) { h.put[name] = value }

// add appends to a list of the resource.
func (h *held) add(name string, value any) { h.more[name] = append(h.more[name], value) }

// op returns the update by what was set and added.
func (h *held) op() (record.Op, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	first := true
	member := func(name string, raw []byte) {
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.Write(fhir.AppendQuoted(nil, name))
		b.WriteByte(':')
		b.Write(raw)
	}
	seen := map[string]bool{}
	for name, value := range h.doc.Root().Members() {
		seen[name] = true
		raw, err := h.member(name, value)
		if err != nil {
			return record.Op{}, err
		}
		if raw != nil {
			member(name, raw)
		}
	}
	for _, name := range order {
		if seen[name] || h.put[name] == nil && h.more[name] == nil {
			continue
		}
		raw, err := h.member(name, fhir.Value{})
		if err != nil {
			return record.Op{}, err
		}
		member(name, raw)
	}
	b.WriteByte('}')
	doc, err := fhir.Parse(b.Bytes())
	if err != nil {
		return record.Op{}, fmt.Errorf("change a %s: %w", h.typ, err)
	}
	return record.Op{Kind: record.Update, Type: h.typ, ID: h.id, Body: doc, IfMatch: h.etag}, nil
}

// order is in which members that were not there are put in.
var order = []string{
	"extension", "status", "lifecycleStatus", "statusDate", "statusReason", "businessStatus", "statusHistory", "performer", "lastModified", "owner",
	"restriction", "output", "period", "goal", "activity", "careTeam", "contained", "participant", "note",
}

func (h *held) member(name string, was fhir.Value) ([]byte, error) {
	if value, ok := h.put[name]; ok {
		if value == nil {
			return nil, nil
		}
		return encode(value)
	}
	raw := was.Raw()
	if len(h.more[name]) == 0 {
		return raw, nil
	}
	list := []json.RawMessage{}
	for item := range was.Items() {
		list = append(list, item.Raw())
	}
	for _, value := range h.more[name] {
		one, err := encode(value)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return encode(list)
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	if err := out.Encode(v); err != nil {
		return nil, fmt.Errorf("write a resource: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// creation returns the making of a resource, by whose name others refer to it.
func creation(typ, name string, body any) (record.Op, error) {
	raw, err := encode(body)
	if err != nil {
		return record.Op{}, err
	}
	doc, err := fhir.Parse(raw)
	if err != nil {
		return record.Op{}, fmt.Errorf("make a %s: %w", typ, err)
	}
	return record.Op{Kind: record.Create, Type: typ, FullURL: name, Body: doc}, nil
}

// name is by what the resources of one transaction refer to each other.
func name(n int) string { return fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012d", n) }

// marks are the meta of what the workflow keeps.
func marks(finding bool, tags ...coding) meta {
	m := meta{Security: []coding{{System: access.LabelSystem, Code: "workflow"}}, Tag: tags}
	if finding {
		m.Security = append(m.Security, coding{System: access.LabelSystem, Code: "finding"})
	}
	return m
}

// kept reports whether a resource is one that the workflow keeps.
func kept(res fhir.Value) bool { return access.Labels(res)&access.Workflow != 0 }

// retag returns the meta of a resource with other tags of the given systems; all
// else that it says stays.
func retag(res fhir.Value, systems []string, tags ...coding) map[string]any {
	out := map[string]any{}
	for name, value := range res.Get("meta").Members() {
		if name != "versionId" && name != "lastUpdated" && name != "tag" {
			out[name] = json.RawMessage(value.Raw())
		}
	}
	all := []any{}
	for t := range res.Get("meta").Get("tag").Items() {
		dropped := false
		for _, s := range systems {
			dropped = dropped || t.Get("system").Is(s)
		}
		if !dropped {
			all = append(all, json.RawMessage(t.Raw()))
		}
	}
	for _, t := range tags {
		all = append(all, t)
	}
	if len(all) > 0 {
		out["tag"] = all
	}
	return out
}

// tagged returns the code of the tag of a system.
func tagged(res fhir.Value, system string) string {
	for t := range res.Get("meta").Get("tag").Items() {
		if t.Get("system").Is(system) {
			return t.Get("code").Text()
		}
	}
	return ""
}

// siteTags returns the tag of where something is, if it says so.
func siteTags(res fhir.Value) []coding {
	if site := tagged(res, SiteTag); site != "" {
		return []coding{{System: SiteTag, Code: site}}
	}
	return nil
}

// testTags returns the tag of invented people, which goes with all that is
// written about them.
func testTags(res fhir.Value) []coding {
	for t := range res.Get("meta").Get("tag").Items() {
		if t.Get("system").Is(testSystem) && t.Get("code").Is("HTEST") {
			return []coding{{System: testSystem, Code: "HTEST", Display: t.Get("display").Text()}}
		}
	}
	return nil
}

const testSystem = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

// coded returns the code of a system in a concept.
func coded(c fhir.Value, system string) string {
	for one := range c.Get("coding").Items() {
		if one.Get("system").Is(system) {
			return one.Get("code").Text()
		}
	}
	return ""
}

// extended returns the extension of a URL.
func extended(res fhir.Value, url string) fhir.Value {
	for e := range res.Get("extension").Items() {
		if e.Get("url").Is(url) {
			return e
		}
	}
	return fhir.Value{}
}

// instant writes a moment as FHIR has it, to the millisecond in UTC.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
