package main

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

func TestResidentsCountAsTheCriteriaDo(t *testing.T) {
	folder := t.TempDir()
	verified := func(n string) string {
		return `"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"` + n + `","extension":[{"valueCodeableConcept":{"coding":[{"code":"01"}]}}]}]`
	}
	write := func(name, lines string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("Patient.ndjson", `{"id":"a","birthDate":"1950-03-01",`+verified("1")+`}
{"id":"b","birthDate":"1950-03-01",`+verified("1")+`}
{"id":"c","birthDate":"1950-03-01",`+verified("2")+`,"deceasedDateTime":"2025-01-01"}
{"id":"d","birthDate":"1950-03-01"}
`)
	encounter := func(id, patient, class, status, start string) string {
		return `{"id":"` + id + `","status":"` + status + `","class":{"code":"` + class + `"},"subject":{"reference":"Patient/` + patient + `"},"period":{"start":"` + start + `"}}` + "\n"
	}
	write("Encounter.ndjson", encounter("1", "a", "EMER", "finished", "2025-06-01T10:00:00Z")+
		encounter("2", "b", "EMER", "finished", "2025-03-30T23:30:00Z")+ // on the 31st in London
		encounter("3", "d", "EMER", "finished", "2025-03-30T22:30:00Z")+ // on the 30th: a year and a day
		encounter("4", "d", "EMER", "entered-in-error", "2025-06-01T10:00:00Z")+
		encounter("5", "d", "AMB", "finished", "2025-06-01T10:00:00Z")+
		encounter("6", "c", "EMER", "finished", "2025-06-01T10:00:00Z"))
	r, err := readDistrict(folder)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 30, 12, 0, 0, 0, time.UTC)
	if got, want := r.expected(1, now), [][]string{{"a", "b"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("once: %v, want %v", got, want)
	}
	if got := r.expected(2, now); len(got) != 1 {
		t.Errorf("twice, of two records of one person: %v", got)
	}
	r.attended(r.by["d"], "7", now, true)
	r.attended(r.by["a"], "1", now, false)
	if got, want := r.expected(1, now), [][]string{{"a", "b"}, {"d"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("after changes: %v, want %v", got, want)
	}
	if got := yearBefore(time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)); got != "2023-02-28" {
		t.Errorf("a year before 29 February: %s", got)
	}
}
