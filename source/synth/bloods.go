package synth

import "math"

// Units of what a laboratory finds.
var (
	billionsPerLitre     = &Unit{"10*9/L", "10⁹/L"}
	femtolitres          = &Unit{"fL", "fL"}
	micromolesPerLitre   = &Unit{"umol/L", "µmol/L"}
	unitsPerLitre        = &Unit{"U/L", "U/L"}
	milligramsPerLitre   = &Unit{"mg/L", "mg/L"}
	bloodSampled         = sct("82078001", "Collection of blood specimen for laboratory", Unverified)
	whiteCells           = sct("1022541000000102", "Total white cell count", SeenOnce)
	platelets            = sct("1022651000000100", "Platelet count", SeenOnce)
	cellVolume           = sct("1022491000000106", "Mean corpuscular volume", SeenOnce)
	sodium               = sct("1000661000000107", "Serum sodium level", SeenOnce)
	potassium            = sct("1000651000000109", "Serum potassium level", SeenOnce)
	creatinine           = sct("1000731000000107", "Serum creatinine level", Verified)
	alanineTransaminase  = sct("1018251000000107", "Serum alanine aminotransferase level", SeenOnce)
	alkalinePhosphatase  = sct("1000621000000104", "Serum alkaline phosphatase level", SeenOnce)
	bilirubin            = sct("999691000000104", "Serum bilirubin level", SeenOnce)
	serumAlbumin         = sct("1000821000000103", "Serum albumin level", SeenOnce)
	reactiveProtein      = sct("999651000000107", "Serum C reactive protein level", SeenOnce)
	triglycerides        = sct("1005691000000109", "Serum triglyceride level", SeenOnce)
	medicinesLookedAfter = sct("182836005", "Review of medication", Unverified)
)

// Laboratory tests are asked for together, as practices and wards do. How often:
// O'Sullivan et al., BMJ 2018 (about five tests a person a year in UK general
// practice in 2015/16, most of them these); K: not verified here. What is
// normal: reference intervals of Pathology Harmony, rounded; K.

// tests appends an Observation of a laboratory in an encounter.
func (l *life) tests(in int32, what *Concept, value float64, unit *Unit, digits int8) {
	l.observe(in, what, laboratory, value, unit, digits)
}

// fullCount appends a full blood count; sick raises the white cells.
func (l *life) fullCount(r dice, in int32, sick bool) {
	day := l.events[in].At.Day()
	l.tests(in, haemoglobin, l.bloodOn(r, day), gramsPerLitre, 0)
	white := clip(6.7*math.Exp(0.2*l.vital.whites)*r.lognormal(0.12), 3, 14)
	if sick {
		white = clip(white*r.lognormal(0.3)*1.6, 2.5, 32)
	}
	l.tests(in, whiteCells, white, billionsPerLitre, 1)
	l.tests(in, platelets, clip(256+50*l.vital.platelets+r.normal(0, 16), 95, 620), billionsPerLitre, 0)
	volume := 90 + 3.7*l.vital.cells + r.normal(0, 0.8)
	switch {
	case l.has(anaemia, day):
		volume -= 11
	case l.has(alcohol, day):
		volume += 7
	case l.has(sickle, day):
		volume -= 6
	}
	l.tests(in, cellVolume, clip(volume, 62, 112), femtolitres, 0)
}

// bloodOn returns a haemoglobin concentration in g/L: a person's own differ by
// less than people do.
func (l *life) bloodOn(r dice, on Day) float64 {
	mean, low := 133.0, 95.0
	switch age := l.age(on); {
	case age < 12:
		mean, low = 122, 95
	case l.p.Sex == Male && age >= 16:
		mean, low = 148-0.15*max(0, age-60), 105
	default:
		mean -= 0.1 * max(0, age-65)
	}
	switch {
	case l.has(sickle, on):
		return clip(84+8*l.vital.blood+r.normal(0, 4), 58, 112)
	case l.has(anaemia, on):
		found := max(0, float64(on-l.began[anaemia])/30)
		return clip(104+min(24, 6*found)+6*l.vital.blood+r.normal(0, 4), 62, mean)
	case l.carrying(on):
		mean -= 12
	}
	if l.has(kidney, on) {
		mean -= 0.25 * max(0, 50-l.usualFiltration(on))
	}
	return clip(mean+8*l.vital.blood+r.normal(0, 3.2), low, 182)
}

// kidneyTests appends electrolytes, creatinine and the filtration that the
// laboratory works out from it.
func (l *life) kidneyTests(r dice, in int32) {
	day := l.events[in].At.Day()
	salt, potash := r.normal(139.6, 2.1), r.normal(4.35, 0.33)
	if l.age(day) > 75 {
		salt -= 1
	}
	if l.has(heartFailure, day) {
		salt -= 1.2
	}
	if l.has(kidney, day) {
		potash += 0.25
	}
	l.tests(in, sodium, clip(salt, 124, 147), millimolesPerLitre, 0)
	l.tests(in, potassium, clip(potash, 2.9, 6.2), millimolesPerLitre, 1)
	rate := l.filters(r, day)
	l.tests(in, creatinine, l.creatinineAt(rate, day), micromolesPerLitre, 0)
	if l.age(day) >= 18 {
		l.tests(in, filtration, min(rate, mostFiltration), millilitresPerMinute, 0)
	}
}

// creatinineAt returns the serum creatinine in µmol/L at which the equation of
// CKD-EPI (Levey et al., Annals of Internal Medicine 2009) gives a filtration.
// Children have less, by age.
func (l *life) creatinineAt(rate float64, on Day) float64 {
	age := l.age(on)
	if age < 18 {
		return math.Round(18 + 2.3*age)
	}
	usual, slope, factor := 79.6, -0.411, 1.0
	if l.p.Sex == Female {
		usual, slope, factor = 61.9, -0.329, 1.018
	}
	part := rate / (141 * math.Pow(0.993, age) * factor)
	if part < 1 {
		slope = -1.209
	}
	return math.Round(clip(usual*math.Pow(part, 1/slope), 34, 900))
}

// liverTests appends liver function tests.
func (l *life) liverTests(r dice, in int32) {
	day := l.events[in].At.Day()
	transaminase, bile, protein := 21*r.lognormal(0.35), 8.5*r.lognormal(0.35), r.normal(43, 2.6)-0.06*max(0, l.age(day)-50)
	if l.has(obesity, day) {
		transaminase *= 1.35
	}
	if l.has(liver, day) {
		transaminase, bile, protein = transaminase*2.2, bile*2, protein-5
	}
	if l.has(alcohol, day) {
		transaminase *= 1.6
	}
	bone := 76 + 18*l.vital.bones + r.normal(0, 6)
	if age := l.age(day); age < 17 {
		bone = 210 + 40*l.vital.bones + r.normal(0, 15)
	}
	l.tests(in, alanineTransaminase, clip(transaminase, 6, 480), unitsPerLitre, 0)
	l.tests(in, alkalinePhosphatase, clip(bone, 28, 420), unitsPerLitre, 0)
	l.tests(in, bilirubin, clip(bile, 2, 110), micromolesPerLitre, 0)
	l.tests(in, serumAlbumin, clip(protein, 20, 51), gramsPerLitre, 0)
}

// fats appends cholesterol and what goes with it.
func (l *life) fats(r dice, in int32) {
	day := l.events[in].At.Day()
	total, good := l.lipidsOn(r, day)
	l.tests(in, cholesterol, total, millimolesPerLitre, 1)
	l.tests(in, goodLipid, good, millimolesPerLitre, 1)
	fat := 1.15 * r.lognormal(0.35)
	if l.has(type2, day) || l.has(obesity, day) {
		fat *= 1.45
	}
	l.tests(in, triglycerides, clip(fat, 0.4, max(0.5, (total-good)*1.2)), millimolesPerLitre, 1)
}

// asksForBloods tells of the blood tests that a doctor asks for: taken by the
// healthcare assistant some days later, and talked over when they are back.
func (l *life) asksForBloods(r dice, from int32, sick bool) {
	asked := l.events[from].At.Day()
	in := l.sees(r, asked+Day(r.between(1, 8)), assistant, 10)
	if in < 0 || l.events[in].At.Day() > l.to {
		return
	}
	day := l.events[in].At.Day()
	l.events[in].Note, l.events[in].For = "Blood tests", l.events[from].For
	e := l.within(Procedure, bloodSampled, in)
	e.Status = "completed"
	l.add(e)
	l.fullCount(r, in, sick && r.chance(0.5))
	if r.chance(0.75) {
		l.kidneyTests(r, in)
	}
	if r.chance(0.45) {
		l.liverTests(r, in)
	}
	if sick || r.chance(0.3) {
		l.tests(in, reactiveProtein, clip(2.2*r.lognormal(1), 0.4, 160), milligramsPerLitre, 0)
	}
	if age := l.age(day); age >= 18 {
		if r.chance(0.4) {
			l.tests(in, sugar, l.sugarOn(r, day), millimolesPerMole, 0)
		}
		if r.chance(0.35) {
			l.tests(in, thyrotropin, l.thyroidOn(r, day), milliunitsPerLitre, 1)
		}
		if age >= 40 && r.chance(0.3) {
			l.fats(r, in)
		}
	}
	if r.chance(0.35) {
		if back := l.sees(r, day+Day(r.between(3, 12)), generalist, 7); back >= 0 {
			l.events[back].What, l.events[back].Class = phoneCall, "VR"
			l.events[back].Note, l.events[back].For = "Test results", l.events[from].For
		}
	}
}

// watched tells of the blood tests that go with a medicine that harms blood or
// liver in some, every twelve weeks or so (British Society for Rheumatology,
// guideline on disease-modifying drugs, 2017; K).
func (l *life) watched(r dice, known int32, from, stops Day) {
	for day := from + Day(r.between(20, 90)); day <= l.to && (stops == NotYet || day < stops); day += Day(r.between(80, 105)) {
		in := l.sees(r, day, assistant, 10)
		if in < 0 {
			continue
		}
		on := l.events[in].At.Day()
		l.events[in].Note, l.events[in].For = "Blood tests", known
		l.fullCount(r, in, false)
		l.tests(in, creatinine, l.creatinineAt(l.filters(r, on), on), micromolesPerLitre, 0)
		l.tests(in, alanineTransaminase, clip(24*r.lognormal(0.35), 6, 160), unitsPerLitre, 0)
	}
}

// thyroidOn returns a thyroid stimulating hormone in mU/L.
func (l *life) thyroidOn(r dice, on Day) float64 {
	if l.has(thyroid, on) {
		return clip(0.3+r.wait(2.3), 0.1, 20)
	}
	return clip(1.6*r.lognormal(0.45), 0.3, 5.8)
}

// infections are the codes of emergencies in which the white cells and the C
// reactive protein rise.
var infections = map[string]bool{
	"50417007": true, "54150009": true, "4120002": true, "386661006": true, "25374005": true, "68566005": true,
	"91302008": true, "45816000": true, "128045006": true,
}

// onTheWard appends the blood tests of an emergency admission, at its beginning
// and again in a longer one.
func (l *life) onTheWard(r dice, in int32) {
	if l.age(l.events[in].At.Day()) < 2 && r.chance(0.7) {
		return
	}
	first := len(l.events)
	infected := false
	if why := l.events[in].For; why >= 0 && l.events[why].What != nil {
		infected = infections[l.events[why].What.Code]
	}
	l.fullCount(r, in, infected)
	l.kidneyTests(r, in)
	if r.chance(0.25) {
		l.liverTests(r, in)
	}
	switch {
	case infected:
		l.tests(in, reactiveProtein, clip(58*r.lognormal(0.8), 6, 380), milligramsPerLitre, 0)
	case r.chance(0.6):
		l.tests(in, reactiveProtein, clip(3.5*r.lognormal(0.9), 0.5, 70), milligramsPerLitre, 0)
	}
	for i := first; i < len(l.events); i++ {
		l.events[i].At += 25
	}
	if l.events[in].Until < l.events[in].At+6*1440 {
		return
	}
	first = len(l.events)
	l.fullCount(r, in, false)
	l.kidneyTests(r, in)
	for i := first; i < len(l.events); i++ {
		l.events[i].At += 3*1440 - l.events[i].At%1440 + 7*60
	}
}
