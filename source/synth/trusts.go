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
			word, always := strings.CutSuffix(word, "*")
			service := p.serve(d, site, purposeOf(word))
			if always {
				service.Hours = weekOf("00:00-24:00", "00:00-24:00", "00:00-24:00")
			}
		}
	}
}
