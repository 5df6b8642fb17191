package synth

import (
	_ "embed"
	"math"
)

// cause is what a person dies of, in broad groups.
type cause uint8

const (
	stillAlive cause = iota
	ofCancer
	ofHeart
	ofStroke
	ofLungs
	ofDementia
	ofLiver
	ofInjury // and by their own hand or of drugs
	ofInfancy
	ofOther
	causes
)

// lifeTable holds deaths a year in 100,000 at some ages, women and men. Source: ONS, National
// life tables, England, 2018-2020; K: not verified here, rounded.
var lifeTable = []struct{ age, women, men float64 }{
	{0, 330, 400},
	{1, 25, 28},
	{5, 8, 9},
	{12, 9, 11},
	{18, 20, 42},
	{25, 25, 58},
	{35, 55, 100},
	{45, 130, 210},
	{55, 300, 460},
	{65, 760, 1200},
	{75, 2050, 3100},
	{85, 7300, 9700},
	{95, 22500, 26500},
	{105, 45000, 48000},
}

// baseline returns the deaths a year of a person of an age, sex and decile.
// Deprivation raises them by 6% a decile below the middle up to 75 and by less
// after (ONS, Health state life expectancies by deprivation, 2017-2019; K).
func baseline(age float64, sex Sex, decile int) float64 {
	rate := 0.0
	for i := range lifeTable {
		k := lifeTable[i]
		v := k.women
		if sex == Male {
			v = k.men
		}
		if age <= k.age || i == len(lifeTable)-1 {
			if i == 0 {
				rate = v
				break
			}
			b := lifeTable[i-1]
			w := b.women
			if sex == Male {
				w = b.men
			}
			if i == 1 { // the first year of life is unlike the others
				rate = v + (w-v)*math.Exp(-6*age)
				break
			}
			part := min(1, (age-b.age)/(k.age-b.age))
			rate = math.Exp(math.Log(w) + (math.Log(v)-math.Log(w))*part)
			break
		}
	}
	steep := 0.06
	if age > 75 {
		steep = 0.06 * math.Exp(-(age-75)/15)
	}
	return rate / 100_000 * math.Exp(steep*(5.5-float64(decile)))
}

// survival returns the share of people of a sex and decile who, had they lived,
// would be of an age now, and have lived through the years before in which
// lives are told in full. People are drawn with its inverse, so that those who
// are alive at the end are as many as published.
func survival(age float64, sex Sex, decile int, years float64) float64 {
	sum := 0.0
	const steps = 10
	for i := range steps {
		back := (float64(i) + 0.5) / steps * years
		if at := age - back; at > 0 {
			sum += baseline(at, sex, decile) * years / steps
		}
	}
	return math.Exp(-sum)
}

// toll is how many times as often people with a condition die of a cause, and
// up to 65 that excess is as said and shrinks after. Sources: Public Health
// England, Severe mental illness and physical health inequalities 2018 (under
// 75: 3.7 times); LeDeR 2021 for learning disability; British Heart Foundation,
// National Heart Failure Audit, ONS Cancer survival; K: not verified, rounded.
var toll = []struct {
	of   illness
	as   cause
	much float64
}{
	{psychosis, ofHeart, 2.2},
	{psychosis, ofLungs, 2.5},
	{psychosis, ofInjury, 5},
	{psychosis, ofOther, 2},
	{disability, ofLungs, 4},
	{disability, ofOther, 2.5},
	{epilepsy, ofOther, 1.8},
	{type2, ofHeart, 1.6},
	{type2, ofStroke, 1.4},
	{heartDisease, ofHeart, 2.6},
	{heartFailure, ofHeart, 3.5},
	{fibrillation, ofStroke, 1.8},
	{stroke, ofStroke, 3},
	{kidney, ofHeart, 1.4},
	{kidney, ofOther, 1.5},
	{copd, ofLungs, 6},
	{copd, ofCancer, 1.4},
	{dementia, ofDementia, 60},
	{dementia, ofLungs, 1.8},
	{parkinsons, ofOther, 2},
	{alcohol, ofLiver, 15},
	{alcohol, ofInjury, 4},
	{drugs, ofInjury, 14},
	{drugs, ofLiver, 4},
	{liver, ofLiver, 25},
	{depression, ofInjury, 2},
	{personality, ofInjury, 5},
	{cancer, ofCancer, 1},
	{sickle, ofOther, 5},
	{rheumatoid, ofHeart, 1.3},
}

// shares says of what people die by age: part of all deaths in each cause's
// column, without the conditions' own toll. Source: ONS, Deaths registered in
// England and Wales 2019, broad groups; K: not verified here, rounded. It counts those
// without the condition at hand, so that dementia and cancer have small shares.
func shares(age float64) (s [causes]float64) {
	switch {
	case age < 1:
		s[ofInfancy], s[ofOther] = 0.85, 0.15
	case age < 20:
		s[ofCancer], s[ofInjury], s[ofLungs], s[ofOther] = 0.08, 0.4, 0.06, 0.46
	case age < 45:
		s[ofCancer], s[ofInjury], s[ofHeart], s[ofLiver], s[ofLungs], s[ofOther] = 0.08, 0.38, 0.12, 0.08, 0.04, 0.3
	case age < 65:
		s[ofCancer], s[ofInjury], s[ofHeart], s[ofStroke], s[ofLiver], s[ofLungs], s[ofOther] = 0.12, 0.1, 0.18, 0.05, 0.07, 0.05, 0.2
	case age < 80:
		s[ofCancer], s[ofInjury], s[ofHeart], s[ofStroke], s[ofLiver], s[ofLungs], s[ofDementia], s[ofOther] = 0.1, 0.02, 0.14, 0.05, 0.015, 0.06, 0.004, 0.22
	default:
		s[ofCancer], s[ofInjury], s[ofHeart], s[ofStroke], s[ofLiver], s[ofLungs], s[ofDementia], s[ofOther] = 0.05, 0.025, 0.13, 0.06, 0.004, 0.08, 0.006, 0.28
	}
	return s
}

// hazards returns the deaths a year by cause of the person on a day.
func (l *life) hazards(on Day) (h [causes]float64) {
	age := l.age(on)
	base := baseline(age, l.p.Sex, l.decile) * mortalityScale(age)
	h = shares(age)
	for i := range h {
		h[i] *= base
	}
	shrink := 1.0
	if age > 65 {
		shrink = math.Exp(-(age - 65) / 40)
	}
	for _, t := range toll {
		if l.began[t.of] != NotYet && l.began[t.of] <= on {
			h[t.as] *= 1 + (t.much-1)*shrink
		}
	}
	if l.tumour.kind != nil && l.everHad(cancer, on) {
		h[ofCancer] += l.tumour.hazard(l.began[cancer], on)
	}
	if l.inHome {
		h[ofDementia] *= 2.6
		h[ofOther] *= 2.6
		h[ofLungs] *= 2.6
	}
	if l.p.Household.Home == NoFixedAbode {
		h[ofInjury] *= 8
		h[ofOther] *= 2
	}
	if l.smokes {
		h[ofHeart] *= 1.5
		h[ofLungs] *= 2
	}
	return h
}

// die decides whether the life ends in the years that are told in full, when
// and of what.
func (l *life) die() {
	r := l.roll("death")
	l.p.Died = NotYet
	left := r.wait(1)
	const step = 73 // days: a fifth of a year
	for day := l.from; day <= l.to; day += step {
		last := min(day+step, l.to+1)
		h := l.hazards(day)
		sum := 0.0
		for _, x := range h {
			sum += x
		}
		over := sum * float64(last-day) / 365.25
		if l.p.Born == day && l.age(l.d.Until) > 0 { // most deaths of infancy are of the first days
			over = sum * 0.95
		}
		if left -= over; left >= 0 {
			continue
		}
		l.cause = cause(r.among(h[:]))
		l.p.Died = day + Day(r.uniform()*float64(last-day))
		l.to = l.p.Died
		return
	}
}

//go:embed params/mortality.tsv
var mortalityTable string

// mortalityAges are the ages from which the scales hold.
var mortalityAges, mortalityScales = func() (ages, scales []float64) {
	for row := range rows(mortalityTable) {
		ages, scales = append(ages, number(row[0])), append(scales, number(row[1]))
	}
	return ages, scales
}()

func mortalityGroup(age float64) int {
	g := 0
	for g+1 < len(mortalityAges) && age >= mortalityAges[g+1] {
		g++
	}
	return g
}

// mortalityScale makes the deaths of people with all their conditions as many as
// the life table has.
func mortalityScale(age float64) float64 { return mortalityScales[mortalityGroup(age)] }
