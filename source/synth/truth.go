package synth

import (
	"slices"
	"strings"
	"time"

	"joinery/fault"
)

// planted is a truth that is planted in the district and can be left out.
type planted uint8

// The truths, in the order of their names in Truths.
const (
	effective   planted = iota // a model of care that cuts attendances
	ineffective                // a model of care that changes nothing
	regression                 // a model of care that only seems to, by whom it enrols
	outlier                    // a practice whose people attend beyond their case mix
	mondays                    // a practice whose Mondays hold half of what is asked for
	duplicates                 // people with a second record
	overlays                   // records that hold another person's events
	truthCount
)

// Truths are the names of the planted truths, as Options.Without takes them.
var Truths = [truthCount]string{
	"effective-model", "ineffective-model", "regression-model", "outlier-practice", "monday-practice", "duplicates", "overlays",
}

// Sizes of what is planted. They are choices, not findings.
const (
	effectiveFactor = 0.88 // of attendances of everybody in the model's networks, from its month on
	outlierFactor   = 1.4  // of attendances of everybody at the practice
	mondayShare     = 0.5  // of contacts asked for on a Monday that the practice can give
	duplicateShare  = 0.025
	overlayShare    = 0.002 // of people, whose record holds events of another
	enrolledShare   = 0.45  // of those eligible for a model
	frequent        = 3     // attendances in the year before, for whom the third model is meant
)

// careModel is a model of care in whose networks people are enrolled.
type careModel struct {
	planted  planted
	What     *Concept
	Networks []*Organisation
	From     Day
}

// truths are what is planted in a district.
type truths struct {
	on      [truthCount]bool
	models  [3]careModel // by planted
	outlier *Organisation
	mondays *Organisation
}

// careModels is the system of codes of our models of care.
const careModels = "https://joinery.example/fhir/CodeSystem/care-model"

// plant chooses where the truths lie: models in networks of their own, each of
// the two practices outside them. What is left out keeps its place, so that the
// rest lies where it did.
func plant(options Options, care *provision) (truths, error) {
	t := truths{on: [truthCount]bool{true, true, true, true, true, true, true}}
	for _, name := range options.Without {
		i := slices.Index(Truths[:], name)
		if i < 0 {
			return t, fault.New(fault.Invalid, "No planted truth is called "+name+". There are: "+strings.Join(Truths[:], ", ")+".")
		}
		t.on[i] = false
	}
	d := roll(options.Seed, "truths", 0)
	order := d.rng.Perm(networks)
	for i, m := range []struct {
		code, name string
		networks   int
		months     int // before the month of the last day
	}{{"hearthside", "Hearthside care", 2, 23}, {"lantern", "Lantern care", 2, 27}, {"second-look", "Second Look", 6, 17}} {
		model := careModel{planted: planted(i), What: &Concept{System: careModels, Code: m.code, Display: m.name}, From: monthsBefore(options.Until, m.months)}
		for _, n := range order[:m.networks] {
			model.Networks = append(model.Networks, care.networks[n])
		}
		order = order[m.networks:]
		t.models[i] = model
	}
	t.outlier = practiceIn(d, care, order[:len(order)/2])
	t.mondays = practiceIn(d, care, order[len(order)/2:])
	return t, nil
}

// monthsBefore returns the first day of the month that lies so many months
// before that of a day.
func monthsBefore(on Day, months int) Day {
	y, m, _ := on.Date()
	return dayOf(y, m-time.Month(months), 1)
}

// practiceIn draws a practice of some networks that is neither small nor large.
func practiceIn(d dice, care *provision, among []int) *Organisation {
	var middling []*Organisation
	for _, o := range care.practices {
		for _, n := range among {
			if o.PartOf == care.networks[n] && o.List >= 8000 && o.List <= 14000 {
				middling = append(middling, o)
			}
		}
	}
	return anyOf(d, middling)
}

// emergencyFactor is by how much the truths change how often somebody of a
// practice attends in an emergency on a day, at most mostFactor.
func (t *truths) emergencyFactor(practice *Organisation, on Day) float64 {
	factor := 1.0
	if practice == nil {
		return factor
	}
	if model := &t.models[effective]; t.on[effective] && on >= model.From && slices.Contains(model.Networks, practice.PartOf) {
		factor *= effectiveFactor
	}
	if t.on[outlier] && practice == t.outlier {
		factor *= outlierFactor
	}
	return factor
}

// mostFactor is the most that emergencyFactor returns.
const mostFactor = outlierFactor

// short reports whether a practice can't see everybody who asks on a day.
func (t *truths) short(practice *Organisation, on Day) bool {
	return t.on[mondays] && practice == t.mondays && on.Weekday() == time.Monday
}
