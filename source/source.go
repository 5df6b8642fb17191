// Package source is what comes into the record from outside, before anything
// has been decided about it: pieces of input as they came, and what was refused
// of them with the reason.
//
// Bad input is data, not an error: it is counted, kept and shown, so that the
// people who sent it can mend it and send it again. A reader of a format
// (source/bundle and others) cuts its input into Pieces; what cannot be taken
// becomes a Refusal with the bytes that were refused.
//
// Nothing here reads the clock, the network or the record.
package source

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"joinery/fault"
	"joinery/fhir"
)

// Form is how a Piece's bytes are to be read.
type Form uint8

// Forms of a Piece.
const (
	JSON  Form = iota // one JSON value: a resource or a Bundle
	Lines             // one resource a line (NDJSON); blank lines count and hold nothing
)

// Piece is a part of the input small enough to be held whole: one bundle, one
// resource, or some lines of a longer file.
type Piece struct {
	From  string // the file, and inside an archive its member, as in "west.zip!p1.json"
	Line  int    // of Lines: the number of the first, from 1
	Form  Form
	Data  []byte
	Bytes int64 // how many bytes of the files on disk it stands for: for progress only
}

// Receipt returns the name by which the same bytes are known again: a digest,
// not a place, so that a renamed file is still the same file.
func Receipt(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:]
}

// Refusal is a part of the input that was not taken.
type Refusal struct {
	From   string       // as of the Piece
	Line   int          // of NDJSON, from 1; otherwise 0
	Entry  int          // of a Bundle, from 1; otherwise 0
	Issues []fhir.Issue // all that is wrong with it
	Raw    []byte       // what was refused, as it came; nil when it was too much to keep
}

// Refuse makes a Refusal of a Piece from the error that stopped it. An error
// that nobody classified gives a plain sentence and not its own text, which may
// be about more than the input.
func Refuse(from string, err error, raw []byte) Refusal {
	return Refusal{From: from, Issues: Issues(err), Raw: raw}
}

// Issues returns what an error says of the input: the list of a *fhir.Invalid,
// or the message of a classified fault as the only issue.
func Issues(err error) []fhir.Issue {
	var invalid *fhir.Invalid
	if errors.As(err, &invalid) {
		return invalid.Issues
	}
	issue := fhir.Issue{Severity: fhir.Error, Code: "processing", Say: fault.MessageOf(err)}
	if issue.Say == "" {
		issue.Code = "exception"
		issue.Say = "This could not be taken because of a fault on our side; the log says which."
	}
	return []fhir.Issue{issue}
}

// Place returns where the refused part is, for a person: file, line or entry.
func (r Refusal) Place() string {
	switch {
	case r.Line > 0:
		return fmt.Sprintf("%s, line %d", r.From, r.Line)
	case r.Entry > 0:
		return fmt.Sprintf("%s, entry %d", r.From, r.Entry)
	}
	return r.From
}

// Reason returns the first issue in one line, and how many more there are.
func (r Refusal) Reason() string {
	if len(r.Issues) == 0 {
		return "no reason was given"
	}
	first := r.Issues[0]
	text := first.Say
	if first.Where != "" {
		text = first.Where + ": " + text
	}
	if more := len(r.Issues) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

// refusalJSON is the form of a Refusal in a file of what was refused.
type refusalJSON struct {
	From   string          `json:"from"`
	Line   int             `json:"line,omitempty"`
	Entry  int             `json:"entry,omitempty"`
	Issues []issueJSON     `json:"issues"`
	Raw    json.RawMessage `json:"raw,omitempty"`
	Text   string          `json:"text,omitempty"`
	Bytes  []byte          `json:"bytes,omitempty"`
}

type issueJSON struct {
	Severity string `json:"severity"`
	Code     string `json:"code"`
	Where    string `json:"where,omitempty"`
	Say      string `json:"say"`
}

// MarshalJSON writes the refusal as one object, whose member raw is what was
// refused when that is JSON, text when it is other text, and bytes (base64)
// when it is neither.
func (r Refusal) MarshalJSON() ([]byte, error) {
	out := refusalJSON{From: r.From, Line: r.Line, Entry: r.Entry}
	for _, i := range r.Issues {
		out.Issues = append(out.Issues, issueJSON{string(i.Severity), i.Code, i.Where, i.Say})
	}
	switch {
	case len(r.Raw) == 0:
	case json.Valid(r.Raw) && utf8.Valid(r.Raw):
		out.Raw = r.Raw
	case utf8.Valid(r.Raw):
		out.Text = string(r.Raw)
	default:
		out.Bytes = r.Raw
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Refusal) UnmarshalJSON(data []byte) error {
	var in refusalJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*r = Refusal{From: in.From, Line: in.Line, Entry: in.Entry, Raw: in.Raw}
	for _, i := range in.Issues {
		r.Issues = append(r.Issues, fhir.Issue{Severity: fhir.Severity(i.Severity), Code: i.Code, Where: i.Where, Say: i.Say})
	}
	if in.Text != "" {
		r.Raw = []byte(in.Text)
	}
	if in.Bytes != nil {
		r.Raw = in.Bytes
	}
	return nil
}
