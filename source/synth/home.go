package synth

import (
	"strconv"
	"strings"
)

// home makes the place where the people of a draft live.
func (d *District) home(luck dice, f draft) *Household {
	s := settle().strata[f.stratum]
	h := &Household{}
	switch f.standing {
	case resident, movedAway:
		h.Area = &d.Areas[s.area(luck)]
		h.Tenure = s.tenure(luck, f)
		h.Overcrowded = luck.chance(s.crowding * crowding(len(f.cast), h.Tenure))
		d.address(luck, h)
	case inCareHome:
		h.Home, h.Area = CareHomeRoom, &d.Areas[s.area(luck)]
		d.room(luck, h)
	case inHall, inHostel:
		h.Home, h.Area = OtherCommunal, &d.Areas[s.area(luck)]
		d.address(luck, h)
		name := anyOf(luck, houses)
		if f.standing == inHall {
			h.Lines = append([]string{"Room " + strconv.Itoa(luck.between(1, 320)), name + " Hall of Residence"}, h.Lines[len(h.Lines)-1])
		} else {
			h.Lines = append([]string{name + " Hostel"}, h.Lines[len(h.Lines)-1])
		}
	case roofless:
		// The postcode is that by which the NHS marks people of no fixed abode.
		h.Home, h.Lines, h.Postcode = NoFixedAbode, []string{"No fixed abode"}, "ZZ99 3VZ"
	case outside:
		h.Home, h.Tenure = OutsideDistrict, s.tenure(luck, f)
		d.address(luck, h)
	}
	return h
}

// room puts a household into a care home near its area, if there is one.
func (d *District) room(luck dice, h *Household) {
	what := residentialCare
	if luck.chance(0.5) { // assumption; about half of the beds in England are in homes with nursing
		what = nursingCare
	}
	service := d.care.find(luck, what, h.Area)
	if service == nil {
		d.address(luck, h)
		return
	}
	h.CareHome = service.At
	h.Lines = append([]string{service.Name}, service.At.Lines...)
	h.Lines[0] = strings.TrimSuffix(h.CareHome.Name, " (synthetic)")
	h.Town, h.Postcode = service.At.Town, service.At.Postcode
}

// tenure draws how a household holds its home.
func (s *stratum) tenure(luck dice, f draft) string {
	t := luck.among(s.holding[f.template][:])
	if t == 2 && len(f.cast) > 1 && luck.chance(temporary) {
		return "temporary accommodation"
	}
	return tenures[t]
}

// furnish works out how the households of each template hold their homes, and
// how crowded they are, so that both come out as counted.
func (s *stratum) furnish(fitted []float64, samples []sample) {
	s.holding = make([][4]float64, len(templates))
	for t := range templates {
		s.holding[t] = holds(templates[t])
	}
	const rounds = 40
	homes := total(fitted) / total(s.tenures[:])
	for range rounds {
		var made [4]float64
		for t := range s.holding {
			sum := total(s.holding[t][:])
			for k := range made {
				s.holding[t][k] /= sum
				made[k] += float64(fitted[t] * s.holding[t][k])
			}
		}
		for t := range s.holding {
			for k := range made {
				s.holding[t][k] *= s.tenures[k] * homes / made[k]
			}
		}
	}
	var crowded float64
	for t := range templates {
		sum := total(s.holding[t][:])
		for size, part := range samples[t].sizes {
			for k, tenure := range tenures {
				crowded += fitted[t] * part * s.holding[t][k] / sum * crowding(size, tenure)
			}
		}
	}
	s.crowding = s.crowded * total(fitted) / crowded
}

// holds weighs the tenures of the households of a template. Older people own
// outright, young people rent, and lone parents more often from a council:
// assumptions, which the fit to the counts of homes moves.
func holds(t template) (w [4]float64) {
	age := bands[t.band]
	w = [4]float64{1, 1, 1, 1}
	switch {
	case age < 30:
		w = [4]float64{0.08, 0.45, 0.8, 2.6}
	case age < 45:
		w = [4]float64{0.25, 1.4, 1, 1.4}
	case age >= 65:
		w = [4]float64{3.2, 0.25, 1, 0.3}
	}
	switch t.kind {
	case loneMother, loneFather:
		w[0] *= 0.6
		w[1] *= 0.6
		w[2] *= 1.7
	case sharers:
		w[0] *= 0.2
		w[2] *= 0.3
		w[3] *= 2
	case womanAlone, manAlone, couple, family, threeGenerations, kinds:
	}
	return w
}

// temporary is which part of households in social rent with more than one
// person are in temporary accommodation. Assumption, to the order of size of
// 10,000 households of the six boroughs (DLUHC, Statutory homelessness, 2023).
const temporary = 0.055

// crowding weighs how likely a household of a size and tenure is to lack a
// bedroom: assumptions, scaled to each stratum's published part.
func crowding(size int, tenure string) float64 {
	w := [...]float64{0, 0, 0.35, 1.2, 1.9, 3.8, 5.5}[min(size, 6)]
	switch tenure {
	case tenures[0]:
		return w * 0.35
	case tenures[1]:
		return w * 0.5
	case tenures[2]:
		return w * 1.5
	}
	return w * 1.2
}

// address gives a household an address that does not exist.
func (d *District) address(luck dice, h *Household) {
	street := anyOf(luck, streetNames) + " " + anyOf(luck, streetTypes)
	number := strconv.Itoa(1 + int(160*luck.uniform()*luck.uniform()))
	flats := 0.35
	if h.Tenure == tenures[2] || h.Tenure == tenures[3] {
		flats = 0.7
	}
	switch {
	case !luck.chance(flats):
		h.Lines = []string{number + " " + street}
	case luck.chance(0.4):
		h.Lines = []string{"Flat " + string(rune('A'+luck.between(0, 3))), number + " " + street}
	default:
		h.Lines = []string{"Flat " + strconv.Itoa(luck.between(1, 96)), anyOf(luck, houses) + " House", street}
	}
	inward := strconv.Itoa(luck.between(1, 9)) + anyOf(luck, inwardCodes)
	if h.Area == nil {
		h.Town, h.Postcode = "Gravelmere", "ZZ99 "+inward
		return
	}
	network := d.care.networks[h.Area.Network]
	h.Town, h.Postcode = network.Sites[0].Town, "ZZ"+strconv.Itoa(h.Area.Network+1)+" "+inward
}

var (
	streetNames = strings.Fields(`Foundry Orchard Chandler Lantern Saffron Tidewell Marl Sorrel Kiln Osier Tannery Beacon
		Curlew Amberley Ashcombe Barnfield Bellwether Birchwood Blackthorn Bramble Brookmead Calder Candlemaker Carding Cedar Chalkpit
		Clover Coalfield Cooper Coppice Cordwain Cowslip Crane Cutler Dairy Damson Dovecote Drover Dyer Eastfield Elderfield Elmstead
		Fairlight Falcon Farrier Fenwick Ferryman Fletching Foxglove Fuller Gallery Garnet Glazier Gorse Granary Greenfinch Grindstone
		Harbourmaster Harrow Hawthorn Hazel Heron Holloway Honeycomb Hopfield Iron Ivywell Jasmine Juniper Kestrel Kingcup Lapwing Larch
		Lavender Lighterman Limeburner Linden Longshore Lychgate Maltings Marigold Mason Meadowsweet Medlar Millrace Mistletoe Mulberry
		Nightingale Northfield Nutfield Oakmere Oyster Parchment Peartree Pewter Plover Plumtree Potter Quarry Quince Redwing Reedbed
		Ropemaker Rosemary Rushes Saddler Sandpiper Sawmill Sexton Shepherd Shipwright Silvermere Skylark Sluice Smithy Southfield
		Spindle Starling Stonecrop Sunfield Swift Tallow Teasel Thatcher Thornbury Tollgate Turner Verger Vinery Wainwright Walnut
		Watermill Weaver Westfield Wharfinger Wheatsheaf Wheelwright Whitebeam Willow Windmill Woodbine Wren Yewtree`)
	streetTypes = strings.Fields(`Road Road Road Road Street Street Street Avenue Avenue Close Close Lane Way Gardens Crescent Drive Grove
		Terrace Walk Rise Place Mews Court Square`)
	houses = strings.Fields(`Albury Arden Ashdown Atherley Bascombe Beaumaris Belgrove Bexcombe Birling Bramley Brightling Cadmore Calverley
		Camber Canning Charlbury Chilham Clandon Cobham Cranmere Dalby Denholm Dunmow Eltisley Eynsham Fenner Finchale Garnham Glynde
		Halstow Harting Hestercombe Ightham Kelmscott Kirby Lamberhurst Ledbury Lingfield Lydden Mallory Marden Mereworth Netherby
		Nutley Ockley Offham Penrith Plaxtol Quorn Rainham Ripley Rowan Selborne Shalford Snelling Tarring Tenby Thurnham Ulcombe
		Upnor Vale Wadhurst Warbleton Wickham Wivelsfield Yalding`)
)
