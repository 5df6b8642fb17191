package synth

import "fmt"

type clinician struct {
	id, family, given, job, code string
	org                          string
}

var organisations = []struct{ id, name, kind, display string }{
	{Practice, "Larkfield Surgery", "prov", "Healthcare Provider"},
	{OtherSite, "Quayside Medical Centre", "prov", "Healthcare Provider"},
	{Community, "Eastmere Community Health", "prov", "Healthcare Provider"},
	{"demo-general", "Eastmere General Hospital", "prov", "Healthcare Provider"},
	{CareHome, "Willow Court Care Home", "prov", "Healthcare Provider"},
	{"demo-neighbours", "Eastmere Good Neighbours", "other", "Other"},
	{"demo-council", "Eastmere Borough Council", "govt", "Government"},
}

var clinicians = []clinician{
	{GP, "Sedge", "Imogen", "General practitioner", "62247001", Practice},
	{"demo-dr-marl", "Marl", "Kwame", "General practitioner", "62247001", Practice},
	{OtherGP, "Tarn", "Priya", "General practitioner", "62247001", OtherSite},
	{Nurse, "Rill", "Joan", "Nurse", "224535009", Community},
	{HomeNurse, "Vetch", "Tomasz", "Nurse", "224535009", CareHome},
	{"demo-dr-cairn", "Cairn", "Leila", "Consultant physician", "158967008", "demo-general"},
	{"demo-link-wold", "Wold", "Samuel", "Link worker", "", "demo-neighbours"},
	{"demo-social-fenn", "Fenn", "Grace", "Social worker", "106328005", "demo-council"},
}

// directory invents the services and who works in them.
func (w *world) directory() Bundle {
	const ours = "https://joinery.example/id/"
	for i, o := range organisations {
		w.add("Organization", o.id,
			"identifier", list(obj("system", ours+"organisation", "value", fmt.Sprintf("EM%03d", i+1))),
			"active", true,
			"type", list(concept(hl7+"organization-type", o.kind, o.display)),
			"name", o.name+" (synthetic)",
			"telecom", list(obj("system", "phone", "value", fmt.Sprintf("020 7946 0%03d", 100+i), "use", "work")))
	}
	w.add("Location", HomePlace,
		"status", "active", "name", "Willow Court (synthetic)", "mode", "instance",
		"address", obj("line", list("2 Willow Court"), "city", "Eastmere", "postalCode", "ZZ1 4AA"),
		"managingOrganization", ref("Organization", CareHome))
	for i, c := range clinicians {
		who := w.add("Practitioner", c.id,
			"identifier", list(obj("system", ours+"practitioner", "value", fmt.Sprintf("EP%03d", i+1))),
			"active", true,
			"name", list(obj("use", "official", "family", c.family, "given", list(c.given))))
		job := obj("text", c.job)
		if c.code != "" {
			job = concept(snomed, c.code, c.job)
		}
		w.add("PractitionerRole", c.id+"-role",
			"active", true,
			"practitioner", named(who, c.given+" "+c.family),
			"organization", ref("Organization", c.org),
			"code", list(job))
	}
	for _, s := range []struct{ id, org, name string }{
		{"demo-service-nursing", Community, "District nursing"},
		{"demo-service-falls", Community, "Falls response"},
		{"demo-service-link", "demo-neighbours", "Social prescribing"},
	} {
		w.add("HealthcareService", s.id,
			"active", true, "providedBy", ref("Organization", s.org), "name", s.name+" (synthetic)")
	}
	w.agreement()
	return w.bundle("directory")
}

// agreement binds the organisations to share for treatment and for planning:
// without one, their staff see nobody.
func (w *world) agreement() {
	var parties []any
	for _, o := range organisations {
		parties = append(parties, obj(
			"role", concept(hl7+"v3-ParticipationType", "PRCP", "primary information recipient"),
			"reference", ref("Organization", o.id)))
	}
	w.add("Consent", "demo-agreement",
		"status", "active",
		"scope", concept(hl7+"consentscope", "patient-privacy", "Privacy Consent"),
		"category", list(obj("text", "Sharing agreement of organisations")),
		"dateTime", date(w.ago(400)),
		"organization", []any{ref("Organization", "demo-council")},
		"policyRule", obj("text", "Eastmere sharing agreement (synthetic)"),
		"provision", obj("type", "permit", "period", obj("start", date(w.ago(400))),
			"actor", parties,
			"purpose", list(coding(actReason, "TREAT", "treatment"), coding(actReason, "HOPERAT", "healthcare operations"))))
}
