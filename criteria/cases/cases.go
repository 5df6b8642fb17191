// Package cases reads people that a clinician can picture, with the answer that
// a definition should give them, and says where it gives another.
//
//	definition hypertension-treated-to-target
//	on 2026-01-31
//
//	person Ada, 72, whose last reading is below target
//	  born 1953-05-02
//	  practice larkfield
//	  Condition hypertension 2015-03-01
//	  Observation systolic 2025-11-20 138 mm[Hg]
//	  Observation diastolic 2025-11-20 82 mm[Hg]
//	  expect met
//	  because 138/82 of November is below 140/90
//	  changes 2026-11-20 to gap
//
// An event's line has its FHIR resource type, a code set (the event takes the
// set's first code) or "-", its day, then, when it has them, the value with its
// unit, and "until DAY", "status WORD", "class CODE", "code CODE", "called WORD"
// for what has no code, "at ORGANISATION", and "answer SET" for a value that is a
// code: the set's first. A day may be known to the month (2025-11) or the year. "why TEXT" asks that the reason contains a text, and
// "changes DAY to ANSWER", or "changes never", for the next change.
//
// The format is line by line on purpose: a case is read far more often than it
// is written, and mostly by people who do not program.
package cases

import (
	"fmt"
	"strconv"
	"strings"

	"joinery/criteria"
	"joinery/criteria/language"
	"joinery/fhir"
	"joinery/timeline"
)

// Case is one person with the answer that is expected.
type Case struct {
	language.Place
	Definition string
	On         timeline.Day
	Name       string
	Because    string // why the answer is right, for the reader

	person  timeline.Profile
	events  []timeline.Event
	answer  criteria.Answer
	asked   bool // whether an answer is expected
	why     string
	changes string
}

// Parse reads a file of cases. The problems say where a line is not understood.
func Parse(file string, data []byte, lib *language.Library) ([]Case, language.Problems) {
	all, problems := People(file, data, lib)
	for i := range all {
		c := &all[i]
		if !c.asked || c.Because == "" {
			problems = append(problems, language.Problem{Place: c.Place, Message: "The case has no expected answer, or does not say why; add \"expect met\" and \"because …\"."})
		}
	}
	return all, problems
}

// People reads a file of people, who need no expected answer. Their ids are
// case-1, case-2 and so on.
func People(file string, data []byte, lib *language.Library) ([]Case, language.Problems) {
	r := &reader{lib: lib, file: file}
	for i, line := range strings.Split(string(data), "\n") {
		r.line = i + 1
		line, _, _ = strings.Cut(line, "#")
		if words := strings.Fields(line); len(words) > 0 {
			if err := r.read(words, strings.TrimSpace(line)); err != nil {
				r.wrong("%v.", err)
			}
		}
	}
	return r.cases, r.problems
}

type reader struct {
	lib        *language.Library
	file       string
	line       int
	definition string
	on         timeline.Day
	cases      []Case
	problems   language.Problems
}

func (r *reader) wrong(format string, args ...any) {
	r.problems = append(r.problems, language.Problem{Place: language.Place{File: r.file, Line: r.line}, Message: fmt.Sprintf(format, args...)})
}

func (r *reader) read(words []string, line string) error {
	rest := strings.TrimSpace(strings.TrimPrefix(line, words[0]))
	switch words[0] {
	case "definition":
		r.definition = rest
		_, err := r.lib.Definition(rest)
		return err
	case "on":
		var err error
		r.on, err = timeline.ParseDay(rest)
		return err
	case "person":
		n := int64(len(r.cases) + 1)
		r.cases = append(r.cases, Case{
			Place: language.Place{File: r.file, Line: r.line}, Definition: r.definition, On: r.on, Name: rest,
			person: timeline.Profile{Key: n, ID: fhir.ID(fmt.Sprintf("case-%d", n))},
		})
		return nil
	}
	if len(r.cases) == 0 {
		return fmt.Errorf("a case begins with \"person\" and a name")
	}
	c := &r.cases[len(r.cases)-1]
	if done, err := c.expectation(words[0], rest); done {
		return err
	}
	if done, err := c.attribute(words[0], rest); done {
		return err
	}
	return r.event(c, words)
}

func (c *Case) expectation(key, rest string) (done bool, err error) {
	switch key {
	case "expect":
		for _, a := range criteria.Answers() {
			if a.String() == rest {
				c.answer, c.asked = a, true
				return true, nil
			}
		}
		return true, fmt.Errorf("%q is no answer; there are %v", rest, criteria.Answers())
	case "because":
		c.Because = rest
	case "why":
		c.why = rest
	case "changes":
		c.changes = rest
	default:
		return false, nil
	}
	return true, nil
}

func (c *Case) attribute(key, rest string) (done bool, err error) {
	p := &c.person
	texts := map[string]*string{
		"sex": &p.Sex, "ethnicity": &p.Ethnicity, "practice": &p.Practice, "network": &p.Network, "borough": &p.Borough, "lsoa": &p.LSOA,
		"language": &p.Language,
	}
	days := map[string]*timeline.Day{"born": &p.Born, "died": &p.Died, "registered": &p.Registered}
	switch {
	case texts[key] != nil:
		*texts[key] = rest
	case days[key] != nil:
		*days[key], err = timeline.ParseDay(rest)
	case key == "deprivation":
		p.Deprivation, err = strconv.Atoi(rest)
	case key == "resident":
		p.Resident = rest == "yes"
	default:
		return false, nil
	}
	return true, err
}

// event reads the line of an event.
func (r *reader) event(c *Case, words []string) error {
	if len(words) < 3 {
		return fmt.Errorf("%q is not understood; an event is a resource type, a code set and a day", strings.Join(words, " "))
	}
	e := timeline.Event{What: timeline.What{Kind: words[0]}}
	unit := ""
	if words[1] != "-" {
		s, ok := r.lib.CodeSets[words[1]]
		if !ok {
			return fmt.Errorf("there is no code set %q", words[1])
		}
		unit = s.Unit
		first := s.Codes[0]
		e.Codes = []timeline.Code{{System: first.System, Code: first.Code}}
	}
	var err error
	if e.Day, e.Minute, err = partialDay(words[2]); err != nil {
		return err
	}
	return r.details(&e, c, words[3:], unit)
}

func (r *reader) details(e *timeline.Event, c *Case, words []string, unit string) error {
	for len(words) > 0 {
		if v, err := strconv.ParseFloat(words[0], 64); err == nil {
			e.Value, e.HasValue, words = v, true, words[1:]
			if e.Unit = unit; len(words) > 0 && !keyword(words[0]) {
				e.Unit, words = words[0], words[1:]
			}
			continue
		}
		if len(words) == 1 || !keyword(words[0]) {
			return fmt.Errorf("%q is not understood; after the day come a value with its unit, until, status, class, code, called, at and answer", words[0])
		}
		var err error
		switch words[0] {
		case "until":
			e.End, err = timeline.ParseDay(words[1])
		case "recorded":
			e.Recorded, err = timeline.ParseDay(words[1])
		case "status":
			e.Status = words[1]
		case "class":
			e.Class = words[1]
		case "code":
			system := "http://snomed.info/sct"
			if len(e.Codes) > 0 {
				system = e.Codes[0].System
			}
			e.Codes = []timeline.Code{{System: system, Code: words[1]}}
		case "called":
			e.Codes = []timeline.Code{{Code: words[1]}}
		case "at":
			e.Organisation = words[1]
		case "answer":
			s, ok := r.lib.CodeSets[words[1]]
			if !ok {
				return fmt.Errorf("there is no code set %q", words[1])
			}
			e.Answer = []timeline.Code{{System: s.Codes[0].System, Code: s.Codes[0].Code}}
		}
		if err != nil {
			return err
		}
		words = words[2:]
	}
	c.events = append(c.events, *e)
	return nil
}

func keyword(s string) bool {
	switch s {
	case "until", "recorded", "status", "class", "code", "called", "at", "answer":
		return true
	}
	return false
}

func partialDay(s string) (timeline.Day, int16, error) {
	minute := timeline.DayOnly
	switch strings.Count(s, "-") {
	case 0:
		s, minute = s+"-01-01", timeline.YearOnly
	case 1:
		s, minute = s+"-01", timeline.MonthOnly
	}
	d, err := timeline.ParseDay(s)
	return d, minute, err
}

// Check returns where definitions give other answers than the cases expect.
func Check(lib *language.Library, cases []Case) (language.Problems, error) {
	var problems language.Problems
	for i := range cases {
		c := &cases[i]
		d, err := lib.Definition(c.Definition)
		if err != nil {
			return nil, err
		}
		set, err := c.Set()
		if err != nil {
			return nil, err
		}
		for _, wrong := range c.compare(criteria.Compile(d).Explain(set, 0, c.On)) {
			problems = append(problems, language.Problem{Place: c.Place, Message: fmt.Sprintf("%s: %s (because %s).", c.Name, wrong, c.Because)})
		}
	}
	return problems, nil
}

// Set returns the case's person as a Set of one.
func (c *Case) Set() (*timeline.Set, error) { return Together([]Case{*c}) }

// Together returns the people of all cases of a file as one Set, in their order.
func Together(all []Case) (*timeline.Set, error) {
	var b timeline.Builder
	for i := range all {
		c := &all[i]
		b.AddPerson(c.person)
		for _, e := range c.events {
			b.AddEvent(c.person.Key, e)
		}
	}
	return b.Set()
}

func (c *Case) compare(e *criteria.Explanation) []string {
	var out []string
	if e.Answer != c.answer {
		out = append(out, fmt.Sprintf("is %s (%s), want %s", e.Answer, e.Why, c.answer))
	}
	if !strings.Contains(e.Why, c.why) {
		out = append(out, fmt.Sprintf("says %q, want %q", e.Why, c.why))
	}
	next := "never"
	if e.Next != nil {
		next = fmt.Sprintf("%s to %s", e.Next.On, e.Next.To.Answer)
	}
	if c.changes != "" && c.changes != next {
		out = append(out, fmt.Sprintf("changes %s, want %s", next, c.changes))
	}
	return out
}
