package synth

// movesIn decides since when the person lives in a care home: who lives in one
// in the end for about two years (PSSRU, Length of stay in care homes, 2011; K),
// and some of those who die old have moved there from home in their last years.
// Assumption, so that deaths in care homes are as many as are published.
func (l *life) movesIn() {
	l.homely = NotYet
	r := l.roll("care home")
	switch {
	case l.inHome:
		l.home = l.p.Household.CareHome
		l.homely = max(l.to-Day(r.wait(750))-30, l.p.Born+60*365)
	case l.p.Died != NotYet && l.p.Household.Home == Private && r.chance(l.lastHome()):
		kind := nursingCare
		if r.chance(0.35) {
			kind = residentialCare
		}
		if place := l.d.care.find(r, kind, l.p.Household.Area); place != nil {
			l.home = place.At
			l.homely = max(l.to-Day(r.wait(300))-14, l.p.Born+65*365)
		}
	}
}

// lastHome is the chance that who dies moved to a care home before.
func (l *life) lastHome() float64 {
	if l.age(l.to) < 66 || l.cause == ofInjury {
		return 0
	}
	switch _, grade := l.frailtyOn(l.to); {
	case l.has(dementia, l.to):
		return 0.46
	case l.cause == ofCancer:
		return 0.08
	case grade >= 2:
		return 0.24
	}
	return 0.08
}

// resident reports whether the person lives in a care home on a day.
func (l *life) resident(on Day) bool { return l.home != nil && on >= l.homely }

// atHome reports whether others must come to the person: to a care home, or to
// who cannot leave their own.
func (l *life) atHome(on Day) bool {
	return l.resident(on) || l.shutIn != NotYet && on >= l.shutIn
}
