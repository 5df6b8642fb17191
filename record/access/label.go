package access

import (
	"bytes"
	"slices"
	"strings"

	"joinery/fhir"
	"joinery/fhir/r4"
)

// Label is a set of marks on a resource, one bit each, small enough to lie in a
// signed 64-bit column:
//
//   - bits 0 to 15: how sensitive it is. Who has no clearance for every one of
//     them does not see the resource;
//   - bits 16 to 47: its categories, as far as scopes may name them. What a bit
//     stands for depends on the type: see Category;
//   - bits 48 and up: how it may be handled.
type Label uint64

// Labels. The codes are those of HL7's v3-ActCode (information sensitivity) and
// v3-Confidentiality; those that HL7 has none for are codes of LabelSystem.
const (
	Psychiatry     Label = 1 << iota // PSY, MH, PSYTHPN, BH and its kinds
	HIV                              // HIV
	SexualDisease                    // STD
	Abuse                            // SDV, MST, VIO
	Substance                        // ETH, SUD, ETHUD, OPIOIDUD
	Genetic                          // GDIS, SCA, SICKLE
	Sexuality                        // SEX, GENDER; fertility treatment and termination of pregnancy
	Taboo                            // TBOO: not to be shown to the patient before someone has talked with them
	ThirdParty                       // third-party: speaks of, or comes from, someone who must not be known to the patient
	Safeguarding                     // safeguarding
	GenderChange                     // gender-recognition: Gender Recognition Act 2004, section 22
	Adoption                         // adoption
	Address                          // protected-address: the S flag; only the address is withheld
	Restricted                       // R
	VeryRestrict                     // V
	OtherSensitive                   // any other information sensitivity of v3-ActCode

	NoProxy Label = 1 << 48 // not-for-carers: the person keeps it from those who care for them
	Shared  Label = 1 << 49 // it is of more than one person
	Finding Label = 1 << 50 // finding: why an applied model of care found the person, and what came of it

	// Workflow is what the moves of referrals, enrolments and tasks keep: it is
	// written by them alone (Subject.Through), whoever asks.
	Workflow Label = 1 << 51

	// Sensitive is every mark that needs clearance.
	Sensitive Label = 1<<16 - 1
	// Categories is every bit that stands for a category.
	Categories Label = (1<<48 - 1) &^ Sensitive
)

// LabelSystem is the code system of the security labels that HL7 has none for.
const LabelSystem = "urn:joinery:label"

const (
	actCode         = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
	confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
)

// labelNames are the names that the policy and the scopes use, and
// meta.security where it uses the same.
var labelNames = []struct {
	name  string
	label Label
}{
	{"PSY", Psychiatry},
	{"HIV", HIV},
	{"STD", SexualDisease},
	{"SDV", Abuse},
	{"ETH", Substance},
	{"GDIS", Genetic},
	{"SEX", Sexuality},
	{"TBOO", Taboo},
	{"third-party", ThirdParty},
	{"safeguarding", Safeguarding},
	{"gender-recognition", GenderChange},
	{"adoption", Adoption},
	{"protected-address", Address},
	{"R", Restricted},
	{"V", VeryRestrict},
	{"other", OtherSensitive},
	{"not-for-carers", NoProxy},
	{"shared", Shared},
	{"finding", Finding},
	{"workflow", Workflow},
}

// sensitivityCodes are the codes of v3-ActCode under
// _InformationSensitivityPolicy, all of them: one without a label of its own is
// OtherSensitive, so that none is taken for harmless.
var sensitivityCodes = map[string]Label{
	"PSY": Psychiatry, "MH": Psychiatry, "PSYTHPN": Psychiatry, "BH": Psychiatry, "COGN": Psychiatry, "DVD": Psychiatry, "EMOTDIS": Psychiatry,
	"HIV": HIV, "STD": SexualDisease, "SDV": Abuse, "MST": Abuse, "VIO": Abuse,
	"ETH": Substance, "SUD": Substance, "ETHUD": Substance, "OPIOIDUD": Substance,
	"GDIS": Genetic, "SCA": Genetic, "SICKLE": Genetic, "SEX": Sexuality, "GENDER": Sexuality, "TBOO": Taboo,
	"SPI": OtherSensitive, "DEMO": OtherSensitive, "DOB": OtherSensitive, "LIVARG": OtherSensitive, "MARST": OtherSensitive,
	"RACE": OtherSensitive, "REL": OtherSensitive, "B": OtherSensitive, "EMPL": OtherSensitive, "LOCIS": OtherSensitive,
	"SSP": OtherSensitive, "ADOL": OtherSensitive, "CEL": OtherSensitive, "DIA": OtherSensitive, "DRGIS": OtherSensitive,
	"EMP": OtherSensitive, "PDS": OtherSensitive, "PHY": OtherSensitive, "PRS": OtherSensitive,
}

// LabelNamed returns the label that has a name in the policy language, such as
// "HIV" or "third-party".
func LabelNamed(name string) (Label, bool) {
	for _, l := range labelNames {
		if l.name == name {
			return l.label, true
		}
	}
	return 0, false
}

// String lists the names of the labels; categories are left out.
func (l Label) String() string {
	var names []string
	for _, n := range labelNames {
		if l&n.label != 0 {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, " ")
}

// Mark is a coding of meta.security.
type Mark struct{ System, Code string }

// Marks returns the codings by which a resource gets those of the labels that
// need clearance: so that what is made of marked resources is marked as they
// are.
func (l Label) Marks() []Mark {
	var out []Mark
	for _, n := range labelNames {
		if l&n.label&Sensitive == 0 {
			continue
		}
		m := Mark{LabelSystem, n.name}
		switch {
		case sensitivityCodes[n.name] == n.label:
			m.System = actCode
		case n.label == Restricted, n.label == VeryRestrict:
			m.System = confidentiality
		}
		out = append(out, m)
	}
	return out
}

// Labels returns the marks of a resource: from meta.security, from the codes in
// it that are sensitive by themselves (see sensitive.go), its categories, and
// Shared when it refers to several patients. A Bundle has the marks of all that
// it holds.
func Labels(res fhir.Value) Label {
	typ := res.Get("resourceType").Text()
	l := securityLabels(res) | codeLabels(res) | categoryLabels(typ, res)
	if typ != "Patient" && refersToSeveral(res) {
		l |= Shared
	}
	for _, name := range []string{"contained", "entry"} {
		for item := range res.Get(name).Items() {
			if name == "entry" {
				item = item.Get("resource")
			}
			if item.Exists() {
				l |= securityLabels(item)
			}
		}
	}
	return l
}

func securityLabels(res fhir.Value) Label {
	var l Label
	for c := range res.Get("meta").Get("security").Items() {
		code := c.Get("code").Text()
		switch c.Get("system").Text() {
		case actCode:
			l |= sensitivityCodes[code]
		case confidentiality:
			switch code {
			case "R":
				l |= Restricted
			case "V":
				l |= VeryRestrict
			}
		case LabelSystem:
			if named, ok := LabelNamed(code); ok {
				l |= named
			} else {
				l |= OtherSensitive
			}
		}
	}
	return l
}

// refersToSeveral reports whether a resource refers to more than one Patient,
// anywhere.
func refersToSeveral(res fhir.Value) bool {
	data := res.Raw()
	if bytes.Count(data, []byte("Patient/")) < 2 && !bytes.Contains(data, []byte(`\`)) {
		return false
	}
	first, several := "", false
	var walk func(v fhir.Value)
	walk = func(v fhir.Value) {
		switch v.Kind() {
		case fhir.Object:
			if id, ok := patientOf(v.Get("reference").Text()); ok {
				if first == "" {
					first = id
				}
				several = several || id != first
			}
			for _, member := range v.Members() {
				walk(member)
			}
		case fhir.Array:
			for item := range v.Items() {
				walk(item)
			}
		}
	}
	walk(res)
	return several
}

// patientOf returns the id in a reference to a Patient, relative or absolute,
// versioned or not.
func patientOf(reference string) (id string, ok bool) {
	at := strings.LastIndex(reference, "Patient/")
	if at < 0 || at > 0 && reference[at-1] != '/' {
		return "", false
	}
	id, _, _ = strings.Cut(reference[at+len("Patient/"):], "/")
	return id, id != ""
}

// category is a value of an element "category" that scopes may name.
type category struct{ system, code string }

const (
	observationCategory = "http://terminology.hl7.org/CodeSystem/observation-category"
	conditionCategory   = "http://terminology.hl7.org/CodeSystem/condition-category"
	usCoreCondition     = "http://hl7.org/fhir/us/core/CodeSystem/condition-category"
	usCoreTags          = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category"
	documentCategory    = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category"
	reportCategory      = "http://terminology.hl7.org/CodeSystem/v2-0074"
	loinc               = "http://loinc.org"
)

// categoriesOf lists for a type the categories that have a bit, from bit 16 on.
// Only appended to: the bits are stored.
var categoriesOf = map[string][]category{
	"Observation": {
		{observationCategory, "social-history"},
		{observationCategory, "vital-signs"},
		{observationCategory, "imaging"},
		{observationCategory, "laboratory"},
		{observationCategory, "procedure"},
		{observationCategory, "survey"},
		{observationCategory, "exam"},
		{observationCategory, "therapy"},
		{observationCategory, "activity"},
		{usCoreTags, "sdoh"},
		{usCoreTags, "functional-status"},
		{usCoreTags, "disability-status"},
		{usCoreTags, "cognitive-status"},
		{usCoreTags, "treatment-intervention-preference"},
		{usCoreTags, "care-experience-preference"},
	},
	"Condition": {
		{conditionCategory, "problem-list-item"},
		{conditionCategory, "encounter-diagnosis"},
		{usCoreCondition, "health-concern"},
		{usCoreTags, "sdoh"},
	},
	"DocumentReference": {
		{documentCategory, "clinical-note"},
		{loinc, "LP173421-1"},
		{loinc, "11488-4"},
		{loinc, "18842-5"},
		{loinc, "34117-2"},
		{loinc, "11506-3"},
		{loinc, "28570-0"},
		{loinc, "34133-9"},
	},
	"DiagnosticReport": {
		{reportCategory, "LAB"},
		{reportCategory, "RAD"},
		{reportCategory, "CT"},
		{reportCategory, "MB"},
		{reportCategory, "PAT"},
		{loinc, "LP29684-5"},
		{loinc, "LP29708-2"},
		{loinc, "LP7839-6"},
	},
}

// Category returns the bits of a type's category: of one code when system is
// given, of the code in whichever system when it is empty. Zero: no scope can
// name it.
func Category(typ, system, code string) Label {
	var l Label
	for i, c := range categoriesOf[typ] {
		if c.code == code && (system == "" || c.system == system) {
			l |= 1 << (16 + i)
		}
	}
	return l
}

func categoryLabels(typ string, res fhir.Value) Label {
	if categoriesOf[typ] == nil {
		return 0
	}
	var l Label
	for concept := range res.Get("category").Items() {
		for c := range concept.Get("coding").Items() {
			if system := c.Get("system").Text(); system != "" {
				l |= Category(typ, system, c.Get("code").Text())
			}
		}
	}
	return l
}

// categoryTypes are the types whose scopes may be narrowed by category.
func categoryTypes() []string {
	var out []string
	for _, typ := range r4.Types() {
		if categoriesOf[typ] != nil {
			out = append(out, typ)
		}
	}
	slices.Sort(out)
	return out
}
