package notice

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
)

// Status is how a notice stands.
type Status string

// Statuses, as Communication.status has them.
const (
	Preparation Status = "preparation" // to be sent, or to be tried again
	InProgress  Status = "in-progress" // on its way in this moment
	Completed   Status = "completed"
	NotDone     Status = "not-done"
)

// Medium is by what a notice goes.
type Medium string

// Media, by the codes of HL7's v3-ParticipationMode.
const (
	Letter Medium = "MAILWRIT"
	Email  Medium = "EMAILWRIT"
	Text   Medium = "SMSWRIT"
	Spoken Medium = "PHONE" // somebody says it to them
)

// Why a notice is not done.
const (
	Died        = "died"       // the person has died
	Protected   = "protected"  // the address is protected: nothing is written
	NotWanted   = "not-wanted" // a flag says that they are not to be reached so
	NoWay       = "no-way"     // there is no address, number or medium
	NotByLetter = "not-by-letter"
	TooLate     = "too-late"
	GaveUp      = "gave-up"
	Refused     = "refused" // who carries it will not
	Unsafe      = "unsafe"  // it holds what must not leave
	Unbound     = "unbound" // the service is bound by no agreement: a link would open nothing
	Stopped     = "stopped" // by an operator
)

// reasonTitles says why in words.
var reasonTitles = map[string]string{
	Died:        "the person has died",
	Protected:   "their address is protected: reach them as was agreed with them",
	NotWanted:   "they are not to be reached in this way",
	NoWay:       "there is no address or number to send it to",
	NotByLetter: "somebody is to tell them before they read it",
	TooLate:     "it happened too long before it could be told",
	GaveUp:      "it could not be sent, and was tried often enough",
	Refused:     "whoever carries it refused it",
	Unsafe:      "it held what must not leave by this way",
	Unbound:     "a link would open nothing: the service is bound by no sharing agreement, or the referral is marked as sensitive",
	Stopped:     "stopped by an operator",
}

// Systems of what notices say.
const (
	KeySystem    = "urn:joinery:notice"        // identifier: which move it tells, to whom, by what
	KindSystem   = "urn:joinery:notice-text"   // category: by which text
	ReasonSystem = "urn:joinery:notice-reason" // statusReason
	QueueTag     = "urn:joinery:outbox"        // meta.tag: waiting, or by-hand
	noticeURL    = "urn:joinery:notice"
	mediumSystem = "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode"
	testSystem   = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
)

// Queues.
const (
	waiting = "waiting" // to be sent by the Outbox
	byHand  = "by-hand" // to be done by somebody
)

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
	}
	identifier struct {
		System string `json:"system"`
		Value  string `json:"value"`
	}
	extension struct {
		URL       string      `json:"url"`
		Extension []extension `json:"extension,omitempty"`
		Code      string      `json:"valueCode,omitempty"`
		Text      string      `json:"valueString,omitempty"`
		Instant   string      `json:"valueInstant,omitempty"`
		Integer   *int        `json:"valueInteger,omitempty"`
	}
	meta struct {
		Version  string   `json:"versionId,omitempty"`
		Security []coding `json:"security"`
		Tag      []coding `json:"tag,omitempty"`
	}
	payload struct {
		Text string `json:"contentString"`
	}

	// communication is a notice as the record has it: nobody else writes one.
	communication struct {
		ResourceType string       `json:"resourceType"`
		ID           string       `json:"id,omitempty"`
		Meta         meta         `json:"meta"`
		Extension    []extension  `json:"extension"`
		Identifier   []identifier `json:"identifier"`
		BasedOn      []reference  `json:"basedOn"`
		Status       Status       `json:"status"`
		StatusReason *concept     `json:"statusReason,omitempty"`
		Category     []concept    `json:"category"`
		Medium       []concept    `json:"medium"`
		Subject      reference    `json:"subject"`
		Sent         string       `json:"sent,omitempty"`
		Recipient    []reference  `json:"recipient"`
		Payload      []payload    `json:"payload,omitempty"`
	}
)

// Notice is something that somebody is told.
type Notice struct {
	ID       fhir.ID    `json:"id"`
	Patient  fhir.ID    `json:"patient"`
	To       string     `json:"to"` // "Patient/x", "RelatedPerson/x", "HealthcareService/x" or "Organization/x"
	Of       []string   `json:"of"` // the referral or the invitation
	Text     string     `json:"text"`
	Medium   Medium     `json:"medium"`
	Format   Format     `json:"format"`
	Language string     `json:"language,omitempty"`
	Words    []string   `json:"words"` // heading first
	Status   Status     `json:"status"`
	Reason   string     `json:"reason,omitempty"` // code; of what is not done
	ByHand   bool       `json:"by_hand"`          // somebody has to do something about it
	Written  time.Time  `json:"written"`
	Next     time.Time  `json:"next,omitzero"` // when it is tried; of what waits
	Failures int        `json:"failures"`
	Problem  string     `json:"problem,omitempty"` // what went wrong last
	Told     string     `json:"told,omitempty"`    // how it was done by hand
	Sent     time.Time  `json:"sent,omitzero"`
	ETag     string     `json:"version"`
	Link     *LinkState `json:"link,omitempty"` // of an e-mail with a link

	key        string
	security   []coding
	tags       []coding // of invented people
	linkHashes []string
}

// LinkState is how a link stands.
type LinkState struct {
	Until time.Time `json:"until"`
	Uses  int       `json:"uses"` // left
}

// Why says why a notice is not done, in words.
func (n *Notice) Why() string { return reasonTitles[n.Reason] }

// resource returns the notice as the record keeps it.
func (n *Notice) resource() *communication {
	failures := n.Failures
	says := []extension{
		{URL: "written", Instant: instant(n.Written)},
		{URL: "format", Code: string(n.Format)},
		{URL: "failures", Integer: &failures},
	}
	for _, part := range []extension{{URL: "language", Code: n.Language}, {URL: "problem", Text: n.Problem}, {URL: "told", Text: n.Told}} {
		if part.Code != "" || part.Text != "" {
			says = append(says, part)
		}
	}
	if !n.Next.IsZero() {
		says = append(says, extension{URL: "next", Instant: instant(n.Next)})
	}
	c := &communication{
		ResourceType: "Communication", ID: string(n.ID), Meta: meta{Security: n.security, Tag: slices.Clone(n.tags)},
		Identifier: []identifier{{KeySystem, n.key}}, Status: n.Status, Subject: reference{"Patient/" + string(n.Patient)},
		Category: []concept{{Coding: []coding{{System: KindSystem, Code: n.Text}}}}, Medium: []concept{{Coding: []coding{{System: mediumSystem, Code: string(n.Medium)}}}},
		Recipient: []reference{{n.To}},
	}
	if n.Link != nil {
		uses := n.Link.Uses
		says = append(says, extension{URL: "link-until", Instant: instant(n.Link.Until)}, extension{URL: "link-uses", Integer: &uses})
		for _, hash := range n.linkHashes {
			c.Identifier = append(c.Identifier, identifier{LinkSystem, hash})
		}
	}
	c.Extension = []extension{{URL: noticeURL, Extension: says}}
	for _, of := range n.Of {
		c.BasedOn = append(c.BasedOn, reference{of})
	}
	for _, w := range n.Words {
		c.Payload = append(c.Payload, payload{w})
	}
	switch {
	case n.ByHand:
		c.Meta.Tag = append(c.Meta.Tag, coding{System: QueueTag, Code: byHand})
	case n.Status == Preparation, n.Status == InProgress:
		c.Meta.Tag = append(c.Meta.Tag, coding{System: QueueTag, Code: waiting})
	}
	if n.Reason != "" {
		c.StatusReason = &concept{Coding: []coding{{System: ReasonSystem, Code: n.Reason}}, Text: n.Why()}
	}
	if !n.Sent.IsZero() {
		c.Sent = instant(n.Sent)
	}
	return c
}

// read returns the notice that a Communication is.
func read(v *record.Version) (*Notice, error) {
	var c communication
	if err := json.Unmarshal(v.JSON(), &c); err != nil {
		return nil, fmt.Errorf("read a notice: %w", err)
	}
	if len(c.Identifier) == 0 || c.Identifier[0].System != KeySystem || len(c.Recipient) == 0 || len(c.Medium) == 0 || len(c.Category) == 0 {
		return nil, errNoNotice
	}
	n := &Notice{
		ID: v.ID, Patient: fhir.ID(trim(c.Subject.Reference, "Patient/")), To: c.Recipient[0].Reference, Text: c.Category[0].Coding[0].Code,
		Medium: Medium(c.Medium[0].Coding[0].Code), Status: c.Status, ETag: v.ETag(), key: c.Identifier[0].Value, security: c.Meta.Security,
	}
	for _, b := range c.BasedOn {
		n.Of = append(n.Of, b.Reference)
	}
	for _, p := range c.Payload {
		n.Words = append(n.Words, p.Text)
	}
	for _, t := range c.Meta.Tag {
		if t.System == QueueTag {
			n.ByHand = t.Code == byHand
			continue
		}
		n.tags = append(n.tags, t)
	}
	if c.StatusReason != nil && len(c.StatusReason.Coding) > 0 {
		n.Reason = c.StatusReason.Coding[0].Code
	}
	for _, i := range c.Identifier[1:] {
		n.linkHashes = append(n.linkHashes, i.Value)
	}
	n.Sent = moment(c.Sent)
	for _, e := range c.Extension {
		if e.URL == noticeURL {
			n.says(e.Extension)
		}
	}
	return n, nil
}

func (n *Notice) says(parts []extension) {
	for _, p := range parts {
		switch p.URL {
		case "written":
			n.Written = moment(p.Instant)
		case "format":
			n.Format = Format(p.Code)
		case "language":
			n.Language = p.Code
		case "failures":
			n.Failures = number(p.Integer)
		case "next":
			n.Next = moment(p.Instant)
		case "problem":
			n.Problem = p.Text
		case "told":
			n.Told = p.Text
		case "link-until":
			n.link().Until = moment(p.Instant)
		case "link-uses":
			n.link().Uses = number(p.Integer)
		}
	}
}

func (n *Notice) link() *LinkState {
	if n.Link == nil {
		n.Link = &LinkState{}
	}
	return n.Link
}

func number(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

var errNoNotice = fault.New(fault.NotFound, "There is no such notice.")

// op returns the writing of a notice: its making when it has no id, else its change
// from the version that was read.
func (n *Notice) op() (record.Op, error) {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	if err := out.Encode(n.resource()); err != nil {
		return record.Op{}, fmt.Errorf("write a notice: %w", err)
	}
	doc, err := fhir.Parse(b.Bytes())
	if err != nil {
		return record.Op{}, fmt.Errorf("write a notice: %w", err)
	}
	if n.ID == "" {
		return record.Op{Kind: record.Create, Type: "Communication", Body: doc}, nil
	}
	return record.Op{Kind: record.Update, Type: "Communication", ID: n.ID, Body: doc, IfMatch: n.ETag}, nil
}

// marksOf returns the security labels of what a notice tells of: it is hidden from
// whom that is hidden.
func marksOf(res fhir.Value) []coding {
	var out []coding
	for s := range res.Get("meta").Get("security").Items() {
		out = append(out, coding{System: s.Get("system").Text(), Code: s.Get("code").Text()})
	}
	for _, m := range access.Labels(res).Marks() { // from codes in it, too
		if c := (coding{System: m.System, Code: m.Code}); !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func moment(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

func trim(reference, prefix string) string {
	if len(reference) > len(prefix) && reference[:len(prefix)] == prefix {
		return reference[len(prefix):]
	}
	return ""
}
