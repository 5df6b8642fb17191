package record_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/credential"
)

// said is a look in a line.
func said(l record.Look) string {
	kind := map[record.LookKind]string{record.DidLook: "looked at", record.DidChange: "changed", record.InEmergency: "in an emergency looked at"}[l.Kind]
	out := fmt.Sprintf("%s (%s, %s) %s %s for %s", l.Name, l.Role, l.Organisation, kind, strings.Join(l.Types, " "), l.Purpose)
	if l.Reason != "" {
		out += ": " + l.Reason
	}
	for _, f := range l.Flags {
		out += "; " + f
	}
	return out
}

func lines(looks []record.Look) string {
	var out []string
	for _, l := range looks {
		out = append(out, said(l))
	}
	return strings.Join(out, "\n")
}

func TestWhoLooked(t *testing.T) {
	onBoth(t, func(h *house) {
		h.street()
		h.put("CareTeam", "t2", `"status":"active","subject":{"reference":"Patient/p1"},"participant":[{"member":{"reference":"Practitioner/n2"}}]`)
		told := h.account("ash", nurse)
		bo := nurse
		bo.Display, bo.Practitioner, bo.Organization = "Nurse Bo", "n2", "o2"
		treats := h.signIn(h.account("nurse.bo", bo)).Session.Subject
		person, err := access.NewPatient(access.Who{Name: "Ada"}, "p1")
		if err != nil {
			h.Fatal(err)
		}
		h.goOn(time.Hour)
		for range 3 { // one visit
			h.reads(treats, "Patient", "p1")
			_ = h.find(treats, "Observation", "patient", "Patient/p1")
			h.goOn(time.Minute)
		}
		h.goOn(2 * time.Hour)
		h.reads(treats, "Observation", "x1")
		h.goOn(time.Minute)
		h.reads(person, "Observation", "x1")
		in := h.signIn(told)
		h.reads(in.Session.Subject, "Patient", "p1") // refused: she sees nothing, so nothing is told
		h.goOn(credential.Step)
		s, err := h.rec().BreakGlass(h.ctx(), in.Secret, record.BreakGlass{Patient: "p1", Reason: "Found unconscious in the street", Code: h.code(told)}, h.from(""))
		if err != nil {
			h.Fatal(err)
		}
		h.reads(s.For("p1"), "Observation", "x1")

		looks, err := h.other().As(person).WhoLooked(h.ctx(), "p1", record.WhoLookedQuery{})
		if err != nil {
			h.Fatal(err)
		}
		want := strings.Join([]string{
			"Nurse Ash (staff, Surgery One) in an emergency looked at Observation Patient for BTG: Found unconscious in the street",
			"Nurse Ash (staff, Surgery One) in an emergency looked at Communication for BTG: Found unconscious in the street",
			"Ada (patient, ) looked at Observation for PATRQT",
			"Nurse Bo (staff, Surgery Two) looked at Observation for TREAT",
			"Nurse Bo (staff, Surgery Two) looked at Observation Patient for TREAT",
		}, "\n")
		got := lines(looks.Looks)
		if i := strings.Index(got, "\nop (system"); i > 0 { // before that the desk stored what there is
			got = got[:i]
		}
		got = strings.Replace(got, "looked at Communication Observation Patient for BTG", "looked at Observation Patient for BTG", 1)
		want = strings.Replace(want, "Nurse Ash (staff, Surgery One) in an emergency looked at Communication for BTG: Found unconscious in the street\n", "", 1)
		if got != want {
			h.Errorf("who looked:\n%s\nwant:\n%s", got, want)
		}
		if n := looks.Looks[len(strings.Split(want, "\n"))-1]; n.At.Sub(n.Since) != 2*time.Minute {
			h.Errorf("the visit lasted from %v to %v", n.Since, n.At)
		}

		// A few at a time they are the same.
		var all []record.Look
		for q := (record.WhoLookedQuery{Count: 2}); ; {
			part, err := h.rec().As(person).WhoLooked(h.ctx(), "p1", q)
			if err != nil || len(part.Looks) > 2 {
				h.Fatalf("a part: %d, %v", len(part.Looks), err)
			}
			all = append(all, part.Looks...)
			if q.Before = part.Next; q.Before == "" {
				break
			}
		}
		if lines(all) != lines(looks.Looks) {
			h.Errorf("in parts:\n%s\nat once:\n%s", lines(all), lines(looks.Looks))
		}

		// Nobody else is told.
		carer, err := access.NewCarer(access.Who{}, "r1")
		if err != nil {
			h.Fatal(err)
		}
		other, err := access.NewPatient(access.Who{}, "p2")
		if err != nil {
			h.Fatal(err)
		}
		for what, s := range map[string]access.Subject{"a carer": carer, "another": other, "staff": treats, "broken glass": s.For("p1"), "nobody": {}} {
			_, err := h.rec().As(s).WhoLooked(h.ctx(), "p1", record.WhoLookedQuery{})
			h.wantKind(what, err, fault.NotFound)
			_, err = h.rec().As(s).Alerts(h.ctx(), record.WhoLookedQuery{})
			h.wantKind("alerts to "+what, err, fault.Denied)
		}
		_, err = h.rec().As(person).WhoLooked(h.ctx(), "p1", record.WhoLookedQuery{Before: "0"})
		h.wantKind("a place that is none", err, fault.Invalid)
	})
}

// TestLooksThatAreTooClose: staff who look at themselves, at who lives with them,
// at their family and at colleagues are flagged, and not kept from it.
func TestLooksThatAreTooClose(t *testing.T) {
	onBoth(t, func(h *house) {
		h.street()
		lives := func(id, family, line, code string) {
			h.put("Patient", id, `"name":[{"family":"`+family+`"}],"address":[{"line":["`+line+`"],"postalCode":"`+code+`"}],"generalPractitioner":[{"reference":"Organization/o1"}]`)
		}
		lives("self", "Ash", "1 Elm Street", "ZZ1 1ZZ")
		lives("partner", "Birch", "1, Elm Street.", "zz11zz")
		lives("cousin", "ASH", "9 Elm Street", "ZZ1 1ZZ")
		lives("namesake", "Ash", "1 Oak Street", "ZZ2 2ZZ")
		lives("neighbour", "Cedar", "3 Elm Street", "ZZ1 1ZZ")
		lives("colleague", "Dale", "5 Ash Road", "ZZ3 3ZZ")
		lives("elsewhere", "Elder", "6 Ash Road", "ZZ4 4ZZ")
		ash := nurse
		ash.Self = "self"
		told := h.account("ash", ash)
		other := nurse
		other.Self, other.Practitioner = "colleague", "n3"
		h.account("dale", other)
		other.Self, other.Practitioner, other.Organization = "elsewhere", "n4", "o2"
		h.account("elder", other)
		s := h.signIn(told).Session.Subject
		h.goOn(time.Hour)
		for _, id := range []string{"self", "partner", "cousin", "namesake", "neighbour", "colleague", "elsewhere"} {
			if !h.reads(s, "Patient", id) {
				h.Errorf("she is kept from %s", id)
			}
			h.goOn(time.Second)
		}
		lead, err := access.NewGovernance(access.Who{Name: "Gov"})
		if err != nil {
			h.Fatal(err)
		}
		alerts, err := h.other().As(lead).Alerts(h.ctx(), record.WhoLookedQuery{})
		if err != nil {
			h.Fatal(err)
		}
		var got []string
		for _, a := range alerts.Looks {
			got = append(got, string(a.Patient)+": "+strings.Join(a.Flags, ", "))
		}
		want := "colleague: the person works for the same organisation\ncousin: the person has the same surname and lives near them\npartner: the person has the same address\nself: it is their own record"
		if strings.Join(got, "\n") != want {
			h.Errorf("alerts:\n%s\nwant:\n%s", strings.Join(got, "\n"), want)
		}
		// They are in the audit that the governance lead reads, too.
		if seen := strings.Join(h.find(lead, "AuditEvent", "_count", "100"), "\n"); strings.Count(seen, "To be looked at: ") != 4 {
			h.Errorf("the audit has %d flags", strings.Count(seen, "To be looked at: "))
		}
		// In an emergency at once.
		h.goOn(credential.Step)
		in := h.signIn(told)
		h.goOn(credential.Step)
		if _, err := h.rec().BreakGlass(h.ctx(), in.Secret, record.BreakGlass{Patient: "p1", Reason: "Found unconscious in the street", Code: h.code(told)}, h.from("")); err != nil {
			h.Fatal(err)
		}
		alerts, err = h.other().As(lead).Alerts(h.ctx(), record.WhoLookedQuery{Count: 1})
		if err != nil || len(alerts.Looks) != 1 || alerts.Looks[0].Patient != "p1" || alerts.Looks[0].Kind != record.InEmergency || alerts.Looks[0].Reason == "" || alerts.Next == "" {
			h.Errorf("the newest alert: %+v, %v", alerts, err)
		}
	})
}

// TestVisit: what somebody looked at before is their account's, whatever they sign
// in on, and nobody else's.
func TestVisit(t *testing.T) {
	onBoth(t, func(h *house) {
		told, other := h.account("ash", nurse), h.account("bob", nurse)
		visit := func(s access.Subject, what string) time.Time {
			h.Helper()
			before, err := h.other().As(s).Visit(h.ctx(), what)
			if err != nil {
				h.Fatal(err)
			}
			return before
		}
		first := h.signIn(told).Session.Subject
		began := h.clock()
		if at := visit(first, "Patient/p1"); !at.IsZero() {
			t.Errorf("before the first visit there was one, %v", at)
		}
		h.goOn(13 * time.Hour)
		again := h.signIn(told).Session.Subject
		if at := visit(again, "Patient/p1"); !at.Equal(began) {
			t.Errorf("in another session the visit before was %v, want %v", at, began)
		}
		for what, s := range map[string]access.Subject{"Patient/p2": again, "Patient/p1": h.signIn(other).Session.Subject} {
			if at := visit(s, what); !at.IsZero() {
				t.Errorf("at %s somebody was last at %v, who never was", what, at)
			}
		}
		if at := visit(access.Subject{}, "Patient/p1"); !at.IsZero() {
			t.Errorf("nobody was there at %v", at)
		}
	})
}

// TestUnbound: which organisations share nothing is known to staff, as of now, and to
// nobody else.
func TestUnbound(t *testing.T) {
	onBoth(t, func(h *house) {
		h.street()
		h.put("Organization", "o3", `"name":"Far away"`)
		staff := h.signIn(h.account("ash", nurse)).Session.Subject
		want := func(s access.Subject, ids ...fhir.ID) {
			h.Helper()
			got, err := h.other().As(s).Unbound(h.ctx(), []fhir.ID{"o1", "o2", "o3", "not an id"})
			if err != nil || !slices.Equal(got, ids) {
				t.Errorf("bound by no agreement are %v (%v), want %v", got, err, ids)
			}
		}
		want(staff, "o3")
		h.put("Consent", "agreement", `"status":"inactive",`+agreed)
		want(staff, "o1", "o2", "o3")
		person, err := access.NewPatient(access.Who{Name: "Ada"}, "p1")
		if err != nil {
			h.Fatal(err)
		}
		want(person)
	})
}
