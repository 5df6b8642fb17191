package synth

import (
	"fmt"
	"math"
)

// networks is how many local care networks the district has.
const networks = 24

// provision is everybody who provides care in the district, and how people
// find them. It is immutable and safe for concurrent use. Every organisation
// is invented; only structure, counts and sizes follow published figures.
type provision struct {
	all       []*Organisation // in a fixed order
	networks  [networks]*Organisation
	practices []*Organisation
	councils  []*Organisation // in the order of Boroughs

	offering   [purposes][]*Service
	reach      [purposes][][]chance // by area: of offering
	registered [][]chance           // by area: of practices, whose lists its people are on
	areas      map[*Area]int32
	offers     [purposes]offer
	sites      int
	phones     int
}

// newProvision invents the organisations of the district of these areas, each
// of which has its borough, network, people and place set.
func newProvision(seed uint64, areas []Area) *provision {
	p := &provision{areas: make(map[*Area]int32, len(areas))}
	for i := range areas {
		p.areas[&areas[i]] = int32(i)
	}
	p.readOffers()
	p.addNetworks()
	p.addPractices(seed, areas)
	p.addHubs(seed)
	p.addTrusts(seed)
	p.addCouncils(seed)
	p.addPharmacies(seed, areas)
	p.addCareHomes(seed, areas)
	p.addCharities(seed)
	p.hire(seed)
	p.registered = register(areas, p.practices)
	for _, o := range p.all {
		for _, s := range o.Sites {
			for _, service := range s.Services {
				p.offering[service.For] = append(p.offering[service.For], service)
			}
		}
	}
	for what := range purposes {
		p.reach[what] = reachOf(what, areas, p.offering[what])
	}
	p.reach[emergency] = emergencyReach(areas, p.offering[emergency])
	return p
}

// practiceFor draws the practice at which somebody of an area registers: near
// ones more often, so that lists grow in proportion to their published sizes.
// A nil area stands for any.
func (p *provision) practiceFor(d dice, a *Area) *Organisation {
	return p.practices[draw(d, p.registered[p.placeOf(d, a)])]
}

// find draws a service for somebody of an area, or of any when it is nil:
// emergency departments by where each borough's patients are known to go,
// others by nearness and size, those of a borough for its people alone. It is
// nil when nobody offers it there.
func (p *provision) find(d dice, what purpose, a *Area) *Service {
	near := p.reach[what][p.placeOf(d, a)]
	if len(near) == 0 {
		return nil
	}
	return p.offering[what][draw(d, near)]
}

// offers returns the first service for a purpose that an organisation offers; nil: none.
func (o *Organisation) offers(what purpose) *Service {
	for _, site := range o.Sites {
		for _, service := range site.Services {
			if service.For == what {
				return service
			}
		}
	}
	return nil
}

func (p *provision) placeOf(d dice, a *Area) int32 {
	if a == nil {
		return int32(d.rng.IntN(len(p.registered)))
	}
	return p.areas[a]
}

// organisation adds an organisation.
func (p *provision) organisation(id, kind, name, borough string) *Organisation {
	o := &Organisation{
		ID: "sel-" + id, Name: name + " (synthetic)", Type: kind, Borough: borough,
		ODS: fmt.Sprintf("ZZ%04d", len(p.all)+1), // no code of the real service begins with ZZ
	}
	p.all = append(p.all, o)
	return o
}

// site adds a site of an organisation at a place in a network; below 0: outside.
func (p *provision) site(d dice, o *Organisation, name string, lat, lon float64, network int) *Site {
	p.sites++
	s := &Site{
		ID: fmt.Sprintf("sel-site-%04d", p.sites), Name: name + " (synthetic)", Of: o,
		Lat: math.Round(lat*1e4) / 1e4, Lon: math.Round(lon*1e4) / 1e4,
		Lines:    []string{fmt.Sprintf("%d %s", d.between(1, 240), anyOf(d, siteStreets))},
		Town:     "Gravelmere",
		Postcode: fmt.Sprintf("ZZ99 %d%s", d.between(1, 9), anyOf(d, inwardCodes)),
	}
	if network >= 0 {
		s.Town, s.Borough = p.networks[network].Sites[0].Town, p.networks[network].Borough
		s.Postcode = fmt.Sprintf("ZZ%d %d%s", network+1, d.between(1, 9), anyOf(d, inwardCodes))
	}
	o.Sites = append(o.Sites, s)
	return s
}

var (
	siteStreets = []string{"Foundry Lane", "Orchard Rise", "Chandler Street", "Mill Pond Road", "Lantern Walk", "Ropewalk", "Saffron Close", "Tidewell Avenue", "Marl Road", "Sorrel Street", "Kiln Hill", "Osier Way", "Tannery Row", "Beacon Parade", "Curlew Road", "Market Parade"}
	inwardCodes = []string{"AB", "AD", "BD", "BH", "DE", "DJ", "EF", "FG", "GH", "HJ", "JL", "LN", "NP", "PQ", "QR", "RS", "ST", "TU", "UW", "WX"}
)
