package pages

import (
	"strings"
	"testing"
)

// roles says for whom the doctor works, and what of hers did not say so.
const roles = `{"resourceType":"PractitionerRole","id":"gray-r","active":true,"practitioner":{"reference":"Practitioner/gray"},"organization":{"reference":"Organization/gp"}}
{"resourceType":"Condition","id":"c2","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"resolved"}]},"code":{"text":"Chest infection"},"subject":{"reference":"Patient/amina"},"onsetDateTime":"2019-01-05","recorder":{"reference":"Practitioner/gray"}}
`

// TestTheSummarySaysWhoAndWhatIsUsual: who is next of kin, when somebody was last in
// contact, from whom nothing of a kind came, and what is beyond its range.
func TestTheSummarySaysWhoAndWhatIsUsual(t *testing.T) {
	w := newWorld(t)
	w.store(`{"resourceType":"RelatedPerson","id":"kin","active":true,"patient":{"reference":"Patient/amina"},"relationship":[{"text":"Next of kin, daughter","coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0131","code":"N"}]}],"name":[{"family":"Amin","given":["Sara"]}]}
{"resourceType":"Encounter","id":"e2","status":"finished","class":{"code":"AMB"},"type":[{"text":"Home visit"}],"subject":{"reference":"Patient/amina"},"period":{"start":"2026-01-15T10:00:00Z"},"serviceProvider":{"reference":"Organization/team"}}
{"resourceType":"Encounter","id":"e3","status":"planned","class":{"code":"AMB"},"subject":{"reference":"Patient/amina"},"period":{"start":"2026-01-30T10:00:00Z"},"serviceProvider":{"reference":"Organization/team"}}
{"resourceType":"Observation","id":"k1","status":"final","code":{"text":"Potassium"},"subject":{"reference":"Patient/amina"},"effectiveDateTime":"2026-01-15","valueQuantity":{"value":5.9,"unit":"mmol/L"},"referenceRange":[{"low":{"value":3.5,"unit":"mmol/L"},"high":{"value":5.3,"unit":"mmol/L"}}],"performer":[{"reference":"Organization/team"}]}
{"resourceType":"Observation","id":"k2","status":"final","code":{"text":"Sodium"},"subject":{"reference":"Patient/amina"},"effectiveDateTime":"2026-01-15","valueQuantity":{"value":5,"unit":"g/L"},"referenceRange":[{"low":{"value":133,"unit":"mmol/L"},"high":{"value":146,"unit":"mmol/L"}}]}
{"resourceType":"Consent","id":"dnr","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"adr"}]},"category":[{"text":"Not for attempted resuscitation","coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentcategorycodes","code":"dnr"}]}],"policyRule":{"text":"Form at home, in the kitchen"},"patient":{"reference":"Patient/amina"},"dateTime":"2025-06-01","organization":[{"reference":"Organization/team"}]}`)
	before := w.get("gp", "/people/amina")
	w.wants(before, 200, "From Dr Ann Gray (03-Feb-2026)")
	if strings.Contains(before.text, "Nothing of this kind") {
		t.Error("where it is not known for whom somebody works, the page says from whom nothing has come")
	}
	w.store(roles)
	a := w.get("gp", "/people/amina")
	w.wants(a, 200, "Next of kin</strong>", "Sara Amin", "last contact 15-Jan-2026", "last contact 01-Dec-2025", "Usually 3.5 to 5.3", "High", "Usually 133 to 146",
		"If this person gets very ill", "Not for attempted resuscitation", "Form at home, in the kitchen", "Nothing of this kind has come from:</strong> Community team.", "From Elm Practice (03-Feb-2026)")
	if text := plainly(a.text); strings.Contains(text, "Low") || strings.Contains(text, "30-Jan-2026") {
		t.Errorf("a range in another unit, or a contact to come, counts: %s", text)
	}
	w.store(`{"resourceType":"CareTeam","id":"t2","status":"active","name":"Nursing","subject":{"reference":"Patient/amina"},"managingOrganization":[{"reference":"Organization/team"}]}
{"resourceType":"EpisodeOfCare","id":"t2","status":"active","type":[{"text":"Nursing"}],"patient":{"reference":"Patient/amina"},"managingOrganization":{"reference":"Organization/team"}}`)
	if twice := w.get("gp", "/people/amina"); strings.Count(plainly(twice.text), "Community team – Nursing") != 1 {
		t.Errorf("a team and its episode are not one: %s", plainly(twice.text))
	}
	if strings.Index(a.text, "Sara Amin") > strings.Index(a.text, "Yusuf Amin") {
		t.Error("next of kin does not stand before the others")
	}
	w.wants(w.get("gp", "/people/amina/text"), 200, "Next of kin: Sara Amin", "5.9 mmol/L, high (usually 3.5 to 5.3)", "Not for attempted resuscitation")
	w.store(`{"resourceType":"Organization","id":"far","name":"A hospital far away"}
{"resourceType":"Encounter","id":"e4","status":"finished","class":{"code":"EMER"},"subject":{"reference":"Patient/amina"},"period":{"start":"2026-01-20T10:00:00Z"},"serviceProvider":{"reference":"Organization/far"}}`)
	far := w.get("gp", "/people/amina")
	w.wants(far, 200, "no agreement to share binds them now", "A hospital far away", "last contact 20-Jan-2026")
	w.wants(w.get("gp", "/people/amina/text"), 200, "NOT AVAILABLE FROM\n- the council's social care records\n- A hospital far away\n")
	if strings.Contains(a.text, "no agreement to share") {
		t.Error("those whom an agreement binds are said to be bound by none")
	}
	w.wants(w.get("gp", "/people/bare"), 200, "No limit of treatment and no decision in advance is recorded here")
}

// TestSourcesThatDoNotAgree: what cannot both be so is shown side by side, and what
// differs in time alone, or comes from one source, is not.
func TestSourcesThatDoNotAgree(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/people/amina", "/people/amina/plan"} {
		if strings.Contains(w.get("gp", path).text, "Sources do not agree") {
			t.Errorf("%s says that sources do not agree, and they do", path)
		}
	}
	w.store(`{"resourceType":"AllergyIntolerance","id":"none","clinicalStatus":{"coding":[{"code":"active"}]},"code":{"coding":[{"system":"http://snomed.info/sct","code":"716186003","display":"No known allergy"}]},"patient":{"reference":"Patient/amina"},"recordedDate":"2025-05-05","recorder":{"reference":"Practitioner/gray"}}
{"resourceType":"MedicationRequest","id":"m2","status":"active","intent":"order","medicationCodeableConcept":{"text":"Ramipril 5 mg capsules"},"subject":{"reference":"Patient/amina"},"authoredOn":"2025-03-15","requester":{"reference":"Organization/gp"},"dosageInstruction":[{"text":"1 a day"}]}
{"resourceType":"MedicationStatement","id":"m3","status":"active","medicationCodeableConcept":{"text":"Ramipril 10 mg capsules"},"subject":{"reference":"Patient/amina"},"effectiveDateTime":"2025-09-15","informationSource":{"reference":"Organization/team"},"dosage":[{"text":"1 a day"}]}
{"resourceType":"MedicationRequest","id":"m4","status":"active","intent":"order","medicationCodeableConcept":{"text":"Ramipril 2.5 mg capsules"},"subject":{"reference":"Patient/amina"},"authoredOn":"2024-03-15","requester":{"reference":"Organization/gp"}}`)
	for _, path := range []string{"/people/amina", "/people/amina/plan"} {
		a := w.get("gp", path)
		w.wants(a, 200, "Sources do not agree", "Elm Practice, 15-Mar-2025: Ramipril 5 mg capsules – 1 a day", "Community team, 15-Sep-2025: Ramipril 10 mg capsules – 1 a day", "05-May-2025: No known allergy", "Known allergies")
		if part, _, _ := strings.Cut(a.text[strings.Index(a.text, "Sources do not agree"):], "</section>"); strings.Contains(part, "2.5 mg") {
			t.Errorf("%s counts an older word of one source: %s", path, plainly(part))
		}
	}
}

// TestAllergiesThatWereNotReadAreUnavailable: a banner that was made without reading
// allergies does not say that none are recorded.
func TestAllergiesThatWereNotReadAreUnavailable(t *testing.T) {
	s := &sheaf{of: map[string][]leaf{}}
	if got := s.allergies().Label; got != "unavailable" {
		t.Errorf("allergies that were not read are %q, want unavailable", got)
	}
	s.read = []string{"AllergyIntolerance"}
	if got := s.allergies().Label; got != "unrecorded" {
		t.Errorf("none found is %q, want unrecorded", got)
	}
	if s.more = true; s.allergies().Label != "unavailable" {
		t.Errorf("none found among a part of what there is, is %q, want unavailable", s.allergies().Label)
	}
}
