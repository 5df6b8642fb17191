package access

import (
	"strings"
	"testing"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/r4"
)

func TestSubjectsThatLackSomethingAreRefused(t *testing.T) {
	scopes := func(s string) Scopes { return must[Scopes](t)(ParseScopes(s)) }
	treat := Who{Purpose: Treatment}
	glass := func(g *Glass) Member { return Member{Practitioner: "d", Organization: "o", Glass: g} }
	btg := Who{Purpose: BreakTheGlass}
	for _, c := range []struct {
		name string
		make func() (Subject, error)
	}{
		{"a system without scopes", func() (Subject, error) { return NewSystem(Who{}) }},
		{"a system with nothing but labels", func() (Subject, error) { return NewSystem(Who{Scopes: scopes("label/*")}) }},
		{"a system with a user's scopes", func() (Subject, error) { return NewSystem(Who{Scopes: scopes("system/*.rs user/*.rs")}) }},
		{"a patient without an id", func() (Subject, error) { return NewPatient(Who{}, "") }},
		{"a patient with two ids", func() (Subject, error) { return NewPatient(Who{}, "a,b") }},
		{"a carer of nobody", func() (Subject, error) { return NewCarer(Who{}) }},
		{"a carer with a path", func() (Subject, error) { return NewCarer(Who{}, "a/b") }},
		{"staff without a purpose", func() (Subject, error) { return NewStaff(Who{}, glass(nil)) }},
		{"staff with an unknown purpose", func() (Subject, error) { return NewStaff(Who{Purpose: "FUN"}, glass(nil)) }},
		{"staff without an organisation", func() (Subject, error) { return NewStaff(treat, Member{Practitioner: "d"}) }},
		{"staff without a name", func() (Subject, error) { return NewStaff(treat, Member{Organization: "o"}) }},
		{"staff with a bad id", func() (Subject, error) {
			return NewStaff(treat, Member{Practitioner: "d", Organization: "o", Locations: []fhir.ID{"a b"}})
		}},
		{"staff with a patient's scopes", func() (Subject, error) {
			return NewStaff(Who{Purpose: Treatment, Scopes: scopes("patient/*.rs")}, glass(nil))
		}},
		{"broken glass of nobody", func() (Subject, error) { return NewStaff(btg, glass(&Glass{Reason: "a good reason"})) }},
		{"broken glass of person 0", func() (Subject, error) {
			return NewStaff(btg, glass(&Glass{Persons: []int64{0}, Reason: "a good reason"}))
		}},
		{"broken glass without a reason", func() (Subject, error) {
			return NewStaff(btg, glass(&Glass{Persons: []int64{1}, Reason: "   .      "}))
		}},
		{"broken glass for another purpose", func() (Subject, error) {
			return NewStaff(treat, glass(&Glass{Persons: []int64{1}, Reason: "a good reason"}))
		}},
		{"the purpose without the glass", func() (Subject, error) { return NewStaff(btg, glass(nil)) }},
		{"a case-finder without a model", func() (Subject, error) { return NewCaseFinder(Who{}, Finder{Organization: "o"}) }},
		{"a case-finder without an organisation", func() (Subject, error) { return NewCaseFinder(Who{}, Finder{Groups: []fhir.ID{"g"}}) }},
		{"a case-finder with a bad group", func() (Subject, error) {
			return NewCaseFinder(Who{}, Finder{Organization: "o", Groups: []fhir.ID{"../g"}})
		}},
	} {
		s, err := c.make()
		if fault.KindOf(err) != fault.Denied || err == nil || s.Role() != Nobody {
			t.Errorf("%s: got %v, %v, want a refusal", c.name, s.Role(), err)
		}
	}
}

func TestTheZeroSubjectMayDoNothing(t *testing.T) {
	for _, a := range Actions() {
		f := Shipped().Filter(Subject{}, a, noon)
		if condition, _ := f.Predicate(SQLite, "r", 0, 1); !f.None(0) || f.All(0) || condition != "1=0" {
			t.Errorf("%s: None = %v, Predicate = %s, want nothing", a, f.None(0), condition)
		}
	}
	var s Subject
	if s.Principal() != "" || s.Glass() != nil || s.Purpose() != "" {
		t.Error("the zero Subject says something of someone")
	}
}

func TestPrincipalsDifferWhereRightsDo(t *testing.T) {
	seen := map[string]string{}
	for _, p := range cast(t) {
		if p.subject.subject == nil {
			continue
		}
		if other, twice := seen[p.subject.Principal()]; twice {
			t.Errorf("%q and %q are one principal", p.name, other)
		}
		seen[p.subject.Principal()] = p.name
	}
	one := must[Subject](t)(NewPatient(Who{Request: "1", Source: "a"}, "p1"))
	two := must[Subject](t)(NewPatient(Who{Request: "2", Source: "b"}, "p1"))
	if one.Principal() != two.Principal() {
		t.Error("a patient is another principal in the next request")
	}
}

func TestBrokenGlassHoldsForAnHour(t *testing.T) {
	s := staff(t, BreakTheGlass, 0, "")
	observation, _ := r4.TypeNumber("Observation")
	row := Row{Person: glassPerson, Type: observation, Held: 1 << Agreement}
	broken := s.Glass().At
	for _, c := range []struct {
		at   time.Time
		want bool
	}{
		{broken.Add(-time.Millisecond), false},
		{broken, true},
		{broken.Add(GlassHolds - time.Millisecond), true},
		{broken.Add(GlassHolds), false},
	} {
		if _, got := Shipped().Filter(s, Read, c.at).Allows(row); got != c.want {
			t.Errorf("%s after the glass was broken: allowed = %v, want %v", c.at.Sub(broken), got, c.want)
		}
	}
}

func TestOnlyWhoMayWriteEverythingChoosesIDs(t *testing.T) {
	observation, _ := r4.TypeNumber("Observation")
	for _, c := range []struct {
		scopes string
		want   bool
	}{
		{"system/*.cruds", true},
		{"system/*.cu", true},
		{"system/Observation.cu label/*", true},
		{"system/Observation.cu", false}, // labelled ones are hidden from it
		{"system/Observation.u label/*", false},
		{"system/Observation.c label/*", false},
		{"system/Observation.cu?category=laboratory label/*", false},
		{"system/Patient.cu label/*", false},
	} {
		if got := Shipped().Places(system(t, c.scopes), observation, noon); got != c.want {
			t.Errorf("with %s: Places = %v, want %v", c.scopes, got, c.want)
		}
	}
	for _, p := range cast(t) {
		if p.subject.Role() != System && Shipped().Places(p.subject, observation, noon) {
			t.Errorf("%s may choose the id of an Observation", p.name)
		}
	}
}

func TestReasonsNameRuleAndRelation(t *testing.T) {
	observation, _ := r4.TypeNumber("Observation")
	got, ok := Shipped().Filter(staff(t, Treatment, 0, ""), Read, noon).
		Allows(Row{Person: 1, Type: observation, Held: 1<<Practice | 1<<Agreement})
	want := Reason{Rule: "staff/treat", Basis: "practice", Purpose: Treatment}
	if !ok || got != want || got.String() != "staff/treat by practice" {
		t.Errorf("Allows = %+v, %v, want %+v", got, ok, want)
	}
}

func TestSuppress(t *testing.T) {
	for _, c := range []struct {
		n, want int
		told    bool
	}{{0, 0, false}, {1, 0, false}, {4, 0, false}, {5, 5, true}, {7, 5, true}, {8, 10, true}, {12, 10, true}, {1003, 1005, true}} {
		if got, told := Suppress(c.n); got != c.want || told != c.told {
			t.Errorf("Suppress(%d) = %d, %v, want %d, %v", c.n, got, told, c.want, c.told)
		}
	}
	if n, told := Shipped().Filter(system(t, "system/*.rs"), Search, noon).Counted(3); n != 3 || !told {
		t.Errorf("a system counts 3 as %d, %v", n, told)
	}
}

func TestNamesAreWhole(t *testing.T) {
	for _, a := range append(Actions(), 99) {
		if (a.String() == "unknown") != (a == 99) {
			t.Errorf("action %d is called %q", a, a)
		}
	}
	for _, r := range append(Roles(), 99) {
		if (r.String() == "unknown") != (r == 99) {
			t.Errorf("role %d is called %q", r, r)
		}
	}
	for b := Self; int(b) < len(basisNames); b++ {
		if b.String() == "" || strings.Contains(b.String(), " ") {
			t.Errorf("basis %d is called %q", b, b)
		}
	}
}

// TestWhatTheWorkflowKeepsIsWrittenByItAlone asks, for everyone of the cast, of
// each type that moves write: nobody but a system with scopes for every type may
// write it by themselves, nor make it, nor take the mark away.
func TestWhatTheWorkflowKeepsIsWrittenByItAlone(t *testing.T) {
	for _, who := range cast(t) {
		if who.subject.Role() == System && strings.Contains(who.subject.Who().Scopes.String(), "system/*.cruds") {
			continue
		}
		through := strings.Contains(who.name, "through the workflow")
		for _, name := range []string{"ServiceRequest", "Task", "EpisodeOfCare", "CarePlan", "CareTeam", "Goal", "Communication"} {
			typ, _ := r4.TypeNumber(name)
			for _, a := range []Action{Create, Update, Delete} {
				for _, s := range situations() {
					for _, l := range []Label{Workflow, Workflow | Finding} {
						_, ok := Shipped().Filter(who.subject, a, noon).Allows(Row{Person: s.person, Type: typ, Labels: l, Held: held(s.held)})
						if ok && (!through || a == Delete) {
							t.Errorf("%s may %s a %s that the workflow keeps (%s)", who.name, a, name, s.name)
						}
					}
				}
			}
		}
	}
}

func TestASubjectIsWhoActsForIt(t *testing.T) {
	s := staff(t, Treatment, 0, "")
	for reference, want := range map[string]bool{
		"Practitioner/d1": true, "Organization/a": true, "Location/home": true, "Organization/b": false, "Patient/d1": false, "": false,
	} {
		if got := s.Is(reference); got != want {
			t.Errorf("Is(%q) = %v, want %v", reference, got, want)
		}
		if got := s.Through(ByWorkflow).Is(reference); got != want {
			t.Errorf("through the workflow, Is(%q) = %v, want %v", reference, got, want)
		}
	}
	if s.Through(ByWorkflow).Principal() == s.Principal() {
		t.Error("who acts through the workflow is the same principal as who does not")
	}
	if (Subject{}).Through(ByWorkflow).Role() != Nobody || (Subject{}).Is("Patient/x") {
		t.Error("the zero subject became somebody")
	}
}
