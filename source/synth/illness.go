package synth

import (
	_ "embed"
	"math"
	"strings"
)

// illness is a row of params/conditions.tsv: a long-term condition.
type illness uint8

// The long-term conditions, in the order of the table: what leads to another
// comes before it.
const (
	obesity illness = iota
	hypertension
	hyperglycaemia
	type1
	type2
	heartDisease
	fibrillation
	heartFailure
	stroke
	arterial
	kidney
	copd
	asthma
	depression
	anxiety
	psychosis
	dementia
	disability
	epilepsy
	cancer
	osteoporosis
	rheumatoid
	osteoarthritis
	thyroid
	eczema
	constipation
	reflux
	irritableBowel
	hayFever
	migraine
	psoriasis
	gout
	prostate
	hearing
	cataract
	glaucoma
	macular
	parkinsons
	sclerosis
	sickle
	liver
	alcohol
	drugs
	autism
	adhd
	ptsd
	personality
	eating
	hiv
	anaemia
	polycystic
	endometriosis
	incontinence
	apnoea
	backPain
	illnesses // how many
)

// smoked stands for "has ever smoked" in the column "with".
const smoked = illnesses

// knot is a point of a curve: the logit of the share that has had the condition
// by an age in years.
type knot struct{ age, logit float64 }

// lift is what another condition adds on the logit.
type lift struct {
	of illness
	by float64
}

// condition is what the table says of an illness.
type condition struct {
	key      string
	concept  *Concept
	register string // QOF's name; "": of no register
	male, deprivation, asian, black, other,
	burden float64
	with  []lift
	ends  float64 // chance a year of being recorded as resolved
	lasts float64 // years that those who have it have had it for, on average; 0: since the curve says
	label string
	curve []knot
}

//go:embed params/conditions.tsv
var conditionsTable string

//go:embed params/registers.tsv
var registersTable string

//go:embed params/qof.tsv
var qofTable string

// conditions are all rows of the table. They are read once and never changed.
var conditions = readConditions()

// levels move the conditions that have a register on the logit, by borough, so
// that the registers have their published sizes; the last is of people who
// live in none of the boroughs.
var levels = readLevels()

func readConditions() (table [illnesses]condition) {
	at := map[string]illness{"smoked": smoked}
	var n illness
	for row := range rows(conditionsTable) {
		if row[0] == "key" {
			continue
		}
		c := &table[n]
		at[row[0]] = n
		n++
		c.key, c.concept = row[0], &Concept{System: snomedCT, Code: row[1], Display: row[2], Mark: Mark(row[3])}
		if row[4] != "-" {
			c.register = row[4]
		}
		for i, into := range []*float64{&c.male, &c.deprivation, &c.asian, &c.black, &c.other, &c.burden} {
			*into = number(row[5+i])
		}
		for pair := range strings.FieldsSeq(row[11]) {
			name, by, _ := strings.Cut(pair, ":")
			of, known := at[name]
			if !known {
				panic("synth: conditions.tsv: " + c.key + " stands before " + name)
			}
			c.with = append(c.with, lift{of, number(by)})
		}
		c.ends, c.label = number(row[12]), row[13]
		c.lasts = number(row[14])
		for pair := range strings.FieldsSeq(row[15]) {
			age, share, _ := strings.Cut(pair, ":")
			c.curve = append(c.curve, knot{number(age), logit(number(share) / 100)})
		}
	}
	if n != illnesses {
		panic("synth: conditions.tsv has other rows than the code")
	}
	return table
}

func readLevels() (table [illnesses][7]float64) {
	for row := range rows(registersTable) {
		for i := range conditions {
			if conditions[i].key != row[0] {
				continue
			}
			var sum float64
			for b := range Boroughs {
				table[i][b] = number(row[1+b])
				sum += table[i][b]
			}
			table[i][len(Boroughs)] = sum / float64(len(Boroughs))
		}
	}
	return table
}

func logit(p float64) float64    { return math.Log(p / (1 - p)) }
func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// onset returns the age at which the curve, moved by shift, reaches the level.
func (c *condition) onset(level, shift float64) (age float64, ever bool) {
	level -= shift
	for i, k := range c.curve {
		if k.logit < level {
			continue
		}
		if i == 0 {
			return k.age, true
		}
		before := c.curve[i-1]
		return before.age + (k.age-before.age)*(level-before.logit)/(k.logit-before.logit), true
	}
	return 0, false
}

// share returns the chance of having had the condition by an age.
func (c *condition) share(age, shift float64) float64 {
	if age < c.curve[0].age {
		return 0
	}
	for i, k := range c.curve {
		if age <= k.age {
			if i == 0 {
				return logistic(k.logit + shift)
			}
			before := c.curve[i-1]
			return logistic(before.logit + (k.logit-before.logit)*(age-before.age)/(k.age-before.age) + shift)
		}
	}
	return logistic(c.curve[len(c.curve)-1].logit + shift)
}

// body is what a person brings to their health: what they are and how they
// live, and which conditions they have or have had.
type body struct {
	burden, mood float64 // latent, standard normal: of body and of mind
	decile       int
	borough      int // in Boroughs; len(Boroughs): none of them
	asian, black, other,
	smokes, smoked bool
	began [illnesses]Day // NotYet: never by the last day of the life
	ended [illnesses]Day // NotYet: not resolved
	shift [illnesses]float64
}

// has reports whether a person has the condition on a day.
func (b *body) has(i illness, on Day) bool {
	return b.began[i] != NotYet && b.began[i] <= on && (b.ended[i] == NotYet || b.ended[i] > on)
}

// everHad reports whether a person has had the condition by a day.
func (b *body) everHad(i illness, by Day) bool { return b.began[i] != NotYet && b.began[i] <= by }

// ofMind are the conditions that gather by mood more than by burden.
var ofMind = [illnesses]bool{depression: true, anxiety: true, psychosis: true, alcohol: true, drugs: true, ptsd: true, personality: true, eating: true}

// bodyOf draws a person's body up to the last day.
func (d *District) bodyOf(p *Person) body {
	r := roll(d.Seed, "body", p.Number)
	b := body{burden: r.normal(0, 1), decile: 5, borough: len(Boroughs)}
	b.mood = 0.4*b.burden + 0.9165*r.normal(0, 1)
	if area := p.Household.Area; area != nil {
		b.decile = area.Deprivation
		for i, code := range Boroughs {
			if code == area.Borough {
				b.borough = i
			}
		}
	} else if p.Household.Home == NoFixedAbode {
		b.decile = 1
	}
	switch p.Ethnicity {
	case "H", "J", "K", "L":
		b.asian = true
	case "M", "N", "P":
		b.black = true
	case "D", "E", "F", "G", "R", "S":
		b.other = true
	}
	age := float64(d.Until-p.Born) / 365.25
	b.smokes, b.smoked = smoking(r, p, &b, age)
	for i := range conditions {
		b.fall(r, p, illness(i), d.Until)
	}
	return b
}

// fall decides whether, and when, a condition begins and ends.
func (b *body) fall(r dice, p *Person, i illness, until Day) {
	c := &conditions[i]
	b.began[i], b.ended[i] = NotYet, NotYet
	u, end := r.uniform(), r.uniform()
	shift := levels[i][b.borough] + c.deprivation*(5.5-float64(b.decile))
	switch {
	case b.asian:
		shift += c.asian
	case b.black:
		shift += c.black
	case b.other:
		shift += c.other
	}
	if p.Sex == Male {
		shift += c.male
	}
	if p.Household.Home == NoFixedAbode && (ofMind[i] || i == copd || i == liver) {
		shift += 1.5 // K: St Mungo's and Homeless Health Needs Audit: most have a need of mind
	}
	if p.Household.CareHome != nil && i == dementia {
		shift += 2.2 // K: about seven in ten residents, Alzheimer's Society 2014
	}
	if ofMind[i] {
		shift += 2.2 * c.burden * b.mood
	} else {
		shift += 2.2 * c.burden * b.burden
	}
	for _, l := range c.with {
		if l.of == smoked && b.smoked || l.of != smoked && b.began[l.of] != NotYet {
			shift += l.by
		}
	}
	if year, _, _ := p.Born.Date(); (i == autism || i == adhd) && year < 1990 {
		shift -= 0.07 * float64(1990-year) // hardly looked for when they were children
	}
	b.shift[i] = shift
	if i == prostate && p.Sex != Male || (i == polycystic || i == endometriosis) && p.Sex != Female {
		b.shift[i] = -40
		return
	}
	age, ever := c.onset(logit(u), shift)
	if !ever {
		return
	}
	if c.curve[0].age >= age { // by the first age of the curve: some time before it
		age = max(0, c.curve[0].age-2) + end*min(2, c.curve[0].age)
	}
	switch {
	case i == disability && age < 3: // what a child is born with is seen with the years
		age = 2 + 4*end
	case i == asthma && age < 2: // before, nobody can tell it from a cold
		age = 2 + end
	}
	day := p.Born + Day(age*365.25)
	if asked := dayOf(1998, 1, 1); (i == autism || i == adhd) && day < asked { // nobody looked for it in time
		day = asked + Day(end*24*365)
	}
	if i == eczema && age < 0.2 {
		day += Day(30 + 200*end)
	}
	if day > until {
		return
	}
	if c.lasts > 0 { // few live on with it for much longer
		day = max(day, until-Day(-math.Log(1-r.uniform())*c.lasts*365.25))
	}
	b.began[i] = day
	if i == polycystic || i == endometriosis { // over with the change of life
		if over := p.Born + Day((49+4*end)*365); over <= until && over > day {
			b.ended[i] = over
		}
	}
	if (i == type1 || i == type2) && b.began[hyperglycaemia] != NotYet { // which it was until then
		if b.began[hyperglycaemia] >= day-90 {
			b.began[hyperglycaemia], b.ended[hyperglycaemia] = NotYet, NotYet
		} else if over := b.ended[hyperglycaemia]; over == NotYet || over > day {
			b.ended[hyperglycaemia] = day
		}
	}
	if c.ends > 0 {
		if years := -math.Log(1-end) / c.ends; years < 110 {
			if over := day + 120 + Day(years*365.25); over <= until {
				b.ended[i] = over
			}
		}
	}
}

// smoking says whether a person smokes, and whether they ever did. The share of
// adults who smoke: 14% in the middle, 22% in the most deprived tenth, 8% in the
// least, men more than women (ONS Annual Population Survey 2019; K: not verified
// here); at ages above 65 half as many, but more who did.
func smoking(r dice, p *Person, b *body, age float64) (now, ever bool) {
	u, v := r.uniform(), r.uniform()
	if age < 15 {
		return false, false
	}
	share := 0.13 + 0.017*(5.5-float64(b.decile))
	past := 0.12 + 0.0055*min(age, 75)
	if p.Sex == Male {
		share *= 1.25
		past *= 1.15
	}
	if age < 18 || age > 65 {
		share *= 0.5
	}
	if p.Household.Home == NoFixedAbode {
		share = 0.75
	}
	if (b.asian || b.black) && p.Sex == Female {
		share *= 0.35
		past *= 0.4
	}
	share *= 1 + 0.5*max(-1, min(2, b.mood)) // who carries more in mind smokes more
	now = u < share
	return now, now || age >= 20 && v < past
}
