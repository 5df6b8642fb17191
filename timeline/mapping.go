package timeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"joinery/fault"
)

// Mapping says what the columns of two CSV files are. In JSON:
//
//	{"people": {"columns": {"person": "PSEUDO_ID", "born": "DOB", "practice": "GP_CODE"}, "dates": ["DD/MM/YYYY"]},
//	 "events": {"columns": {"person": "PSEUDO_ID", "code": "SNOMED", "at": "EVENT_DATE", "value": "RESULT"},
//	            "constants": {"kind": "Observation", "system": "http://snomed.info/sct", "status": "final"},
//	            "dates": ["DD/MM/YYYY hh:mm", "DD/MM/YYYY", "YYYY"]}}
//
// Fields have the names of the flat form (docs/timeline-format.md).
type Mapping struct {
	People TableMapping `json:"people"`
	Events TableMapping `json:"events"`
}

// TableMapping is the mapping of one file.
type TableMapping struct {
	Columns   map[string]string            `json:"columns"`             // by field, the column's header
	Constants map[string]string            `json:"constants,omitempty"` // by field, what holds where a line says nothing
	Codes     map[string]map[string]string `json:"codes,omitempty"`     // by field, what the file's words are in ours: {"sex": {"F": "female"}}
	Dates     []string                     `json:"dates,omitempty"`     // of YYYY, MM, DD, hh, mm and ss, tried in order; none: as FHIR writes dates
	Separator string                       `json:"separator,omitempty"` // between fields; none: a comma

	layouts []layout
}

// layout is a format of dates, and how precise what it reads is.
type layout struct {
	text      string // of the time package
	precision int16
}

var (
	personFields = append([]string{"person", "id", "born", "died", "registered", "deprivation", "resident"}, attributeNames[:]...)
	eventFields  = []string{"person", "kind", "system", "code", "class", "status", "at", "until", "recorded", "value", "unit", "comparator", "answer_system", "answer", "organisation"}
)

// ReadMapping reads a mapping. The fault is Invalid, saying what is wrong.
func ReadMapping(text []byte) (*Mapping, error) {
	var m Mapping
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return nil, fault.Wrap(fault.Invalid, fmt.Sprintf("The mapping cannot be read: %v.", err), err)
	}
	if err := m.People.check("people", personFields, "person"); err != nil {
		return nil, err
	}
	if err := m.Events.check("events", eventFields, "person", "kind", "at"); err != nil {
		return nil, err
	}
	return &m, nil
}

func (t *TableMapping) check(file string, known []string, needed ...string) error {
	for _, set := range []map[string]string{t.Columns, t.Constants} {
		for field := range set {
			if !slices.Contains(known, field) {
				return invalid("The mapping of %s names a field %q; there are %s.", file, field, strings.Join(known, ", "))
			}
		}
	}
	for field := range t.Codes {
		if !slices.Contains(known, field) {
			return invalid("The mapping of %s has codes for a field %q; there are %s.", file, field, strings.Join(known, ", "))
		}
	}
	for _, field := range needed {
		if t.Columns[field] == "" && t.Constants[field] == "" {
			return invalid("The mapping of %s does not say where %q is.", file, field)
		}
	}
	if r, size := utf8.DecodeRuneInString(t.Separator); t.Separator != "" && (size != len(t.Separator) || strings.ContainsRune("\"\r\n\uFFFD", r)) {
		return invalid("The separator of %s must be one character, and neither a quote nor the end of a line.", file)
	}
	for _, format := range t.Dates {
		l, ok := layoutOf(format)
		if !ok {
			return invalid("The date format %q must be of YYYY, MM, DD, hh, mm and ss, from the year on without a gap.", format)
		}
		t.layouts = append(t.layouts, l)
	}
	return nil
}

// layoutOf reads a date format.
func layoutOf(format string) (layout, bool) {
	words := []struct{ ours, gos string }{{"YYYY", "2006"}, {"MM", "01"}, {"DD", "02"}, {"hh", "15"}, {"mm", "04"}, {"ss", "05"}}
	if strings.ContainsAny(format, "0123456789") {
		return layout{}, false
	}
	last, text := -1, format
	for i, w := range words {
		switch n := strings.Count(format, w.ours); {
		case n > 1, n == 1 && last != i-1:
			return layout{}, false
		case n == 1:
			last = i
		}
		text = strings.Replace(text, w.ours, w.gos, 1)
	}
	switch last {
	case 0:
		return layout{text, YearOnly}, true
	case 1:
		return layout{text, MonthOnly}, true
	case 2:
		return layout{text, DayOnly}, true
	}
	return layout{text, instant}, last >= 4
}

// moment reads a date in one of the formats: civil time, as people write it.
func (t *TableMapping) moment(text string) (Day, int16, bool) {
	if len(t.layouts) == 0 {
		return readMoment(text)
	}
	for _, l := range t.layouts {
		at, err := time.Parse(l.text, text)
		if err != nil {
			continue
		}
		d := Date(at.Date())
		if d < DayMin || d > DayMax {
			return NoDay, 0, false
		}
		if l.precision == instant {
			return d, int16(at.Hour()*60 + at.Minute()), true
		}
		return d, l.precision, true
	}
	return NoDay, 0, false
}

// code returns what a word of the file is in ours.
func (t *TableMapping) code(field, v string) string {
	if ours, ok := t.Codes[field][v]; ok {
		return ours
	}
	return v
}

// find finds the columns of the fields in a header.
func (t *TableMapping) find(file string, header []string) (map[string]int, error) {
	columns := map[string]int{}
	for field, name := range t.Columns {
		at := slices.IndexFunc(header, func(h string) bool { return strings.TrimSpace(h) == name })
		if at < 0 {
			return nil, invalid("The file of %s has no column %q, where the mapping looks for %q.", file, name, field)
		}
		columns[field] = at
	}
	return columns, nil
}
