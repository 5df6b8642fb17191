package synth_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/source/bundle"
	"joinery/source/synth"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	a, b := synth.World(1, 5, noon), synth.World(1, 5, noon.Add(3*time.Hour))
	other := synth.World(2, 5, noon)
	for i := range a {
		if !bytes.Equal(a[i].JSON, b[i].JSON) {
			t.Errorf("bundle %s differs between two runs", a[i].Name)
		}
	}
	if bytes.Equal(a[1].JSON, other[1].JSON) {
		t.Error("two seeds gave the same person")
	}
}

// resources returns every resource of a world.
func resources(t *testing.T, people int) []*fhir.Doc {
	t.Helper()
	var docs []*fhir.Doc
	for _, b := range synth.World(7, people, noon) {
		in, err := bundle.Open(b.JSON, 1000)
		if err != nil {
			t.Fatalf("%s: %v", b.Name, err)
		}
		if len(in.Entries) != b.Resources {
			t.Errorf("%s says %d resources and has %d", b.Name, b.Resources, len(in.Entries))
		}
		for _, e := range in.Entries {
			docs = append(docs, e.Resource)
		}
	}
	return docs
}

func TestEveryResourceIsValidAndLabelled(t *testing.T) {
	ids := map[string]bool{}
	types := map[string]int{}
	for _, doc := range resources(t, 60) {
		root := doc.Root()
		typ, id := root.Get("resourceType").Text(), root.Get("id").Text()
		if err := r4.Validate(doc); err != nil {
			t.Errorf("%s/%s: %v", typ, id, err)
		}
		if !root.At("meta", "tag", "code").Is("HTEST") {
			t.Errorf("%s/%s is not labelled as synthetic", typ, id)
		}
		if !strings.HasPrefix(id, "demo-") || ids[typ+"/"+id] {
			t.Errorf("%s/%s does not begin with demo-, or is there twice", typ, id)
		}
		ids[typ+"/"+id] = true
		types[typ]++
	}
	for _, want := range []string{"Patient", "Condition", "Observation", "MedicationRequest", "Encounter", "CareTeam", "EpisodeOfCare", "RelatedPerson", "Consent", "PractitionerRole"} {
		if types[want] == 0 {
			t.Errorf("no %s in the world: %v", want, types)
		}
	}
	for _, want := range []string{"Patient/" + synth.FirstOne, "Practitioner/" + synth.GP, "Practitioner/" + synth.HomeNurse, "Organization/" + synth.CareHome, "RelatedPerson/" + synth.CarerOfOne} {
		if !ids[want] {
			t.Errorf("%s is not in the world", want)
		}
	}
	for _, doc := range resources(t, 60) {
		for _, to := range references(doc.Root()) {
			if !ids[to] {
				t.Errorf("a reference to %s, which is not there", to)
			}
		}
	}
}

func references(v fhir.Value) []string {
	var out []string
	switch v.Kind() {
	case fhir.Object:
		for name, m := range v.Members() {
			if name == "reference" && m.Kind() == fhir.String {
				out = append(out, m.Text())
			}
			out = append(out, references(m)...)
		}
	case fhir.Array:
		for item := range v.Items() {
			out = append(out, references(item)...)
		}
	}
	return out
}

func TestNHSNumbersAreOfTheTestRangeAndDiffer(t *testing.T) {
	var seen []string
	for _, doc := range resources(t, 200) {
		if !doc.Root().Get("resourceType").Is("Patient") {
			continue
		}
		n := doc.Root().At("identifier", "value").Text()
		sum := 0
		for i, c := range n[:9] {
			sum += int(c-'0') * (10 - i)
		}
		if check := (11 - sum%11) % 11; len(n) != 10 || n[:3] != "999" || int(n[9]-'0') != check {
			t.Errorf("%s is no NHS number of the test range", n)
		}
		if slices.Contains(seen, n) {
			t.Errorf("%s is given twice", n)
		}
		seen = append(seen, n)
	}
}
