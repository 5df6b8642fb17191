package synth

// enrol tells of the models of care into which the person is taken. It comes
// after all that decides who is eligible, and changes nothing of it.
func (l *life) enrol() {
	if l.p.Practice == nil {
		return
	}
	for i := range l.d.truths.models {
		model := &l.d.truths.models[i]
		if !l.d.truths.on[model.planted] || !model.has(l.p.Practice) {
			continue
		}
		r := l.roll("enrolled " + model.What.Code)
		if day, taken := l.taken(r, model); taken && l.registered(day) && l.alive(day) {
			l.enrolledIn(r, model, day)
		}
	}
}

// has reports whether a practice is in one of the model's networks.
func (m *careModel) has(practice *Organisation) bool {
	for _, n := range m.Networks {
		if practice.PartOf == n {
			return true
		}
	}
	return false
}

// taken returns the day on which the model takes the person, if it does. The
// third takes whoever attended often in the year before, within two months;
// the others people of 65 and over, and adults with two long-term conditions,
// within a year.
func (l *life) taken(r dice, model *careModel) (Day, bool) {
	if model.planted == regression {
		return model.From + Day(r.between(0, 60)), l.attended(model.From-365, model.From) >= frequent && r.chance(2*enrolledShare)
	}
	day := model.From + Day(r.between(0, 364))
	age, ill := l.age(day), 0
	for i := range illnesses {
		if l.has(i, day) {
			ill++
		}
	}
	return day, (age >= 65 || age >= 18 && ill >= 2) && r.chance(enrolledShare)
}

// attended returns how often the person attended in an emergency from a day to
// before another.
func (l *life) attended(from, to Day) int {
	n := 0
	for i := range l.events {
		if e := &l.events[i]; e.Kind == Encounter && e.Class == "EMER" && e.At >= from.Start() && e.At < to.Start() {
			n++
		}
	}
	return n
}

// enrolledIn appends what shows that somebody is enrolled: the episode of care
// under the model, and its plan. One in twelve leaves again within the year.
func (l *life) enrolledIn(r dice, model *careModel, day Day) {
	network := l.p.Practice.PartOf
	at := l.workday(day).At(9*60 + 15*r.between(0, 30))
	e := event(EpisodeOfCare, model.What, at)
	e.Status, e.Org, e.Who = "active", network, network.somebody(r, "Care coordinator")
	if r.chance(1.0 / 12) {
		e.Until, e.Status = at+Moment(r.between(30, 360)*1440), "finished"
	}
	plan := e
	plan.Kind, plan.Text = CarePlan, "Care plan: "+model.What.Display
	plan.At += Moment(r.between(0, 21) * 1440)
	if plan.Status == "finished" {
		plan.Status = "completed"
	}
	l.add(e)
	if plan.Until == Never || plan.At < plan.Until {
		l.add(plan)
	}
}

// turnedAway decides what becomes of a contact that the practice can't give on
// the day on which it is sought: most wait for a later day of the week, some
// ring 111 or go to an urgent treatment centre, and some give up. It returns the
// later day, or false.
func (l *life) turnedAway(r dice, day Day) (Day, bool) {
	switch u := r.uniform(); {
	case u < 0.65:
		return l.workday(day + Day(r.between(1, 3))), true
	case u < 0.8:
		l.helpline(r, day)
	case u < 0.9:
		l.treated(r, day, &emergencyOf{})
	}
	return 0, false
}
