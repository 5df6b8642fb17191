package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// residents are the people of a district as the files tell of them, with what
// is needed to know who must be found: worked out here from docs/criteria.md
// alone, without any code of the program.
type residents struct {
	zone   *time.Location
	mu     sync.Mutex
	people []*resident
	by     map[string]*resident // by Patient id; those of one verified NHS number are one
}

// resident is one person.
type resident struct {
	patients    []string // ids
	born        string
	died        bool
	attendances map[string]time.Time // at emergency departments, by the Encounter's id
}

// readDistrict reads the Patients and Encounters of a folder of NDJSON.
func readDistrict(folder string) (*residents, error) {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		return nil, fmt.Errorf("the rules of London's clocks are missing: %w", err)
	}
	r := &residents{zone: zone, by: map[string]*resident{}}
	numbers := map[string]*resident{}
	err = eachLine(filepath.Join(folder, "Patient.ndjson"), func(line []byte) error { return r.patient(line, numbers) })
	if err != nil {
		return nil, err
	}
	return r, eachLine(filepath.Join(folder, "Encounter.ndjson"), r.encounter)
}

func eachLine(file string, do func([]byte) error) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		if err := do(in.Bytes()); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return in.Err()
}

func (r *residents) patient(line []byte, numbers map[string]*resident) error {
	var p struct {
		ID, BirthDate    string
		DeceasedDateTime string
		DeceasedBoolean  bool
		Identifier       []struct {
			System, Value string
			Extension     []struct {
				ValueCodeableConcept struct{ Coding []struct{ Code string } }
			}
		}
	}
	if err := json.Unmarshal(line, &p); err != nil {
		return err
	}
	one := &resident{attendances: map[string]time.Time{}}
	for _, i := range p.Identifier {
		verified := len(i.Extension) == 1 && len(i.Extension[0].ValueCodeableConcept.Coding) == 1 && i.Extension[0].ValueCodeableConcept.Coding[0].Code == "01"
		if !strings.HasSuffix(i.System, "/nhs-number") || !verified {
			continue
		}
		if known, ok := numbers[i.Value]; ok {
			one = known
		}
		numbers[i.Value] = one
	}
	if len(one.patients) == 0 {
		r.people = append(r.people, one)
	}
	one.patients = append(one.patients, p.ID)
	one.born, one.died = p.BirthDate, one.died || p.DeceasedBoolean || p.DeceasedDateTime != ""
	r.by[p.ID] = one
	return nil
}

func (r *residents) encounter(line []byte) error {
	var e struct {
		ID, Status string
		Class      struct{ Code string }
		Subject    struct{ Reference string }
		Period     struct{ Start string }
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	if e.Class.Code != "EMER" || e.Status == "planned" || e.Status == "cancelled" || e.Status == "entered-in-error" {
		return nil
	}
	start, err := time.Parse(time.RFC3339, e.Period.Start)
	if err != nil {
		return err
	}
	one, ok := r.by[strings.TrimPrefix(e.Subject.Reference, "Patient/")]
	if !ok {
		return fmt.Errorf("the Encounter %s is of nobody", e.ID)
	}
	one.attendances[e.ID] = start
	return nil
}

// attended adds an attendance, or takes it away again.
func (r *residents) attended(p *resident, id string, at time.Time, really bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if delete(p.attendances, id); really {
		p.attendances[id] = at
	}
}

// count returns how often a person attended in the twelve months that end on the
// day of now; living is false when they are not there to be found.
func (r *residents) count(p *resident, now time.Time) (n int, living bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	today := now.In(r.zone).Format(time.DateOnly)
	from := yearBefore(now.In(r.zone))
	for _, at := range p.attendances {
		if day := at.In(r.zone).Format(time.DateOnly); day > from && day <= today {
			n++
		}
	}
	return n, !p.died && p.born <= today
}

// yearBefore returns the day a year before, the last of February for its 29th.
func yearBefore(t time.Time) string {
	before := t.AddDate(-1, 0, 0)
	if before.Month() != t.Month() {
		before = before.AddDate(0, 0, -1)
	}
	return before.Format(time.DateOnly)
}

// expected returns the Patients of whom one must be found as often at emergency
// departments as least says, by person.
func (r *residents) expected(least int, now time.Time) [][]string {
	var out [][]string
	for _, p := range r.people {
		if n, living := r.count(p, now); living && n >= least {
			out = append(out, p.patients)
		}
	}
	return out
}
