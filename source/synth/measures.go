package synth

import "math"

// Units of measured values.
var (
	millimetresOfMercury = &Unit{"mm[Hg]", "mmHg"}
	kilograms            = &Unit{"kg", "kg"}
	centimetres          = &Unit{"cm", "cm"}
	perSquareMetre       = &Unit{"kg/m2", "kg/m²"}
	millimolesPerMole    = &Unit{"mmol/mol", "mmol/mol"}
	millimolesPerLitre   = &Unit{"mmol/L", "mmol/L"}
	millilitresPerMinute = &Unit{"mL/min/{1.73_m2}", "mL/min/1.73m²"}
	milligramsPerMmol    = &Unit{"mg/mmol", "mg/mmol"}
	gramsPerLitre        = &Unit{"g/L", "g/L"}
	litresPerMinute      = &Unit{"L/min", "L/min"}
	percent              = &Unit{"%", "%"}
	celsius              = &Unit{"Cel", "°C"}
	points               = &Unit{"{score}", "score"}
	unitsAWeek           = &Unit{"{UK_alcohol_unit}/wk", "units/week"}
	milliunitsPerLitre   = &Unit{"m[IU]/L", "mU/L"}
)

// Categories of Observation.
var (
	vitalSigns    = &Concept{"http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs", "Vital Signs", Verified}
	laboratory    = &Concept{"http://terminology.hl7.org/CodeSystem/observation-category", "laboratory", "Laboratory", Verified}
	survey        = &Concept{"http://terminology.hl7.org/CodeSystem/observation-category", "survey", "Survey", Verified}
	socialHistory = &Concept{"http://terminology.hl7.org/CodeSystem/observation-category", "social-history", "Social History", Verified}
	examination   = &Concept{"http://terminology.hl7.org/CodeSystem/observation-category", "exam", "Exam", Verified}
)

// What is measured.
var (
	bloodPressure = sct("75367002", "Blood pressure", Verified)
	systolic      = sct("271649006", "Systolic blood pressure", Verified)
	diastolic     = sct("271650006", "Diastolic blood pressure", Verified)
	temperature   = sct("386725007", "Body temperature", Verified)
	newsTotal     = sct("1104051000000101", "Royal College of Physicians NEWS2 (National Early Warning Score 2) total score", Verified)
	bodyWeight    = sct("27113001", "Body weight", Verified)
	bodyHeight    = sct("50373000", "Body height measure", Verified)
	bodyMassIndex = sct("60621009", "Body mass index", Verified)
	sugar         = sct("999791000000106", "Haemoglobin A1c level - International Federation of Clinical Chemistry and Laboratory Medicine standardised", Verified)
	cholesterol   = sct("1005671000000105", "Serum cholesterol level", Verified)
	goodLipid     = sct("1005681000000107", "Serum high density lipoprotein cholesterol level", Verified)
	filtration    = sct("1107411000000104", "Estimated glomerular filtration rate by laboratory calculation", Verified)
	albumin       = sct("1023491000000104", "Urine albumin:creatinine ratio", Verified)
	haemoglobin   = sct("1022431000000105", "Haemoglobin concentration", Verified)
	thyrotropin   = sct("1022791000000101", "Serum thyroid stimulating hormone level", Unverified)
	peakFlow      = sct("18491006", "Peak expiratory flow measurement", Unverified)
	lungVolume    = sct("407576000", "Forced expired volume in 1 second percentage of predicted value", Unverified)
	moodScore     = sct("720433000", "Patient Health Questionnaire Nine Item score", Verified)
	anxietyScore  = sct("445455005", "Generalised anxiety disorder 7 item score", SeenOnce)
	drinking      = sct("1082641000000106", "Alcohol units consumed per week", Verified)
	smokerNow     = sct("77176002", "Smoker", Verified)
	smokerOnce    = sct("8517006", "Ex-smoker", Verified)
	smokerNever   = sct("266919005", "Never smoked tobacco", Verified)
	riskScore     = sct("1085871000000105", "QRISK3 cardiovascular disease 10 year risk score", Verified)
)

// smokingFindings are what a practice finds when it asks, each a code of its own.
var smokingFindings = []*Concept{smokerNow, smokerOnce, smokerNever}

// vitals are what a person's measurements scatter around.
type vitals struct {
	height       float64 // grown up, in cm
	stature      float64 // standard deviations from the mean height
	build        float64 // standard deviations of body mass for age
	mass         float64 // body mass index at 50, in kg/m²
	pressure     float64 // systolic offset in mmHg
	treated      float64 // mmHg that treatment takes off
	sugarControl float64 // HbA1c offset in diabetes, mmol/mol
	lipid        float64
	kidneys      float64
	drinks       float64 // units a week
	birth        float64 // weight in kg, of whose birth more is known; 0: not
	blood        float64 // what blood counts scatter around, each in standard deviations of people
	cells        float64
	platelets    float64
	whites       float64
	bones        float64 // of alkaline phosphatase
}

// measured draws what a person's measurements scatter around. Means of adults:
// Health Survey for England 2019 (height 175.5 and 162 cm, body mass index
// 27.6, systolic pressure 126, cholesterol 5.1); K: not verified here.
func (l *life) measured() vitals {
	r := l.roll("measures")
	v := vitals{stature: r.normal(0, 1), build: r.normal(0, 1), pressure: r.normal(0, 9), lipid: r.normal(0, 0.85), kidneys: r.normal(0, 9)}
	v.height = 162 + 6.4*v.stature
	if l.p.Sex == Male {
		v.height = 175.5 + 6.9*v.stature
	}
	if l.asian {
		v.height -= 3.5
	}
	v.mass = 26.3 + 3.4*v.build + 0.6*math.Abs(v.build)
	if l.began[obesity] != NotYet {
		v.mass = 31 + r.wait(3.4)
	}
	v.mass = max(16.5, min(v.mass, 58))
	if l.began[hypertension] != NotYet {
		v.pressure += 24
		v.treated = r.normal(16, 6)
	}
	v.sugarControl = max(-6, r.normal(0, 9)+r.wait(5)-3)
	v.drinks = max(0, r.normal(4, 9))
	switch {
	case l.began[alcohol] != NotYet:
		v.drinks = r.normal(95, 30)
	case l.asian || l.p.Ethnicity == "N":
		v.drinks *= 0.3
	}
	v.drinks = min(max(0, v.drinks), 250)
	v.blood, v.cells, v.platelets, v.whites, v.bones = r.normal(0, 1), r.normal(0, 1), r.normal(0, 1), r.normal(0, 1), r.normal(0, 1)
	if m := l.p.Mother; m != nil && l.p.Born > l.d.Since-2*365 {
		v.birth = l.d.deliveryOf(l.p, m).kg
	}
	return v
}

// growth holds mean heights in cm and weights in kg of girls and boys by age in
// years. Source: UK-WHO and UK90 growth charts, 50th centile; K, rounded.
var growth = []struct{ age, girls, girlsKg, boys, boysKg float64 }{
	{0, 49.5, 3.3, 50, 3.5},
	{0.035, 50.5, 3.4, 51, 3.6}, // what is lost in the first days is back
	{0.25, 60, 5.9, 61, 6.4},
	{0.5, 65.7, 7.3, 67.6, 7.9},
	{1, 74, 9, 75.7, 9.6},
	{2, 86, 11.5, 87, 12.2},
	{4, 102, 16.1, 103, 16.5},
	{6, 115, 20.3, 116, 20.8},
	{8, 127, 25.4, 128, 25.6},
	{10, 138.5, 32, 138.5, 31.5},
	{12, 151, 41, 149, 39.5},
	{14, 160, 50, 163, 50.5},
	{16, 162.5, 55, 173, 62},
	{18, 163, 57.5, 176, 67},
}

// heightOn returns the height on a day in cm.
func (l *life) heightOn(on Day) float64 {
	age := l.age(on)
	if age >= 18 {
		return l.vital.height - max(0, age-55)*0.12
	}
	h, _ := l.grown(age)
	return h + l.vital.stature*(1.8+0.28*age)
}

func (l *life) grown(age float64) (height, weight float64) {
	for i := 1; i < len(growth); i++ {
		a, b := growth[i-1], growth[i]
		if age > b.age && i < len(growth)-1 {
			continue
		}
		part := min(1, (age-a.age)/(b.age-a.age))
		if l.p.Sex == Male {
			return a.boys + (b.boys-a.boys)*part, a.boysKg + (b.boysKg-a.boysKg)*part
		}
		return a.girls + (b.girls-a.girls)*part, a.girlsKg + (b.girlsKg-a.girlsKg)*part
	}
	return 0, 0
}

// massOn returns the body mass index on a day.
func (l *life) massOn(on Day) float64 {
	age := l.age(on)
	mass := l.vital.mass - 0.0035*(age-55)*(age-55) + 0.3 // rises to the middle fifties, falls after
	if l.has(dementia, on) {
		mass -= 0.5 * min(5, float64(on-l.began[dementia])/365)
	}
	if l.cause != stillAlive && l.cause != ofInjury && l.p.Died-on < 365 { // wasting in the last year
		mass -= 2.5 * (1 - float64(l.p.Died-on)/365)
	}
	if l.began[obesity] != NotYet && l.has(obesity, on) {
		return max(30.1, mass)
	}
	return max(14.5, mass)
}

// weightOn returns the weight on a day in kg.
func (l *life) weightOn(r dice, on Day) float64 {
	age := l.age(on)
	if age < 18 {
		_, kg := l.grown(age)
		if birth := l.vital.birth; birth > 0 && age < 2 { // grows from what it was born with to what it is to be
			_, usual := l.grown(0)
			part := age / 2
			return kg * (birth/usual*(1-part) + part*math.Exp(0.13*l.vital.build)) * (1 + 0.008*r.normal(0, 1))
		}
		return kg * math.Exp(0.13*l.vital.build+0.02*r.normal(0, 1)) * (1 + 0.03*l.vital.stature)
	}
	h := l.heightOn(on) / 100
	return l.massOn(on)*h*h + r.normal(0, 0.7)
}

// pressureOn returns a blood pressure reading.
func (l *life) pressureOn(r dice, on Day) (high, low float64) {
	age := l.age(on)
	high = 112 + 0.36*(age-20) + l.vital.pressure
	if age < 18 {
		high = 88 + 1.35*age + l.vital.pressure/3
	}
	if l.p.Sex == Male && age >= 16 {
		high += 4
	}
	if l.has(hypertension, on) && on > l.began[hypertension]+30 {
		high -= l.vital.treated * min(1, float64(on-l.began[hypertension])/240)
	}
	if l.carrying(on) {
		high -= 5
	}
	if l.has(obesity, on) {
		high += 3
	}
	high += r.normal(0, 7)
	if low := 93.0; age >= 18 && high < low { // few adults have less, and live on
		high = low + (high-low)*0.3
	}
	low = 0.42*high + 24 - max(0, age-55)*0.25 + r.normal(0, 4)
	high, low = math.Round(max(74, min(high, 228))), math.Round(max(38, min(low, 128)))
	if high-low < 18 {
		low = high - 18
	}
	if r.chance(0.45) { // people who read a dial like even figures and tens
		high, low = 2*math.Round(high/2), 2*math.Round(low/2)
	}
	return high, low
}

// sugarOn returns an HbA1c in mmol/mol.
func (l *life) sugarOn(r dice, on Day) float64 {
	years := 0.0
	switch {
	case l.has(type1, on):
		return clip(66+1.4*l.vital.sugarControl+r.normal(0, 5), 42, 140)
	case l.has(type2, on):
		years = float64(on-l.began[type2]) / 365
		return clip(53+l.vital.sugarControl+0.7*min(years, 15)+9*math.Exp(-years*2)+r.normal(0, 3), 40, 135)
	case l.has(hyperglycaemia, on):
		return clip(43.5+r.normal(0, 1.6), 39, 47)
	}
	return clip(35.5+0.045*(l.age(on)-30)+r.normal(0, 2.4), 25, 41)
}

// lipidsOn returns total and HDL cholesterol in mmol/L.
func (l *life) lipidsOn(r dice, on Day) (total, good float64) {
	total = 4.9 + 0.012*min(l.age(on)-35, 25) + l.vital.lipid
	if l.has(heartDisease, on) || l.has(stroke, on) || l.has(type2, on) {
		total -= 1.2 // a statin
	}
	good = 1.5 - 0.02*(l.massOn(on)-26) + r.normal(0, 0.15)
	if l.p.Sex == Male {
		good -= 0.25
	}
	good = clip(good, 0.6, 3)
	return clip(total+r.normal(0, 0.25), good+1.1, 9.5), good
}

// filtrationOn returns an estimated glomerular filtration rate; 90 stands for
// "more than 90", as laboratories print it.
func (l *life) filtrationOn(r dice, on Day) float64 {
	return min(l.filters(r, on), mostFiltration)
}

// filters returns the filtration itself, however high.
func (l *life) filters(r dice, on Day) float64 {
	if l.has(kidney, on) {
		return math.Round(clip(l.usualFiltration(on)+r.normal(0, 3), 9, 59))
	}
	rate := l.usualFiltration(on) + r.normal(0, 4)
	if rate < 63 { // who has no kidney disease stays above 60
		rate = 61 + math.Abs(r.normal(0, 3))
	}
	return math.Round(min(rate, 128))
}

// mostFiltration is the highest that laboratories print.
const mostFiltration = 90

// usualFiltration returns around what the person's filtration lies on a day.
func (l *life) usualFiltration(on Day) float64 {
	if l.has(kidney, on) {
		years := float64(on-l.began[kidney]) / 365
		return 52 + 0.7*l.vital.kidneys - 0.9*min(years, 20)
	}
	return 112 - 0.72*(l.age(on)-20) + l.vital.kidneys
}

func clip(x, low, high float64) float64 { return max(low, min(x, high)) }

// observe appends an Observation with a value in an encounter, or by itself on
// a day when in is below 0.
func (l *life) observe(in int32, what *Concept, category *Concept, value float64, unit *Unit, digits int8) {
	e := l.within(Observation, what, in)
	e.Status, e.Category = "final", category
	scale := math.Pow10(int(digits))
	e.Value, e.Unit, e.Digits = math.Round(value*scale)/scale, unit, digits
	l.add(e)
}

// takePressure appends a blood pressure.
func (l *life) takePressure(r dice, in int32) {
	e := l.within(Observation, bloodPressure, in)
	e.Status, e.Category = "final", vitalSigns
	high, low := l.pressureOn(r, e.At.Day())
	e.Parts = []Part{{systolic, high, millimetresOfMercury, 0}, {diastolic, low, millimetresOfMercury, 0}}
	l.add(e)
}

// weigh appends a weight and, of the grown, a body mass index; of children
// their height.
func (l *life) weigh(r dice, in int32) {
	day := l.events[in].At.Day()
	kg := math.Round(l.weightOn(r, day)*10) / 10
	l.observe(in, bodyWeight, vitalSigns, kg, kilograms, 1)
	h := math.Round(l.heightOn(day))
	if l.age(day) < 18 {
		l.observe(in, bodyHeight, vitalSigns, h, centimetres, 0)
		return
	}
	l.observe(in, bodyMassIndex, vitalSigns, kg/(h*h)*10_000, perSquareMetre, 1)
}

// askSmoking appends whether the person smokes: a finding whose code says it
// all, as practices record it.
func (l *life) askSmoking(in int32) {
	answer := smokerNever
	switch {
	case l.smokes:
		answer = smokerNow
	case l.smoked:
		answer = smokerOnce
	}
	e := l.within(Observation, answer, in)
	e.Status, e.Category = "final", socialHistory
	l.add(e)
}
