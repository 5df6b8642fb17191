package synth

import "strings"

// Kinds of encounter.
var (
	consultation = sct("11429006", "Consultation", Unverified)
	phoneCall    = sct("185317003", "Telephone encounter", Unverified)
	videoCall    = sct("448337001", "Telemedicine consultation with patient", SeenOnce)
	homeVisit    = sct("439708006", "Home visit", Unverified)
	checkUp      = sct("185349003", "Encounter for check up", SeenOnce)
	followUp     = sct("390906007", "Follow-up encounter", SeenOnce)
)

// variant is a more precise name of a condition, with its share.
type variant struct {
	share float64
	what  *Concept
}

// variants are the precise names under which some conditions are recorded; what
// is left has the name in the table.
var variants = [illnesses][]variant{
	heartDisease: {{0.3, sct("22298006", "Myocardial infarction", Verified)}, {0.3, sct("194828000", "Angina", Verified)}},
	stroke:       {{0.35, sct("266257000", "Transient ischaemic attack", Verified)}, {0.45, sct("422504002", "Ischaemic stroke", Verified)}},
	psychosis:    {{0.42, sct("58214004", "Schizophrenia", Verified)}, {0.34, sct("13746004", "Bipolar disorder", Verified)}, {0.06, sct("68890003", "Schizoaffective disorder", Verified)}},
	dementia:     {{0.5, sct("26929004", "Alzheimer's disease", Verified)}, {0.25, sct("429998004", "Vascular dementia", Verified)}},
	disability:   {{0.6, sct("86765009", "Mild intellectual disability", Unverified)}, {0.2, sct("61152003", "Moderate intellectual disability", Unverified)}, {0.08, sct("40700009", "Severe intellectual disability", Unverified)}},
	heartFailure: {{0.3, sct("48447003", "Chronic heart failure", Verified)}},
	osteoarthritis: {
		{0.4, sct("239873007", "Osteoarthritis of knee", Verified)},
		{0.25, sct("239872002", "Osteoarthritis of hip", Verified)},
	},
}

// medicineLine is one of several things to take for a condition.
type medicineLine struct {
	line        int
	from, share float64
	weight      float64
	young, old  int
	name, dose  string
	class       string
	years       float64 // for which it is taken, on average; 0: as long as the condition is there
}

// regimes are the medicines of each condition, from params/medicines.tsv.
var regimes = readRegimes()

func readRegimes() (table [illnesses][]medicineLine) {
	for _, row := range readTable(medicinesTable) {
		i := illnessNamed(row[0])
		young, old, _ := strings.Cut(row[7], "-")
		m := medicineLine{
			line: whole(row[1]), from: number(row[2]), share: number(row[3]), weight: number(row[4]),
			young: whole(young), old: 200, name: row[5], dose: row[6], class: classOf(row[5]), years: number(row[8]),
		}
		if old != "" {
			m.old = whole(old)
		}
		table[i] = append(table[i], m)
	}
	return table
}

// readTable returns the rows of a table below its heading.
func readTable(text string) [][]string {
	var all [][]string
	for row := range rows(text) {
		all = append(all, row)
	}
	return all[1:]
}

func illnessNamed(key string) illness {
	for i := range conditions {
		if conditions[i].key == key {
			return illness(i)
		}
	}
	panic("synth: no condition is called " + key)
}

// classOf names what a medicine must not be doubled with.
func classOf(name string) string {
	stem, _, _ := strings.Cut(name, " ")
	for _, end := range []string{"statin", "olol", "dipine", "gliflozin", "prazole"} {
		if strings.HasSuffix(stem, end) {
			return end
		}
	}
	switch stem {
	case "Ramipril", "Losartan", "Candesartan", "Sacubitril":
		return "renin"
	case "Sertraline", "Citalopram", "Fluoxetine", "Venlafaxine", "Mirtazapine":
		return "mood"
	case "Apixaban", "Rivaroxaban", "Edoxaban", "Clopidogrel", "Aspirin":
		return "clot"
	case "Sitagliptin", "Semaglutide":
		return "incretin"
	case "Furosemide", "Bumetanide":
		return "loop"
	case "Co-codamol", "Paracetamol":
		return "paracetamol"
	case "Trelegy", "Anoro", "Clenil", "Fostair", "Symbicort":
		return "inhaler"
	}
	return stem
}

// illnesses tells of the long-term conditions: when they were found, what is
// taken for them, and the reviews that they call for.
func (l *life) illnesses() {
	r := l.roll("illnesses")
	var taken []string
	for i := range illnesses {
		began := l.began[i]
		l.known[i] = -1
		if began == NotYet || began > l.to || i == cancer {
			continue
		}
		l.known[i] = l.diagnose(r, i)
		taken = l.takes(r, i, taken)
	}
	l.reviews()
}

// named returns the name under which a condition is recorded.
func (l *life) named(r dice, i illness) *Concept {
	u := r.uniform()
	for _, v := range variants[i] {
		if u -= v.share; u < 0 {
			return v.what
		}
	}
	return conditions[i].concept
}

// diagnose appends the Condition and, in the years told in full, the
// consultation that it was found in.
func (l *life) diagnose(r dice, i illness) int32 {
	what, began := l.named(r, i), l.began[i]
	e := event(Condition, what, began.Start())
	e.Grain, e.Status, e.Label = ToTheDay, "active", conditions[i].label
	if began < l.from {
		if l.forgotten(i) {
			return -1
		}
		l.milestone(r, &e, began)
	} else {
		in := l.struck(r, what, began)
		sudden, clinic := in >= 0, false
		if !sudden {
			in = l.foundInClinic(r, i, began)
			clinic = in >= 0
		}
		if in < 0 {
			in = l.sees(r, began, generalist, 15)
		}
		if in < 0 || l.events[in].At.Day() > l.to {
			return -1 // nobody found it
		}
		e = l.within(Condition, what, in)
		e.Status, e.Label = "active", conditions[i].label
		switch {
		case sudden:
			e.At += Moment(r.between(90, 400))
		case !clinic:
			l.measureAtDiagnosis(r, i, in)
			known := l.add(l.until(e, i))
			l.sendOn(r, i, what, in, known)
			return known
		}
	}
	return l.add(l.until(e, i))
}

// until returns an event of a condition that ends when the condition does.
func (l *life) until(e Event, i illness) Event {
	if over := l.ended[i]; over != NotYet && over > l.began[i] {
		e.Until, e.Status = over.Start(), "resolved"
		if e.Until <= e.At {
			e.Until = e.At + 30*1440
		}
	}
	return e
}

// computers is when practices came to keep their records on them, and took from
// the paper what still mattered.
var computers = dayOf(1993, 1, 1)

// forgotten reports whether a condition was over so long ago that no record
// tells of it.
func (l *life) forgotten(i illness) bool {
	return l.ended[i] != NotYet && l.ended[i] < computers
}

// struck tells of what comes in an hour and is found in hospital: strokes and
// heart attacks. It returns the place of the stay or of the attendance; -1:
// it is not of these, or was found otherwise.
func (l *life) struck(r dice, what *Concept, day Day) int32 {
	switch what.Code {
	case "22298006", "422504002", "230690007":
	default:
		return -1
	}
	if !r.chance(0.88) {
		return -1
	}
	return l.attends(r, day, emergencyOf{admitted: 50, nights: 1.3, ambulance: 0.78})
}

// milestone gives an event of earlier life the precision that it is remembered
// with: the older, the coarser.
func (l *life) milestone(r dice, e *Event, day Day) {
	year, month, _ := day.Date()
	ago := float64(l.d.Until-day) / 365
	e.Grain = ToTheDay
	switch u := r.uniform() * 40; {
	case u < ago-8:
		e.Grain, day = ToTheYear, dayOf(year, 1, 1)
	case u < ago:
		e.Grain, day = ToTheMonth, dayOf(year, month, 1)
	}
	e.At = max(day, l.p.Born).Start()
}

// measureAtDiagnosis appends what shows that a condition is there.
func (l *life) measureAtDiagnosis(r dice, i illness, in int32) {
	day := l.events[in].At.Day()
	switch i { //nolint:exhaustive // nothing is to be done for the others
	case hypertension:
		l.takePressure(r, in)
	case type1, type2, hyperglycaemia:
		l.observe(in, sugar, laboratory, l.sugarOn(r, max(day, l.began[i])), millimolesPerMole, 0)
		l.weigh(r, in)
	case kidney:
		l.observe(in, filtration, laboratory, l.filtrationOn(r, max(day, l.began[i])), millilitresPerMinute, 0)
	case obesity:
		l.weigh(r, in)
	case depression:
		l.askMood(r, in, 15)
	case anxiety:
		l.observe(in, anxietyScore, survey, clip(r.normal(13, 3.5), 5, 21), points, 0)
	case copd:
		l.observe(in, lungVolume, examination, clip(r.normal(64, 14), 25, 92), percent, 0)
	case anaemia:
		l.fullCount(r, in, false)
	case thyroid:
		l.observe(in, thyrotropin, laboratory, clip(10+r.wait(9), 6, 100), milliunitsPerLitre, 1)
	}
}

// askMood appends a PHQ-9 around a mean.
func (l *life) askMood(r dice, in int32, mean float64) {
	l.observe(in, moodScore, survey, clip(r.normal(mean, 4), 0, 27), points, 0)
}

// takes appends the repeat medicines for a condition, and returns the classes
// that the person takes by now.
func (l *life) takes(r dice, i illness, taken []string) []string {
	lines := regimes[i]
	for k := 0; k < len(lines); {
		n, u, starts := k, r.uniform(), r.uniform()
		for n < len(lines) && lines[n].line == lines[k].line {
			n++
		}
		same := lines[k:n]
		k = n
		begins := max(l.from-1, l.began[i]+Day(same[0].from*365*(0.5+starts)))
		m := pickLine(r, same, int(l.age(begins)))
		if m == nil || u >= m.share || begins > l.to || isIn(taken, m.class) {
			continue
		}
		if i == rheumatoid && m.class == "Folic" && !isIn(taken, "Methotrexate") {
			continue // it is taken for the other
		}
		taken = append(taken, m.class)
		l.repeats(r, i, m, begins)
	}
	return taken
}

func pickLine(r dice, same []medicineLine, age int) *medicineLine {
	sum := 0.0
	for i := range same {
		if age >= same[i].young && age <= same[i].old {
			sum += same[i].weight
		}
	}
	at := r.uniform() * sum
	for i := range same {
		if age >= same[i].young && age <= same[i].old {
			if at -= same[i].weight; at < 0 {
				return &same[i]
			}
		}
	}
	return nil
}

func isIn(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// repeats appends a repeat medicine: one request for each year that it is
// authorised for. The first is of the consultation in which the condition was
// found, when it is begun at once.
func (l *life) repeats(r dice, i illness, m *medicineLine, begins Day) {
	stops := l.stops(r, i, m, begins)
	if stops != NotYet && stops <= l.from {
		return
	}
	first := max(begins, l.from)
	if begins < l.from { // the authorisation that was running then began on some day
		first += Day(r.between(0, 364))
	}
	found := int32(-1)
	if k := l.known[i]; k >= 0 && l.events[k].In >= 0 && begins-l.began[i] < 14 {
		found = l.events[k].In
	}
	for day := first; day <= l.to && (stops == NotYet || day < stops); day += Day(r.between(345, 380)) {
		at := surgery(r, l.workday(day))
		name, dose := l.safely(m.name, m.dose, at.Day())
		if !l.registered(at.Day()) || name == "" {
			continue
		}
		e := event(MedicationRequest, nil, at)
		e.Org = l.practice(at.Day())
		e.Who = e.Org.somebody(r, generalist)
		if day == first && found >= 0 {
			e = l.within(MedicationRequest, nil, found)
		}
		at = e.At
		e.Text, e.Dose, e.For, e.Label = name, dose, l.known[i], conditions[i].label
		e.Until, e.Status = at+365*1440, "completed"
		if stops != NotYet && stops.Start() < e.Until {
			e.Until = max(stops.Start(), at+7*1440)
			e.Status = "stopped"
		}
		if e.For >= 0 && l.events[e.For].At > at {
			continue // not before it was diagnosed
		}
		l.add(e)
	}
	if m.class == "Methotrexate" {
		l.watched(r, l.known[i], first, stops)
	}
}

// stops returns the day on which a repeat medicine is given up; NotYet: it
// isn't.
func (l *life) stops(r dice, i illness, m *medicineLine, begins Day) Day {
	stops := NotYet
	if l.ended[i] != NotYet {
		stops = l.ended[i]
	}
	tried := r.chance(0.12) // tried and given up
	days := Day(r.between(60, 900))
	if m.years > 0 {
		tried, days = true, Day(60+r.wait(m.years*365))
	}
	if over := begins + days; tried && (stops == NotYet || over < stops) {
		stops = over
	}
	return stops
}
