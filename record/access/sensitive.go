package access

import (
	"bytes"

	"joinery/fhir"
)

// Codes that are sensitive by themselves, so that a resource which carries one
// is marked even when its sender did not mark it. The list is short on purpose:
// what the law or long practice withholds even from most who treat a person
// (sexual health and HIV: NHS Trusts and Primary Care Trusts (Sexually
// Transmitted Diseases) Directions 2000; fertility treatment: Human
// Fertilisation and Embryology Act 1990, section 33A; gender: Gender Recognition
// Act 2004, section 22; abuse), not every diagnosis that someone would rather
// keep. Mental health is not on it: those who treat a person in another
// service need to see it, and a sender who wants it withheld marks it PSY.
//
// Sources: ICD-10 2019 (WHO): A50–A64 infections with a predominantly sexual
// mode of transmission, B20–B24 and Z21 HIV, F64 gender identity, N97 and Z31
// fertility, O04 medical abortion, T74 maltreatment, Y05–Y07 assault by bodily
// force and maltreatment. SNOMED CT: the concepts named below, by identifier;
// descendants are not followed, since no hierarchy is shipped. LOINC: the HIV
// tests named below. A site adds marks in meta.security.
var sensitiveCodes = map[string]map[string]Label{
	"http://snomed.info/sct": {
		"86406008":  HIV,           // Human immunodeficiency virus infection
		"62479008":  HIV,           // Acquired immune deficiency syndrome
		"165816005": HIV,           // HIV positive
		"8098009":   SexualDisease, // Sexually transmitted infectious disease
		"15628003":  SexualDisease, // Gonorrhoea
		"76272004":  SexualDisease, // Syphilis
		"240589008": SexualDisease, // Chlamydia trachomatis infection
		"706893006": Abuse,         // Victim of intimate partner abuse
	},
	"http://loinc.org": {
		"20447-9": HIV, // HIV 1 RNA, viral load
		"25836-8": HIV, // HIV 1 RNA, viral load
		"56888-1": HIV, // HIV 1+2 antibody and p24 antigen
		"75622-1": HIV, // HIV 1 and 2 tests panel
		"7917-8":  HIV, // HIV 1 antibody
	},
}

// icd10 are the code systems in which the first three characters decide.
var icd10 = map[string]bool{
	"http://hl7.org/fhir/sid/icd-10":    true,
	"http://hl7.org/fhir/sid/icd-10-cm": true,
	"http://hl7.org/fhir/sid/icd-10-uk": true,
}

var icd10Ranges = []struct {
	from, to string
	label    Label
}{
	{"A50", "A64", SexualDisease},
	{"B20", "B24", HIV},
	{"Z21", "Z21", HIV},
	{"F64", "F64", GenderChange},
	{"N97", "N97", Sexuality},
	{"Z31", "Z31", Sexuality},
	{"O04", "O04", Sexuality},
	{"T74", "T74", Abuse},
	{"Y05", "Y07", Abuse},
}

// codeLabels returns the marks that a resource has from the codes in it,
// wherever they stand.
func codeLabels(res fhir.Value) Label {
	if !mayBeSensitive(res.Raw()) {
		return 0
	}
	var l Label
	var walk func(v fhir.Value)
	walk = func(v fhir.Value) {
		switch v.Kind() {
		case fhir.Object:
			if code := v.Get("code"); code.Kind() == fhir.String {
				l |= codeLabel(v.Get("system").Text(), code.Text())
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
	return l
}

func codeLabel(system, code string) Label {
	if icd10[system] {
		return icd10Label(code)
	}
	return sensitiveCodes[system][code]
}

func icd10Label(code string) Label {
	if len(code) < 3 {
		return 0
	}
	for _, r := range icd10Ranges {
		if code[:3] >= r.from && code[:3] <= r.to {
			return r.label
		}
	}
	return 0
}

// codesByThemselves are all the sensitive codes, whatever the system.
var codesByThemselves = func() map[string]bool {
	all := map[string]bool{}
	for _, codes := range sensitiveCodes {
		for code := range codes {
			all[code] = true
		}
	}
	return all
}()

// mayBeSensitive is a quick look over the bytes that spares nearly every
// resource the walk: it looks at what follows each "code" and knows neither
// system nor place. Where a name or a code could be written with escapes it
// cannot tell.
func mayBeSensitive(data []byte) bool {
	if bytes.Contains(data, []byte(`\u`)) {
		return true
	}
	for {
		at := bytes.Index(data, []byte(`"code"`))
		if at < 0 {
			return false
		}
		data = bytes.TrimLeft(data[at+len(`"code"`):], " \t\r\n:")
		if len(data) < 2 || data[0] != '"' {
			continue
		}
		end := bytes.IndexByte(data[1:], '"')
		if end < 0 {
			return false
		}
		code := data[1 : 1+end]
		if codesByThemselves[string(code)] || len(code) >= 3 && icd10Label(string(code[:3])) != 0 {
			return true
		}
	}
}
