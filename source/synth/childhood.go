package synth

import (
	"math"
	"time"
)

// jab is an immunisation of childhood: when it is due and how many have it.
type jab struct {
	what     *Concept
	series   string // of which it is a dose: nobody has the second without the first
	dose     int8
	weeks    float64 // of age when due
	coverage float64
	born     span     // those to whom it is given; 0: from the first, or to the last
	before   string   // what those born earlier were given, by name: no code of it is sure; empty: nothing
	boys     Day      // born since when it is given to boys too, if later
	school   bool     // given at school
	now      *Concept // what is given in its place since the varicella vaccine is part of it; nil: the same
}

const fiveInOne = "Diphtheria, tetanus, pertussis, polio and Haemophilus influenzae type b (5-in-1) vaccination"

// What the definitions of coverage ask for.
var (
	sixThird  = sct("1082461000000109", "Third diphtheria, tetanus and acellular pertussis, inactivated polio, Haemophilus influenzae type b and hepatitis B vaccination", Unverified)
	sixFourth = sct("1162640003", "Diphtheria, tetanus, pertussis, polio, Haemophilus influenzae type b and hepatitis B vaccination", SeenOnce)
	mmrFirst  = sct("308081000000105", "Measles mumps and rubella vaccination - first dose", Verified)
	mmrSecond = sct("170433008", "Measles mumps and rubella vaccination - second dose", Verified)
	mmrv      = sct("432636005", "Measles mumps rubella and varicella vaccination", Verified)
	mmrvTwice = sct("433733003", "Measles mumps rubella and varicella vaccination - second dose", Verified)
)

// When the schedule changed, by date of birth.
var (
	sixInOneSince    = dayOf(2017, time.August, 1)
	menBSince        = dayOf(2015, time.July, 1)
	rotaSince        = dayOf(2013, time.May, 1)
	pneumoSince      = dayOf(2006, time.September, 1)
	eighteenMonths   = dayOf(2024, time.July, 1)      // born since when there is an appointment at that age, and no Hib/MenC
	infantsReordered = dayOf(2025, time.May, 6)       // born since when MenB comes at 12 and pneumococcal at 16 weeks
	varicellaFor     = dayOf(2022, time.September, 1) // born since when varicella is offered, and
	varicellaSince   = dayOf(2026, time.January, 1)   // since when
)

// childhood is the routine schedule, in the order in which doses are due.
// Schedule: UK Health Security Agency, Changes to the routine childhood schedule,
// annexe A, 30 April 2025, and routine schedule from January 2026. Coverage: UK
// Health Security Agency, COVER, London 2021-22, about 86-88 in 100 for the first
// year, 80 for MMR at two, 73 for the second MMR and the pre-school booster at five;
// adolescents 62-72. K: not verified here, rounded; the figures here are of those
// whose families are neither wary nor keen, so that all together come to these.
// Who is born too early for what: "Vaccination of individuals with uncertain or
// incomplete immunisation status" and the programmes' letters; K.
var childhood = []jab{
	{what: sct("1082441000000108", "First diphtheria, tetanus and acellular pertussis, inactivated polio, Haemophilus influenzae type b and hepatitis B vaccination", SeenOnce), series: "six", dose: 1, weeks: 8, coverage: 0.965, born: span{from: sixInOneSince}, before: fiveInOne},
	{what: sct("720539004", "Administration of first dose of meningitis B vaccine", SeenOnce), series: "menb", dose: 1, weeks: 8, coverage: 0.957, born: span{from: menBSince}},
	{what: sct("868631000000102", "First rotavirus vaccination", Verified), series: "rota", dose: 1, weeks: 8, coverage: 0.945, born: span{from: rotaSince}},
	{what: sct("1082451000000106", "Second diphtheria, tetanus and acellular pertussis, inactivated polio, Haemophilus influenzae type b and hepatitis B vaccination", Unverified), series: "six", dose: 2, weeks: 12, coverage: 0.955, born: span{from: sixInOneSince}, before: fiveInOne},
	{what: sct("868651000000109", "Second rotavirus vaccination", Verified), series: "rota", dose: 2, weeks: 12, coverage: 0.92, born: span{from: rotaSince}},
	{what: sct("247631000000101", "First pneumococcal conjugated vaccination", SeenOnce), series: "pneumo", dose: 1, weeks: 12, coverage: 0.95, born: span{from: pneumoSince, to: infantsReordered - 1}},
	{what: sct("720540002", "Administration of second dose of meningitis B vaccine", SeenOnce), series: "menb", dose: 2, weeks: 12, coverage: 0.945, born: span{from: infantsReordered}},
	{what: sixThird, series: "six", dose: 3, weeks: 16, coverage: 0.938, born: span{from: sixInOneSince}, before: fiveInOne},
	{what: sct("720540002", "Administration of second dose of meningitis B vaccine", SeenOnce), series: "menb", dose: 2, weeks: 16, coverage: 0.932, born: span{from: menBSince, to: infantsReordered - 1}},
	{what: sct("247631000000101", "First pneumococcal conjugated vaccination", SeenOnce), series: "pneumo", dose: 1, weeks: 16, coverage: 0.935, born: span{from: infantsReordered}},
	{what: mmrFirst, series: "mmr", dose: 1, weeks: 53, coverage: 0.88, now: mmrv},
	{what: sct("428975001", "Administration of Haemophilus influenzae type b and meningitis C vaccine", SeenOnce), series: "hib", dose: 1, weeks: 53, coverage: 0.875, born: span{from: pneumoSince, to: eighteenMonths - 1}},
	{what: sct("12866006", "Pneumococcal vaccination", Verified), series: "pneumo", dose: 2, weeks: 53, coverage: 0.87, born: span{from: pneumoSince}},
	{what: sct("720544006", "Administration of booster dose of meningitis B vaccine", SeenOnce), series: "menb", dose: 3, weeks: 53, coverage: 0.865, born: span{from: menBSince}},
	{what: sixFourth, series: "six", dose: 4, weeks: 79, coverage: 0.85, born: span{from: eighteenMonths}},
	{what: mmrSecond, series: "mmr", dose: 2, weeks: 79, coverage: 0.845, born: span{from: eighteenMonths}, now: mmrvTwice},
	{what: mmrSecond, series: "mmr", dose: 2, weeks: 175, coverage: 0.8, born: span{to: eighteenMonths - 1}, now: mmrv},
	{what: sct("868273007", "Diphtheria, tetanus, pertussis and polio vaccination", SeenOnce), series: "six", dose: 4, weeks: 175, coverage: 0.76, born: span{to: eighteenMonths - 1}},
	{what: sct("761841000", "Human papillomavirus vaccination", Verified), series: "hpv", dose: 1, weeks: 660, coverage: 0.66, school: true, boys: dayOf(2006, time.September, 1)},
	{what: sct("866227002", "Booster diphtheria, tetanus and polio vaccination", SeenOnce), series: "six", dose: 5, weeks: 745, coverage: 0.68, school: true},
	{what: sct("871874000", "Meningitis A, C, W135 and Y vaccination", SeenOnce), series: "acwy", dose: 1, weeks: 745, coverage: 0.69, school: true},
}

// givenTo returns what somebody born on a day is given of an immunisation at an
// instant, or by what name it goes; it is false when nothing is.
func (j *jab) givenTo(p *Person, at Moment) (what *Concept, called string, given bool) {
	switch {
	case j.born.to != 0 && p.Born > j.born.to, p.Sex == Male && p.Born < j.boys:
		return nil, "", false
	case p.Born < j.born.from:
		return nil, j.before, j.before != ""
	case j.now != nil && p.Born >= varicellaFor && at.Day() >= varicellaSince:
		return j.now, "", true
	}
	return j.what, "", true
}

// follows reports whether a dose may be given to who has had so many of its
// series: in order, but boosters also after two of three.
func (j *jab) follows(had int8) bool {
	return had == j.dose-1 || j.series == "six" && j.dose > 3 && had >= 2
}

// betweenJabs is how many days pass between one immunisation and the next of infants
// at least.
const betweenJabs = 28

func (l *life) childJabs(r dice, faith float64) {
	luck := r.uniform() // one for all: a child who misses one misses others
	weeks, day, at := 0.0, l.p.Born-betweenJabs, Never
	had := map[string]int8{} // doses of each series; looked up, never gone through
	for i := range childhood {
		j := &childhood[i]
		if j.weeks != weeks { // what is due together is given together
			weeks = j.weeks
			late := r.wait(8)
			if weeks > 50 {
				late = r.wait(35)
			}
			day = l.workday(max(l.p.Born+Day(weeks*7+late), day+betweenJabs))
			at = surgery(r, day)
		}
		u := 0.8*luck + 0.2*r.uniform()
		what, called, given := j.givenTo(l.p, at)
		if !given || u > math.Pow(j.coverage, faith) || !j.follows(had[j.series]) {
			continue
		}
		had[j.series] = j.dose
		l.immunisedAt(r, what, called, j.dose, at, j.school)
	}
}
