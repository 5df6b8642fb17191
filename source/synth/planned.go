package synth

import "math"

// Referrals and what is done in hospital by appointment.
var (
	referred      = sct("3457005", "Patient referral", SeenOnce)
	firstSeen     = sct("185387006", "New patient consultation", Unverified)
	seenAgain     = sct("185389009", "Follow-up visit", SeenOnce)
	electiveStay  = sct("8715000", "Hospital admission, elective", SeenOnce)
	dayCase       = sct("305354007", "Admission to day ward", Unverified)
	dischargeHome = sct("306689006", "Discharge to home", Verified)
)

// specialty is where people are referred to.
type specialty struct {
	key, name string
	code      *Concept // of the referral
	at        purpose
	priority  string
	wait      float64 // median days from referral to first being seen
	again     float64 // follow-up visits, on average
	operation *Concept
	operates  float64 // share of the seen who have the operation
	stay      float64 // nights, on average; 0: a day case; below: done in the clinic
}

// specialties are the places of referral. Waits: NHS England, Consultant-led Referral to
// Treatment Waiting Times, March 2019 (median 6.9 weeks) and 2023 (14 weeks), NHS Talking
// Therapies 2022-23, Cancer Waiting Times 2022-23 (two-week wait median 12 days); K: not verified here,
// rounded. Shares of operations: assumption, so that planned admissions come near
// Hospital Episode Statistics 2019-20 (about 0.15 a person a year with day cases).
var specialties = []specialty{
	{"ear", "Ear, nose and throat", sct("183544005", "Referral to ear, nose and throat service", Unverified), outpatients, "routine", 80, 1.4, sct("173422009", "Tonsillectomy", Unverified), 0.03, 0},
	{"skin", "Dermatology", referred, outpatients, "routine", 75, 1.3, nil, 0, 0},
	{"bones", "Trauma and orthopaedics", sct("183545006", "Referral to orthopaedic service", SeenOnce), outpatients, "routine", 90, 2.6, nil, 0.2, 2.5},
	{"physio", "Musculoskeletal physiotherapy", sct("306170007", "Referral to physiotherapy service", SeenOnce), therapies, "routine", 45, 2.2, nil, 0, 0},
	{"nerves", "Neurology", referred, outpatients, "routine", 100, 1.8, nil, 0, 0},
	{"gut", "Gastroenterology", sct("183523005", "Referral to gastroenterology service", SeenOnce), outpatients, "routine", 85, 1.6, sct("76009000", "Esophagogastroduodenoscopy", Unverified), 0.4, 0},
	{"heart", "Cardiology", sct("183519002", "Referral to cardiology service", Unverified), outpatients, "routine", 70, 1.9, sct("433236007", "Transthoracic echocardiography", SeenOnce), 0.5, -1},
	{"talking", "Psychological therapy", referred, talkingTherapies, "routine", 20, 5, nil, 0, 0},
	{"old", "Care of the elderly", referred, outpatients, "routine", 45, 1.4, nil, 0, 0},
	{"urine", "Urology", referred, outpatients, "routine", 80, 1.9, sct("24139008", "Endoscopy of urinary bladder", Unverified), 0.3, 0},
	{"urinefast", "Urology, suspected cancer", referred, outpatients, "urgent", 11, 1.3, sct("24139008", "Endoscopy of urinary bladder", Unverified), 0.7, 0},
	{"bowel", "Lower gastrointestinal, suspected cancer", referred, outpatients, "urgent", 12, 1.1, sct("73761001", "Colonoscopy", SeenOnce), 0.65, 0},
	{"breast", "Breast clinic, suspected cancer", referred, outpatients, "urgent", 12, 0.5, sct("71651007", "Mammography", Unverified), 0.6, -1},
	{"women", "Gynaecology", referred, outpatients, "routine", 85, 1.7, nil, 0, 0},
	{"eyes", "Ophthalmology", referred, outpatients, "routine", 75, 1.8, sct("415089008", "Phacoemulsification of cataract and insertion of intraocular lens", Unverified), 0.0, 0},
	{"lungs", "Respiratory medicine", referred, outpatients, "routine", 75, 2, sct("127783003", "Spirometry", SeenOnce), 0.6, -1},
	{"kidneys", "Nephrology", referred, outpatients, "routine", 75, 3, nil, 0, 0},
	{"sugar", "Diabetes clinic", referred, outpatients, "routine", 60, 3.5, nil, 0, 0},
	{"joints", "Rheumatology", referred, outpatients, "routine", 50, 5, nil, 0, 0},
	{"memory", "Memory clinic", referred, mentalHealthTeam, "routine", 75, 1.5, nil, 0, 0},
	{"mind", "Community mental health team", sct("183524004", "Referral to psychiatry service", Unverified), mentalHealthTeam, "routine", 35, 5, nil, 0, 0},
	{"youth", "Child and adolescent mental health", referred, childrensMental, "routine", 110, 5, nil, 0, 0},
	{"child", "Paediatrics", referred, outpatients, "routine", 65, 2.1, nil, 0, 0},
	{"weight", "Weight management", referred, outpatients, "routine", 60, 2, nil, 0, 0},
	{"social", "Social prescribing", sct("871731000000106", "Referral to social prescribing service", SeenOnce), socialPrescribing, "routine", 14, 2.5, nil, 0, 0},
	{"surgery", "General surgery", referred, outpatients, "routine", 85, 0.8, nil, 0, 0},
	{"pain", "Pain clinic", referred, outpatients, "routine", 90, 1.2, nil, 0, 0},
	{"tia", "TIA clinic", referred, outpatients, "urgent", 3, 0.3, nil, 0, 0},
	{"blood", "Haematology", referred, outpatients, "routine", 60, 2.4, nil, 0, 0},
	{"foot", "Podiatry", referred, therapies, "routine", 40, 3, nil, 0, 0},
}

func specialtyOf(key string) *specialty {
	for i := range specialties {
		if specialties[i].key == key {
			return &specialties[i]
		}
	}
	panic("synth: no specialty is called " + key)
}

// refer tells of a referral: asked for in an encounter (or on the encounter's
// day, below 0: never), then waited for, then seen, perhaps seen again, operated
// on, discharged. A few never come. It returns the ServiceRequest's place.
func (l *life) refer(r dice, in, reason int32, key string) int32 { //nolint:unparam // the place of the referral, as all that appends gives
	return l.referTo(r, in, reason, specialtyOf(forAge(key, l.age(l.events[in].At.Day()))))
}

func (l *life) referTo(r dice, in, reason int32, s *specialty) int32 {
	e := l.within(ServiceRequest, s.code, in)
	e.Text, e.Priority, e.Status, e.For = s.name, s.priority, "completed", reason
	asked := e.At
	me := l.add(e)
	place := l.service(s.at)
	if place == nil {
		l.events[me].Status, l.events[me].Org = "revoked", nil
		return me
	}
	l.events[me].Org, l.events[me].Site = place.At.Of, nil
	wait := s.wait * r.lognormal(0.55)
	if asked.Day() > dayOf(2021, 1, 1) && s.priority == "routine" {
		wait *= 1.35 // after the pandemic
	}
	day := l.workday(asked.Day() + Day(max(1, wait)))
	if day > l.d.Until {
		l.events[me].Status = "active"
		if !l.ends(day) && r.chance(0.5) {
			l.book(r, me, day, place)
		}
		return me
	}
	if l.ends(day) {
		l.events[me].Status = "revoked"
		return me
	}
	if r.chance(0.06) {
		e := event(Appointment, s.code, l.clinic(r, day))
		e.Status, e.Until, e.Org, e.Site, e.For, e.Text = "noshow", e.At+20, place.At.Of, place.At, me, s.name
		l.add(e)
		if r.chance(0.5) {
			l.events[me].Status = "revoked"
			return me
		}
		day = l.workday(day + Day(r.between(20, 60)))
	}
	l.clinics(r, me, s, place, day)
	return me
}

// minutes returns how long a visit takes.
func (s *specialty) minutes() int {
	switch s.at { //nolint:exhaustive // other clinics are short
	case talkingTherapies, childrensMental, mentalHealthTeam:
		return 50
	case therapies, socialPrescribing:
		return 30
	}
	return 20
}

// misses tells of an appointment of a clinic that was not kept, if it wasn't: as
// at the practice (missing), and more of them.
func (l *life) misses(r dice, what *Concept, at Moment, place *Service, name string) bool {
	if !r.chance(1.6 * l.missing(l.age(at.Day()))) {
		return false
	}
	e := event(Appointment, what, at)
	e.Status, e.Until, e.Org, e.Site, e.Text = "noshow", at+20, place.At.Of, place.At, name
	l.add(e)
	return true
}

// ends reports whether a day lies beyond the life.
func (l *life) ends(day Day) bool { return l.p.Died != NotYet && day > l.p.Died }

// book appends an appointment that lies ahead.
func (l *life) book(r dice, request int32, day Day, place *Service) {
	e := event(Appointment, l.events[request].What, l.clinic(r, day))
	e.Text, e.Status, e.Until, e.Org, e.Site, e.For = l.events[request].Text, "booked", e.At+20, place.At.Of, place.At, request
	l.add(e)
}

// clinics tells of the visits that follow from a referral.
func (l *life) clinics(r dice, request int32, s *specialty, place *Service, day Day) {
	how, class := firstSeen, "AMB"
	for n := r.poisson(s.again); ; n-- {
		if !l.alive(day) {
			return
		}
		if how == seenAgain && r.chance(0.25) {
			class = "VR"
		}
		if how == seenAgain && l.misses(r, how, l.clinic(r, day), place, s.name) {
			day, n = l.workday(day+Day(r.between(14, 50))), n-1
			if n < 0 {
				return
			}
			continue
		}
		in := l.meets(how, class, l.clinic(r, day), s.minutes(), place.At.Of, place.At)
		l.events[in].For, l.events[in].Text = request, s.name
		if how == firstSeen && s.stay < 0 && r.chance(s.operates) {
			e := l.within(Procedure, s.operation, in)
			e.Status, e.For = "completed", l.events[request].For
			l.add(e)
		} else if how == firstSeen && s.operation != nil && s.stay >= 0 && r.chance(s.operates) {
			l.operate(r, request, s, s.operation, place, day+Day(r.between(1, 60)), s.stay)
		}
		if n <= 0 {
			return
		}
		how = seenAgain
		gap := 75
		if s.at == talkingTherapies || s.at == therapies || s.at == socialPrescribing {
			gap = 14
		}
		day = l.workday(day + Day(r.between(gap/2, gap*3/2)))
	}
}

// operate tells of a planned procedure: a day case, or a stay of some nights.
func (l *life) operate(r dice, request int32, s *specialty, what *Concept, place *Service, day Day, nights float64) {
	day = l.workday(day)
	if !l.alive(day) {
		return
	}
	if ward := place.At.Of.offers(acuteWards); ward != nil {
		place = ward
	}
	at := place.openFrom(r, day.At(7*60+30+30*r.between(0, 8)))
	if at == Never {
		return
	}
	minutes, kind := 60*r.between(3, 8), dayCase
	class := "AMB"
	if nights > 0 {
		class, kind = "IMP", electiveStay
		minutes = 1440*max(1, int(r.lognormal(0.5)*nights)) + r.between(60, 300)
	}
	in := l.meets(kind, class, at, minutes, place.At.Of, place.At)
	l.events[in].For, l.events[in].Outcome, l.events[in].Text = request, l.homeward(day), s.name
	done := l.within(Procedure, what, in)
	done.At += Moment(r.between(60, 170))
	done.Until, done.Status, done.For = done.At+Moment(r.between(20, 100)), "completed", -1
	if request >= 0 {
		done.For = l.events[request].For
	}
	l.add(done)
}

// lognormal returns a number around 1 whose logarithm has a standard deviation.
func (d dice) lognormal(sd float64) float64 { return math.Exp(d.normal(0, sd)) }

// elective is an operation that is planned: who has it, by age, in 1,000 a year.
type elective struct {
	key    string // specialty
	what   *Concept
	why    *Concept // nil: a known condition, or none
	rates  [6]float64
	men    float64
	women  float64
	nights float64
}

// electives are the commonest planned procedures. Rates: NHS Digital, Hospital Admitted
// Patient Care Activity 2019-20, procedures by age, over ONS people; K: not verified here,
// rounded. With chemotherapy and infusions they come near what is published of all
// planned admissions (electiveGauge).
var electives = []elective{
	{"eyes", sct("415089008", "Phacoemulsification of cataract and insertion of intraocular lens", Unverified), nil, [6]float64{0, 0, 0.1, 4, 32, 45}, 1, 1, 0},
	{"bones", sct("52734007", "Total replacement of hip", Unverified), nil, [6]float64{0, 0, 0.1, 2, 6, 5}, 0.9, 1.1, 3},
	{"bones", sct("609588000", "Total knee replacement", SeenOnce), nil, [6]float64{0, 0, 0.05, 2, 8, 5}, 0.9, 1.1, 3},
	{"bones", sct("13767004", "Operation on musculoskeletal system", Unverified), sct("57406009", "Carpal tunnel syndrome", Unverified), [6]float64{0.4, 2, 6, 11, 10, 6}, 1, 1, 0},
	{"gut", sct("76009000", "Esophagogastroduodenoscopy", Unverified), sct("162031009", "Indigestion", Unverified), [6]float64{0.1, 0.7, 9, 23, 30, 22}, 1, 1, 0},
	{"gut", sct("73761001", "Colonoscopy", SeenOnce), sct("88111009", "Altered bowel function", Unverified), [6]float64{0, 0.3, 5.5, 18, 30, 15}, 1, 1, 0},
	{"surgery", sct("44558001", "Repair of inguinal hernia", Unverified), sct("396232000", "Inguinal hernia", Unverified), [6]float64{0.8, 0.6, 0.9, 2.6, 3.6, 3}, 1.8, 0.2, 0},
	{"surgery", sct("38102005", "Cholecystectomy", Unverified), sct("235919008", "Gallbladder calculus", Unverified), [6]float64{0, 0.1, 1.2, 2, 1.7, 0.8}, 0.5, 1.5, 1},
	{"urine", sct("24139008", "Endoscopy of urinary bladder", Unverified), sct("249274008", "Urinary symptoms", Unverified), [6]float64{0, 0.1, 2.2, 8, 18, 18}, 1.3, 0.7, 0},
	{"ear", sct("173422009", "Tonsillectomy", Unverified), sct("90176007", "Tonsillitis", Unverified), [6]float64{2, 3.5, 1, 0.1, 0, 0}, 1, 1, 0},
	{"women", sct("236886002", "Hysterectomy", Unverified), sct("386692008", "Menorrhagia", Unverified), [6]float64{0, 0, 0.8, 2, 0, 0}, 0, 2, 2},
	{"women", sct("236886002", "Hysterectomy", Unverified), sct("24976005", "Uterine prolapse", Unverified), [6]float64{0, 0, 0, 0.8, 1.4, 0.4}, 0, 2, 2},
	{"women", sct("65200003", "Insertion of intrauterine contraceptive device", SeenOnce), nil, [6]float64{0, 0, 3, 1.5, 0, 0}, 0, 2, 0},
	{"bowel", sct("274031008", "Rectal polypectomy", SeenOnce), sct("39772007", "Rectal polyp", Unverified), [6]float64{0, 0, 0.3, 2, 3, 2}, 1, 1, 0},
	{"skin", sct("35646002", "Excision of lesion of skin", SeenOnce), sct("95324001", "Skin lesion", Unverified), [6]float64{0.3, 0.8, 3, 9, 20, 24}, 1.05, 0.95, 0},
	{"pain", sct("231249005", "Regional anaesthesia", SeenOnce), sct("161891005", "Backache", Unverified), [6]float64{0, 0.1, 2.5, 9, 11, 8}, 0.9, 1.1, 0},
	{"bones", sct("309431009", "Arthroscopy of knee", Unverified), sct("30989003", "Knee pain", Unverified), [6]float64{0, 0.7, 2.4, 4.5, 1.6, 0.2}, 1.2, 0.8, 0},
	{"women", sct("31545000", "Hysteroscopy", Unverified), sct("386692008", "Menorrhagia", Unverified), [6]float64{0, 0, 3, 7, 0, 0}, 0, 2, 0},
	{"urine", sct("90199006", "Transurethral prostatectomy", SeenOnce), sct("249274008", "Urinary symptoms", Unverified), [6]float64{0, 0, 0, 0.9, 5, 5}, 2, 0, 1.6},
	{"child", sct("55162003", "Tooth extraction", Unverified), sct("80967001", "Dental caries", Unverified), [6]float64{2.2, 5, 0, 0, 0, 0}, 1, 1, 0},
	{"ear", sct("172676009", "Myringotomy and insertion of tympanic ventilation tube", SeenOnce), sct("65363002", "Otitis media", SeenOnce), [6]float64{2.2, 1.4, 0, 0, 0, 0}, 1.1, 0.9, 0},
	{"heart", sct("41976001", "Cardiac catheterization", Unverified), sct("29857009", "Chest pain", Unverified), [6]float64{0, 0, 0.4, 3.2, 6, 4}, 1.3, 0.7, 0},
	{"heart", sct("307280005", "Implantation of cardiac pacemaker", Unverified), sct("271594007", "Syncope", SeenOnce), [6]float64{0, 0, 0, 0.5, 2.4, 6}, 1.2, 0.8, 1},
	{"bones", sct("55705006", "Spinal fusion", SeenOnce), sct("161891005", "Backache", Unverified), [6]float64{0, 0.2, 0.6, 1.5, 1.3, 0.4}, 1, 1, 4},
	{"heart", sct("415070008", "Percutaneous coronary intervention", SeenOnce), sct("194828000", "Angina", Verified), [6]float64{0, 0, 0.1, 2, 3.5, 2}, 1.5, 0.5, 1},
}

// untold makes up for operations whose way began before the days that are told,
// or ends after them, and for those that people have twice. Set so that planned
// admissions come near what is published (electiveGauge).
const untold = 1.8

// operations tells of planned operations: seen by the practice, referred, seen in
// the clinic, operated on.
func (l *life) operations() {
	r := l.roll("operations")
	for i := range electives {
		o := &electives[i]
		rate := o.rates[ageBand(l.age(l.to))] / 1000 * o.women
		if l.p.Sex == Male {
			rate = o.rates[ageBand(l.age(l.to))] / 1000 * o.men
		}
		cause := illnesses
		switch {
		case o.key == "eyes":
			cause, rate = cataract, rate*2.5
		case o.nights == 3:
			cause, rate = osteoarthritis, rate*3
		}
		for _, day := range r.days(l.from, l.to, rate*untold) {
			reason := int32(-1)
			if cause < illnesses {
				if !l.has(cause, day) || l.known[cause] < 0 || l.began[cause] > day-60 {
					continue
				}
				reason = l.known[cause]
			}
			if o.why != nil && o.why.Code == heavyPeriods && l.age(day) > 53 {
				break
			}
			if l.p.Died == NotYet || l.cause == ofInjury || day < l.p.Died-240 { // nobody operates on the dying
				l.planned(r, day, o, reason)
			}
			break
		}
	}
}

// planned tells of one operation from the practice on.
func (l *life) planned(r dice, day Day, o *elective, reason int32) {
	in := l.sees(r, day, generalist, 15)
	if in < 0 {
		return
	}
	if o.why != nil {
		e := l.within(Condition, o.why, in)
		e.Status, e.Category, e.Until = "resolved", ofEncounter, e.At+Moment(r.between(60, 400)*1440)
		reason = l.add(e)
	} else {
		l.events[in].For = reason
	}
	s := *specialtyOf(forAge(o.key, l.age(l.events[in].At.Day())))
	s.operation, s.operates, s.stay, s.again = o.what, 0.97, o.nights, 0.7
	l.referTo(r, in, reason, &s)
}
