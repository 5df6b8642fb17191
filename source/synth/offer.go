package synth

import (
	"fmt"
	"strings"
)

// offer is what the tables say of services for a purpose.
type offer struct {
	word     string
	name     string
	from, to int
	self     bool
	referral string
	capacity int
	eligible string
	hours    Week
	holidays holidayRule
}

// serviceTypes is the system of our own codes for what a service is for: a
// list of types that is published for that, SNOMED CT's or another, we could
// not verify.
const serviceTypes = "https://joinery.example/fhir/CodeSystem/service-type"

// readOffers reads what the tables say of services.
func (p *provision) readOffers() {
	for _, row := range table("services") {
		p.offers[purposeOf(row[0])] = offer{
			word: row[0], name: row[1], from: whole(row[2]), to: whole(row[3]), self: row[4] == "yes",
			referral: row[5], capacity: whole(row[6]), eligible: row[7],
		}
	}
	for _, row := range table("hours") {
		o := &p.offers[purposeOf(row[0])]
		o.hours, o.holidays = weekOf(row[1], row[2], row[3]), holidayRuleOf(row[4])
	}
}

// serve adds a service for a purpose to a site, as the tables have it.
func (p *provision) serve(d dice, at *Site, what purpose) *Service {
	o := &p.offers[what]
	service := &Service{
		ID:   fmt.Sprintf("sel-service-%s-%d", at.ID[len("sel-"):], len(at.Services)+1),
		Name: o.name + " (synthetic)", For: what, Type: &Concept{System: serviceTypes, Code: o.word, Display: o.name},
		At: at, Network: -1, Hours: o.hours, Holidays: o.holidays, Capacity: o.capacity, Eligible: o.eligible,
		From: o.from, To: o.to, Languages: []string{"en"}, Access: facilities(d), SelfReferral: o.self,
		Referral: o.referral, Phone: p.phone(),
	}
	at.Services = append(at.Services, service)
	return service
}

// phone returns the next number of those that Ofcom keeps for drama in London,
// of which there are a thousand: then they come again.
func (p *provision) phone() string {
	p.phones++
	return fmt.Sprintf("020 7946 0%03d", p.phones%1000)
}

// facilities draws what makes a site easier to use. The shares are assumptions.
func facilities(d dice) []string {
	var has []string
	for _, f := range []struct {
		words string
		share float64
	}{{"Step-free access", 0.8}, {"Accessible toilet", 0.7}, {"Hearing loop", 0.5}, {"Sign language interpreter by arrangement", 0.4}, {"Quiet waiting space", 0.2}} {
		if d.chance(f.share) {
			has = append(has, f.words)
		}
	}
	return has
}

// spoken draws languages besides English that staff speak. The shares are an
// assumption; the languages are some that the boroughs' people speak.
func spoken(d dice) []string {
	var also []string
	for _, l := range strings.Fields("es pt fr pl bn so yo vi ta tr ar it") {
		if d.chance(0.15) {
			also = append(also, l)
		}
	}
	return also
}
