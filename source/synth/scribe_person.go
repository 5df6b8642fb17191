package synth

import "strconv"

const (
	nhsNumberSystem = "https://fhir.nhs.uk/Id/nhs-number"
	ukCoreCodes     = "https://fhir.hl7.org.uk/CodeSystem/"
)

// ethnicities are the categories of the 2001 census with their letters, as UK
// Core has them for England.
var ethnicities = map[string]string{
	"A": "British, Mixed British", "B": "Irish", "C": "Any other White background",
	"D": "White and Black Caribbean", "E": "White and Black African", "F": "White and Asian", "G": "Any other mixed background",
	"H": "Indian or British Indian", "J": "Pakistani or British Pakistani", "K": "Bangladeshi or British Bangladeshi", "L": "Any other Asian background",
	"M": "Caribbean", "N": "African", "P": "Any other Black background", "R": "Chinese", "S": "Any other ethnic group",
	"Z": "Not stated", "99": "Not known",
}

// boroughNames are the names of the district's boroughs, by their ONS codes.
var boroughNames = map[string]string{
	"E09000004": "Bexley", "E09000006": "Bromley", "E09000011": "Greenwich",
	"E09000022": "Lambeth", "E09000023": "Lewisham", "E09000028": "Southwark",
}

func (g Sex) String() string {
	return [...]string{Female: "female", Male: "male", OtherSex: "other", UnknownSex: "unknown"}[g]
}

func (s *Scribe) patient() {
	p := s.of
	s.begin("Patient", s.subject, "")
	s.patientExtensions(p)
	s.nhsNumber(p)
	s.flag("active", p.Died == NotYet)
	s.names(p)
	s.telecom(p)
	s.text("gender", p.Sex.String())
	s.on("birthDate", p.Born)
	s.on("deceasedDateTime", p.Died)
	s.address(p.Household)
	if p.Language != "" {
		s.raw(`,"communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47"`)
		s.text("code", p.Language)
		s.raw(`}]},"preferred":true}]`)
	}
	if p.Practice != nil {
		s.practice(p)
	}
	switch {
	case p.Keeper != nil:
		s.ref("managingOrganization", "Organization", p.Keeper.ID)
	case p.Practice != nil:
		s.ref("managingOrganization", "Organization", p.Practice.ID)
	}
	s.end()
}

// numberStates are the displays of the states of an NHS number.
var numberStates = map[string]string{
	"01": "Number present and verified", "02": "Number present but not traced", "03": "Trace required",
	"04": "Trace attempted - No match or multiple match found", "05": "Trace needs to be resolved", "06": "Trace in progress",
	"07": "Number not present and trace not required", "08": "Trace postponed (baby under six weeks old)",
}

// nhsNumber is the number with how far it has been verified.
func (s *Scribe) nhsNumber(p *Person) {
	if p.NHSNumber == "" {
		return
	}
	s.raw(`,"identifier":[{"extension":[{"url":"` + ukCore + `Extension-UKCore-NHSNumberVerificationStatus","valueCodeableConcept":{"coding":[{"system":"` +
		ukCoreCodes + `UKCore-NHSNumberVerificationStatusEngland"`)
	s.text("code", p.NumberStatus)
	s.text("display", numberStates[p.NumberStatus])
	s.raw(`}]}}],"system":"` + nhsNumberSystem + `"`)
	s.text("value", p.NHSNumber)
	s.raw(`}]`)
}

func (s *Scribe) patientExtensions(p *Person) {
	s.raw(`,"extension":[{"url":"` + ukCore + `Extension-UKCore-EthnicCategory","valueCodeableConcept":{"coding":[{"system":"` + ukCoreCodes + `UKCore-EthnicCategoryEngland"`)
	s.text("code", p.Ethnicity)
	s.text("display", ethnicities[p.Ethnicity])
	s.raw(`}]}}`)
	if p.Language != "" {
		s.raw(`,{"url":"` + ukCore + `Extension-UKCore-NHSCommunication","extension":[{"url":"language","valueCodeableConcept":{"coding":[{"system":"` + ukCoreCodes + `UKCore-HumanLanguage"`)
		s.text("code", p.Language)
		s.raw(`}]}},{"url":"interpreterRequired"`)
		s.flag("valueBoolean", p.Interpreter)
		s.raw(`}]}`)
	}
	for _, need := range p.Needs {
		s.raw(`,{"url":"` + ours + `accessible-information"`)
		s.concept("valueCodeableConcept", need, "")
		s.raw(`}`)
	}
	s.raw(`]`)
}

func (s *Scribe) names(p *Person) {
	s.raw(`,"name":[`)
	for i, n := range p.Names {
		if i > 0 {
			s.raw(`,`)
		}
		s.name(n)
	}
	s.raw(`]`)
}

// name is the object of a HumanName. A family name or given names may be missing.
func (s *Scribe) name(n Name) {
	s.raw(`{"use":`)
	s.quote(n.Use)
	s.text("family", n.Family)
	for i, given := range n.Given {
		if i == 0 {
			s.raw(`,"given":[`)
		} else {
			s.raw(`,`)
		}
		s.quote(given)
	}
	if len(n.Given) > 0 {
		s.raw(`]`)
	}
	if n.Prefix != "" {
		s.raw(`,"prefix":[`)
		s.quote(n.Prefix)
		s.raw(`]`)
	}
	if n.Until != NotYet {
		s.raw(`,"period":{"end":"`)
		s.b = appendMoment(s.b, n.Until.Start(), ToTheDay)
		s.raw(`"}`)
	}
	s.raw(`}`)
}

func (s *Scribe) telecom(p *Person) {
	if p.Phone == "" && p.Email == "" {
		return
	}
	s.raw(`,"telecom":[`)
	if p.Phone != "" {
		s.raw(`{"system":"phone"`)
		s.text("value", p.Phone)
		if len(p.Phone) > 1 && p.Phone[:2] == "07" {
			s.raw(`,"use":"mobile"}`)
		} else {
			s.raw(`,"use":"home"}`)
		}
	}
	if p.Email != "" {
		if p.Phone != "" {
			s.raw(`,`)
		}
		s.raw(`{"system":"email"`)
		s.text("value", p.Email)
		s.raw(`}`)
	}
	s.raw(`]`)
}

// address is where a household lives, with what is published of its area.
func (s *Scribe) address(h *Household) {
	if h == nil {
		return
	}
	s.raw(`,"address":[{"use":"home"`)
	if a := h.Area; a != nil {
		s.raw(`,"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-censusTract"`)
		s.text("valueString", a.Code)
		s.raw(`},{"url":"` + ours + `borough"`)
		s.text("valueCode", a.Borough)
		s.raw(`},{"url":"` + ours + `deprivation-decile"`)
		s.whole("valueInteger", int64(a.Deprivation))
		s.raw(`}]`)
	}
	for i, line := range h.Lines {
		if i == 0 {
			s.raw(`,"line":[`)
		} else {
			s.raw(`,`)
		}
		s.quote(line)
	}
	if len(h.Lines) > 0 {
		s.raw(`]`)
	}
	s.text("city", h.Town)
	if h.Area != nil {
		s.text("district", boroughNames[h.Area.Borough])
	}
	s.text("postalCode", h.Postcode)
	s.raw(`}]`)
}

// practice is where a person is registered, and their usual doctor there.
func (s *Scribe) practice(p *Person) {
	s.raw(`,"generalPractitioner":[{`)
	if p.Since != NotYet {
		s.raw(`"extension":[{"url":"` + ours + `registered-since"`)
		s.on("valueDate", p.Since)
		s.raw(`}],`)
	}
	s.raw(`"reference":"Organization/`)
	s.raw(p.Practice.ID)
	s.raw(`"}`)
	if doctor := usualDoctor(p); doctor != nil {
		s.raw(`,`)
		s.to("Practitioner", doctor.ID)
	}
	s.raw(`]`)
}

// generalPractitioner is the role that makes somebody a practice's doctor.
const generalPractitioner = "62247001"

// usualDoctor returns the doctor of the practice who has the person on their
// list: the doctors share out the numbers of people.
func usualDoctor(p *Person) *Staff {
	var doctors []*Staff
	for _, who := range p.Practice.Staff {
		if who.Role != nil && who.Role.Code == generalPractitioner {
			doctors = append(doctors, who)
		}
	}
	if len(doctors) == 0 {
		return nil
	}
	return doctors[p.Number%int64(len(doctors))]
}

// carer writes the i-th of those who care for the person, from 1, and that the
// person lets them see the record. The RelatedPerson does not name the carer's
// own Patient: one person's record says nothing of another's.
func (s *Scribe) carer(i int, c *Person) {
	id := carerID(s.of, i)
	s.begin("RelatedPerson", id, "")
	s.flag("active", c.Died == NotYet)
	s.person("patient")
	s.key("relationship")
	s.raw(`[`)
	s.says(relation(s.of, c), "Unpaid carer")
	s.raw(`]`)
	s.raw(`,"name":[`)
	s.name(c.Names[0])
	s.raw(`]`)
	s.telecom(c)
	s.text("gender", c.Sex.String())
	s.on("birthDate", c.Born)
	s.end()
	if c.Died == NotYet && s.of.Died == NotYet && letsSee(s.district.Seed, s.of, i) {
		s.consent(i, id)
	}
}

// carerID returns the id of the RelatedPerson who is the i-th carer, from 1.
func carerID(p *Person, i int) string { return p.ID() + "-carer-" + strconv.Itoa(i) }

// letsSee tells whether a person opens their record to their i-th carer: three
// in four do, an assumption without a source.
func letsSee(seed uint64, p *Person, i int) bool {
	return roll(seed, "consent", p.Number*8+int64(i)).chance(0.75)
}

func (s *Scribe) consent(i int, related string) {
	since := max(s.district.Since, s.of.Born) + Day(roll(s.district.Seed, "consented", s.of.Number).between(0, 1500))
	s.begin("Consent", s.subject+"-consent-"+strconv.Itoa(i), "")
	s.raw(`,"status":"active","scope":{"coding":[{"system":"` + terminology + `consentscope","code":"patient-privacy"}]},` +
		`"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0","display":"Consent Document"}]}]`)
	s.person("patient")
	s.on("dateTime", since)
	s.raw(`,"policyRule":{"coding":[{"system":"` + terminology + `v3-ActCode","code":"OPTIN"}]},"provision":{"type":"permit","period":{"start":"`)
	s.b = appendMoment(s.b, since.Start(), ToTheDay)
	s.raw(`"},"actor":[{"role":{"coding":[{"system":"` + terminology + `v3-ParticipationType","code":"PRCP","display":"primary information recipient"}]},"reference":`)
	s.to("RelatedPerson", related)
	s.raw(`}]}`)
	s.end()
}

// relation returns what a carer is to the person they care for, as far as their
// ages, their home and their mother tell.
func relation(p, carer *Person) *Concept {
	years := int(p.Born-carer.Born) / 365
	switch {
	case p.Mother == carer:
		return &mother
	case carer.Mother == p || years < -15 && sameFamily(p, carer):
		return &child
	case years > 15 && sameFamily(p, carer):
		return &parent
	case p.Household == carer.Household:
		return &partner
	}
	return &friend
}

// sameFamily tells whether two share a home or a surname.
func sameFamily(p, q *Person) bool {
	return p.Household == q.Household || p.Names[0].Family != "" && p.Names[0].Family == q.Names[0].Family
}

const roleCodes = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"

var (
	mother  = Concept{roleCodes, "MTH", "mother", Verified}
	child   = Concept{roleCodes, "CHILD", "child", Verified}
	parent  = Concept{roleCodes, "PRN", "parent", Verified}
	partner = Concept{roleCodes, "SIGOTHR", "significant other", Verified}
	friend  = Concept{roleCodes, "FRND", "unrelated friend", Verified}
)
