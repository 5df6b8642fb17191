package synth

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// peopleOf returns the people of some blocks.
func peopleOf(t testing.TB, seed uint64, blocks int64) (*District, []*Person) {
	t.Helper()
	d := open(t, seed)
	var all []*Person
	for k := range blocks {
		all = append(all, d.Block(k)...)
	}
	return d, all
}

// TestLives holds every event of some thousand lives to what must be so.
func TestLives(t *testing.T) {
	d, people := peopleOf(t, 11, 30)
	wrong := map[string]int{}
	for _, p := range people {
		for i := range p.Events {
			why := amiss(d, p, i)
			if why == "" {
				continue
			}
			if wrong[why]++; wrong[why] <= 3 {
				var life strings.Builder
				if err := d.Tell(&life, p); err != nil {
					t.Fatal(err)
				}
				t.Errorf("%s: person %d, %s on %s:\n%s", why, p.Number, p.Events[i].words(), p.Events[i].moment(), life.String())
			}
		}
	}
	for why, n := range wrong {
		t.Errorf("%s: %d times", why, n)
	}
}

// amiss says what is wrong with a person's event; "": nothing.
func amiss(d *District, p *Person, i int) string {
	e := &p.Events[i]
	booked := e.Kind == Appointment && e.Status == "booked"
	last := d.Until
	if p.Died != NotYet {
		last = p.Died
	}
	switch {
	case i > 0 && p.Events[i-1].At > e.At:
		return "out of order"
	case e.At < p.Born.Start():
		return "before birth"
	case e.At >= (last+1).Start() && !booked:
		return "after the end"
	case e.Until != Never && e.Until < e.At:
		return "ends before it begins"
	case e.Until != Never && p.Died != NotYet && e.Until >= (last+1).Start():
		return "goes on after death"
	case e.What == nil && e.Text == "":
		return "nameless"
	case e.Status == "":
		return "has no status"
	case e.In >= 0 && (p.Events[e.In].Kind != Encounter || p.Events[e.In].At > e.At):
		return "in no encounter"
	}
	if why := misreferred(p, e); why != "" {
		return why
	}
	switch e.Kind {
	case Encounter:
		return misplaced(e)
	case Observation:
		return mismeasured(p, e)
	case MedicationRequest:
		if e.Dose == "" || e.Text == "" || e.Org == nil {
			return "medicine without a dose, name or prescriber"
		}
	case Condition:
		if (e.What == pregnant || e.What == preeclampsia || e.What == miscarriage || e.What == lowAfterBirth) && p.Sex == Male {
			return "a pregnant man"
		}
	}
	return ""
}

func misreferred(p *Person, e *Event) string {
	if e.For < 0 {
		return ""
	}
	why := &p.Events[e.For]
	switch {
	case why.Kind != Condition && why.Kind != ServiceRequest:
		return "done for what is neither a condition nor a request"
	case why.At > e.At && why.Grain == ToTheMinute:
		return "done before the reason for it"
	case e.Kind == Encounter && why.Kind == ServiceRequest && why.At >= e.At:
		return "seen before being referred"
	}
	return ""
}

func misplaced(e *Event) string {
	if e.Class == "" || e.Org == nil {
		return "encounter without a class or a provider"
	}
	if e.Status == "finished" && e.Until == Never {
		return "finished, nobody knows when"
	}
	if e.Site == nil || len(e.Site.Services) == 0 {
		return ""
	}
	for _, s := range e.Site.Services {
		if s.OpenAt(e.At) {
			return ""
		}
	}
	return "at a place that is shut"
}

// limits are what a measured value may be.
var limits = map[*Concept][2]float64{
	bodyWeight: {0.4, 250}, bodyHeight: {30, 215}, bodyMassIndex: {11, 75}, sugar: {20, 150}, cholesterol: {1.5, 10}, goodLipid: {0.4, 4},
	filtration: {5, 90}, albumin: {0.1, 300}, haemoglobin: {50, 190},
	whiteCells: {1.5, 40}, platelets: {60, 700}, cellVolume: {55, 120}, sodium: {120, 150}, potassium: {2.5, 6.5}, creatinine: {15, 950},
	alanineTransaminase: {4, 600}, alkalinePhosphatase: {20, 500}, bilirubin: {1, 150}, serumAlbumin: {15, 55}, reactiveProtein: {0, 400}, triglycerides: {0.3, 12},
	thyrotropin: {0.05, 120}, peakFlow: {60, 850}, lungVolume: {15, 130},
	moodScore: {0, 27}, anxietyScore: {0, 21}, edinburgh: {0, 30}, newsTotal: {0, 20}, temperature: {34, 42}, drinking: {0, 300}, riskScore: {0, 100}, birthWeight: {0.4, 6},
}

func mismeasured(p *Person, e *Event) string {
	for _, part := range e.Parts {
		if part.Value < 30 || part.Value > 260 {
			return "an impossible blood pressure"
		}
	}
	if len(e.Parts) == 2 && e.Parts[0].Value <= e.Parts[1].Value {
		return "systolic below diastolic"
	}
	if e.Unit == nil {
		if e.Answer == nil && len(e.Parts) == 0 && !slices.Contains(smokingFindings, e.What) {
			return "an observation of nothing"
		}
		return ""
	}
	limit, known := limits[e.What]
	switch scale := math.Pow10(int(e.Digits)); {
	case !known:
		return "a value that has no limits here: " + e.What.Display
	case e.Value < limit[0] || e.Value > limit[1]:
		return "beyond its limits: " + e.What.Display
	case math.Abs(e.Value*scale-math.Round(e.Value*scale)) > 1e-6:
		return "finer than its digits"
	case e.What == bodyMassIndex && e.At.Day()-p.Born < 17*365:
		return "a body mass index of a child"
	}
	return ""
}

// TestCodesHaveTheirCheckDigit catches codes of SNOMED CT that are misremembered.
func TestCodesHaveTheirCheckDigit(t *testing.T) {
	_, people := peopleOf(t, 12, 10)
	seen := map[*Concept]bool{}
	check := func(c *Concept) {
		if c == nil || seen[c] || c.System != snomedCT {
			return
		}
		seen[c] = true
		if !checksOut(c.Code) {
			t.Errorf("%s (%s) has a wrong check digit", c.Code, c.Display)
		}
		if c.Mark == "" || c.Display == "" {
			t.Errorf("%s (%s) lacks a mark or a display", c.Code, c.Display)
		}
	}
	for i := range conditions {
		check(conditions[i].concept)
	}
	for _, p := range people {
		for i := range p.Events {
			e := &p.Events[i]
			for _, c := range []*Concept{e.What, e.Answer, e.Arrival, e.Outcome, e.Category} {
				check(c)
			}
			for _, part := range e.Parts {
				check(part.What)
			}
		}
	}
	if len(seen) < 150 {
		t.Errorf("lives use %d codes, expected many more", len(seen))
	}
}

// checksOut reports whether a number ends in its Verhoeff check digit, as every
// identifier of SNOMED CT does.
func checksOut(code string) bool {
	permute := [8]string{"0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258"}
	times := func(a, b int) int { // in the dihedral group of ten
		switch {
		case a < 5 && b < 5:
			return (a + b) % 5
		case a < 5:
			return 5 + (a+b)%5
		case b < 5:
			return 5 + (a-b+5)%5
		}
		return (a - b + 10) % 5
	}
	c := 0
	for i := range len(code) {
		digit := code[len(code)-1-i] - '0'
		c = times(c, int(permute[i%8][digit]-'0'))
	}
	return c == 0
}
