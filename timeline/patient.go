package timeline

import (
	"strconv"

	"joinery/fhir"
)

// Extensions by which a Patient says what R4 has no element for.
const (
	ethnicExtension      = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory"
	censusExtension      = "http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-censusTract"
	boroughExtension     = "https://joinery.example/fhir/StructureDefinition/borough"
	deprivationExtension = "https://joinery.example/fhir/StructureDefinition/deprivation-decile"
	registeredExtension  = "https://joinery.example/fhir/StructureDefinition/registered-since"
)

// ProfileOf returns what a Patient says of a person, except for the key and the
// network, which follows from the practice. ok is false when the Patient was
// replaced by another, with whom the person lives on. Patient.active is not
// asked: who has died or moved away was here.
func ProfileOf(res fhir.Value) (p Profile, ok bool) {
	for link := range res.Get("link").Items() {
		if link.Get("type").Is("replaced-by") {
			return Profile{}, false
		}
	}
	p.ID, p.Sex = fhir.ID(res.Get("id").Text()), res.Get("gender").Text()
	p.Born, _, _ = readMoment(res.Get("birthDate").Text())
	if died, _, ok := readMoment(res.Get("deceasedDateTime").Text()); ok {
		p.Died = died
	} else if res.Get("deceasedBoolean").IsTrue() {
		p.Died = DayMin
	}
	p.Ethnicity = extension(res, ethnicExtension).Get("valueCodeableConcept").At("coding", "code").Text()
	p.Language = languageOf(res)
	for ref := range res.Get("generalPractitioner").Items() {
		if id, ok := organisation(ref); ok {
			p.Practice = id
			p.Registered, _, _ = readMoment(extension(ref, registeredExtension).Get("valueDate").Text())
			break
		}
	}
	p.live(res)
	return p, true
}

// live reads where a person lives: at the address in force that says most.
func (p *Profile) live(res fhir.Value) {
	for address := range res.Get("address").Items() {
		if use := address.Get("use"); use.Is("old") || use.Is("billing") || address.Get("period").Get("end").Exists() {
			continue
		}
		borough := extension(address, boroughExtension).Get("valueCode").Text()
		lsoa := extension(address, censusExtension).Get("valueString").Text()
		if borough == "" && lsoa == "" || p.Borough != "" {
			continue
		}
		p.Borough, p.LSOA = borough, lsoa
		decile, err := strconv.Atoi(extension(address, deprivationExtension).Get("valueInteger").Text())
		if p.Deprivation = 0; err == nil && decile >= 1 && decile <= 10 {
			p.Deprivation = decile
		}
	}
	p.Resident = p.Borough != ""
}

// languageOf returns the language that a person prefers, if it is not English.
func languageOf(res fhir.Value) string {
	for c := range res.Get("communication").Items() {
		if code := c.Get("language").At("coding", "code").Text(); c.Get("preferred").IsTrue() || res.Get("communication").Len() == 1 {
			if code == "en" || code == "en-GB" {
				return ""
			}
			return code
		}
	}
	return ""
}

func extension(v fhir.Value, url string) fhir.Value {
	for e := range v.Get("extension").Items() {
		if e.Get("url").Is(url) {
			return e
		}
	}
	return fhir.Value{}
}

// NetworkOf returns the Organization that a practice is part of, and the
// practice, from its Organization.
func NetworkOf(res fhir.Value) (practice, network string) {
	network, _ = organisation(res.Get("partOf"))
	return res.Get("id").Text(), network
}
