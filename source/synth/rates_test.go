package synth

import "testing"

// TestRates prints how often things happen, beside what is published.
func TestRates(t *testing.T) {
	d := open(t, 3)
	type band struct{ years, gp, ae, utc, admitted, nights, amb, helpline, outpatient, inpatientPlanned float64 }
	var by [6]band
	var deaths [6]float64
	var place = map[string]int{}
	var n, emer, byAmb int
	for k := range int64(120) {
		for _, p := range d.Block(k) {
			n++
			l := &life{d: d, p: p, from: max(d.Since+1, p.Born), to: d.Until}
			l.window()
			from, to := l.from, l.to
			if p.Died != NotYet {
				to = p.Died
			}
			if to <= from {
				continue
			}
			mid := float64((from+to)/2-p.Born) / 365.25
			b := &by[ageBand(mid)]
			b.years += float64(to-from) / 365.25
			if p.Died != NotYet {
				deaths[ageBand(mid)]++
			}
			for i := range p.Events {
				e := &p.Events[i]
				if e.Kind == Observation && e.What == placeOfDeath {
					place[e.Answer.Display]++
				}
				if e.Kind != Encounter {
					continue
				}
				switch {
				case e.Org != nil && e.Org.Type == "practice":
					b.gp++
				case e.What == emergencyVisit:
					b.ae++
					emer++
					if e.Arrival == byAmbulance {
						byAmb++
					}
				case e.What == urgentVisit:
					b.utc++
				case e.What == emergencyStay:
					b.admitted++
					if e.Until != Never {
						b.nights += float64(e.Until-e.At) / 1440
					}
				case e.What == ambulanceCall:
					b.amb++
				case e.What == helplineCall:
					b.helpline++
				case e.What == firstSeen || e.What == seenAgain:
					b.outpatient++
				case e.What == electiveStay || e.What == dayCase:
					b.inpatientPlanned++
				}
			}
		}
	}
	var all band
	for i, b := range by {
		t.Logf("age %3.0f: %6.0f years; a year: practice %.2f, A&E %.3f, UTC %.3f, admitted %.3f (%.1f nights), ambulance %.3f, 111 %.3f, outpatient %.2f, planned %.3f; deaths %.4f",
			ageBands[i], b.years, b.gp/b.years, b.ae/b.years, b.utc/b.years, b.admitted/b.years, b.nights/b.admitted, b.amb/b.years, b.helpline/b.years, b.outpatient/b.years, b.inpatientPlanned/b.years, deaths[i]/b.years)
		all.years += b.years
		all.gp += b.gp
		all.ae += b.ae
		all.utc += b.utc
		all.admitted += b.admitted
		all.amb += b.amb
		all.helpline += b.helpline
		all.outpatient += b.outpatient
		all.inpatientPlanned += b.inpatientPlanned
	}
	y := all.years
	t.Logf("all: %d people %.0f years; practice %.2f (5.2), A&E %.3f (0.33), UTC %.3f (0.13), admitted %.3f (0.105), ambulance %.3f (0.12), 111 %.3f (0.27), outpatient %.2f (1.6), planned %.3f (0.15); by ambulance %.2f of A&E (0.26)",
		n, y, all.gp/y, all.ae/y, all.utc/y, all.admitted/y, all.amb/y, all.helpline/y, all.outpatient/y, all.inpatientPlanned/y, float64(byAmb)/float64(emer))
	t.Log(place)
}
