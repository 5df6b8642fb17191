package synth

// stay tells that the person lives in the care home, since the day they moved:
// this is how the home's staff see whose home it is.
func (l *life) stay(moved Day) {
	home := l.home
	e := event(Encounter, nil, moved.Start())
	e.Grain, e.Text, e.Class, e.Status = ToTheDay, "Care home residence", "HH", "in-progress"
	e.Org, e.Site = home.Of, home
	if l.p.Died != NotYet {
		e.Status, e.Until = "finished", l.p.Died.Start()
	}
	l.add(e)
}

// caseload puts some of the old on the list of the community nurses at the end,
// with a care team. Assumption: one in eight from 75, one in three from 85;
// no count of caseloads was found.
func (l *life) caseload() {
	if l.p.Died != NotYet || l.p.Left != NotYet || l.inHome || l.p.Practice == nil {
		return
	}
	r, age := l.roll("caseload"), l.age(l.to)
	if age < 75 || age < 85 && !r.chance(0.12) || age >= 85 && !r.chance(0.33) {
		return
	}
	place := l.service(communityNursing)
	if place == nil {
		return
	}
	since := l.to - Day(r.between(20, 500))
	nurse := place.At.Of.somebody(r, "Community nurse")
	for _, kind := range []Kind{EpisodeOfCare, CareTeam} {
		e := event(kind, nil, since.Start())
		e.Grain, e.Text, e.Status = ToTheDay, "Community nursing", "active"
		e.Org, e.Who = place.At.Of, nurse
		l.add(e)
	}
}
