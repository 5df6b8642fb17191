package synth

import (
	_ "embed"
	"math"
	"slices"
	"strings"
	"time"
)

//go:embed params/medicines.tsv
var medicinesTable string

//go:embed params/contacts.tsv
var contactsTable string

// reason is why somebody sees their practice.
type reason struct {
	what               *Concept
	weights            [6]float64 // by age
	men, women, winter float64
	medicine, dose     string
	share              float64 // of contacts that end with the medicine
	to                 string  // specialty; "": none
	refer              float64
	young, old         float64 // ages of whom it is told
	days, lasts        int     // of the medicine, and at most of the trouble
	bloods             float64 // chance that blood is tested
}

var reasons = readReasons()

// ageBands are the ages at which the columns of weights begin.
var ageBands = [6]float64{0, 5, 16, 45, 65, 80}

func ageBand(age float64) int {
	b := 0
	for b+1 < len(ageBands) && age >= ageBands[b+1] {
		b++
	}
	return b
}

func readReasons() (all []reason) {
	for _, row := range readTable(contactsTable) {
		w := reason{
			what: sct(row[0], row[1], Mark(row[2])), men: number(row[9]), women: number(row[10]), winter: number(row[11]),
			medicine: row[12], dose: row[13], share: number(row[14]), refer: number(row[16]),
			days: whole(row[18]), lasts: whole(row[19]), bloods: number(row[20]),
		}
		w.young, w.old = ageRange(row[17])
		for i := range w.weights {
			w.weights[i] = number(row[3+i])
		}
		if row[15] != "-" {
			w.to = row[15]
		}
		all = append(all, w)
	}
	return all
}

// ageRange reads ages such as 12- or 0-1: from the first to before the birthday
// after the last.
func ageRange(words string) (from, before float64) {
	young, old, _ := strings.Cut(words, "-")
	if old == "" {
		return number(young), 200
	}
	return number(young), number(old) + 1
}

// contraception is the one reason that is not a problem.
const contraception = "13197004"

// ofEncounter marks a Condition that is a diagnosis of one encounter, not an
// entry of the list of problems.
var ofEncounter = &Concept{"http://terminology.hl7.org/CodeSystem/condition-category", "encounter-diagnosis", "Encounter Diagnosis", Verified}

// Jobs of a practice's staff.
const (
	generalist    = "General practitioner"
	practiceNurse = "Practice nurse"
	assistant     = "Healthcare assistant"
)

// practice returns the practice on whose list the person was on a day; nil: on
// none that is known of. Who moved to their practice from within the district
// was on another's list before.
func (l *life) practice(on Day) *Organisation {
	switch {
	case l.p.Practice == nil:
		return nil
	case on >= l.p.Since:
		return l.p.Practice
	}
	return l.before
}

// registered reports whether the person was on a practice's list on a day.
func (l *life) registered(on Day) bool { return l.practice(on) != nil }

// moved decides from where the person came to their practice: two in three
// from another of the district (assumption), the others from elsewhere, so that
// nothing is told here of the time before but what came with their record.
func (l *life) moved() {
	p := l.p
	if p.Practice == nil || p.Since <= l.from || p.Born > p.Since-60 {
		if p.Practice != nil && p.Born > p.Since-60 {
			l.before = p.Practice
		}
		return
	}
	r := roll(l.d.Seed, "moved", p.Household.People[0].Number)
	if p.Arrived == NotYet && r.chance(0.66) {
		for l.before = p.Practice; l.before == p.Practice; {
			l.before = l.d.care.practiceFor(r, p.Household.Area)
		}
		return
	}
	l.from = max(l.from, p.Since-Day(r.between(0, 60)))
}

// sees appends a consultation at the practice on a day or the next that it is
// open, and returns its place; -1 when the person is not on a list then.
func (l *life) sees(r dice, day Day, job string, minutes int) int32 {
	day = l.workday(day)
	if !l.registered(day) || !l.alive(day) {
		return -1
	}
	at := l.practice(day)
	in := l.meets(consultation, "AMB", surgery(r, day), minutes, at, at.Sites[0])
	l.events[in].Who = at.somebody(r, job)
	if l.atHome(day) { // the practice comes to them
		l.events[in].What, l.events[in].Class, l.events[in].Site = homeVisit, "HH", nil
	}
	l.seen = append(l.seen, day)
	return in
}

// contactRate returns how often a year people see their practice of their own
// accord, by age and sex. Source: Hobbs et al., Lancet 2016 (consultations in
// England 2007-14: 5.2 a person a year, of which reviews and nurses' own lists,
// told apart here, are about a third); K: not verified here, rounded.
func contactRate(age float64, sex Sex) float64 {
	women := [...]float64{6.2, 2.6, 5.7, 6.2, 7, 9}
	men := [...]float64{6.4, 2.4, 2.6, 4.3, 6.4, 9}
	if sex == Male {
		return men[ageBand(age)]
	}
	return women[ageBand(age)]
}

// need is how much more than others of their age a person turns to services.
func (l *life) need(on Day) float64 {
	n := 0.62 + 0.12*l.mood + 0.1*l.burden
	for i := range illnesses {
		if l.has(i, on) {
			switch i {
			case depression, anxiety, psychosis, ptsd, personality, heartFailure, copd, backPain, alcohol:
				n += 0.3
			default:
				n += 0.11
			}
		}
	}
	return clip(n, 0.25, 4)
}

// consults tells of the contacts that the person sought.
func (l *life) consults() {
	r := l.roll("practice")
	keen := max(0.15, r.normal(1, 0.35))
	for year := l.from; year <= l.to; year += 365 {
		until := min(year+364, l.to)
		rate := contactRate(l.age(year), l.p.Sex) * keen * l.need(year)
		for i, day := range r.days(year, until, rate) {
			// Each with dice of its own: what one comes to changes nothing of the others.
			l.consult(roll(l.d.Seed, "contact", l.p.Number<<20+int64(year-l.from)<<8+int64(i)), day)
		}
	}
}

// joined tells of the check of somebody who is new on a practice's list.
func (l *life) joined() {
	p := l.p
	if p.Practice == nil || p.Since < l.from || l.age(p.Since) < 16 {
		return
	}
	r := l.roll("joined")
	if !r.chance(0.7) {
		return
	}
	in := l.sees(r, p.Since+Day(r.between(1, 40)), assistant, 15)
	if in < 0 {
		return
	}
	l.events[in].What, l.events[in].Note = checkUp, "New patient check"
	l.takePressure(r, in)
	l.weigh(r, in)
	l.askSmoking(in)
	l.observe(in, drinking, socialHistory, math.Round(l.vital.drinks), unitsAWeek, 0)
}

// pressed moves a contact to the day of the week on which it is sought: Mondays
// have the most and Thursdays the fewest, Fridays again more of those that
// cannot wait (NHS Digital, Appointments in General Practice, 2022/23: 21.5, 20.8,
// 20.1, 19.3, 18.3 in 100 from Monday to Friday; urgent ones K: 25 on Monday, 20
// on Friday).
func (l *life) pressed(r dice, day Day, urgent bool) Day {
	weights := []float64{21.5, 20.8, 20.1, 19.3, 18.3}
	if urgent {
		weights = []float64{25, 19.5, 18, 17.5, 20}
	}
	monday := day - Day((int(day.Weekday())+6)%7)
	return l.workday(max(monday+Day(r.among(weights)), l.p.Born))
}

// consult tells of one contact.
func (l *life) consult(r dice, day Day) {
	urgent := r.chance(0.42)
	day = l.pressed(r, day, urgent)
	if !l.registered(day) || day > l.to || day < l.from || slices.Contains(l.seen, day) {
		return
	}
	if l.d.truths.short(l.practice(day), day) && !r.chance(mondayShare) {
		later, seen := l.turnedAway(r, day)
		if !seen || later > l.to {
			return
		}
		day = later
	}
	at, org := surgery(r, day), l.practice(day)
	age := l.age(day)
	if !l.atHome(day) && r.chance(l.missing(age)) {
		e := event(Appointment, consultation, at)
		e.Status, e.Until, e.Org, e.Site, e.Who = "noshow", at+10, org, org.Sites[0], org.somebody(r, generalist)
		l.add(e)
		l.seen = append(l.seen, day)
		return
	}
	how, class, minutes := l.manner(r, day, age)
	in := l.meets(how, class, at, minutes, org, org.Sites[0])
	if how == homeVisit {
		l.events[in].Site = nil
	}
	l.seen = append(l.seen, day)
	l.events[in].Who = org.somebody(r, generalist)
	if r.chance(0.38) { // results, letters, certificates, the known condition again
		l.aboutKnown(r, in)
		return
	}
	if w := l.reason(r, day, age); w != nil {
		l.complains(r, in, w, age)
	}
}

// complains tells of what somebody comes with for the first time, or again
// before it is over.
func (l *life) complains(r dice, in int32, w *reason, age float64) {
	day := l.events[in].At.Day()
	if w.what.Code == contraception {
		e := l.within(Procedure, w.what, in)
		e.Status = "completed"
		l.add(e)
		if r.chance(w.share) {
			l.prescribe(in, -1, w.medicine, w.dose, w.days)
		}
		l.takePressure(r, in)
		return
	}
	if i, ok := ofKnown[w.what.Code]; ok && l.has(i, day) && l.known[i] >= 0 && l.events[l.known[i]].At < l.events[in].At {
		l.events[in].For = l.known[i]
		if l.events[in].Class == "AMB" {
			l.measureFor(r, i, in)
		}
		return
	}
	if l.tooSoon(w.what, day) {
		l.aboutOther(r, in)
		return
	}
	known, again := l.still(w.what, day)
	if !again {
		problem := l.within(Condition, w.what, in)
		problem.Status, problem.Category = "resolved", ofEncounter
		problem.Until = problem.At + Moment(r.between(max(3, w.lasts/5), w.lasts)*1440)
		known = l.add(problem)
	}
	l.events[in].For = known
	l.examine(r, in, w, age)
	if w.medicine != "" && r.chance(w.share) {
		l.prescribe(in, known, w.medicine, w.dose, w.days)
	}
	if w.to != "" && r.chance(w.refer) && !(again && l.referredFor(known)) {
		l.refer(r, in, known, w.to)
	}
}

// ofKnown are the troubles that are no new ones in who has the condition.
var ofKnown = map[string]illness{
	"366979004": depression, "48694002": anxiety, "161891005": backPain, "15188001": hearing, "30989003": osteoarthritis, "57676002": osteoarthritis,
	"25064002": migraine, "162031009": reflux, "267036007": copd, "80313002": fibrillation, "249274008": prostate,
}

// onceOnly is the code of herpes zoster, which hardly anybody has twice.
const onceOnly = "4740000"

// Codes of heavy periods, and of their end.
const (
	heavyPeriods = "386692008"
	menopause    = "289903006"
)

// pastPeriods reports whether the change of life was told of before a day.
func (l *life) pastPeriods(day Day) bool {
	for i := range l.events {
		if e := &l.events[i]; e.Kind == Condition && e.At < day.Start() && e.What != nil && e.What.Code == menopause {
			return true
		}
	}
	return false
}

// tooSoon reports whether a trouble would be found anew a few days before it is
// told of already, or again when it comes once.
func (l *life) tooSoon(what *Concept, day Day) bool {
	for i := range l.events {
		e := &l.events[i]
		if e.Kind != Condition || e.What == nil || e.What.Code != what.Code || e.Category != ofEncounter {
			continue
		}
		if e.At >= day.Start() && e.At < (day+14).Start() || what.Code == onceOnly && e.At < day.Start() {
			return true
		}
	}
	return what.Code == heavyPeriods && l.pastPeriods(day)
}

// still returns the place of a trouble of the same kind that goes on, if there
// is one.
func (l *life) still(what *Concept, day Day) (int32, bool) {
	for i := len(l.events) - 1; i >= 0; i-- {
		e := &l.events[i]
		if e.Kind == Condition && e.What == what && e.Category == ofEncounter && e.At < day.Start() && e.Until > day.Start() {
			return int32(i), true
		}
	}
	return -1, false
}

// referredFor reports whether there was a referral for a trouble.
func (l *life) referredFor(known int32) bool {
	for i := range l.events {
		if e := &l.events[i]; e.Kind == ServiceRequest && e.For == known {
			return true
		}
	}
	return false
}

// missing is the chance that an appointment is not kept: more among the young
// and the poor. Source: NHS Digital, Appointments in General Practice 2022/23: 4.7 in 100
// did not attend; by age and deprivation Ellis et al., Lancet Public Health 2017; K.
func (l *life) missing(age float64) float64 {
	m := 0.03 + 0.003*(10-float64(l.decile))
	if age > 16 && age < 45 {
		m *= 1.5
	}
	return m
}

// manner draws how a contact takes place. Source: NHS Digital, Appointments in General
// Practice 2023: about 69 in 100 face to face, 26 by telephone, 1 at home.
func (l *life) manner(r dice, day Day, age float64) (how *Concept, class string, minutes int) {
	visit, phone := 0.002, 0.27
	switch {
	case l.atHome(day):
		visit = 1 - phone
	case age > 90:
		visit = 0.25
	case age > 80:
		visit = 0.05
	case age < 0.5: // who is so small is looked at
		visit, phone = 0, 0.04
	}
	switch u := r.uniform(); {
	case u < visit:
		return homeVisit, "HH", 30
	case u < visit+phone:
		return phoneCall, "VR", r.between(5, 12)
	case u < visit+phone+0.01 && age >= 1 && age < 75:
		return videoCall, "VR", 10
	}
	return consultation, "AMB", 5 * r.between(2, 4)
}

// ofWomb are the reasons that nobody has while she carries a child.
var ofWomb = map[string]bool{contraception: true, heavyPeriods: true, menopause: true}

// reason draws why the person comes.
func (l *life) reason(r dice, day Day, age float64) *reason {
	b := ageBand(age)
	_, month, _ := day.Date()
	cold := month == time.December || month <= time.February
	var weights [64]float64
	carries := l.carrying(day)
	sum := 0.0
	for i := range reasons {
		w := &reasons[i]
		x := w.weights[b] * w.women
		if l.p.Sex == Male {
			x = w.weights[b] * w.men
		}
		if age < w.young || age >= w.old || carries && ofWomb[w.what.Code] {
			x = 0
		}
		if cold {
			x *= w.winter
		}
		weights[i] = x
		sum += x
	}
	at := r.uniform() * sum
	for i := range reasons {
		if at -= weights[i]; at < 0 {
			return &reasons[i]
		}
	}
	return nil
}

// examine appends what is measured when somebody comes with a problem.
func (l *life) examine(r dice, in int32, w *reason, age float64) {
	if l.events[in].Class != "AMB" {
		return
	}
	switch {
	case w.what.Code == "366979004":
		l.observe(in, moodScore, survey, clip(r.normal(12, 4), 5, 27), points, 0)
	case w.what.Code == "48694002":
		l.observe(in, anxietyScore, survey, clip(r.normal(11, 3.5), 5, 21), points, 0)
	case age < 12 && r.chance(0.45):
		l.observe(in, temperature, vitalSigns, clip(r.normal(37.4, 0.8), 36, 40.5), celsius, 1)
	case age >= 18 && r.chance(0.14):
		l.takePressure(r, in)
	case age >= 18 && r.chance(0.07):
		l.weigh(r, in)
	}
	if w.bloods > 0 && age >= 5 && r.chance(0.65*w.bloods*min(1, 0.4+age/60)) {
		l.asksForBloods(r, in, w.winter > 1.2)
	}
}

// prescribe appends an acute medicine, or what is given instead of it to
// somebody like this; nothing when there is nothing.
func (l *life) prescribe(in, known int32, name, dose string, days int) {
	day := l.events[in].At.Day()
	name, dose = l.safely(name, dose, day)
	if name == "" || l.age(day) < 12 && !childs(name) {
		return
	}
	e := l.within(MedicationRequest, nil, in)
	e.Text, e.Dose, e.For, e.Status = name, dose, known, "completed"
	e.Until = e.At + Moment(daysOf(dose, days)*1440)
	l.add(e)
}

// daysOf returns for how many days a medicine is taken: as its dose says, or as
// many as are usual where it doesn't.
func daysOf(dose string, usual int) int {
	_, after, _ := strings.Cut(dose, " for ")
	if number, unit, _ := strings.Cut(after, " "); unit == "days" {
		return whole(number)
	}
	return usual
}
