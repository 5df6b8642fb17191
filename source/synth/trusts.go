package synth

import "strings"

// addTrusts adds the trusts, the community provider, the ambulance service and
// the hospices, with their sites and services.
func (p *provision) addTrusts(seed uint64) {
	byID := map[string]*Organisation{}
	for i, row := range table("trusts") {
		d := roll(seed, "trust site", int64(i))
		network, borough := -1, ""
		if row[6] != "" {
			network = int(number(row[6]))
			borough = p.networks[network].Borough
		}
		o := byID[row[0]]
		if o == nil {
			o = p.organisation(row[0], row[1], row[2], borough)
			byID[row[0]] = o
		}
		site := p.site(d, o, row[3], number(row[4])+d.normal(0, 0.001), number(row[5])+d.normal(0, 0.0015), network)
		for word := range strings.FieldsSeq(row[7]) {
			what, known := purposeWords[word]
			if !known {
				panic("source/synth: trusts: unknown purpose " + word)
			}
			site.service(what, serviceNames[what], 0)
		}
	}
}

// serviceNames are what services of trusts are called.
var serviceNames = [purposes]string{
	emergency: "Emergency department", urgentTreatment: "Urgent treatment centre", acuteWards: "Wards",
	outpatients: "Outpatient clinics", imaging: "Imaging", cancerCare: "Cancer centre", maternity: "Maternity unit",
	childrensWards: "Children's wards", communityNursing: "District nursing", urgentResponse: "Urgent community response",
	therapies: "Community therapies", healthVisiting: "Health visiting and school nursing",
	talkingTherapies: "Talking therapies", mentalHealthTeam: "Community mental health team",
	crisisTeam: "Home treatment and crisis team", childrensMental: "Child and adolescent mental health",
	learningTeam: "Community learning disability team", psychiatricWards: "Mental health wards",
	ambulance: "999 ambulance response", helpline: "111 helpline", hospice: "Hospice care",
}
