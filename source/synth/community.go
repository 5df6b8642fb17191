package synth

import (
	"fmt"
	"strings"
)

// addNetworks adds the networks, each with its hub.
func (p *provision) addNetworks() {
	for i, row := range table("networks") {
		o := p.organisation(fmt.Sprintf("network-%02d", i+1), "network", row[2]+" Local Care Network", row[1])
		o.Sites = []*Site{{
			ID: fmt.Sprintf("sel-hub-%02d", i+1), Name: row[2] + " Network Hub (synthetic)", Of: o, Borough: row[1],
			Lines: []string{"1 " + siteStreets[i%len(siteStreets)]}, Town: row[2],
			Postcode: fmt.Sprintf("ZZ%d 1%s", i+1, inwardCodes[0]),
		}}
		p.networks[i] = o
	}
}

// addHubs puts each network's hub amid its practices and opens it: evening and
// weekend appointments, and link workers.
func (p *provision) addHubs(seed uint64) {
	for n, o := range p.networks {
		hub, d := o.Sites[0], roll(seed, "hub", int64(n))
		hub.Lat, hub.Lon = p.middle(func(practice *Organisation) bool { return practice.PartOf == o })
		for _, what := range []purpose{extendedAccess, socialPrescribing} {
			p.serve(d, hub, what).Network = n
		}
	}
}

// addCouncils adds the councils with their social care.
func (p *provision) addCouncils(seed uint64) {
	for i, row := range table("boroughs") {
		d := roll(seed, "council", int64(i))
		o := p.organisation(fmt.Sprintf("council-%d", i+1), "council", row[1]+" Borough Council", row[0])
		lat, lon := p.middle(func(practice *Organisation) bool { return practice.Borough == row[0] })
		site := p.site(d, o, row[1]+" Civic Offices", lat, lon, p.firstOf(row[0]))
		for _, what := range []purpose{adultSocialCare, childrensSocialCare, reablement} {
			p.serve(d, site, what)
		}
		p.councils = append(p.councils, o)
	}
}

// middle returns the mean place of some of the practices.
func (p *provision) middle(some func(*Organisation) bool) (lat, lon float64) {
	n := 0.0
	for _, o := range p.practices {
		if some(o) {
			lat, lon, n = lat+o.Sites[0].Lat, lon+o.Sites[0].Lon, n+1
		}
	}
	return lat / n, lon / n
}

// firstOf returns the first network of a borough.
func (p *provision) firstOf(borough string) int {
	for n, o := range p.networks {
		if o.Borough == borough {
			return n
		}
	}
	panic("synth: no network in " + borough)
}

// addPharmacies adds each borough's pharmacies, with hours as published ones have.
func (p *provision) addPharmacies(seed uint64, areas []Area) {
	hours := table("pharmacy-hours")
	weights := make([]float64, len(hours))
	for i, row := range hours {
		weights[i] = number(row[3])
	}
	n := 0
	for _, row := range table("places") {
		for range whole(row[1]) {
			n++
			d := roll(seed, "pharmacy", int64(n))
			a := spot(d, areas, func(a *Area) bool { return a.Borough == row[0] })
			name := placeWords[(n*7)%len(placeWords)] + " " + []string{"Pharmacy", "Chemist", "Apothecary"}[n/len(placeWords)%3]
			o := p.organisation(fmt.Sprintf("pharmacy-%03d", n), "pharmacy", name, row[0])
			site := p.site(d, o, name, a.Lat+d.normal(0, 0.002), a.Lon+d.normal(0, 0.003), a.Network)
			week := hours[d.among(weights)]
			service := p.serve(d, site, dispensing)
			service.Hours, service.Holidays = weekOf(week[0], week[1], week[2]), closedOnHolidays
			if week[2] != "-" {
				service.Holidays = asOnSunday
			}
			service.Languages = append(service.Languages, spoken(d)...)
		}
	}
}

// bedsPer85 is how many beds in care homes there are for one person of 85 and
// over. An assumption, as params/places.tsv says.
const bedsPer85 = 0.17

// addCareHomes adds care homes until each borough has its beds: two in five
// with nursing, which are larger. Sizes are an assumption around a published
// mean of 31 beds (params/places.tsv).
func (p *provision) addCareHomes(seed uint64, areas []Area) {
	n := 0
	for _, row := range table("places") {
		for beds := int(number(row[2]) * bedsPer85); beds >= 6; {
			n++
			d := roll(seed, "care home", int64(n))
			what, size := residentialCare, d.between(10, 36)
			if d.chance(0.4) {
				what, size = nursingCare, d.between(24, 64)
			}
			size = min(size, beds)
			beds -= size
			a := spot(d, areas, func(a *Area) bool { return a.Borough == row[0] })
			name := placeWords[(n*11)%len(placeWords)] + " " + []string{"Court", "House", "Lodge", "Manor"}[n/len(placeWords)%4]
			o := p.organisation(fmt.Sprintf("care-home-%03d", n), "carehome", name, row[0])
			site := p.site(d, o, name, a.Lat+d.normal(0, 0.002), a.Lon+d.normal(0, 0.003), a.Network)
			p.serve(d, site, what).Capacity = size
		}
	}
}

// addCharities adds the charities and groups: of some kinds one in each
// borough, of others one for the district.
func (p *provision) addCharities(seed uint64) {
	for i, row := range table("charities") {
		if row[0] == "all" {
			p.addCharity(roll(seed, "charity", int64(i)), row, row[2], i%networks)
			continue
		}
		for k, borough := range table("boroughs") {
			d := roll(seed, "charity", int64(100+i*10+k))
			p.addCharity(d, row, borough[1]+" "+row[2], p.firstOf(borough[0])+d.between(0, 3))
		}
	}
}

// addCharity adds a charity of a row of the table in a network.
func (p *provision) addCharity(d dice, row []string, name string, network int) {
	hub := p.networks[network].Sites[0]
	o := p.organisation("charity-"+strings.ReplaceAll(strings.ToLower(plain(name)), " ", "-"), "charity", name, hub.Borough)
	site := p.site(d, o, name, hub.Lat+d.normal(0, 0.004), hub.Lon+d.normal(0, 0.006), network)
	service := p.serve(d, site, purposeOf(row[1]))
	service.Type = &Concept{System: serviceTypes, Code: row[1], Display: row[3]}
	service.Name = row[3] + " (synthetic)"
	service.Hours, service.Holidays = weekOf(row[4], row[5], row[6]), closedOnHolidays
	if row[6] == "00:00-24:00" {
		service.Holidays = asUsual
	}
	service.Capacity, service.From, service.To = whole(row[7]), whole(row[8]), whole(row[9])
	service.Languages = append(service.Languages, strings.Fields(row[10])...)
	service.Eligible, service.SelfReferral, service.Referral = row[11], true, "Come by yourself, or any professional may refer"
}

// plain keeps letters and spaces, for an id.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == ' ' {
			return r
		}
		return -1
	}, name)
}
