package model

import (
	"slices"
	"strings"

	"joinery/written"
)

// check looks for what is well written by itself and does not fit together.
func (r *reader) check() {
	for _, look := range r.later {
		look()
	}
	r.twice()
	r.rights()
	r.order()
	r.reach()
	r.unused()
	for i := range r.m.Parameters {
		r.settable(&r.m.Parameters[i])
	}
}

// wrongLine reports a problem at a line of model.yaml.
func (r *reader) wrongLine(line int, format string, args ...any) {
	r.Problems.Add(written.Place{File: r.File, Line: line}, format, args...)
}

// twice reports ids that stand twice.
func (r *reader) twice() {
	m := r.m
	seen := map[string]bool{}
	once := func(what, id string, line int) {
		if id != "" && seen[what+" "+id] {
			r.wrongLine(line, "The %s %q stands twice; give one another name.", what, id)
		}
		seen[what+" "+id] = true
	}
	for _, c := range append(slices.Clone(m.Eligible), m.Exclusions...) {
		once("criterion", c.ID, c.Line)
	}
	for _, x := range m.Team {
		once("role", x.ID, x.Line)
	}
	for _, x := range m.Activities {
		once("activity", x.ID, x.Line)
	}
	for _, x := range m.Standards {
		once("standard", x.ID, x.Line)
	}
	for _, x := range m.Sites {
		once("site", x.ID, x.Line)
	}
	for _, x := range m.Measures {
		once("measure", x.ID, x.Line)
	}
	for _, x := range m.Goals {
		once("goal", x.ID, x.Line)
	}
	for _, x := range m.Hazards {
		once("hazard", x.ID, x.Line)
	}
	for _, x := range m.Parameters {
		once("parameter", x.ID, x.Line)
	}
	for _, x := range m.Referrers {
		once("referrer", x.ID, x.Line)
	}
	for _, x := range m.Limits {
		once("limit", x.ID, x.Line)
	}
	for _, x := range m.Waiting.Exceptions {
		once("exception", x.ID, x.Line)
	}
	for _, x := range m.Outcomes {
		once("outcome", x.ID, x.Line)
	}
}

// rights checks that somebody may do what must be done, and is paid for it.
func (r *reader) rights() {
	m := r.m
	if len(m.Team) == 0 {
		return
	}
	needed := []struct {
		may May
		why string
	}{
		{Decide, "takes people in or sends them on"},
		{DoActivities, "does anything"},
		{Close, "ends anybody's time in the model"},
	}
	if len(m.Candidates.Invited) > 0 {
		needed = append(needed, struct {
			may May
			why string
		}{SeeCandidates, "sees the people who were found"}, struct {
			may May
			why string
		}{Invite, "invites the people who were found"})
	}
	for _, n := range needed {
		if len(m.CanDo(n.may)) == 0 {
			r.wrongLine(m.Team[0].Line, "Nobody %s; give a role \"may: [%s]\".", n.why, n.may)
		}
	}
	for _, role := range m.Team {
		if !slices.ContainsFunc(m.Costs, func(c Cost) bool { return c.Role == role.ID }) {
			r.wrongLine(role.Line, "The role %q costs nothing; add it to costs: \"- {role: %s, pence an hour: 3100, source: …}\".", role.ID, role.ID)
		}
	}
	for _, a := range m.Activities {
		for _, id := range a.By {
			if role := m.Role(id); role != nil && !role.Can(DoActivities) {
				r.wrongLine(a.Line, "%s does %q and may not: give the role %q \"may: [%s]\".", role.Title, a.ID, id, DoActivities)
			}
		}
	}
	for _, x := range m.Referrers {
		if role := m.Role(x.Through); role != nil && !role.Can(Decide) && len(m.CanDo(Decide)) > 0 {
			r.wrongLine(x.Line, "Referrals by %q come to the role %q, which may not decide on them; give it \"may: [%s]\".", x.ID, x.Through, Decide)
		}
	}
}

// order checks what comes after what, and whether it fits in the time there is.
func (r *reader) order() {
	m := r.m
	for i := range m.Activities {
		a := &m.Activities[i]
		for _, before := range a.After {
			if m.Activity(before) == nil {
				r.wrongLine(a.Line, "after: there is no activity %q%s", before, written.Meant(before, idsOf(m.Activities)))
			}
		}
		if m.circular(a.ID, a.ID, map[string]bool{}) {
			r.wrongLine(a.Line, "The activity %q comes after itself; take one \"after\" out of the circle.", a.ID)
		}
		if a.Due != nil && a.Due.Of == "the one before" && len(a.After) == 0 {
			r.wrongLine(a.Line, "The activity %q is due after the one before, and has none; write \"after: [that-activity]\".", a.ID)
		}
		for _, q := range a.Asks {
			if m.Questionnaire(q) == nil {
				r.wrongLine(a.Line, "asks: there is no questionnaire %q in the folder questions.", q)
			}
		}
		r.fits(a)
	}
}

// fits checks that an activity ends before the model does.
func (r *reader) fits(a *Activity) {
	if r.m.Length == nil {
		return
	}
	days := r.m.Length.Is.Days()
	if n := len(a.When.Weeks); n > 0 && days > 0 && float64(a.When.Weeks[n-1])*7 > days {
		r.wrongLine(a.Line, "The activity %q is done at week %d, after the end, %s.", a.ID, a.When.Weeks[n-1], r.m.Length.Is)
	}
	if a.For.Days() > days && days > 0 {
		r.wrongLine(a.Line, "The activity %q goes on for %s, longer than the model, %s.", a.ID, a.For, r.m.Length.Is)
	}
}

// circular reports whether an activity comes, in the end, after itself.
func (m *Model) circular(id, from string, seen map[string]bool) bool {
	a := m.Activity(from)
	if a == nil || seen[from] {
		return false
	}
	seen[from] = true
	return slices.ContainsFunc(a.After, func(before string) bool { return before == id || m.circular(id, before, seen) })
}

// reach checks that the model can be reached without a device, by those it is
// for.
func (r *reader) reach() {
	m := r.m
	var all []Channel
	for _, x := range m.Referrers {
		all = append(all, x.By...)
	}
	if len(all) > 0 && digitalOnly(all) {
		r.wrongLine(m.Referrers[0].Line, "The model can be reached only digitally; add phone, letter or in person to a referrer: who has no device must not be shut out.")
	}
	places := map[string]bool{}
	for _, a := range m.Activities {
		places[a.Place] = true
	}
	if len(m.Activities) > 0 && len(places) == 1 && places["video"] {
		r.wrongLine(m.Activities[0].Line, "Everything is done by video; add another place for those without a device.")
	}
	for _, c := range append(slices.Clone(m.Eligible), m.Exclusions...) {
		if c.Judged != "" && c.Judged != "referrer" && m.Role(c.Judged) == nil {
			r.wrongLine(c.Line, "judged by: there is no role %q%s, or referrer", c.Judged, strings.TrimSuffix(written.Meant(c.Judged, idsOf(m.Team)), "?"))
		}
	}
}

// unused reports what stands in the pack and is used by nothing.
func (r *reader) unused() {
	m := r.m
	used := r.used()
	whole := len(*r.Problems) == 0 // else a file may be unused only by a slip of the name
	for _, f := range r.ownCriteria() {
		if whole && !slices.Contains(used, f) {
			r.Problems.Add(written.Place{File: f}, "Nothing in the model uses this file; name it, or take it out.")
		}
	}
	for _, q := range m.Questions {
		asked := slices.ContainsFunc(m.Activities, func(a Activity) bool { return slices.Contains(a.Asks, q.ID) })
		if !asked {
			r.Problems.Add(q.Place, "No activity asks the questionnaire %q; add it to one as \"asks: [%s]\", or take it out.", q.ID, q.ID)
		}
	}
	for _, x := range m.Measures {
		if q := m.Questionnaire(x.Questionnaire); q != nil {
			if _, _, ok := q.ScoreRange(); !ok {
				r.wrongLine(x.Line, "The measure %q needs a score, and the questionnaire %q has none; write \"score is the sum: yes\" there, or a question with \"answer: score\".", x.ID, q.ID)
			}
			r.askedTwice(&x)
		}
	}
}

// askedTwice checks that a change can be seen.
func (r *reader) askedTwice(x *Measure) {
	if !x.Change {
		return
	}
	n := 0.0
	for _, a := range r.m.Activities {
		if slices.Contains(a.Asks, x.Questionnaire) {
			n += max(1, r.m.Times(&a))
		}
	}
	if n < 2 && n > 0 {
		r.wrongLine(x.Line, "The measure %q is a change, and %q is asked only once; ask it before and after.", x.ID, x.Questionnaire)
	}
}

// ownCriteria returns the names of the pack's own definitions and code sets.
func (r *reader) ownCriteria() []string {
	var out []string
	for _, f := range r.pack.criteria {
		out = append(out, r.shown(f.Name))
	}
	return out
}

// Times returns how often one person has an activity, from the start to the
// end: as planned, or as the author expects where the timing is a limit.
func (m *Model) Times(a *Activity) float64 {
	if a.Expected > 0 {
		return a.Expected
	}
	switch a.When.Repeat {
	case Once:
		return 1
	case AtWeeks:
		return float64(len(a.When.Weeks))
	case Recurring:
		days := a.For.Days()
		if days == 0 && m.Length != nil {
			days = m.Length.Is.Days()
		}
		if days == 0 {
			days = 365.25 // a year of a model without end
		}
		every := Wait{a.When.Every, a.When.Unit}.Days()
		return float64(a.When.Times) * days / every
	case WhenNeeded:
	}
	return 0
}
