package synth

import (
	"slices"
	"strconv"
)

// kindsOf are HL7's organization-type by our types; what is not here provides care.
var kindsOf = map[string]Concept{
	"network":      {organizationTypes, "ntwk", "Network", Verified},
	"charity":      {organizationTypes, "other", "Other", Verified},
	"council":      {organizationTypes, "govt", "Government", Verified},
	"commissioner": {organizationTypes, "govt", "Government", Verified},
}

const organizationTypes = "http://terminology.hl7.org/CodeSystem/organization-type"

var provider = Concept{organizationTypes, "prov", "Healthcare Provider", Verified}

// Places writes the district's organisations with their sites, services and
// staff, and the agreement by which they share.
func (s *Scribe) Places() {
	all := s.district.Organisations
	for _, o := range all {
		s.organisation(o)
	}
	for _, o := range all {
		for _, site := range o.Sites {
			s.location(site)
			for _, service := range site.Services {
				s.service(service)
			}
		}
		for _, who := range o.Staff {
			s.practitioner(who)
		}
	}
	s.agreement()
}

func (s *Scribe) organisation(o *Organisation) {
	s.begin("Organization", o.ID, "")
	if o.ODS != "" {
		s.raw(`,"identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code"`)
		s.text("value", o.ODS)
		s.raw(`,"assigner":{"display":"Invented: no body has this code"}}]`)
	}
	s.flag("active", true)
	kind := provider
	if k, ok := kindsOf[o.Type]; ok {
		kind = k
	}
	s.concepts("type", &kind, o.Type)
	s.text("name", o.Name)
	if o.PartOf != nil {
		s.ref("partOf", "Organization", o.PartOf.ID)
	}
	s.end()
}

func (s *Scribe) location(site *Site) {
	s.begin("Location", site.ID, "")
	s.raw(`,"status":"active"`)
	s.text("name", site.Name)
	s.raw(`,"mode":"instance","address":{"use":"work"`)
	for i, line := range site.Lines {
		if i == 0 {
			s.raw(`,"line":[`)
		} else {
			s.raw(`,`)
		}
		s.quote(line)
	}
	if len(site.Lines) > 0 {
		s.raw(`]`)
	}
	s.text("city", site.Town)
	s.text("postalCode", site.Postcode)
	s.raw(`}`)
	if site.Lat != 0 {
		s.raw(`,"position":{"longitude":`)
		s.b = strconv.AppendFloat(s.b, rounded(site.Lon, 4), 'f', 4, 64)
		s.raw(`,"latitude":`)
		s.b = strconv.AppendFloat(s.b, rounded(site.Lat, 4), 'f', 4, 64)
		s.raw(`}`)
	}
	s.ref("managingOrganization", "Organization", site.Of.ID)
	s.end()
}

func (s *Scribe) service(v *Service) {
	s.begin("HealthcareService", v.ID, "")
	s.terms(v)
	s.flag("active", true)
	s.ref("providedBy", "Organization", v.At.Of.ID)
	s.concepts("type", v.Type, "")
	s.refs("location", "Location", v.At.ID)
	s.text("name", v.Name)
	if v.Phone != "" {
		s.raw(`,"telecom":[{"system":"phone","use":"work"`)
		s.text("value", v.Phone)
		s.raw(`}]`)
	}
	if v.Eligible != "" {
		s.raw(`,"eligibility":[{"comment":`)
		s.quote(v.Eligible)
		s.raw(`}]`)
	}
	s.texts("characteristic", v.Access)
	if len(v.Languages) > 0 {
		s.raw(`,"communication":[`)
		for i, l := range v.Languages {
			if i > 0 {
				s.raw(`,`)
			}
			s.raw(`{"coding":[{"system":"urn:ietf:bcp:47"`)
			s.text("code", l)
			s.raw(`}]}`)
		}
		s.raw(`]`)
	}
	if v.Referral != "" {
		s.texts("referralMethod", []string{v.Referral})
	}
	s.hours(&v.Hours)
	switch v.Holidays {
	case closedOnHolidays:
		s.raw(`,"notAvailable":[{"description":"Bank holidays of England"}]`)
	case asOnSunday:
		s.raw(`,"availabilityExceptions":"On bank holidays of England as on Sundays."`)
	case asUsual:
	}
	s.end()
}

// terms are the extensions of a service: who may come, and how many can.
func (s *Scribe) terms(v *Service) {
	s.raw(`,"extension":[{"url":"` + ours + `self-referral"`)
	s.flag("valueBoolean", v.SelfReferral)
	s.raw(`}`)
	for _, n := range []struct {
		name string
		size int
	}{{"weekly-capacity", v.Capacity}, {"age-from", v.From}, {"age-to", v.To}} {
		if n.size > 0 {
			s.raw(`,{"url":"` + ours + n.name + `"`)
			s.whole("valuePositiveInt", int64(n.size))
			s.raw(`}`)
		}
	}
	if ofBorough[v.For] {
		s.raw(`,{"url":"` + ours + `serves-borough"`)
		s.text("valueCode", v.At.Borough)
		s.raw(`}`)
	}
	if v.Network >= 0 {
		s.raw(`,{"url":"` + ours + `serves-network"`)
		s.ref("valueReference", "Organization", v.At.Of.ID)
		s.raw(`}`)
	}
	s.raw(`]`)
}

// texts is a member that is a list of CodeableConcepts with a text only.
func (s *Scribe) texts(name string, list []string) {
	for i, text := range list {
		if i == 0 {
			s.key(name)
			s.raw(`[`)
		} else {
			s.raw(`,`)
		}
		s.says(nil, text)
	}
	if len(list) > 0 {
		s.raw(`]`)
	}
}

var weekdays = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// hours writes when a service is open: days with the same hours together, in
// the order of their first day from Monday.
func (s *Scribe) hours(w *Week) {
	var done [7]bool
	first := true
	for n := range 7 {
		day := (n + 1) % 7
		if done[day] {
			continue
		}
		var same []int
		for m := n; m < 7; m++ {
			if other := (m + 1) % 7; slices.Equal(w[day], w[other]) {
				same, done[other] = append(same, other), true
			}
		}
		for _, span := range w[day] {
			if first {
				s.raw(`,"availableTime":[`)
				first = false
			} else {
				s.raw(`,`)
			}
			s.open(same, span)
		}
	}
	if !first {
		s.raw(`]`)
	}
}

// open writes one span of the day on which a service is open on some days.
func (s *Scribe) open(days []int, span Span) {
	for i, d := range days {
		if i == 0 {
			s.raw(`{"daysOfWeek":["`)
		} else {
			s.raw(`","`)
		}
		s.raw(weekdays[d])
	}
	s.raw(`"]`)
	if span.From == 0 && span.To == 1440 {
		s.flag("allDay", true)
	} else {
		s.clock("availableStartTime", int(span.From))
		s.clock("availableEndTime", min(int(span.To), 1439))
	}
	s.raw(`}`)
}

func (s *Scribe) clock(name string, minute int) {
	s.key(name)
	h, m := minute/60, minute%60
	s.b = append(s.b, '"', byte('0'+h/10), byte('0'+h%10), ':', byte('0'+m/10), byte('0'+m%10), ':', '0', '0', '"')
}

func (s *Scribe) practitioner(who *Staff) {
	s.begin("Practitioner", who.ID, "")
	s.flag("active", true)
	s.raw(`,"name":[{"use":"official"`)
	s.text("family", who.Family)
	s.raw(`,"given":[`)
	s.quote(who.Given)
	s.raw(`]}]`)
	s.end()

	s.begin("PractitionerRole", who.ID+"-role", "")
	s.flag("active", true)
	s.ref("practitioner", "Practitioner", who.ID)
	s.ref("organization", "Organization", who.Of.ID)
	s.concepts("code", who.Role, who.Job)
	s.end()
}

// agreement binds all organisations to share for treatment and for planning:
// without one, their staff see nobody.
func (s *Scribe) agreement() {
	since := s.district.Since
	s.begin("Consent", "sel-agreement", "")
	s.raw(`,"status":"active","scope":{"coding":[{"system":"` + terminology + `consentscope","code":"patient-privacy"}]},` +
		`"category":[{"text":"Sharing agreement of organisations"}]`)
	s.on("dateTime", since)
	s.raw(`,"policyRule":{"text":"Sharing agreement of a synthetic district"},"provision":{"type":"permit","period":{"start":"`)
	s.b = appendMoment(s.b, since.Start(), ToTheDay)
	s.raw(`"},"actor":[`)
	for i, o := range s.district.Organisations {
		if i > 0 {
			s.raw(`,`)
		}
		s.raw(`{"role":{"coding":[{"system":"` + terminology + `v3-ParticipationType","code":"PRCP"}]},"reference":`)
		s.to("Organization", o.ID)
		s.raw(`}`)
	}
	const reasons = `{"system":"` + terminology + `v3-ActReason","code":"`
	s.raw(`],"purpose":[` + reasons + `TREAT"},` + reasons + `HOPERAT"}]}`)
	s.end()
}
