package criteria

import (
	"fmt"
	"strconv"

	"joinery/criteria/language"
	"joinery/timeline"
)

// Report is what a definition says of everybody, ready to be shown. Unless it
// is exact, small numbers are suppressed in it throughout. Its marks are a part
// of it that no setting takes away.
type Report struct {
	Definition string       `json:"definition"`
	Version    string       `json:"version"`
	Hash       string       `json:"hash"`
	Title      string       `json:"title"`
	Marks      []string     `json:"marks,omitempty"`
	On         timeline.Day `json:"on"`
	Kind       string       `json:"kind,omitempty"`
	Direction  string       `json:"direction,omitempty"` // of a measure
	Measure    string       `json:"measure,omitempty"`   // what Row.Value is
	Parts      []string     `json:"parts,omitempty"`     // of segments, their names
	By         []string     `json:"by,omitempty"`        // what Row.Group holds
	Exact      bool         `json:"exact"`
	Rows       []Row        `json:"rows,omitempty"` // of each group; none without groupings
	Total      Row          `json:"total"`
	Attrition  []ReportStep `json:"attrition,omitempty"`
}

// Row is the people of one group, counts as they may be shown.
type Row struct {
	Group      []string `json:"group,omitempty"`
	Population string   `json:"population"` // all who are not "not applicable"
	Met        string   `json:"met"`
	Gap        string   `json:"gap"`
	Excluded   string   `json:"excluded"`
	Unknown    string   `json:"unknown"`
	Parts      []string `json:"parts,omitempty"` // of segments
	Value      string   `json:"value,omitempty"` // of a measure; "" when there is none, or it may not be told
}

// ReportStep is a step of the attrition table, as it may be shown.
type ReportStep struct {
	Says string `json:"says"`
	Left string `json:"left"`
}

// Report returns the result by groups, with everybody as the total. exact is
// for those who may see the people counted.
func (r *Result) Report(exact bool, by ...Grouping) Report {
	d := r.Definition
	out := Report{
		Definition: d.ID, Version: d.Version, Hash: d.Hash, Title: d.Title, Marks: d.Marks(), On: r.on,
		Kind: d.Kind.String(), Direction: d.Direction, Measure: measureName(d), Exact: exact,
	}
	for _, p := range d.Parts {
		out.Parts = append(out.Parts, p.Name)
	}
	show := Suppress
	if exact {
		show = strconv.Itoa
	}
	for _, g := range by {
		out.By = append(out.By, g.String())
	}
	if len(by) > 0 {
		for _, c := range r.By(by...) {
			out.Rows = append(out.Rows, c.row(d, exact, show))
		}
	}
	out.Total = r.By()[0].row(d, exact, show)
	for _, s := range r.Attrition() {
		out.Attrition = append(out.Attrition, ReportStep{s.Says, show(s.Left)})
	}
	return out
}

func (c *Cell) row(d *language.Definition, exact bool, show func(int) string) Row {
	row := Row{
		Group: c.Group, Met: show(c.Answers[Met]), Gap: show(c.Answers[Gap]),
		Excluded: show(c.Answers[Excluded]), Unknown: show(c.Answers[Unknown]),
		Population: show(c.Answers[Met] + c.Answers[Gap] + c.Answers[Excluded] + c.Answers[Unknown]),
		Value:      c.shown(d, exact),
	}
	for _, n := range c.Parts {
		row.Parts = append(row.Parts, show(n))
	}
	return row
}

// shown returns the value of a measure as it may be shown.
func (c *Cell) shown(d *language.Definition, exact bool) string {
	n := c.Counted(d.Kind)
	if n < d.Minimum || !exact && !MayTell(n) {
		return ""
	}
	v, ok := c.Value(d)
	if d.Kind == language.Proportion && !exact {
		v, ok = SuppressedShare(c.Answers[Met], n)
	}
	if !ok {
		return ""
	}
	switch d.Kind {
	case language.Proportion:
		return strconv.FormatFloat(v*100, 'f', 1, 64) + "%"
	case language.TimeToEvent:
		return strconv.FormatFloat(v, 'f', -1, 64) + " days"
	case language.Group, language.Rate, language.Continuous, language.Segments:
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

// measureName says what the value of a measure is.
func measureName(d *language.Definition) string {
	switch d.Kind {
	case language.Proportion:
		return "share"
	case language.Rate:
		if d.Per.BedDays {
			return fmt.Sprintf("per %v bed-days", d.Per.N)
		}
		return fmt.Sprintf("per %v person-years", d.Per.N)
	case language.Continuous:
		name := d.Summary
		if e, ok := d.Value.(*language.Events); ok && e.Op != language.Count && e.Codes != nil {
			name += ", " + e.Codes.Unit
		}
		return name
	case language.TimeToEvent:
		return "median time"
	case language.Group, language.Segments:
	}
	return ""
}
