package model

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"joinery/written"
)

// work reads who does what and when, and how much of it there can be.
func (r *reader) work(f *written.Fields) {
	r.team(f)
	m := r.m
	r.each(f, "activities", "something that is done", "write what is done, each as \"- {activity: first-visit, title: First visit, by: [nurse], when: once, place: home, minutes: 60}\"", func(e *written.Fields) {
		m.Activities = append(m.Activities, r.activity(e))
	})
	r.each(f, "limits", "a limit", "", func(e *written.Fields) { m.Limits = append(m.Limits, r.limit(e)) })
	if n := f.Take("length"); n == nil {
		r.Wrong(f.Node, "length is missing; write \"length: {is: 12 weeks, warn at weeks: [10, 12], at the end: review}\", or \"length: no limit\".")
	} else if n.Kind != yaml.ScalarNode || r.Text(n, "length") != "no limit" {
		m.Length = r.length(n)
	}
	r.each(f, "standards", "how soon people are answered", "write how soon people are answered, each with its clock", func(e *written.Fields) {
		m.Standards = append(m.Standards, r.standard(e))
	})
	r.each(f, "sites", "where the model works", "write where the model works and how many people it can take, each as \"- {site: town-hall, title: Town hall, open: 09:00 to 17:00 Monday to Friday, starts a week: 10}\"", func(e *written.Fields) {
		m.Sites = append(m.Sites, r.site(e))
	})
	r.waiting(f)
}

func (r *reader) team(f *written.Fields) {
	m := r.m
	r.each(f, "team", "a role", "write the roles, each as \"- {role: nurse, title: Nurse, competencies: [wound care], may: [assess], hours a week: 37.5}\"", func(e *written.Fields) {
		x := Role{ID: r.id(e, "role", "nurse"), Title: e.Required("title", "Nurse"), Code: e.Text("snomed"), Line: e.Node.Line}
		if n := e.Take("competencies"); n == nil {
			r.Wrong(e.Node, "The role %q needs no skill, it seems; write what somebody must be able to do: \"competencies: [wound care]\".", x.ID)
		} else {
			x.Competencies = r.Texts(n, "competencies")
		}
		if n := e.Take("may"); n == nil {
			r.Wrong(e.Node, "The role %q may do nothing; write \"may: [%s]\" or others of: %s.", x.ID, DoActivities, strings.Join(mays, ", "))
		} else {
			for _, w := range r.Words(n, "may", mays) {
				x.May = append(x.May, May(w))
			}
		}
		if v := r.number(e, "hours a week"); v == nil || *v <= 0 || *v > 1e6 {
			r.Wrong(e.Node, "The role %q has no hours; write how many there are in a week, of all who play it: \"hours a week: 37.5\".", x.ID)
		} else {
			x.Hours = *v
		}
		m.Team = append(m.Team, x)
	})
}

func (r *reader) activity(e *written.Fields) Activity {
	x := Activity{ID: r.id(e, "activity", "first-visit"), Title: e.Required("title", "First visit"), Line: e.Node.Line}
	if x.By = r.refs(e, "by"); len(x.By) == 0 {
		r.Wrong(e.Node, "Nobody does the activity %q; write \"by: [role]\", all who do it together.", x.ID)
	}
	for _, role := range x.By {
		r.role(e.Node, "by", role)
	}
	r.when(e, &x)
	x.Place = r.oneOf(e, "place", Places)
	x.Minutes = r.whole(e, "minutes", 1, fmt.Sprintf("The activity %q takes no time; write \"minutes: 45\".", x.ID))
	x.Group = r.whole(e, "group of", 2, "")
	if x.Attended = r.share(e, "attended", ""); x.Attended > 0 && x.When.Repeat != Recurring {
		r.Wrong(e.Node, "The activity %q does not come again, so no share of it can be attended; leave attended out.", x.ID)
	}
	x.After, x.Needs, x.Asks = r.refs(e, "after"), e.Texts("needs"), r.refs(e, "asks")
	x.Kinds, x.Assesses = r.refs(e, "kinds"), r.refs(e, "assesses")
	r.against(e, &x)
	if n := e.Take("between"); n != nil {
		x.Hours = r.hours(n, "between")
	}
	return x
}

// against reads what an activity does not go with: kinds, models, or one activity
// of a model.
func (r *reader) against(e *written.Fields, x *Activity) {
	n := e.Take("conflicts with")
	if n == nil {
		return
	}
	for _, text := range r.Texts(n, "conflicts with") {
		of, one, _ := strings.Cut(text, "/")
		if !written.IsID(of) || one != "" && !written.IsID(one) {
			r.Wrong(n, "conflicts with: %q is none; write a kind such as strength-exercise, the id of a model, or model/activity.", text)
		}
		x.Against = append(x.Against, text)
	}
}

// limit reads how much of a kind a person may have.
func (r *reader) limit(e *written.Fields) Limit {
	x := Limit{ID: r.id(e, "limit", "visits"), Says: e.Required("says", "No more than three visits a day"), Kinds: r.refs(e, "kinds"), Line: e.Node.Line}
	if len(x.Kinds) == 0 {
		r.Wrong(e.Node, "The limit %q is of nothing; write of which kinds of activity: \"kinds: [home-visit]\".", x.ID)
	}
	x.Most = r.whole(e, "at most", 1, fmt.Sprintf("The limit %q does not say how many; write \"at most: 3\".", x.ID))
	x.Each = map[string]Unit{"day": Day, "week": Week}[r.oneOf(e, "each", []string{"day", "week"})]
	return x
}

// when reads when an activity is done.
func (r *reader) when(e *written.Fields, x *Activity) {
	if n := e.Take("when"); n == nil {
		r.Wrong(e.Node, "The activity %q does not say when; write \"when: once\", \"when: at weeks 0, 6 and 12\", \"when: twice a week\", \"when: up to 3 times a day\" or \"when: when needed\".", x.ID)
	} else {
		text := r.Text(n, "when")
		t, ok := parseTiming(text)
		if !ok {
			r.Wrong(n, "when: %q is not understood; write \"once\", \"at weeks 0, 6 and 12\", \"twice a week\", \"every 2 weeks\", \"up to 3 times a day\" or \"when needed\".", text)
		}
		x.When = t
	}
	x.For = r.wait(e, "for", "")
	if v := r.number(e, "expected"); v != nil {
		if x.Expected = *v; *v <= 0 || *v > 1000 {
			r.Wrong(e.Node, "expected: write how often one person has the activity %q on average, as in 2.5.", x.ID)
		}
	}
	if n := e.Take("within"); n != nil {
		x.Due = r.due(n)
	}
	switch t := x.When; {
	case t.Text == "":
	case (t.Repeat == WhenNeeded || t.UpTo) && x.Expected == 0:
		r.Wrong(e.Node, "The activity %q has no fixed number; write how often one person has it on average: \"expected: 2\".", x.ID)
	case t.Repeat != Recurring && x.For != Wait{}:
		r.Wrong(e.Node, "The activity %q does not come again, so it does not go on for a time; leave for out.", x.ID)
	case t.Repeat != Once && x.Due != nil:
		r.Wrong(e.Node, "The activity %q is done more than once; within is for those that are done once.", x.ID)
	}
}

var duePattern = regexp.MustCompile(`^(.+) (?:of|after) (?:the )?(.+)$`)

// due reads "2 hours of the referral".
func (r *reader) due(n *yaml.Node) *Due {
	text := r.Text(n, "within")
	if match := duePattern.FindStringSubmatch(text); match != nil {
		w, ok := parseWait(match[1])
		of := strings.TrimPrefix(match[2], "the ")
		if of == "one before" {
			of = "the one before"
		}
		if ok && slices.Contains(Points, of) {
			return &Due{w, of}
		}
	}
	r.Wrong(n, "within: %q is not understood; write \"2 hours of the referral\"; there are: %s.", text, strings.Join(Points, ", "))
	return nil
}

func (r *reader) length(n *yaml.Node) *Length {
	f := r.Fields(n, "how long somebody may stay")
	if f == nil {
		return nil
	}
	x := &Length{Is: r.wait(f, "is", "length does not say how long; write \"is: 12 weeks\"."), AtEnd: f.Required("at the end", "review, then close or extend with a reason"), Line: n.Line}
	if w := f.Take("warn at weeks"); w != nil {
		for _, text := range r.Texts(w, "warn at weeks") {
			week, err := strconv.Atoi(text)
			if err != nil || week < 1 {
				r.Wrong(w, "warn at weeks: %q is no week; write \"[10, 12]\".", text)
			} else if x.Is.Days() > 0 && float64(week)*7 > x.Is.Days() {
				r.Wrong(w, "The warning at week %d comes after the end, %s; warn before it.", week, x.Is)
			}
			x.Warn = append(x.Warn, week)
		}
	}
	if x.Extend = r.wait(f, "may be extended by", ""); x.Extend != (Wait{}) {
		x.Extends = max(1, r.whole(f, "times", 1, ""))
	}
	f.Done("length")
	if x.Is.Days() >= 28 && len(x.Warn) == 0 {
		r.Wrong(n, "Nobody is warned before the end, %s; write \"warn at weeks: [10, 12]\".", x.Is)
	}
	return x
}

func (r *reader) standard(e *written.Fields) Standard {
	x := Standard{ID: r.id(e, "standard", "first-visit"), Says: e.Required("says", "A nurse visits within two hours"), Line: e.Node.Line}
	x.Clock = e.Text("clock")
	x.Starts, x.Stops = r.oneOf(e, "starts", Moments), r.oneOf(e, "stops", Moments)
	if i, j := slices.Index(Moments, x.Starts), slices.Index(Moments, x.Stops); i >= 0 && j >= 0 && i >= j {
		r.Wrong(e.Node, "The clock of %q would stop (%s) before it starts (%s); change one of the two.", x.ID, x.Stops, x.Starts)
	}
	x.Within = r.wait(e, "within", fmt.Sprintf("The standard %q does not say how soon; write \"within: 2 hours\".", x.ID))
	if n := e.Take("during"); n != nil {
		x.During = r.hours(n, "during")
	}
	x.Target = r.share(e, "target", fmt.Sprintf("The standard %q has no target; write for how many it is to be met: \"target: 90%%\".", x.ID))
	x.Source = e.Required("source", "where the standard comes from")
	return x
}

func (r *reader) site(e *written.Fields) Site {
	x := Site{ID: r.id(e, "site", "town-hall"), Title: e.Required("title", "Town hall"), Line: e.Node.Line}
	if n := e.Take("open"); n == nil {
		r.Wrong(e.Node, "The site %q is never open; write \"open: 09:00 to 17:00 Monday to Friday\".", x.ID)
	} else if h := r.hours(n, "open"); h != nil {
		x.Open = *h
	}
	x.Starts = r.whole(e, "starts a week", 1, fmt.Sprintf("The site %q takes nobody; write how many people may begin in a week: \"starts a week: 10\".", x.ID))
	x.AtOnce = r.whole(e, "at one time", 1, "")
	x.Source = e.Text("source")
	return x
}

func (r *reader) waiting(f *written.Fields) {
	n := f.Take("waiting list")
	if n == nil {
		r.Wrong(f.Node, "waiting list is missing; write \"waiting list: {order: [priority, longest wait], at most: 6 weeks, meanwhile: what people are told}\".")
		return
	}
	g := r.Fields(n, "how people wait")
	if g == nil {
		return
	}
	w := Waiting{AtMost: r.wait(g, "at most", "The waiting list has no end; write the longest that anybody should wait: \"at most: 6 weeks\"."), Meanwhile: g.Required("meanwhile", "what people are told and offered while they wait"), Line: n.Line}
	if o := g.Take("order"); o == nil {
		r.Wrong(n, "The waiting list does not say who is next; write \"order: [priority, longest wait]\".")
	} else {
		w.Order = r.Words(o, "order", WaitingOrders)
	}
	r.each(g, "exceptions", "an exception", "", func(e *written.Fields) {
		w.Exceptions = append(w.Exceptions, Exception{ID: r.id(e, "exception", "danger"), Says: e.Required("says", "Somebody in danger is seen at once"), Line: e.Node.Line})
	})
	g.Done("waiting list")
	r.m.Waiting = w
}

var numberWords = map[string]int{"once": 1, "twice": 2, "three times": 3, "four times": 4, "five times": 5, "six times": 6}

var (
	timesPattern = regexp.MustCompile(`^(up to )?(once|twice|\d+ times|three times|four times|five times|six times|\d+) (?:a|an|each|every) (day|week|month)$`)
	everyPattern = regexp.MustCompile(`^(up to )?every (?:(\d+) )?(day|week|month)s?$`)
	weeksPattern = regexp.MustCompile(`^at weeks? (\d+(?:(?:, | and )\d+)*)$`)
)

// parseTiming reads when an activity is done.
func parseTiming(s string) (Timing, bool) {
	t := Timing{Text: s}
	switch s {
	case "once":
		return t, true
	case "when needed":
		t.Repeat = WhenNeeded
		return t, true
	}
	if match := weeksPattern.FindStringSubmatch(s); match != nil {
		t.Repeat = AtWeeks
		for _, w := range strings.Fields(strings.NewReplacer(",", " ", "and", " ").Replace(match[1])) {
			week, err := strconv.Atoi(w)
			if err != nil || len(t.Weeks) > 0 && week <= t.Weeks[len(t.Weeks)-1] || week > 520 {
				return Timing{}, false
			}
			t.Weeks = append(t.Weeks, week)
		}
		return t, true
	}
	t.Repeat, t.Times, t.Every = Recurring, 1, 1
	var unit string
	if match := timesPattern.FindStringSubmatch(s); match != nil {
		t.UpTo, unit = match[1] != "", match[3]
		times, ok := numberWords[match[2]]
		if !ok {
			times, _ = strconv.Atoi(strings.TrimSuffix(match[2], " times"))
		}
		t.Times = times
	} else if match := everyPattern.FindStringSubmatch(s); match != nil {
		t.UpTo, unit = match[1] != "", match[3]
		if match[2] != "" {
			t.Every, _ = strconv.Atoi(match[2])
		}
	}
	t.Unit = map[string]Unit{"day": Day, "week": Week, "month": Month}[unit]
	return t, unit != "" && t.Times >= 1 && t.Times <= 100 && t.Every >= 1 && t.Every <= 100
}

// parseWait reads "60 minutes".
func parseWait(s string) (Wait, bool) {
	number, unit, _ := strings.Cut(s, " ")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > 100000 {
		return Wait{}, false
	}
	for u, name := range unitNames {
		if unit == name || unit == name+"s" {
			return Wait{n, Unit(u)}, true
		}
	}
	return Wait{}, false
}

var hoursPattern = regexp.MustCompile(`^(\d\d):(\d\d) to (\d\d):(\d\d)(?: (.+))?$`)

func (r *reader) hours(n *yaml.Node, key string) *Hours {
	text := r.Text(n, key)
	h, ok := parseHours(text)
	if !ok {
		r.Wrong(n, "%s: %q is not understood; write \"08:00 to 22:00 every day\", \"09:00 to 17:00 working days\", \"09:00 to 17:00 Monday to Friday\" or \"10:00 to 14:00 Saturday and Sunday\".", key, text)
		return nil
	}
	return &h
}

// parseHours reads "08:00 to 22:00 every day".
func parseHours(s string) (Hours, bool) {
	match := hoursPattern.FindStringSubmatch(s)
	if match == nil {
		return Hours{}, false
	}
	minute := func(h, m string) int {
		hour, _ := strconv.Atoi(h)
		min, _ := strconv.Atoi(m)
		if min > 59 || hour > 24 || hour == 24 && min > 0 {
			return -1
		}
		return hour*60 + min
	}
	h := Hours{From: minute(match[1], match[2]), To: minute(match[3], match[4]), Text: s}
	text := match[5]
	if h.Working = text == "working days"; h.Working {
		text = "Monday to Friday"
	}
	days, ok := parseDays(text)
	h.Days = days
	return h, ok && h.From >= 0 && h.To > h.From
}

var dayNames = []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}

// parseDays reads "every day", "Monday to Friday", "Saturday and Sunday".
func parseDays(s string) (days [7]bool, ok bool) {
	if s == "" || s == "every day" {
		return [7]bool{true, true, true, true, true, true, true}, true
	}
	if from, to, ranged := strings.Cut(s, " to "); ranged {
		i, j := slices.Index(dayNames, from), slices.Index(dayNames, to)
		if i < 0 || j < 0 {
			return days, false
		}
		for d := i; ; d = (d + 1) % 7 {
			days[time.Weekday(d)] = true
			if d == j {
				return days, true
			}
		}
	}
	for _, name := range strings.Fields(strings.NewReplacer(",", " ", " and ", " ").Replace(s)) {
		i := slices.Index(dayNames, name)
		if i < 0 {
			return days, false
		}
		days[i] = true
	}
	return days, true
}
