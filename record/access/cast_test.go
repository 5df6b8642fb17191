package access

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"joinery/fhir"
	"joinery/fhir/r4"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// player is one of the cast: a subject that the table of rights speaks of.
type player struct {
	name    string
	subject Subject
}

// glassPerson is the person for whom the cast's glass was broken.
const glassPerson = 77

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func system(t testing.TB, scopes string) Subject {
	t.Helper()
	return must[Subject](t)(NewSystem(Who{Client: "feed", Scopes: must[Scopes](t)(ParseScopes(scopes))}))
}

func staff(t testing.TB, purpose Purpose, cleared Label, scopes string) Subject {
	t.Helper()
	who := Who{Client: "ward", Name: "Dr D. One", Purpose: purpose}
	if scopes != "" {
		who.Scopes = must[Scopes](t)(ParseScopes(scopes))
	}
	m := Member{Practitioner: "d1", Organization: "a", Locations: []fhir.ID{"home"}, Cleared: cleared}
	if purpose == BreakTheGlass {
		m.Glass = &Glass{Persons: []int64{glassPerson}, Reason: "Found unconscious in the street", At: noon.Add(-time.Minute)}
	}
	return must[Subject](t)(NewStaff(who, m))
}

func cast(t testing.TB) []player {
	t.Helper()
	subject := must[Subject](t)
	return []player{
		{"system system/*.cruds", system(t, "system/*.cruds")},
		{"system system/Observation.rs", system(t, "system/Observation.rs")},
		{"system system/Observation.rs?category=laboratory", system(t, "system/Observation.rs?category=laboratory")},
		{"system system/Condition.cruds label/HIV", system(t, "system/Condition.cruds label/HIV")},
		{"system system/Observation.c", system(t, "system/Observation.c")},
		{"system system/Task.cruds label/HIV", system(t, "system/Task.cruds label/HIV")},
		{"patient", subject(NewPatient(Who{}, "p1"))},
		{"patient for treatment", subject(NewPatient(Who{Purpose: Treatment}, "p1"))},
		{"patient by an app, patient/Observation.rs", subject(NewPatient(Who{Scopes: must[Scopes](t)(ParseScopes("patient/Observation.rs"))}, "p1"))},
		{"carer", subject(NewCarer(Who{}, "r1"))},
		{"carer for treatment", subject(NewCarer(Who{Purpose: Treatment}, "r1"))},
		{"staff treating", staff(t, Treatment, 0, "")},
		{"staff in an emergency", staff(t, EmergencyTreatment, 0, "")},
		{"staff treating, cleared for HIV and protected-address", staff(t, Treatment, HIV|Address, "")},
		{"staff who broke the glass", staff(t, BreakTheGlass, 0, "")},
		{"staff who broke the glass, cleared for HIV", staff(t, BreakTheGlass, HIV, "")},
		{"staff for research", staff(t, Research, 0, "")},
		{"staff by a program, user/Observation.rs", staff(t, Treatment, 0, "user/Observation.rs")},
		{"casefinder", subject(NewCaseFinder(Who{}, Finder{Organization: "a", Groups: []fhir.ID{"g1"}}))},
		{"casefinder for operations", subject(NewCaseFinder(Who{Purpose: Operations}, Finder{Organization: "a", Groups: []fhir.ID{"g1"}}))},
		{"casefinder for care management", subject(NewCaseFinder(Who{Purpose: Management}, Finder{Organization: "a", Groups: []fhir.ID{"g1"}}))},
		{"casefinder for treatment", subject(NewCaseFinder(Who{Purpose: Treatment}, Finder{Organization: "a", Groups: []fhir.ID{"g1"}}))},
		{"analyst", subject(NewAnalyst(Who{}))},
		{"analyst for operations", subject(NewAnalyst(Who{Purpose: Operations}))},
		{"analyst for research", subject(NewAnalyst(Who{Purpose: Research}))},
		{"analyst for treatment", subject(NewAnalyst(Who{Purpose: Treatment}))},
		{"public", subject(NewPublic(Who{}))},
		{"lead", subject(NewLead(Who{}))},
		{"lead for operations", subject(NewLead(Who{Purpose: Operations}))},
		{"lead for treatment", subject(NewLead(Who{Purpose: Treatment}))},
		{"governance", subject(NewGovernance(Who{}))},
		{"governance for treatment", subject(NewGovernance(Who{Purpose: Treatment}))},
		{"administrator", subject(NewAdministrator(Who{}))},
		{"administrator for treatment", subject(NewAdministrator(Who{Purpose: Treatment}))},
		{"staff who broke the glass, through the workflow", staff(t, BreakTheGlass, 0, "").Through(ByWorkflow)},
		{"patient, through the workflow", subject(NewPatient(Who{}, "p1")).Through(ByWorkflow)},
		{"carer, through the workflow", subject(NewCarer(Who{}, "r1")).Through(ByWorkflow)},
		{"staff treating, through the workflow", staff(t, Treatment, 0, "").Through(ByWorkflow)},
		{"staff in an emergency, through the workflow", staff(t, EmergencyTreatment, 0, "").Through(ByWorkflow)},
		{"staff treating, cleared for HIV, through the workflow", staff(t, Treatment, HIV, "").Through(ByWorkflow)},
		{"casefinder, through the workflow", subject(NewCaseFinder(Who{}, Finder{Organization: "a", Groups: []fhir.ID{"g1"}})).Through(ByWorkflow)},
		{"casefinder for operations, through the workflow", subject(NewCaseFinder(Who{Purpose: Operations}, Finder{Organization: "a", Groups: []fhir.ID{"g1"}})).Through(ByWorkflow)},
		{"casefinder for care management, through the workflow", subject(NewCaseFinder(Who{Purpose: Management}, Finder{Organization: "a", Groups: []fhir.ID{"g1"}})).Through(ByWorkflow)},
		{"nobody", Subject{}},
	}
}

// situation is whose a row is and what the subject holds.
type situation struct {
	name   string
	person int64
	held   []Basis
}

func situations() []situation {
	all := []situation{
		{"nobody's", 0, nil},
		{"nobody's, all agreements", 0, agreementsOnly()},
		{"a stranger's", 5, nil},
		{"a stranger's, all agreements", 5, agreementsOnly()},
		{"the glass's person", glassPerson, nil},
		{"the glass's person, all agreements", glassPerson, agreementsOnly()},
		{"every relation, other agreements", 5, []Basis{Self, CareFor, CareTeam, Episode, Practice, Residence, Admission, Incident, Found, AgreementResearch}},
		{"nobody's, every relation", 0, []Basis{Self, CareFor, CareTeam, Episode, Practice, Residence, Admission, Incident, Found, Agreement}},
	}
	for b := Self; b < Agreement; b++ {
		all = append(all,
			situation{b.String(), 5, []Basis{b}},
			situation{b.String() + ", agreement to treat", 5, []Basis{b, Agreement}},
			situation{b.String() + ", agreement on the population", 5, []Basis{b, AgreementPopulation}})
	}
	return all
}

func agreementsOnly() []Basis {
	return []Basis{Agreement, AgreementPopulation, AgreementPublicHealth, AgreementResearch}
}

func held(bases []Basis) Held {
	var h Held
	for _, b := range bases {
		h |= 1 << b
	}
	return h
}

// singleLabels are no label, and every label by itself.
func singleLabels() []Label {
	out := []Label{0}
	for _, n := range labelNames {
		if n.label != Finding && n.label != Workflow {
			out = append(out, n.label)
		}
	}
	out = append(out, Finding, Finding|Shared, Finding|HIV, Workflow, Workflow|Finding)
	for _, l := range []Label{HIV, ThirdParty, Taboo, NoProxy, Shared} {
		out = append(out, Workflow|l)
	}
	return append(out, Workflow|Finding|HIV, Workflow|Finding|Shared, Category("Observation", "", "laboratory"))
}

func labelText(l Label) string {
	switch {
	case l == 0:
		return "unlabelled"
	case l&Categories != 0:
		return "laboratory"
	}
	return strings.ReplaceAll(l.String(), " ", "+")
}

// answer is what is allowed, and under which rule.
type answer struct{ actions, rule, types, labels string }

// rights writes down what a policy allows the players: by each rule which
// actions on which types with which labels, and in which situations.
func rights(p *Policy, players []player) string {
	var b strings.Builder
	for _, who := range players {
		fmt.Fprintf(&b, "\n== %s\n", who.name)
		situations := situations()
		in := map[answer][]string{}
		var order []answer
		for _, s := range situations {
			for _, at := range answers(p, who, s) {
				if in[at] == nil {
					order = append(order, at)
				}
				in[at] = append(in[at], s.name)
			}
		}
		for _, at := range order {
			fmt.Fprintf(&b, "%s: %s\n    of %s\n    %s\n", at.rule, at.actions, at.types, at.labels)
			if len(in[at]) == len(situations) {
				b.WriteString("    - always\n")
				continue
			}
			for _, name := range in[at] {
				fmt.Fprintf(&b, "    - %s\n", name)
			}
		}
		writeMasks(&b, p, who)
	}
	return b.String()
}

func answers(p *Policy, who player, s situation) []answer {
	actions := map[answer][]string{}
	var order []answer
	for _, a := range Actions() {
		f := p.Filter(who.subject, a, noon)
		byLabels := map[[2]string][]int{}
		for _, alike := range f.alike() {
			var seen []string
			rule := ""
			for _, l := range singleLabels() {
				if r, ok := f.Allows(Row{Person: s.person, Type: alike[0], Labels: l, Held: held(s.held)}); ok {
					seen = append(seen, labelText(l))
					rule = r.Rule
				}
			}
			if len(seen) > 0 {
				key := [2]string{rule, labelList(seen)}
				byLabels[key] = append(byLabels[key], alike...)
			}
		}
		for _, key := range sortedPairs(byLabels) {
			slices.Sort(byLabels[key])
			at := answer{rule: key[0], types: typeList(byLabels[key]), labels: key[1]}
			if actions[at] == nil {
				order = append(order, at)
			}
			actions[at] = append(actions[at], a.String())
		}
	}
	out := make([]answer, len(order))
	for i, at := range order {
		out[i] = at
		out[i].actions = strings.Join(actions[at], " ")
	}
	return out
}

// alike returns the filter's types in groups that its clauses treat alike.
func (f *Filter) alike() map[string][]int {
	groups := map[string][]int{}
	for _, typ := range f.Types() {
		var key strings.Builder
		for i := range f.clauses {
			in, ok := f.clauses[i].reaches(typ)
			fmt.Fprint(&key, in, ok, " ")
		}
		groups[key.String()] = append(groups[key.String()], typ)
	}
	return groups
}

func sortedPairs(m map[[2]string][]int) [][2]string {
	var keys [][2]string
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) })
	return keys
}

// labelList says which labels may be there, the shorter way.
func labelList(seen []string) string {
	var not []string
	for _, l := range singleLabels() {
		if text := labelText(l); !slices.Contains(seen, text) {
			not = append(not, text)
		}
	}
	switch {
	case len(not) == 0:
		return "with any label"
	case len(not) <= len(seen):
		return "not with " + strings.Join(not, ", ")
	}
	return "only with " + strings.Join(seen, ", ")
}

// typeList names types, the shorter way.
func typeList(types []int) string {
	names := func(list []int) string {
		out := make([]string, len(list))
		for i, n := range list {
			out[i] = r4.TypeName(n)
		}
		return strings.Join(out, " ")
	}
	for _, set := range []struct {
		name string
		set  typeSet
	}{{"any", everyType()}, {"compartment", compartment()}} {
		missing := slices.DeleteFunc(set.set.numbers(), func(n int) bool { return slices.Contains(types, n) })
		extra := slices.DeleteFunc(slices.Clone(types), set.set.has)
		if len(extra) == 0 && len(missing) == 0 {
			return set.name
		}
		if len(extra) == 0 && len(missing) < len(types) {
			return set.name + " but " + names(missing)
		}
	}
	return names(types)
}

// writeMasks writes down what a player does not see of what they see.
func writeMasks(b *strings.Builder, p *Policy, who player) {
	f := p.Filter(who.subject, Search, noon)
	for _, m := range f.masks {
		fmt.Fprintf(b, "masked: %s", r4.TypeName(m.typ))
		if m.keep != nil {
			fmt.Fprintf(b, " but %s", strings.Join(m.keep, " "))
		} else {
			fmt.Fprintf(b, ".%s", strings.Join(m.hide, "."))
		}
		if m.When != 0 {
			fmt.Fprintf(b, ", when %s", m.When)
		}
		b.WriteByte('\n')
		var barred []string
		for _, param := range r4.SearchParams(r4.TypeName(m.typ)) {
			if m.touches(param.Code) {
				barred = append(barred, param.Code)
			}
		}
		fmt.Fprintf(b, "    not found by %s\n", strings.Join(barred, " "))
	}
	if shown, told := f.Counted(7); !told || shown != 7 {
		fmt.Fprintf(b, "counted: 7 as %d\n", shown)
	}
}
