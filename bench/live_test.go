package main

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestOthersAreOfAnyone: what the district holds becomes something of anyone,
// without links to what it was part of; an update keeps its id.
func TestOthersAreOfAnyone(t *testing.T) {
	folder := t.TempDir()
	for typ, line := range map[string]string{
		"Observation": `{"resourceType":"Observation","id":"o1","status":"final","subject":{"reference":"Patient/a"},"encounter":{"reference":"Encounter/1"},"performer":[{"reference":"Practitioner/x"}]}`,
		"Condition":   `{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/a"},"code":{"text":"x"}}`,
		"Encounter":   `{"resourceType":"Encounter","id":"e1","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/a"}}`,
	} {
		lines := strings.Repeat(line+"\n", 20)
		if err := os.WriteFile(filepath.Join(folder, typ+".ndjson"), []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o, err := readOthers(folder)
	if err != nil {
		t.Fatal(err)
	}
	l := &live{people: &residents{people: []*resident{{patients: []string{"p7"}}}}}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, id := range []string{"", "made-1"} {
		var got map[string]any
		body := o.body(l, rng, "Observation", id)
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if s, ok := got["id"].(string); (id != "") != ok || s != id {
			t.Errorf("id %v, want %q", got["id"], id)
		}
		for _, link := range []string{"encounter", "performer"} {
			if _, ok := got[link]; ok {
				t.Errorf("%s is still there: %s", link, body)
			}
		}
		if !strings.Contains(string(body), `"Patient/p7"`) || got["status"] != "final" {
			t.Errorf("%s", body)
		}
	}
}

// TestLateIsSummedUp: percentiles are of all, quarters of the changes by when
// they were acknowledged.
func TestLateIsSummedUp(t *testing.T) {
	r := &run{}
	for i := range 100 {
		r.seen = append(r.seen, seen{at: time.Duration(i) * time.Second, late: time.Duration(i+1) * time.Millisecond})
		r.writes = append(r.writes, time.Duration(i+1)*time.Millisecond)
	}
	var f livePhase
	r.sum(&f, 100*time.Second)
	if f.Found != 100 || f.Late50 != 51 || f.Late99 != 100 || f.LateMost != 100 || f.First50 != 13 || f.Last50 != 89 {
		t.Errorf("summed up as %+v", f)
	}
	table := liveTable([]livePhase{{Backend: "sqlite", Name: "x", Rate: 200, Found: 1200, Late50: 63, Late99: 129, LateMost: 176, Checked: 437, Wrong: 1}})
	for _, want := range []string{"| SQLite: x |", "| 200 |", "| 1,200 |", "| 63 / 129 / 176 |", "| 437 / 1 |"} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
}

func TestPlacesAreCalledAsInTheRecord(t *testing.T) {
	for name, want := range map[string]string{"Very often": "very-often", "75 – “frail” & alone": "75-frail-alone"} {
		if got := inWords(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}
