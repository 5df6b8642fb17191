package synth

import (
	"slices"
	"strings"
	"time"
)

// known is the source of a figure that is known from a publication which was
// not at hand to check.
func known(publication string) string { return publication + " (from knowledge, not checked)" }

// lifeGauges hold what happens in lives to what is published of it.
func lifeGauges(*District) []gauge {
	return []gauge{
		contactGauge(), missedGauge(), outpatientGauge(), outpatientMissedGauge(), electiveGauge(), callGauge(), adviceGauge(), attendanceGauge(), weekdayGauge(), monthGauge(), ambulanceGauge(), admissionGauge(), arrivalGauge(),
		deathGauge(), placeGauge(), palliativeGauge(), stageGauge(), bookingGauge(), checksGauge(), jabGauge(), screenGauge(), smokingGauge(), frailtyGauge(), multimorbidityGauge(),
	}
}

// lifeGaps is what is made of lives without a published figure to hold it to.
var lifeGaps = []gap{
	{"cardiovascular risk register (CVDPP)", "lives do not tell who was newly hypertensive with a risk assessed"},
	{"conditions without a register", "anxiety, osteoarthritis, eczema, constipation and thirty others follow the curves of params/conditions.tsv alone"},
	{"measured values", "scatter around means of the Health Survey for England; their spread in the district is not published"},
	{"outpatient attendances, planned admissions and 111 calls by age and by borough", "the figures that were found are of all ages, of England or of London; by age they follow conditions, operations and how often people attend, from knowledge"},
	{"laboratory tests", "about five a person a year in the general practice of the United Kingdom in 2015/16, from knowledge; none for the district was found"},
	{"community, mental health and council contacts", "no activity by borough was found"},
	{"waits", "medians of England's referral-to-treatment times; the district's by specialty were not at hand"},
	{"falls, hip fractures, care-home residents' attendances", "rates are of England and from knowledge"},
	{"high-intensity users", "only their share of attendances is published"},
	{"asthma and eczema in children", "the registers have no ages; the shape by age is from knowledge"},
	{"pregnancies that end early", "miscarriages follow a share from knowledge; terminations are not told at all"},
}

// told returns the days between which a person's life is told in full.
func (d *District) toldOf(p *Person) (from, to Day) {
	l := &life{d: d, p: p, from: max(d.Since+1, p.Born), to: d.Until}
	l.window()
	if p.Died != NotYet {
		l.to = min(l.to, p.Died)
	}
	return l.from, l.to
}

// eachBand counts, for bands of age, events in the days told in full, out of
// those days.
func eachBand(is func(e *Event) bool) func(d *District, p *Person, add func(int, int64, int64)) {
	return func(d *District, p *Person, add func(int, int64, int64)) {
		from, to := d.toldOf(p)
		if to <= from {
			return
		}
		n := int64(0)
		for i := range p.Events {
			if e := &p.Events[i]; is(e) && e.At >= from.Start() {
				n++
			}
		}
		add(ageBand(float64((from+to)/2-p.Born)/365.25), n, int64(to-from))
	}
}

var bandNames = [6]string{"0 to 4", "5 to 15", "16 to 44", "45 to 64", "65 to 79", "80 and over"}

func byBand(tolerance float64, wants ...float64) (cells []figure) {
	for i, w := range wants {
		cells = append(cells, figure{bandNames[i], w, tolerance})
	}
	return cells
}

const aYear = 365.25

func contactGauge() gauge {
	return gauge{
		title: "Contacts with the practice", unit: "a person a year", scale: aYear, cells: byBand(0.25, 4.5, 2.2, 3.4, 5.2, 8, 11),
		source: known("Hobbs et al., Lancet 2016; NHS Digital, Appointments in General Practice 2022-23"),
		count:  eachBand(func(e *Event) bool { return e.Kind == Encounter && e.Org != nil && e.Org.Type == "practice" }),
	}
}

func missedGauge() gauge {
	return gauge{
		title: "Appointments of practices that were missed", unit: "% of appointments", scale: 100, cells: []figure{{"all ages", 4.7, 0.25}},
		source: known("NHS Digital, Appointments in General Practice 2022-23"),
		count: func(_ *District, p *Person, add func(int, int64, int64)) {
			for i := range p.Events {
				e := &p.Events[i]
				if e.Org == nil || e.Org.Type != "practice" {
					continue
				}
				switch {
				case e.Kind == Encounter:
					add(0, 0, 1)
				case e.Kind == Appointment && e.Status == "noshow":
					add(0, 1, 1)
				}
			}
		},
	}
}

func attended(e *Event) bool {
	return e.Kind == Encounter && (e.What == emergencyVisit || e.What == urgentVisit)
}

func attendanceGauge() gauge {
	return gauge{
		title: "Attendances at emergency departments and urgent treatment centres", unit: "a person a year", scale: aYear, cells: byBand(0.2, 0.68, 0.33, 0.4, 0.34, 0.44, 0.9),
		source: known("NHS Digital, Hospital Accident and Emergency Activity 2019-20"), count: eachBand(attended),
	}
}

// shareOf counts events in the cell that of names, -1: none, out of all that have one.
func shareOf(cells int, of func(p *Person, e *Event) int) func(d *District, p *Person, add func(int, int64, int64)) {
	return func(d *District, p *Person, add func(int, int64, int64)) {
		for i := range p.Events {
			at := of(p, &p.Events[i])
			if at < 0 {
				continue
			}
			for c := range cells {
				add(c, whetherOne(c == at), 1)
			}
		}
	}
}

func weekdayGauge() gauge {
	g := gauge{
		title: "Days of the week of attendances", unit: "% of attendances", scale: 100,
		source: known("NHS Digital, Hospital Accident and Emergency Activity 2019-20"),
		count: shareOf(7, func(_ *Person, e *Event) int {
			if !attended(e) {
				return -1
			}
			return int(e.At.Day().Weekday())
		}),
	}
	for day := range Day(7) { // 4 January 1970 was a Sunday
		g.cells = append(g.cells, figure{(day + 3).Weekday().String(), weekly(day+3) / 7 * 100, 0.06})
	}
	return g
}

func monthGauge() gauge {
	g := gauge{
		title: "Months of attendances", unit: "% of attendances", scale: 100,
		source: "NHS England, A&E Attendances and Emergency Admissions, trusts of the district, April 2016 to March 2019 (OGL v3.0)",
		count: shareOf(12, func(_ *Person, e *Event) int {
			if !attended(e) {
				return -1
			}
			_, month, _ := e.At.Day().Date()
			return int(month) - 1
		}),
	}
	for month := time.January; month <= time.December; month++ {
		first := dayOf(2017, month, 1)
		days := dayOf(2017, month+1, 1) - first
		g.cells = append(g.cells, figure{month.String(), seasonal(first) * float64(days) / 365 * 100, 0.08})
	}
	return g
}

// ambulanceGauge holds ambulance incidents to those of the London Ambulance
// Service by borough in 2014.
func ambulanceGauge() gauge {
	g := gauge{
		title: "Ambulance incidents", unit: "for 100 people a year", scale: 100 * aYear, source: "London borough profiles 2015, GLA (ambulance incidents 2014)",
		count: func(d *District, p *Person, add func(int, int64, int64)) {
			b := boroughOf(p)
			from, to := d.toldOf(p)
			if b < 0 || to <= from {
				return
			}
			n := int64(0)
			for i := range p.Events {
				n += whetherOne(p.Events[i].What == ambulanceCall)
			}
			add(b, n, int64(to-from))
		},
	}
	for b, want := range []float64{11.8, 11.2, 11.9, 13.3, 12.0, 13.6} {
		g.cells = append(g.cells, figure{boroughNames[Boroughs[b]], want, 0.25})
	}
	return g
}

func admissionGauge() gauge {
	return gauge{
		title: "Emergency admissions", unit: "a person a year", scale: aYear, cells: byBand(0.3, 0.085, 0.03, 0.06, 0.095, 0.21, 0.52),
		source: known("NHS Digital, Hospital Admitted Patient Care Activity 2019-20"),
		count:  eachBand(func(e *Event) bool { return e.What == emergencyStay }),
	}
}

func arrivalGauge() gauge {
	return gauge{
		title: "Arrivals by ambulance", unit: "% of attendances at emergency departments", scale: 100, cells: byBand(0.25, 8, 8, 18, 26, 46, 68),
		source: known("NHS Digital, Hospital Accident and Emergency Activity 2019-20"),
		count: func(_ *District, p *Person, add func(int, int64, int64)) {
			for i := range p.Events {
				if e := &p.Events[i]; e.What == emergencyVisit {
					add(ageBand(float64(e.At.Day()-p.Born)/365.25), whetherOne(e.Arrival == byAmbulance), 1)
				}
			}
		},
	}
}

// deathGauge holds deaths to the life table by age: its rates, over the ages and
// sexes of the days that are told.
func deathGauge() gauge {
	return gauge{
		title: "Deaths", unit: "of 1,000 people a year", scale: 1000 * aYear, cells: byBand(0.2, 0.77, 0.11, 0.71, 4.04, 20.4, 94),
		source: known("ONS, National life tables, England, 2018-2020, over the district's ages"),
		count: func(d *District, p *Person, add func(int, int64, int64)) {
			band := func(on Day) int { return ageBand(float64(on-p.Born) / aYear) }
			from, to := d.toldOf(p)
			for day := from; day < to; day += 365 {
				days := min(to-day, 365)
				add(band(day+days/2), 0, int64(days))
			}
			if p.Died != NotYet && p.Died >= from {
				add(band(p.Died), 1, 0)
			}
		},
	}
}

func placeGauge() gauge {
	places := []*Concept{inHospital, atHome, inNursingHome, inHospice}
	return gauge{
		title: "Place of death", unit: "% of deaths", scale: 100,
		cells:  []figure{{"hospital", 51, 0.1}, {"home", 28, 0.15}, {"care home", 15, 0.2}, {"hospice", 5, 0.35}},
		source: known("OHID, Palliative and end of life care profiles, London 2022"),
		count: shareOf(len(places), func(_ *Person, e *Event) int {
			if e.Kind != Observation || e.What != placeOfDeath {
				return -1
			}
			return slices.Index(places, e.Answer)
		}),
	}
}

func palliativeGauge() gauge {
	g := gauge{
		title: "Register for the end of life", unit: "% of the list", scale: 100, source: "QOF 2019/20, NHS Digital, by local authority (House of Commons Library)",
		count: func(_ *District, p *Person, add func(int, int64, int64)) {
			if b := boroughOf(p); b >= 0 && isRegistered(p) {
				add(b, whetherOne(diagnosed(p, []*Concept{endOfLife})), 1)
			}
		},
	}
	for row := range rows(qofTable) {
		if row[1] == "palliative" {
			for b, code := range Boroughs {
				g.cells = append(g.cells, figure{boroughNames[code], number(row[3+b]), 0.5})
			}
		}
	}
	return g
}

func stageGauge() gauge {
	return gauge{
		title: "Cancers by stage at diagnosis", unit: "% of cancers with a stage", scale: 100,
		cells:  []figure{{"I", 31, 0.2}, {"II", 22, 0.2}, {"III", 21, 0.2}, {"IV", 26, 0.2}},
		source: known("NHS Digital, Cancer Registration Statistics, England 2019"),
		count: shareOf(4, func(_ *Person, e *Event) int {
			if e.What != stageFound {
				return -1
			}
			return slices.Index(stages[1:], e.Answer)
		}),
	}
}

// bookingGauge holds antenatal booking to how early it is, by the date of
// delivery that the record expects.
func bookingGauge() gauge {
	return gauge{
		title: "Antenatal booking", unit: "% of bookings", scale: 100, cells: []figure{{"within 10 weeks", 57, 0.15}, {"within 12 weeks and 6 days", 84, 0.1}},
		source: known("NHS Digital, Maternity Services Data Set 2019-20"),
		count: func(_ *District, p *Person, add func(int, int64, int64)) {
			for i := range p.Events {
				e := &p.Events[i]
				if e.What != bookingVisit || e.For < 0 {
					continue
				}
				_, due, _ := strings.Cut(p.Events[e.For].Note, "delivery ")
				on, err := time.Parse(time.DateOnly, due)
				if err != nil {
					continue
				}
				days := e.At.Day() - (dayOf(on.Date()) - 280)
				add(0, whetherOne(days < 71), 1)
				add(1, whetherOne(days < 91), 1)
			}
		},
	}
}

// checksGauge counts who of the register of severe mental illness has had all
// six physical checks in the last year.
func checksGauge() gauge {
	names := namesOf(psychosis)
	six := [][]*Concept{{bodyMassIndex}, {bloodPressure}, {drinking}, {cholesterol}, {sugar}, smokingFindings}
	return gauge{
		title: "Six physical checks in severe mental illness", unit: "% of the register, all six in a year", scale: 100, cells: []figure{{"all", 58, 0.2}},
		source: known("NHS England, Physical health checks for people with severe mental illness, London 2022-23"),
		count: func(d *District, p *Person, add func(int, int64, int64)) {
			if !isRegistered(p) || !diagnosed(p, names) {
				return
			}
			seen := 0
			for _, what := range six {
				if slices.ContainsFunc(p.Events, func(e Event) bool { return slices.Contains(what, e.What) && e.At.Day() > d.Until-365 }) {
					seen++
				}
			}
			add(0, whetherOne(seen == len(six)), 1)
		},
	}
}

func jabGauge() gauge {
	at := func(d *District, p *Person, low, high float64) bool {
		age := float64(d.Until-p.Born) / aYear
		return isRegistered(p) && age >= low && age < high
	}
	had := func(p *Person, from Day, what ...*Concept) bool {
		return slices.ContainsFunc(p.Events, func(e Event) bool {
			return e.Kind == Immunization && e.At.Day() >= from && slices.Contains(what, e.What)
		})
	}
	return gauge{
		title: "Immunisation", unit: "% of those to whom it is offered", scale: 100,
		cells:  []figure{{"third dose of the 6-in-1 by the first birthday", 87, 0.03}, {"first MMR at two to three", 82, 0.06}, {"second MMR at five to six", 74, 0.08}, {"flu in the last season at 65 and over", 66, 0.1}, {"COVID-19, first dose, at 65 and over", 89, 0.08}},
		source: known("UK Health Security Agency, COVER 2021-22 and influenza vaccine uptake 2022-23, London"),
		count: func(d *District, p *Person, add func(int, int64, int64)) {
			switch {
			case at(d, p, 1, 2):
				add(0, whetherOne(slices.ContainsFunc(p.Events, func(e Event) bool { return e.What == sixThird && e.At.Day() < p.Born+365 })), 1)
			case at(d, p, 2, 3):
				add(1, whetherOne(had(p, p.Born, mmrFirst, mmrv)), 1)
			case at(d, p, 5, 6):
				add(2, whetherOne(had(p, p.Born, mmrSecond)), 1)
			case at(d, p, 66, 120):
				add(3, whetherOne(had(p, d.Until-180, flu)), 1)
				add(4, whetherOne(had(p, p.Born, covidFirst)), 1)
			}
		},
	}
}

func screenGauge() gauge {
	done := func(d *District, p *Person, what *Concept, years float64) bool {
		return slices.ContainsFunc(p.Events, func(e Event) bool {
			return e.What == what && e.Status == "completed" && float64(d.Until-e.At.Day()) < years*aYear
		})
	}
	return gauge{
		title: "Screening", unit: "% of those called, covered", scale: 100,
		cells:  []figure{{"cervix, 25 to 49, within 3.5 years", 64, 0.12}, {"breast, 53 to 70, within 3 years", 60, 0.12}, {"bowel, 61 to 74, within 2.5 years", 60, 0.12}},
		source: known("NHS Digital, Cervical and Breast Screening Programmes, UK Health Security Agency, bowel screening, London 2021-22"),
		count: func(d *District, p *Person, add func(int, int64, int64)) {
			from, _ := d.toldOf(p)
			if !isRegistered(p) || from > d.Since+30 || p.Left != NotYet { // whose screening elsewhere is not on the record
				return
			}
			age := float64(d.Until-p.Born) / aYear
			if p.Sex == Female && age >= 28 && age < 50 {
				add(0, whetherOne(done(d, p, cervical, 3.5)), 1)
			}
			if p.Sex == Female && age >= 53 && age < 71 {
				add(1, whetherOne(done(d, p, mammography, 3.1)), 1)
			}
			if age >= 62.2 && age < 75 {
				add(2, whetherOne(done(d, p, bowelScreen, 2.5)), 1)
			}
		},
	}
}

func smokingGauge() gauge {
	return gauge{
		title: "Smokers", unit: "% of adults whose answer is on the record", scale: 100, cells: []figure{{"18 and over", 14, 0.2}},
		source: known("ONS, Annual Population Survey 2019, London"),
		count: func(d *District, p *Person, add func(int, int64, int64)) {
			if ageOn(p.Born, d.Until) < 18 || p.Died != NotYet {
				return
			}
			for i := len(p.Events) - 1; i >= 0; i-- {
				if e := &p.Events[i]; slices.Contains(smokingFindings, e.What) {
					add(0, whetherOne(e.What == smokerNow), 1)
					return
				}
			}
		},
	}
}

func frailtyGauge() gauge {
	return gauge{
		title: "Frailty at 65 and over, as recorded", unit: "% of 65 and over", scale: 100, cells: []figure{{"mild", 30, 0.2}, {"moderate", 11, 0.2}, {"severe", 4, 0.25}},
		source: known("Clegg et al., Age and Ageing 2016 (electronic frailty index), less what is not recorded"),
		count: func(d *District, p *Person, add func(int, int64, int64)) {
			if !isRegistered(p) || ageOn(p.Born, d.Until) < 65 {
				return
			}
			for grade := range 3 {
				add(grade, whetherOne(diagnosed(p, frailties[grade+1:grade+2])), 1)
			}
		},
	}
}

// multimorbidityGauge counts those with two or more long-term conditions on
// the list of problems.
func multimorbidityGauge() gauge {
	var names []*Concept
	others := []illness{ // not among the forty
		obesity, backPain, hyperglycaemia, hayFever, anaemia, polycystic, endometriosis, autism, adhd, ptsd,
		personality, incontinence, cataract, apnoea, sickle, hiv, gout,
	}
	for i := range illnesses {
		if !slices.Contains(others, i) {
			names = append(names, namesOf(i)...)
		}
	}
	of := make(map[*Concept]bool, len(names))
	for _, c := range names {
		of[c] = true
	}
	ages := []int{0, 25, 45, 65, 85, 200}
	return gauge{
		title: "Two or more long-term conditions", unit: "% of people", scale: 100,
		cells:  []figure{{"0 to 24", 1.9, 1}, {"25 to 44", 11.3, 0.35}, {"45 to 64", 30.4, 0.3}, {"65 to 84", 64.9, 0.2}, {"85 and over", 81.5, 0.15}},
		source: known("Barnett et al., Lancet 2012 (Scotland, 40 conditions)"),
		count: func(d *District, p *Person, add func(int, int64, int64)) {
			if !isRegistered(p) {
				return
			}
			n, age := 0, ageOn(p.Born, d.Until)
			for i := range p.Events {
				if e := &p.Events[i]; e.Kind == Condition && e.Status == "active" && of[e.What] {
					n++
				}
			}
			for b := range len(ages) - 1 {
				if age >= ages[b] && age < ages[b+1] {
					add(b, whetherOne(n >= 2), 1)
				}
			}
		},
	}
}
