package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The definitions of which the bench works out by itself whom they must find,
// and from how many attendances on.
var counted = map[string]int{"high-intensity-use-five": 5, "high-intensity-use-ten": 10}

const probe = "high-intensity-use-five"

// settled waits until the record says of everybody what it must.
func (l *live) settled(ctx context.Context, limit time.Duration) error {
	for began := time.Now(); ; time.Sleep(500 * time.Millisecond) {
		var f livePhase
		if l.compare(ctx, &f); f.Wrong == 0 {
			return nil
		}
		if ctx.Err() != nil || time.Since(began) > limit {
			return fmt.Errorf("who is found is not what it must be within %v: %d wrong, the first: %s", limit, f.Wrong, f.Why)
		}
	}
}

// compare compares who is found, over HTTP, with whom the bench expects where it
// can tell, and how many are in each place of every definition with what a pass
// over everybody counts.
func (l *live) compare(ctx context.Context, f *livePhase) {
	note := func(err error) {
		if err != nil {
			if f.Wrong++; f.Why == "" {
				f.Why = err.Error()
			}
		}
	}
	c := newClient(l.server.address, l.admin)
	defer c.close()
	for id, least := range counted {
		want := l.people.expected(least, time.Now())
		got, err := members(c, id)
		note(err)
		f.Checked += len(want)
		for _, patients := range want {
			n := 0
			for _, p := range patients {
				if got[p] {
					n++
					delete(got, p)
				}
			}
			if n != 1 {
				note(wrong("%s: %v attended so often and are found %d times", id, patients, n))
			}
		}
		for p := range got {
			note(wrong("%s: %s is found and did not attend so often", id, p))
		}
	}
	places, err := l.pass(ctx)
	note(err)
	for place, want := range places {
		got, err := search(c, "Group", "actual=true&_summary=count&code="+url.QueryEscape("urn:joinery:place|"+place), true)
		note(err)
		if f.Checked++; got.total != want {
			note(wrong("%s: %d are found, and %d by a pass over everybody", place, got.total, want))
		}
	}
}

// members returns the Patients who are found in a place.
func members(c *client, place string) (map[string]bool, error) {
	all := map[string]bool{}
	for path := "/fhir/Group?actual=true&_count=500&code=" + url.QueryEscape("urn:joinery:place|"+place); path != ""; {
		status, answer, err := c.get(path)
		if err == nil {
			err = expect(status, 200, answer)
		}
		if err != nil {
			return nil, err
		}
		var page struct {
			Link  []struct{ Relation, URL string }
			Entry []struct {
				Resource struct {
					Member []struct{ Entity struct{ Reference string } }
				}
			}
		}
		if err := json.Unmarshal(answer, &page); err != nil {
			return nil, err
		}
		for _, e := range page.Entry {
			for _, m := range e.Resource.Member {
				all[strings.TrimPrefix(m.Entity.Reference, "Patient/")] = true
			}
		}
		path = ""
		for _, link := range page.Link {
			if _, after, ok := strings.Cut(link.URL, "/fhir"); ok && link.Relation == "next" {
				path = "/fhir" + after
			}
		}
	}
	return all, nil
}

// pass asks how many people a pass over everybody puts in each place.
func (l *live) pass(ctx context.Context) (map[string]int, error) {
	out, err := l.server.command(ctx, append([]string{"criteria", "run", "--json", "--exact", "--purpose", "TREAT"}, l.ids...)...)
	if err != nil {
		return nil, err
	}
	var reports []struct {
		Definition, Kind string
		Parts            []string
		Total            struct {
			Met, Gap string
			Parts    []string
		}
	}
	if err := json.Unmarshal([]byte(out), &reports); err != nil {
		return nil, err
	}
	places := map[string]int{}
	var failed []error
	put := func(place, count string) {
		n, err := strconv.Atoi(count)
		failed = append(failed, err)
		places[place] = n
	}
	for _, r := range reports {
		switch r.Kind {
		case "group":
			put(r.Definition, r.Total.Met)
		case "segments":
			for i, name := range r.Parts {
				put(r.Definition+"."+inWords(name), r.Total.Parts[i])
			}
		default:
			put(r.Definition+".met", r.Total.Met)
			put(r.Definition+".gap", r.Total.Gap)
		}
	}
	return places, errors.Join(failed...)
}

// inWords is a segment's name as it stands in the place's code.
func inWords(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return strings.Join(words, "-")
}
