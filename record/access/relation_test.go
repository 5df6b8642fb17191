package access

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"joinery/fhir/r4"
)

// told is a relation in words: actor, basis, type, of whom, since, until.
func told(r Relation, names ...string) string {
	actor := "?"
	for _, n := range names {
		if ActorKey(n) == r.Actor {
			actor = n
		}
	}
	words := []string{actor, r.Basis.String()}
	if r.Type != 0 {
		words = append(words, "("+r4.TypeName(r.Type)+")")
	}
	if r.Of != "" {
		words = append(words, "of", r.Of)
	}
	at := func(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.999Z") }
	if r.Since != Always {
		words = append(words, "from", at(r.Since))
	}
	if r.Until != Forever {
		words = append(words, "until", at(r.Until))
	}
	return strings.Join(words, " ")
}

func TestRelations(t *testing.T) {
	const permit = `"status":"active","patient":{"reference":"Patient/1"},`
	const actor = `"actor":[{"role":{"text":"carer"},"reference":{"reference":"RelatedPerson/r"}}]`
	const deal = `"status":"active","provision":{"type":"permit","actor":[{"reference":{"reference":"Organization/a"}},{"reference":{"reference":"Organization/b"}}]`
	const treat = `{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}`
	const signers = `"signer":[{"party":{"reference":"Organization/a"}},{"party":{"reference":"Organization/b"}}]`
	for _, c := range []struct {
		name, json string
		want       []string
	}{
		{
			"a patient", `{"resourceType":"Patient","id":"1","generalPractitioner":[{"reference":"Organization/a"},{"reference":"Practitioner/d"},{"reference":"PractitionerRole/x"}]}`,
			[]string{"Patient/1 self of Patient/1", "Organization/a practice of Patient/1", "Practitioner/d practice of Patient/1", "PractitionerRole/x practice of Patient/1"},
		},
		{"a patient who left", `{"resourceType":"Patient","id":"1","active":false,"generalPractitioner":[{"reference":"Organization/a"}]}`, []string{"Patient/1 self of Patient/1"}},
		{
			"a practice elsewhere", `{"resourceType":"Patient","id":"1","generalPractitioner":[{"reference":"http://elsewhere/fhir/Organization/a"},{"identifier":{"value":"a"}},{"reference":"#a"},{"reference":"Patient/2"}]}`,
			[]string{"Patient/1 self of Patient/1"},
		},
		{
			"a version of a practice", `{"resourceType":"Patient","id":"1","generalPractitioner":[{"reference":"Organization/a/_history/3"}]}`,
			[]string{"Patient/1 self of Patient/1", "Organization/a practice of Patient/1"},
		},

		{
			"a care team", `{"resourceType":"CareTeam","status":"active","subject":{"reference":"Patient/1"},"period":{"start":"2026-01-01","end":"2026-12-31"},"managingOrganization":[{"reference":"Organization/b"}],
			"participant":[{"member":{"reference":"Practitioner/d"}},{"member":{"reference":"Organization/a"},"period":{"end":"2026-06"}},{"member":{"reference":"Patient/2"}},{"member":{"reference":"RelatedPerson/r"}}]}`,
			[]string{"Practitioner/d careteam of Patient/1 from 2026-01-01T00:00:00Z until 2027-01-01T00:00:00Z", "Organization/a careteam of Patient/1 from 2026-01-01T00:00:00Z until 2026-07-01T00:00:00Z"},
		},
		{"a care team that was", `{"resourceType":"CareTeam","status":"inactive","subject":{"reference":"Patient/1"},"participant":[{"member":{"reference":"Practitioner/d"}}]}`, nil},
		{"a care team without status", `{"resourceType":"CareTeam","subject":{"reference":"Patient/1"},"participant":[{"member":{"reference":"Practitioner/d"}}]}`, nil},
		{"a care team of nobody", `{"resourceType":"CareTeam","status":"active","participant":[{"member":{"reference":"Practitioner/d"}}]}`, nil},
		{"a care team of a group", `{"resourceType":"CareTeam","status":"active","subject":{"reference":"Group/g"},"participant":[{"member":{"reference":"Practitioner/d"}}]}`, nil},
		{"a period that ends before it starts", `{"resourceType":"CareTeam","status":"active","subject":{"reference":"Patient/1"},"period":{"start":"2026-02","end":"2026-01"},"participant":[{"member":{"reference":"Practitioner/d"}}]}`, nil},
		{"a period that cannot be read", `{"resourceType":"CareTeam","status":"active","subject":{"reference":"Patient/1"},"period":{"end":"soon"},"participant":[{"member":{"reference":"Practitioner/d"}}]}`, nil},

		{
			"an episode", `{"resourceType":"EpisodeOfCare","status":"active","patient":{"reference":"Patient/1"},"managingOrganization":{"reference":"Organization/a"},"careManager":{"reference":"Practitioner/d"},"period":{"start":"2026-01-01T10:00:00+01:00"}}`,
			[]string{"Practitioner/d episode of Patient/1 from 2026-01-01T09:00:00Z", "Organization/a episode of Patient/1 from 2026-01-01T09:00:00Z"},
		},
		{
			"an episode that is planned", `{"resourceType":"EpisodeOfCare","status":"planned","patient":{"reference":"Patient/1"},"managingOrganization":{"reference":"Organization/a"}}`,
			[]string{"Organization/a episode of Patient/1"},
		},
		{
			"an episode on a waiting list", `{"resourceType":"EpisodeOfCare","status":"waitlist","patient":{"reference":"Patient/1"},"managingOrganization":{"reference":"Organization/a"}}`,
			[]string{"Organization/a episode of Patient/1"},
		},
		{"an episode that was cancelled", `{"resourceType":"EpisodeOfCare","status":"cancelled","patient":{"reference":"Patient/1"},"managingOrganization":{"reference":"Organization/a"}}`, nil},
		{"an episode that is finished", `{"resourceType":"EpisodeOfCare","status":"finished","patient":{"reference":"Patient/1"},"managingOrganization":{"reference":"Organization/a"}}`, nil},

		{
			"an admission", `{"resourceType":"Encounter","status":"in-progress","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"subject":{"reference":"Patient/1"},"serviceProvider":{"reference":"Organization/a"},
			"location":[{"location":{"reference":"Location/l"},"status":"active"},{"location":{"reference":"Location/m"},"status":"completed"}],"participant":[{"individual":{"reference":"Practitioner/d"},"period":{"end":"2026"}}]}`,
			[]string{"Location/l residence of Patient/1", "Practitioner/d admission of Patient/1 until 2027-01-01T00:00:00Z", "Organization/a admission of Patient/1"},
		},
		{
			"an incident", `{"resourceType":"Encounter","status":"arrived","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"EMER"},"subject":{"reference":"Patient/1"},"serviceProvider":{"reference":"Organization/a"}}`,
			[]string{"Organization/a incident of Patient/1"},
		},
		{"an incident that is over", `{"resourceType":"Encounter","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"EMER"},"subject":{"reference":"Patient/1"},"serviceProvider":{"reference":"Organization/a"}}`, nil},

		{
			"people found", `{"resourceType":"Group","id":"g","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/1"}},{"entity":{"reference":"Patient/2"},"inactive":true},{"entity":{"reference":"Patient/3"},"period":{"end":"2026-01-01T00:00:00.5Z"}},{"entity":{"reference":"Device/4"}}]}`,
			[]string{"Group/g found of Patient/1", "Group/g found of Patient/3 until 2026-01-01T00:00:00.501Z"},
		},
		{
			"one person found in a greater group", `{"resourceType":"Group","id":"g","type":"person","actual":true,"characteristic":[{"code":{"coding":[{"system":"urn:joinery:finding","code":"found-in"}]},"valueReference":{"reference":"Group/model"},"exclude":false}],"member":[{"entity":{"reference":"Patient/1"}}]}`,
			[]string{"Group/g found of Patient/1", "Group/model found of Patient/1"},
		},
		{
			"not found in it, or by a word of another's", `{"resourceType":"Group","id":"g","type":"person","actual":true,"characteristic":[{"code":{"coding":[{"system":"urn:joinery:finding","code":"found-in"}]},"valueReference":{"reference":"Group/model"},"exclude":true},{"code":{"coding":[{"system":"x","code":"found-in"}]},"valueReference":{"reference":"Group/model"},"exclude":false}],"member":[{"entity":{"reference":"Patient/1"}}]}`,
			[]string{"Group/g found of Patient/1"},
		},
		{"people described", `{"resourceType":"Group","id":"g","type":"person","actual":false,"member":[{"entity":{"reference":"Patient/1"}}]}`, nil},
		{"a group put aside", `{"resourceType":"Group","id":"g","type":"person","actual":true,"active":false,"member":[{"entity":{"reference":"Patient/1"}}]}`, nil},

		{"a consent", `{"resourceType":"Consent",` + permit + `"provision":{"type":"permit","period":{"end":"2026-12-31"},` + actor + `}}`, []string{"RelatedPerson/r carefor of Patient/1 until 2027-01-01T00:00:00Z"}},
		{
			"a consent to some types", `{"resourceType":"Consent",` + permit + `"provision":{"type":"permit",` + actor + `,"class":[{"system":"http://hl7.org/fhir/resource-types","code":"Appointment"},{"system":"http://hl7.org/fhir/resource-types","code":"Patient"}]}}`,
			[]string{"RelatedPerson/r carefor (Appointment) of Patient/1", "RelatedPerson/r carefor (Patient) of Patient/1"},
		},
		{"a consent but to one type", `{"resourceType":"Consent",` + permit + `"provision":{"type":"permit",` + actor + `,"class":[{"system":"http://hl7.org/fhir/resource-types","code":"Appointment"},{"system":"http://hl7.org/fhir/resource-types","code":"Patient"}],
			"provision":[{"type":"deny","class":[{"system":"http://hl7.org/fhir/resource-types","code":"Appointment"}]}]}}`, []string{"RelatedPerson/r carefor (Patient) of Patient/1"}},
		{"a consent withdrawn", `{"resourceType":"Consent","status":"inactive","patient":{"reference":"Patient/1"},"provision":{"type":"permit",` + actor + `}}`, nil},
		{"a consent that denies", `{"resourceType":"Consent",` + permit + `"provision":{"type":"deny",` + actor + `}}`, nil},
		{"a consent without a type", `{"resourceType":"Consent",` + permit + `"provision":{` + actor + `}}`, nil},
		{"a consent for a purpose", `{"resourceType":"Consent",` + permit + `"provision":{"type":"permit",` + actor + `,"purpose":[` + treat + `]}}`, nil},
		{"a consent to a class that we do not know", `{"resourceType":"Consent",` + permit + `"provision":{"type":"permit",` + actor + `,"class":[{"system":"urn:other","code":"Appointment"}]}}`, nil},
		{"a consent with an exception that we cannot keep", `{"resourceType":"Consent",` + permit + `"provision":{"type":"permit",` + actor + `,"provision":[{"type":"deny","code":[{"text":"x"}]}]}}`, nil},
		{"a consent with an exception to everything", `{"resourceType":"Consent",` + permit + `"provision":{"type":"permit",` + actor + `,"provision":[{"type":"deny"}]}}`, nil},
		{"a consent that lets a doctor in", `{"resourceType":"Consent",` + permit + `"provision":{"type":"permit","actor":[{"reference":{"reference":"Practitioner/d"}}]}}`, nil},

		{
			"an agreement", `{"resourceType":"Consent",` + deal + `,"period":{"start":"2026-04-01","end":"2027-03-31"},"purpose":[` + treat + `]}}`,
			[]string{"Organization/a agreement from 2026-04-01T00:00:00Z until 2027-04-01T00:00:00Z", "Organization/b agreement from 2026-04-01T00:00:00Z until 2027-04-01T00:00:00Z"},
		},
		{
			"an agreement on some data", `{"resourceType":"Consent",` + deal + `,"purpose":[` + treat + `],"class":[{"system":"http://hl7.org/fhir/resource-types","code":"Observation"}]}}`,
			[]string{"Organization/a agreement (Observation)", "Organization/b agreement (Observation)"},
		},
		{"an agreement for no purpose", `{"resourceType":"Consent",` + deal + `}}`, nil},
		{"an agreement with itself", `{"resourceType":"Consent","status":"active","provision":{"type":"permit","purpose":[` + treat + `],"actor":[{"reference":{"reference":"Organization/a"}},{"reference":{"reference":"Organization/a"}}]}}`, nil},
		{"an agreement with an exception", `{"resourceType":"Consent",` + deal + `,"purpose":[` + treat + `],"provision":[{"type":"deny"}]}}`, nil},
		{"an agreement proposed", `{"resourceType":"Consent","status":"proposed","provision":{"type":"permit","purpose":[` + treat + `],"actor":[{"reference":{"reference":"Organization/a"}},{"reference":{"reference":"Organization/b"}}]}}`, nil},

		{
			"a contract", `{"resourceType":"Contract","status":"executed","applies":{"start":"2026-04-01"},` + signers + `,"term":[{"applies":{"end":"2026-12-31"},"action":[{"intent":{"coding":[` + treat + `,{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HRESCH"}]}}]}]}`,
			[]string{
				"Organization/a agreement from 2026-04-01T00:00:00Z until 2027-01-01T00:00:00Z", "Organization/a agreement-research from 2026-04-01T00:00:00Z until 2027-01-01T00:00:00Z",
				"Organization/b agreement from 2026-04-01T00:00:00Z until 2027-01-01T00:00:00Z", "Organization/b agreement-research from 2026-04-01T00:00:00Z until 2027-01-01T00:00:00Z",
			},
		},
		{"a contract that is offered", `{"resourceType":"Contract","status":"offered",` + signers + `,"term":[{"action":[{"intent":{"coding":[` + treat + `]}}]}]}`, nil},
		{"a contract of someone", `{"resourceType":"Contract","status":"executed","subject":[{"reference":"Patient/1"}],` + signers + `,"term":[{"action":[{"intent":{"coding":[` + treat + `]}}]}]}`, nil},
		{"a contract that forbids", `{"resourceType":"Contract","status":"executed",` + signers + `,"term":[{"action":[{"doNotPerform":true,"intent":{"coding":[` + treat + `]}}]}]}`, nil},
		{"a contract with terms in terms", `{"resourceType":"Contract","status":"executed",` + signers + `,"term":[{"group":[{}],"action":[{"intent":{"coding":[` + treat + `]}}]}]}`, nil},

		{"something else", `{"resourceType":"Observation","subject":{"reference":"Patient/1"},"performer":[{"reference":"Practitioner/d"}]}`, nil},
	} {
		var got []string
		for _, r := range Relations(parse(t, c.json).Root()) {
			got = append(got, told(r, "Patient/1", "Organization/a", "Organization/b", "Practitioner/d", "PractitionerRole/x", "RelatedPerson/r", "Group/g", "Group/model", "Location/l", "Location/m"))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestAConsentButToSomeTypesOpensTheRest(t *testing.T) {
	got := Relations(parse(t, `{"resourceType":"Consent","status":"active","patient":{"reference":"Patient/1"},"provision":{"type":"permit","actor":[{"reference":{"reference":"RelatedPerson/r"}}],
		"provision":[{"type":"deny","class":[{"system":"http://hl7.org/fhir/resource-types","code":"Observation"}]}]}}`).Root())
	observation, _ := r4.TypeNumber("Observation")
	if want := len(compartment().numbers()) - 1; len(got) != want {
		t.Errorf("%d types are open, want %d", len(got), want)
	}
	if slices.ContainsFunc(got, func(r Relation) bool { return r.Type == observation || r.Type == 0 }) {
		t.Error("what was taken away is open")
	}
}

func TestHeldCountsWhatIsOfTheType(t *testing.T) {
	observation, _ := r4.TypeNumber("Observation")
	condition, _ := r4.TypeNumber("Condition")
	whole := Relation{Basis: CareFor}.Stored()
	some := Relation{Basis: CareFor, Type: observation}.Stored()
	strange := Relation{Basis: Practice, Type: observation}.Stored()
	for _, c := range []struct {
		typ    int
		stored []int64
		want   Held
	}{
		{observation, nil, 0},
		{observation, []int64{whole}, 1 << CareFor},
		{observation, []int64{some}, 1 << CareFor},
		{condition, []int64{some}, 0},
		{condition, []int64{some, whole}, 1 << CareFor},
		{observation, []int64{strange}, 0},
		{observation, []int64{0, -1, 1 << 40, 99 << 8}, 0},
	} {
		if got := HeldOf(c.typ, c.stored...); got != c.want {
			t.Errorf("HeldOf(%s, %v) = %b, want %b", r4.TypeName(c.typ), c.stored, got, c.want)
		}
	}
}
