package script

import (
	"strings"
	"testing"
	"time"

	"joinery/fault"
)

const cast = `
person Amina is Patient/amina
service the falls car is HealthcareService/falls-s
service the front door is HealthcareService/hub-s
role the call room is staff of Organization/gp at HealthcareService/none
role the falls nurse is staff of Organization/falls at HealthcareService/falls-s
role Amina herself is the person Patient/amina
`

func TestSentencesAreRead(t *testing.T) {
	b, err := Read("case.txt", cast+`
case: a fall
at 2026-02-03 09:10, the call room refers Amina to the falls car by way of the front door because "Fell at home"
at 2026-07-03 09:12, the falls nurse declines Amina's referral because no-room to the referrer saying "See her today"
at 2026-07-03 09:13, the falls nurse completes Amina's referral with outcome "Stayed at home", and is refused
at 2026-07-03 09:14, the falls nurse books Amina's referral for 2026-07-04 10:00
at 2026-07-03 09:15, the falls nurse does "Visit" for Amina with outcome "Up again"
expect Amina's referral is active at the falls car
expect the falls nurse cannot complete Amina's referral
expect falls-response of Amina's referral is due soon
expect the list of the falls nurse has not "Visit" for Amina
expect the falls nurse does not see Amina
expect a letter to Amina that says "can help"
expect no letter to Amina
expect no letter to the falls nurse about Amina that says "can help"
`)
	if err != nil {
		t.Fatal(err)
	}
	s := b.Cases[0].Steps
	if len(s) != 13 {
		t.Fatalf("read %d steps, want 13", len(s))
	}
	if got := s[0]; got.Do != "refer" || got.Person != "Amina" || got.Service != "the falls car" || got.Reason != "the front door" || got.Says != "Fell at home" || !got.At.Equal(time.Date(2026, 2, 3, 9, 10, 0, 0, time.UTC)) {
		t.Errorf("read %+v", got)
	}
	if got := s[1]; got.Do != "decline" || got.Reason != "no-room" || got.Service != "the referrer" || got.Says != "See her today" || !got.At.Equal(time.Date(2026, 7, 3, 8, 12, 0, 0, time.UTC)) {
		t.Errorf("read %+v", got)
	}
	if got := s[2]; got.Do != "complete" || got.Outcome != "Stayed at home" || !got.Refused {
		t.Errorf("read %+v", got)
	}
	if got := s[3]; got.Do != "book" || got.State != "2026-07-04 10:00" {
		t.Errorf("read %+v", got)
	}
	if got := s[4]; got.Do != "do" || got.Task != "Visit" || got.Outcome != "Up again" {
		t.Errorf("read %+v", got)
	}
	for i, want := range []Step{
		{Do: "is", Person: "Amina", State: "active", Service: "the falls car"},
		{Do: "can", Role: "the falls nurse", Not: true, State: "complete", Person: "Amina"},
		{Do: "clock", Clock: "falls-response", Person: "Amina", State: "due soon"},
		{Do: "list", Role: "the falls nurse", Not: true, Task: "Visit", Person: "Amina"},
		{Do: "sees", Role: "the falls nurse", Not: true, Person: "Amina"},
		{Do: "letter", Person: "Amina", Says: "can help"},
		{Do: "letter", Person: "Amina", Not: true},
		{Do: "letter", Role: "the falls nurse", Person: "Amina", Not: true, Says: "can help"},
	} {
		want.Expect, want.Line = true, s[5+i].Line
		if s[5+i] != want {
			t.Errorf("read %+v, want %+v", s[5+i], want)
		}
	}
}

func TestWhatNobodyKnowsIsRefusedWithItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"case: a\nat 2026-02-03 09:10, the falls nurse flies to Amina":                       `case.txt:9: nobody can do that: "the falls nurse flies to Amina"`,
		"case: a\nat 2026-02-03 09:10, the falls nurse accepts Ben's referral":               "there is no person Ben",
		"case: a\nat 2026-02-03 09:10, the porter accepts Amina's referral":                  `there is no role "the porter"`,
		"case: a\nat 2026-02-03 09:10, the call room refers Amina to the moon because \"x\"": `there is no service "the moon"`,
		"case: a\nexpect the moon": "that cannot be expected",
		"case: a\nat 2026-02-30 09:10, the falls nurse accepts Amina's referral":                                                               "the time is none",
		"case: a\nat 2026-02-03 09:10, the falls nurse accepts Amina's referral\nat 2026-02-03 09:00, the falls nurse starts Amina's referral": "before that of the line before",
		"case: a":              `the case "a" says nothing`,
		"expect nothing":       "stands before the first case",
		"case: a\nsoon enough": "a line is: at TIME",
	} {
		_, err := Read("case.txt", cast+text)
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), want) {
			t.Errorf("%q: %v, want a refusal that says %q", text, err, want)
		}
	}
}
