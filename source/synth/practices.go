package synth

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// addPractices adds the practices: in each borough as many as are published,
// with lists spread as published that sum to its registered people, each in
// one network and at a place where people of that network live.
func (p *provision) addPractices(seed uint64, areas []Area) {
	for _, row := range table("practices") {
		d := roll(seed, "practices "+row[0], 0)
		sizes := listSizes(d, row)
		for i, n := range p.shareOut(row[0], sizes, areas) {
			p.addPractice(d, sizes[i], n, areas)
		}
	}
}

// listSizes draws the lists of a borough's practices, largest first: one from
// each stretch of the published percentiles, the smallest and the largest
// from the ends, scaled to the borough's total.
func listSizes(d dice, row []string) []int {
	count, total := int(number(row[1])), number(row[2])
	at := []float64{0, .05, .1, .2, .3, .4, .5, .6, .7, .8, .9, .95, 1}
	sizes, sum := make([]float64, count), 0.0
	for i := range sizes {
		u := float64(i) / float64(count-1)
		if 0 < i && i < count-1 {
			u += (d.uniform() - 0.5) * 0.6 / float64(count-1)
		}
		k := 1
		for at[k] < u {
			k++
		}
		low, high := number(row[2+k]), number(row[3+k])
		sizes[i] = low + (high-low)*(u-at[k-1])/(at[k]-at[k-1])
		sum += sizes[i]
	}
	lists, left := make([]int, count), int(total)
	for i, size := range sizes {
		lists[i] = int(math.Round(size * total / sum))
		left -= lists[i]
	}
	lists[count/2] += left // what rounding left
	slices.Reverse(lists)
	return lists
}

// shareOut gives each list of a borough, the largest first, to the network
// that lacks most of its share of the borough's people, and returns which.
func (p *provision) shareOut(borough string, sizes []int, areas []Area) []int {
	lacks, people, registered := map[int]float64{}, 0.0, 0.0
	for _, a := range areas {
		if a.Borough == borough {
			lacks[a.Network] += float64(a.Population)
			people += float64(a.Population)
		}
	}
	for _, size := range sizes {
		registered += float64(size)
	}
	var order []int
	for n := range p.networks {
		if lacks[n] > 0 {
			order = append(order, n)
			lacks[n] *= registered / people
		}
	}
	given := make([]int, len(sizes))
	for i, size := range sizes {
		n := slices.MaxFunc(order, func(a, b int) int { return cmp.Compare(lacks[a], lacks[b]) })
		given[i] = n
		lacks[n] -= float64(size)
	}
	return given
}

// contactsAWeek is how many appointments a practice offers a week for a thousand
// people. England's practices gave about 26 million a month to 61 million
// registered people in 2019 (NHS Digital, Appointments in General Practice).
const contactsAWeek = 98

func (p *provision) addPractice(d dice, size, network int, areas []Area) {
	n := len(p.practices)
	o := p.organisation(fmt.Sprintf("practice-%03d", n+1), "practice", practiceName(n), p.networks[network].Borough)
	o.List, o.PartOf = size, p.networks[network]
	a := spot(d, areas, func(a *Area) bool { return a.Network == network })
	site := p.site(d, o, practiceName(n), a.Lat+d.normal(0, 0.002), a.Lon+d.normal(0, 0.003), network)
	service := p.serve(d, site, generalPractice)
	service.Capacity = size * contactsAWeek / 1000
	if d.chance(0.4) { // one late evening: an assumption
		service.Hours[d.between(1, 4)] = []Span{{8 * 60, 20 * 60}}
	}
	service.Languages = append(service.Languages, spoken(d)...)
	p.practices = append(p.practices, o)
}

// spot draws one of some areas, by their people.
func spot(d dice, areas []Area, some func(*Area) bool) *Area {
	weights := make([]float64, len(areas))
	for i := range areas {
		if some(&areas[i]) {
			weights[i] = float64(areas[i].Population)
		}
	}
	return &areas[d.among(weights)]
}

var (
	placeWords    = []string{"Larkfield", "Quayside", "Ashgrove", "Brindle", "Copperfield", "Dunmere", "Elder", "Fernhollow", "Gorsebank", "Hazelmarch", "Inglebeck", "Juniper", "Kestrel", "Larchwater", "Mossfield", "Nettlebrook", "Oakensea", "Pippin", "Quillmark", "Rushcombe", "Sorrel", "Thistledown", "Umber", "Vinter", "Willowmere", "Yarrow", "Aldermarsh", "Birchgate", "Cloverley", "Damson", "Eastmere", "Foxglove", "Greenwharf", "Heron", "Ivycroft", "Jasmine", "Kingfisher", "Lavender", "Medlar", "Northwharf", "Orchard", "Plover", "Quince", "Rosemary", "Saltmarsh", "Teasel", "Upland", "Violet", "Wharfside", "Wren", "Bellfield", "Curlew", "Dovecote", "Fallow", "Harbour", "Limetree"}
	practiceWords = []string{"Surgery", "Medical Centre", "Practice", "Health Centre"}
)

// practiceName makes the n-th name: no two are alike up to 200.
func practiceName(n int) string {
	return placeWords[n%len(placeWords)] + " " + practiceWords[(n/len(placeWords)+n)%len(practiceWords)]
}
