package timeline_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"joinery/fhir"
	"joinery/source/synth"
	"joinery/timeline"
)

// someone is what is known of a person by one way.
type someone struct {
	Profile timeline.Profile
	Events  []timeline.Event
}

// TestTheSamePeopleByEitherWay: the synthetic people as FHIR resources and in the
// flat form have the same timelines. Second records and misfiled events, which
// the flat form tells otherwise on purpose, are left out.
func TestTheSamePeopleByEitherWay(t *testing.T) {
	d, err := synth.Open(synth.Options{Seed: 1, Until: synth.Day(time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC).Unix() / 86400), Without: []string{"duplicates", "overlays"}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range []synth.Format{synth.NDJSON, synth.Timeline} {
		if _, err := d.Write(t.Context(), synth.Set{People: 512, Format: f, Dir: filepath.Join(dir, string(f)), Workers: 2}); err != nil {
			t.Fatal(err)
		}
	}
	resources, flat := byResource(t, filepath.Join(dir, "ndjson", "data")), byFlatForm(t, filepath.Join(dir, "timeline"))
	if len(flat) != 512 || len(resources) != len(flat) {
		t.Fatalf("%d people by resource and %d by the flat form, want 512", len(resources), len(flat))
	}
	events := 0
	for id, want := range resources {
		events += len(want.Events)
		if diff := cmp.Diff(want, flat[id]); diff != "" {
			t.Errorf("%s differs (-by resource +by the flat form):\n%s", id, diff)
		}
	}
	if events < 20*512 {
		t.Errorf("the people have %d events between them: too few to compare", events)
	}
}

func byFlatForm(t *testing.T, dir string) map[string]someone {
	t.Helper()
	set, _, err := timeline.Load(t.Context(), dir, 2)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]someone{}
	for i := range set.Len() {
		p := set.Person(i)
		all := p.Events()
		s := someone{p.Profile(), all.All()}
		s.Profile.Key = 0
		out[string(p.ID())] = s
	}
	return out
}

// byResource reads NDJSON as the record's timelines are made: through ProfileOf,
// NetworkOf and EventsOf, in the order that a Set gives.
func byResource(t *testing.T, dir string) map[string]someone {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.ndjson"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no resources: %v", err)
	}
	out, networks := map[string]someone{}, map[string]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(data) {
			doc, err := fhir.Parse(bytes.TrimSpace(line))
			if err != nil {
				t.Fatal(err)
			}
			res := doc.Root()
			switch res.Get("resourceType").Text() {
			case "Organization":
				practice, network := timeline.NetworkOf(res)
				networks[practice] = network
			case "Patient":
				if p, ok := timeline.ProfileOf(res); ok {
					s := out[string(p.ID)]
					s.Profile = p
					out[string(p.ID)] = s
				}
			default:
				events := timeline.EventsOf(res)
				if len(events) == 0 {
					continue
				}
				id := subjectOf(res)
				s := out[id]
				for _, e := range events {
					e.Source = ""
					s.Events = append(s.Events, e)
				}
				out[id] = s
			}
		}
	}
	for id, s := range out {
		s.Profile.Network = networks[s.Profile.Practice]
		out[id] = ordered(t, s)
	}
	return out
}

// ordered gives the events as a Set of this person alone orders them.
func ordered(t *testing.T, s someone) someone {
	t.Helper()
	var b timeline.Builder
	s.Profile.Key = 1
	b.AddPerson(s.Profile)
	for _, e := range s.Events {
		b.AddEvent(1, e)
	}
	set, err := b.Set()
	if err != nil {
		t.Fatal(err)
	}
	p := set.Person(0)
	all := p.Events()
	s = someone{p.Profile(), all.All()}
	s.Profile.Key = 0
	return s
}

func subjectOf(res fhir.Value) string {
	for _, name := range []string{"subject", "patient"} {
		if to := res.Get(name).Get("reference"); to.Exists() {
			return strings.TrimPrefix(to.Text(), "Patient/")
		}
	}
	for part := range res.Get("participant").Items() { // of an Appointment
		if id, ok := strings.CutPrefix(part.At("actor", "reference").Text(), "Patient/"); ok {
			return id
		}
	}
	return ""
}
