package timeline

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"joinery/fault"
	"joinery/fhir"
)

// Refusal is a line of a CSV file that was left out, and why. It repeats nothing
// of the line, which may be about someone.
type Refusal struct {
	File   string // people or events
	Line   int    // from 1, the header's
	Reason string
}

// Refusals are what was left out of CSV files.
type Refusals struct {
	Count int
	First []Refusal // up to maxRefusals of them
}

const maxRefusals = 1000

func (r *Refusals) add(file string, line int, err error) {
	r.Count++
	if len(r.First) < maxRefusals {
		r.First = append(r.First, Refusal{file, line, fault.MessageOf(err)})
	}
}

// LoadCSV reads people and events from CSV files with a header, as the mapping
// says which column is what. Lines may be in any order. A line that cannot be
// understood is left out, with its number and the reason; the fault is Invalid
// when the mapping names columns that are not there.
func LoadCSV(people, events io.Reader, m *Mapping) (*Set, Refusals, error) {
	l := &csvLoad{m: m, rows: map[string]int{}}
	if err := l.read("people", people, &m.People, l.person); err != nil {
		return nil, l.refused, err
	}
	if err := l.read("events", events, &m.Events, l.event); err != nil {
		return nil, l.refused, err
	}
	set, err := l.set()
	return set, l.refused, err
}

type csvLoad struct {
	m       *Mapping
	refused Refusals
	people  []Profile
	names   []string // what the file calls each of people
	events  [][]Event
	rows    map[string]int // in people, by name
}

// fields gives the value of a field in a line, trimmed; empty when there is
// none.
type fields func(field string) string

// read gives each line of a file.
func (l *csvLoad) read(file string, from io.Reader, t *TableMapping, give func(fields) error) error {
	buffered := bufio.NewReaderSize(from, 1<<16)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\xef\xbb\xbf" {
		_, _ = buffered.Discard(3) // they were seen just now
	}
	r := csv.NewReader(buffered)
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	if t.Separator != "" {
		r.Comma = []rune(t.Separator)[0]
	}
	header, err := r.Read()
	if err != nil {
		return fault.Wrap(fault.Invalid, fmt.Sprintf("The file of %s has no header that can be read.", file), err)
	}
	columns, err := t.find(file, header)
	if err != nil {
		return err
	}
	width := len(header)
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			l.refused.add(file, bad.StartLine, invalid("The line is not CSV: quotes do not match."))
			continue
		}
		if err != nil {
			return fmt.Errorf("read the file of %s: %w", file, err)
		}
		line, _ := r.FieldPos(0)
		if len(record) != width {
			l.refused.add(file, line, invalid("The line has %d fields; the header has %d.", len(record), width))
			continue
		}
		err = give(func(field string) string {
			if at, ok := columns[field]; ok {
				if v := strings.TrimSpace(record[at]); v != "" {
					return t.code(field, v)
				}
			}
			return t.Constants[field]
		})
		if err != nil {
			l.refused.add(file, line, err)
		}
	}
}

func (l *csvLoad) person(get fields) error {
	name := strings.Clone(get("person"))
	if name == "" {
		return invalid("The line names no person.")
	}
	if _, twice := l.rows[name]; twice {
		return invalid("The person is there already, in a line before.")
	}
	p := Profile{ID: fhir.ID(strings.Clone(get("id")))}
	if p.ID == "" {
		p.ID = fhir.ID(name)
	}
	if !p.ID.Valid() {
		return invalid("The id is not one that a resource can have: up to 64 letters, digits, - and full stops.")
	}
	for field, day := range map[string]*Day{"born": &p.Born, "died": &p.Died, "registered": &p.Registered} {
		if text := get(field); text != "" {
			var ok bool
			if *day, _, ok = l.m.People.moment(text); !ok {
				return invalid("The date in the column for %q is in none of the mapping's formats.", field)
			}
		}
	}
	for a := range Attribute(attributes) {
		*p.value(a) = strings.Clone(get(a.String()))
	}
	if text := get("deprivation"); text != "" {
		decile, err := strconv.Atoi(text)
		if err != nil || decile < 1 || decile > 10 {
			return invalid("The deprivation decile is not a number from 1 to 10.")
		}
		p.Deprivation = decile
	}
	switch strings.ToLower(get("resident")) {
	case "true", "yes", "y", "1":
		p.Resident = true
	case "", "false", "no", "n", "0":
	default:
		return invalid("Whether the person is resident must be true or false.")
	}
	l.rows[name] = len(l.people)
	l.people, l.names, l.events = append(l.people, p), append(l.names, name), append(l.events, nil)
	return nil
}

func (l *csvLoad) event(get fields) error {
	row, ok := l.rows[get("person")]
	if !ok {
		return invalid("The line is of a person who is not in the file of people.")
	}
	e := Event{What: What{
		Kind: strings.Clone(get("kind")), Class: strings.Clone(get("class")), Status: strings.Clone(get("status")),
		Unit: strings.Clone(get("unit")), Comparator: strings.Clone(get("comparator")),
	}, Organisation: strings.Clone(get("organisation"))}
	if _, ok := shapes[e.Kind]; !ok {
		return invalid("The kind is none of those of which there are events, such as Condition or Encounter.")
	}
	if !comparators[e.Comparator] {
		return invalid("The comparator is none of <, <=, >= and >.")
	}
	if code := get("code"); code != "" {
		e.Codes = []Code{{System: strings.Clone(get("system")), Code: strings.Clone(code)}}
	}
	if code := get("answer"); code != "" {
		e.Answer = []Code{{System: strings.Clone(get("answer_system")), Code: strings.Clone(code)}}
	}
	if e.Day, e.Minute, ok = l.m.Events.moment(get("at")); !ok {
		return invalid("The date of the event is missing, or in none of the mapping's formats.")
	}
	if text := get("until"); text != "" {
		d, minute, ok := l.m.Events.moment(text)
		if !ok {
			return invalid("The end of the event is in none of the mapping's date formats.")
		}
		e.End = latest(d, minute)
	}
	if text := get("recorded"); text != "" {
		if e.Recorded, _, ok = l.m.Events.moment(text); !ok {
			return invalid("The date of recording is in none of the mapping's date formats.")
		}
		if e.Recorded == e.Day {
			e.Recorded = NoDay
		}
	}
	if text := get("value"); text != "" {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return invalid("The value is not a number. Write 7.1, without a thousands separator or a unit.")
		}
		e.Value, e.HasValue = v, true
	}
	l.events[row] = append(l.events[row], e)
	return nil
}

// set makes the Set. A person's key is the number that the file calls them; when
// it calls someone by anything else, keys follow the order of the names.
func (l *csvLoad) set() (*Set, error) {
	order := make([]int, len(l.people))
	numbered := true
	for i, name := range l.names {
		order[i] = i
		n, err := strconv.ParseInt(name, 10, 64)
		l.people[i].Key, numbered = n, numbered && err == nil && strconv.FormatInt(n, 10) == name
	}
	slices.SortFunc(order, func(i, j int) int {
		if numbered {
			return int(min(max(l.people[i].Key-l.people[j].Key, -1), 1))
		}
		return strings.Compare(l.names[i], l.names[j])
	})
	seq := NewSequence()
	for n, i := range order {
		if !numbered {
			l.people[i].Key = int64(n + 1)
		}
		if err := seq.Add(&l.people[i], l.events[i]); err != nil {
			return nil, err
		}
	}
	return seq.Set(), nil
}
