package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// known is what was put in, kept apart from the server, from which every
// expected answer is computed.
type known struct {
	mu       sync.Mutex
	ids      []string // "Type/id" of everything
	patients []patient
	family   map[string][]int // first five letters, small, to patients
	created  int              // Observations that were made singly
}

// patient is one Synthea person with what the searches ask about them.
type patient struct {
	id             string
	family, given  string
	byCode         map[string][]observation
	codes          []string        // the codes, in order
	everything     map[string]bool // "Type/id" of all in the compartment, the Patient too
	observations   map[string]bool
	familyNarrowed string
}

type observation struct {
	id, encounter string
	when          time.Time
}

// learn takes in the answer to one replayed transaction.
func (k *known) learn(r replay, answer []byte) error {
	at, err := locations(answer)
	if err != nil {
		return err
	}
	if len(at) != len(r.bundle.entries) {
		return wrong("%s: the answer has %d entries, want %d", r.bundle.name, len(at), len(r.bundle.entries))
	}
	p := patient{family: r.family, given: r.given, byCode: map[string][]observation{}, everything: map[string]bool{}, observations: map[string]bool{}}
	p.familyNarrowed = narrowed(r.family)
	for i, e := range r.bundle.entries {
		if !strings.HasPrefix(at[i], e.typ+"/") {
			return wrong("%s entry %d: created %s, want a %s", r.bundle.name, i, at[i], e.typ)
		}
		switch e.typ {
		case "Organization", "Practitioner":
			continue
		case "Patient":
			p.id = strings.TrimPrefix(at[i], "Patient/")
		case "Observation":
			o := observation{id: at[i], when: e.when}
			if e.encounter >= 0 {
				o.encounter = at[e.encounter]
			}
			p.byCode[e.code] = append(p.byCode[e.code], o)
			p.observations[at[i]] = true
		}
		p.everything[at[i]] = true
	}
	for code, list := range p.byCode {
		slices.SortStableFunc(list, func(a, b observation) int { return b.when.Compare(a.when) })
		p.codes = append(p.codes, code)
	}
	slices.Sort(p.codes)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ids = append(k.ids, at...)
	if k.family == nil {
		k.family = map[string][]int{}
	}
	k.family[p.familyNarrowed] = append(k.family[p.familyNarrowed], len(k.patients))
	k.patients = append(k.patients, p)
	return nil
}

// add takes in an Observation that was made singly for a patient.
func (k *known) add(to int, name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.created++
	k.patients[to].everything[name] = true
	k.patients[to].observations[name] = true
}

// narrowed is the start of a name that the searches ask for.
func narrowed(name string) string { return strings.ToLower(name[:min(5, len(name))]) }

// locations are the "Type/id" that a transaction's answer says it created.
func locations(answer []byte) ([]string, error) {
	var all []string
	for rest := answer; ; {
		_, after, ok := bytes.Cut(rest, []byte(`"location":`))
		if !ok {
			return all, nil
		}
		after = bytes.TrimLeft(after, ` "`)
		end := bytes.IndexByte(after, '"')
		if end < 0 {
			return nil, wrong("a location does not end")
		}
		loc := string(after[:end])
		rest = after[end:]
		loc, _, _ = strings.Cut(loc, "/_history/")
		loc = strings.TrimPrefix(loc[strings.Index(loc, "/fhir/")+1:], "fhir/")
		all = append(all, loc)
	}
}

// found is a search's answer.
type found struct {
	matches, includes []string // "Type/id"
	next              bool
	total             int
}

// readFound reads a searchset for typ by looking for its names only, so that
// every answer can be compared without taking the server's processor; whole
// reads it as JSON too, so that a broken answer is never counted as a fast one.
func readFound(body []byte, typ string, whole bool) (found, error) {
	if whole && !json.Valid(body) {
		return found{}, wrong("the answer is not JSON")
	}
	f := found{total: -1}
	prefix := typ + "/"
	head := body
	for rest := body; ; {
		before, after, ok := bytes.Cut(rest, []byte(`"fullUrl":`))
		if !ok {
			break
		}
		if len(rest) == len(body) {
			head = before
		}
		after = bytes.TrimLeft(after, ` "`)
		end := bytes.IndexByte(after, '"')
		if end < 0 {
			return found{}, wrong("a fullUrl does not end")
		}
		name := after[:end]
		if at := bytes.Index(name, []byte("/fhir/")); at >= 0 {
			name = name[at+len("/fhir/"):]
		}
		rest = after[end:]
		if strings.HasPrefix(string(name), prefix) {
			f.matches = append(f.matches, string(name))
		} else {
			f.includes = append(f.includes, string(name))
		}
	}
	if !bytes.Contains(head, []byte(`"Bundle"`)) {
		return found{}, wrong("the answer is no Bundle: %.200s", head)
	}
	f.next = bytes.Contains(head, []byte(`"next"`))
	if _, after, ok := bytes.Cut(head, []byte(`"total":`)); ok {
		fmt.Sscan(string(after[:min(len(after), 12)]), &f.total)
	}
	return f, nil
}

// newest says whether got is the newest so many of all, which is in that order;
// those of one instant may stand in any order, and be cut anywhere.
func newest(got []string, all []observation, count int) error {
	if want := min(count, len(all)); len(got) != want {
		return wrong("%d hits, want %d", len(got), want)
	}
	when := make(map[string]time.Time, len(all))
	for _, o := range all {
		when[o.id] = o.when
	}
	seen := map[string]bool{}
	for i, id := range got {
		t, ok := when[id]
		if !ok || seen[id] {
			return wrong("hit %d is not one of those asked for, or comes twice", i)
		}
		seen[id] = true
		if !t.Equal(all[i].when) {
			return wrong("hit %d is of another time than the newest but %d", i, i)
		}
	}
	return nil
}

// same says whether two sets of names are equal.
func same(what string, got, want []string) error {
	got, want = slices.Compact(slices.Sorted(slices.Values(got))), slices.Compact(slices.Sorted(slices.Values(want)))
	if slices.Equal(got, want) {
		return nil
	}
	missing, extra := 0, 0
	for i, j := 0, 0; i < len(got) || j < len(want); {
		c := 0
		switch {
		case i == len(got):
			c = 1
		case j == len(want):
			c = -1
		default:
			c = cmp.Compare(got[i], want[j])
		}
		switch {
		case c < 0:
			extra++
			i++
		case c > 0:
			missing++
			j++
		default:
			i++
			j++
		}
	}
	return wrong("%s: %d found, %d too many, %d missing", what, len(got), extra, missing)
}

func (k *known) String() string {
	return fmt.Sprintf("%d resources of %d people", len(k.ids), len(k.patients))
}
