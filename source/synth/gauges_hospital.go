package synth

import "slices"

// What hospitals and the helpline do by appointment or by telephone, counted over
// the days told in full.

// englishPeople are the millions of people in England in mid-2019 (ONS).
const englishPeople = 56.29

// allAges counts events in the one cell of a gauge, out of the days told.
func allAges(is func(e *Event) bool) func(d *District, p *Person, add func(int, int64, int64)) {
	count := eachBand(is)
	return func(d *District, p *Person, add func(int, int64, int64)) {
		count(d, p, func(_ int, hits, of int64) { add(0, hits, of) })
	}
}

var clinicVisits = []*Concept{firstSeen, seenAgain, bookingVisit, antenatal}

// notOfHospitals are the names under which others than hospitals see people.
var notOfHospitals = func() (names []string) {
	for i := range specialties {
		switch specialties[i].at { //nolint:exhaustive // the others are clinics of hospitals, or therapists
		case talkingTherapies, mentalHealthTeam, childrensMental, socialPrescribing:
			names = append(names, specialties[i].name)
		}
	}
	return names
}()

// inClinic reports whether an event is an attendance that hospitals count as
// outpatients': with midwives and therapists, not with the practice.
func inClinic(e *Event) bool {
	return e.Kind == Encounter && slices.Contains(clinicVisits, e.What) && e.Org != nil && e.Org.Type != "practice" && !slices.Contains(notOfHospitals, e.Text)
}

func outpatientGauge() gauge {
	return gauge{
		title: "Outpatient attendances", unit: "a person a year", scale: aYear, count: allAges(inClinic),
		cells:  []figure{{"all ages", 96.4 / englishPeople, 0.2}},
		source: "NHS Digital, Hospital Outpatient Activity 2019-20 (96.4 million attendances in England, 18.3 million in London, where they were more than two a person), over ONS mid-2019 people; the district is younger than England",
	}
}

func outpatientMissedGauge() gauge {
	return gauge{
		title: "Outpatient appointments that were missed", unit: "% of those attended or missed", scale: 100, cells: []figure{{"all ages", 100 * 6.2 / (77.2 + 6.2), 0.2}},
		source: "NHS Digital, Hospital Outpatient Activity 2019-20 (attended 77.2, missed 6.2, others cancelled, of 100 appointments)",
		count: func(_ *District, p *Person, add func(int, int64, int64)) {
			for i := range p.Events {
				e := &p.Events[i]
				switch {
				case inClinic(e):
					add(0, 0, 1)
				case e.Kind == Appointment && e.Status == "noshow" && e.Org != nil && e.Org.Type != "practice" && e.What != teamVisit && !slices.Contains(notOfHospitals, e.Text):
					add(0, 1, 1)
				}
			}
		},
	}
}

// electiveGauge holds planned admissions to those of October and March, the most
// and the fewest of the year, which is all that was found.
func electiveGauge() gauge {
	perYear := 12 * (812_534 + 579_990) / 2.0 / (englishPeople * 1_000_000)
	return gauge{
		title: "Planned admissions, with day cases", unit: "a person a year", scale: aYear, cells: []figure{{"all ages", perYear, 0.2}},
		source: "NHS Digital, Hospital Admitted Patient Care Activity 2019-20 (elective admissions of England between 579,990 in March and 812,534 in October), over ONS mid-2019 people; the district is younger than England",
		count:  allAges(func(e *Event) bool { return e.What == dayCase || e.What == electiveStay && e.Text != "Hospice" }),
	}
}

func isCall(e *Event) bool { return e.Kind == Encounter && e.What == helplineCall }

func callGauge() gauge {
	return gauge{
		title: "Calls to 111", unit: "a person a year", scale: aYear, cells: []figure{{"all ages", 37_700 * aYear / 54_800_000, 0.15}}, count: allAges(isCall),
		source: "NHS England, NHS 111 Minimum Data Set, April 2015 (37,700 calls a day in England), over ONS mid-2015 people",
	}
}

func adviceGauge() gauge {
	return gauge{
		title: "Calls to 111 that were sent to primary care", unit: "% of calls", scale: 100, cells: []figure{{"all ages", 63, 0.1}},
		source: "NHS England, NHS 111 Minimum Data Set, April 2015 (of calls triaged)",
		count: func(_ *District, p *Person, add func(int, int64, int64)) {
			for i := range p.Events {
				if e := &p.Events[i]; isCall(e) {
					add(0, whetherOne(e.Outcome == seesPrimaryCare), 1)
				}
			}
		},
	}
}
