package oracle

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"joinery/fhir"
	"joinery/source/synth"
	"joinery/timeline"
)

// population is people of whom definitions are asked on one day: their FHIR
// resources, and the timelines that are made of the very same.
type population struct {
	name   string
	on     timeline.Day
	people []person // in the order of the set
	set    *timeline.Set
}

// person is a Patient and what is recorded of them, as JSON; the Patient first.
type person struct {
	id        string
	resources [][]byte
}

// gatherer makes timelines of resources as the record's are made.
type gatherer struct {
	population
	builder       timeline.Builder
	organisations map[string][]byte // by id
}

// add adds a person with the resources that are events, and the Organization
// of the practice.
func (g *gatherer) add(t *testing.T, patient []byte, others [][]byte) {
	t.Helper()
	profile, ok := timeline.ProfileOf(parse(t, patient))
	if !ok {
		return // lives on with another Patient
	}
	p := person{id: string(profile.ID), resources: [][]byte{patient}}
	if practice, ok := g.organisations[profile.Practice]; ok {
		_, profile.Network = timeline.NetworkOf(parse(t, practice))
		p.resources = append(p.resources, practice)
	}
	profile.Key = int64(len(g.people))
	g.builder.AddPerson(profile)
	for _, text := range others {
		res := parse(t, text)
		if !slices.Contains(timeline.Kinds(), res.Get("resourceType").Text()) {
			continue
		}
		p.resources = append(p.resources, text)
		for _, e := range timeline.EventsOf(res) {
			g.builder.AddEvent(profile.Key, e)
		}
	}
	g.people = append(g.people, p)
}

func (g *gatherer) finish(t *testing.T) *population {
	t.Helper()
	var err error
	if g.set, err = g.builder.Set(); err != nil {
		t.Fatal(err)
	}
	if g.set.Len() != len(g.people) {
		t.Fatalf("%d people became a set of %d", len(g.people), g.set.Len())
	}
	return &g.population
}

func parse(t *testing.T, text []byte) fhir.Value {
	t.Helper()
	doc, err := fhir.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return doc.Root()
}

// district invents people, second records and misfiled events among them.
func district(t *testing.T, people int) *population {
	t.Helper()
	until := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	d, err := synth.Open(synth.Options{Seed: 1, Until: synth.Day(until.Unix() / 86400)})
	if err != nil {
		t.Fatal(err)
	}
	g := &gatherer{population: population{name: "district", on: timeline.Date(until.Date())}, organisations: map[string][]byte{}}
	synth.NewScribe(d, func(r synth.Resource) {
		if r.Type == "Organization" {
			g.organisations[r.ID] = bytes.Clone(r.JSON)
		}
	}).Places()
	var patient []byte
	var others [][]byte
	scribe := synth.NewScribe(d, func(r synth.Resource) {
		if r.Type == "Patient" {
			patient = bytes.Clone(r.JSON)
			return
		}
		others = append(others, bytes.Clone(r.JSON))
	})
	for block := 0; block*synth.BlockSize < people; block++ {
		all := d.Block(int64(block))
		for _, p := range synth.Records(all[:min(len(all), people-block*synth.BlockSize)]) {
			patient, others = nil, nil
			scribe.Person(p)
			g.add(t, patient, others)
		}
	}
	return g.finish(t)
}

// larkfield is the practice with which the people of Synthea are registered
// here, and the odd ones: most definitions ask for one, and Synthea gives them
// none.
const larkfield = `{"resourceType":"Organization","id":"larkfield","partOf":{"reference":"Organization/larks"}}`

// odd reads the people of testdata/people.txt, who have what nobody else does.
func odd(t *testing.T, name string, on timeline.Day) *population {
	t.Helper()
	text, err := os.ReadFile("testdata/people.txt")
	if err != nil {
		t.Fatal(err)
	}
	g := &gatherer{population: population{name: name, on: on}, organisations: map[string][]byte{"larkfield": []byte(larkfield)}}
	var patient []byte
	var others [][]byte
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if !bytes.HasPrefix(line, []byte(`{"resourceType":"Patient"`)) {
			others = append(others, line)
			continue
		}
		if patient != nil {
			g.add(t, patient, others)
		}
		patient, others = line, nil
	}
	g.add(t, patient, others)
	return g.finish(t)
}

// synthea reads the first people of Synthea's 120 bundles; nil without them.
func synthea(t *testing.T, people int) *population {
	t.Helper()
	const path = "../../../../shared/data/synthea/r4-transaction-bundles-120.zip"
	archive, err := zip.OpenReader(path)
	if err != nil && os.Getenv("CI") != "true" {
		t.Logf("without %s the people of Synthea are left out", path)
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	g := &gatherer{
		population:    population{name: "synthea", on: timeline.Date(2021, time.March, 31)},
		organisations: map[string][]byte{"larkfield": []byte(larkfield)},
	}
	for _, f := range archive.File {
		if filepath.Ext(f.Name) == ".json" && len(g.people) < people {
			patient, others := readBundle(t, f)
			g.add(t, patient, others)
		}
	}
	return g.finish(t)
}

// readBundle returns the resources of a transaction, with references as they
// are once it is carried out.
func readBundle(t *testing.T, f *zip.File) (patient []byte, others [][]byte) {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	var bundle struct {
		Entry []struct {
			FullURL  string          `json:"fullUrl"`
			Resource json.RawMessage `json:"resource"`
		} `json:"entry"`
	}
	if err := json.Unmarshal(text, &bundle); err != nil {
		t.Fatal(err)
	}
	var to []string
	for _, e := range bundle.Entry {
		res := parse(t, e.Resource)
		to = append(to, e.FullURL, res.Get("resourceType").Text()+"/"+res.Get("id").Text())
	}
	resolve := strings.NewReplacer(to...)
	for _, e := range bundle.Entry {
		var b bytes.Buffer
		if err := json.Compact(&b, []byte(resolve.Replace(string(e.Resource)))); err != nil {
			t.Fatal(err)
		}
		one := b.Bytes()
		if rest, ok := bytes.CutPrefix(one, []byte(`{"resourceType":"Patient",`)); ok {
			patient = append([]byte(`{"resourceType":"Patient","generalPractitioner":[{"reference":"Organization/larkfield"}],`), rest...)
			continue
		}
		others = append(others, one)
	}
	return patient, others
}
