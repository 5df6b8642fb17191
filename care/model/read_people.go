package model

import (
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"joinery/criteria/language"
	"joinery/written"
)

// people reads for whom the model is.
func (r *reader) people(f *written.Fields) {
	m := r.m
	m.Eligible = r.criteria(f, "eligible", "write the criteria one by one, each as \"- {criterion: older, says: 65 or over, meets: older-people}\"")
	m.Exclusions = r.criteria(f, "exclusions", "write who is not taken, or \"exclusions: none\"")
	n := f.Take("candidates")
	if n == nil {
		r.Wrong(f.Node, "candidates is missing; write \"candidates: {invited by: [letter, phone]}\", or why nobody is sought out: \"candidates: {no: people come by a call}\".")
		return
	}
	g := r.Fields(n, "how people are invited, or why nobody is")
	if g == nil {
		return
	}
	m.Candidates = Candidates{Invited: r.channelsOf(g, "invited by"), Not: g.Text("no")}
	switch {
	case len(m.Candidates.Invited) == 0 && m.Candidates.Not == "":
		r.Wrong(n, "This does not say whether people are sought out; write \"invited by: [letter, phone]\" or \"no: the reason\".")
	case len(m.Candidates.Invited) > 0 && m.Candidates.Not != "":
		r.Wrong(n, "People are either sought out or not; keep \"invited by\" or \"no\".")
	case len(m.Candidates.Invited) > 0 && digitalOnly(m.Candidates.Invited):
		r.Wrong(n, "People are invited only digitally, which leaves out those without a device; add letter, phone or in person.")
	}
	g.Done("candidates")
}

func (r *reader) criteria(f *written.Fields, key, missing string) []Criterion {
	n := f.Take(key)
	if n == nil {
		r.Wrong(f.Node, "%s is missing; %s.", key, missing)
		return nil
	}
	if n.Kind == yaml.ScalarNode && n.Value == "none" && key == "exclusions" {
		return nil
	}
	var out []Criterion
	for _, entry := range r.List(n, key) {
		e := r.Fields(entry, "a criterion with its name")
		if e == nil {
			continue
		}
		c := Criterion{Place: r.Place(entry), ID: r.id(e, "criterion", "older"), Says: e.Required("says", "65 or over"), Judged: e.Text("judged by")}
		if d := e.Take("meets"); d != nil {
			c.Meets = r.definition(d)
			if c.Judged != "" {
				r.Wrong(d, "The criterion is both looked up and judged; keep meets or \"judged by\".")
			}
		} else if c.Judged == "" {
			r.Wrong(entry, "Nothing says who meets this criterion; add \"meets: a-definition\", or \"judged by: referrer\" where no record tells.")
		}
		e.Done("A criterion")
		out = append(out, c)
	}
	return out
}

// definition finds a definition that decides for each person.
func (r *reader) definition(n *yaml.Node) *language.Definition {
	id := r.Text(n, "meets")
	d, ok := r.lib.Definitions[id]
	if !ok {
		r.Wrong(n, "There is no definition %q%s Write one of your own in the folder criteria, or name one that is shipped", id, written.Meant(id, slices.Sorted(maps.Keys(r.lib.Definitions))))
		return nil
	}
	if d.Kind == language.Continuous || d.Kind == language.Rate || d.Kind == language.TimeToEvent {
		r.Wrong(n, "%q is a %s measure, which nobody meets; name a group, a proportion or segments.", id, d.Kind)
		return nil
	}
	return d
}

func (r *reader) channelsOf(f *written.Fields, key string) []Channel {
	n := f.Take(key)
	if n == nil {
		return nil
	}
	var out []Channel
	for _, w := range r.Words(n, key, channels) {
		out = append(out, Channel(w))
	}
	return out
}

// referral reads who may refer, and how people come in.
func (r *reader) referral(f *written.Fields) {
	m := r.m
	r.each(f, "referrers", "somebody who may refer", "write who may refer, each as \"- {referrer: gp, title: General practice, from: professional, by: [system, phone]}\"", func(e *written.Fields) {
		x := Referrer{ID: r.id(e, "referrer", "gp"), Title: e.Required("title", "General practice"), Line: e.Node.Line}
		x.From = From(r.oneOf(e, "from", froms))
		at := e.Node
		if x.By = r.channelsOf(e, "by"); len(x.By) == 0 {
			r.Wrong(at, "The referrer %q has no way to refer; write \"by: [phone, letter]\".", x.ID)
		} else if (x.From == FromPerson || x.From == FromCarer) && digitalOnly(x.By) {
			r.Wrong(at, "The referrer %q can refer only digitally, which leaves out those without a device; add phone, letter or in person.", x.ID)
		}
		x.Through = e.Text("through")
		r.role(at, "through", x.Through)
		m.Referrers = append(m.Referrers, x)
	})
	m.NoSelf = f.Text("no self-referral")
	self := slices.ContainsFunc(m.Referrers, func(x Referrer) bool { return x.From == FromPerson })
	switch {
	case !self && m.NoSelf == "" && len(m.Referrers) > 0:
		r.Wrong(f.Key("referrers"), "Nobody can refer themselves; add a referrer with \"from: person\", or say why not: \"no self-referral: the reason\".")
	case self && m.NoSelf != "":
		r.Wrong(f.Key("no self-referral"), "People can refer themselves, and \"no self-referral\" says why they cannot; keep one.")
	}
	m.Consent = f.Required("consent", "what the person is asked to agree to, and what is done when they cannot decide")
	r.outcomes(f)
	r.flow(f)
}

func (r *reader) outcomes(f *written.Fields) {
	m := r.m
	r.each(f, "outcomes", "a way in which people leave", "write how people's time in the model ends, each as \"- {outcome: kept-home, title: Kept at home, completed: yes}\"", func(e *written.Fields) {
		m.Outcomes = append(m.Outcomes, Outcome{
			ID: r.id(e, "outcome", "kept-home"), Title: e.Required("title", "Kept at home"), Completed: e.Yes("completed"), Onward: e.Yes("onward owner"), Line: e.Node.Line,
		})
	})
	if len(m.Outcomes) > 0 && !slices.ContainsFunc(m.Outcomes, func(o Outcome) bool { return o.Completed }) {
		r.Wrong(f.Key("outcomes"), "No outcome counts as having gone through the model; mark those that do with \"completed: yes\".")
	}
	if len(m.Outcomes) > 0 && !slices.ContainsFunc(m.Outcomes, func(o Outcome) bool { return o.Onward }) {
		r.Wrong(f.Key("outcomes"), "No outcome sends anybody on; add one for those who need another service, with \"onward owner: yes\": nobody is to be left at a closed door.")
	}
}

func (r *reader) flow(f *written.Fields) {
	n := f.Take("flow")
	if n == nil {
		r.Wrong(f.Node, "flow is missing; write what you expect of those who come: \"flow: {invited: 100%%, consented: 40%%, active: 90%%, completed: 75%%, sources: [where from]}\".")
		return
	}
	g := r.Fields(n, "what is expected of those who come")
	if g == nil {
		return
	}
	x := Flow{Places: map[string]int{}}
	for _, key := range g.Keys {
		x.Places[key.Value] = key.Line
	}
	if v := r.number(g, "arrivals a year of 1000"); v != nil {
		if x.Arrivals = *v; *v <= 0 || *v > 20000 {
			r.Wrong(n, "arrivals a year of 1000: write how many of every 1000 eligible people come in a year, as in 12.")
		}
	}
	x.Invited = r.share(g, "invited", "")
	for key, into := range map[string]*float64{"consented": &x.Consented, "active": &x.Active, "completed": &x.Completed} {
		*into = r.share(g, key, fmt.Sprintf("flow does not say %s; write the share of the stage before, as in \"%s: 80%%\".", key, key))
	}
	if x.Sources = g.Texts("sources"); len(x.Sources) == 0 {
		r.Wrong(n, "flow has no sources; write where each share comes from, or that it is your own assumption.")
	}
	g.Done("flow")
	switch {
	case x.Arrivals == 0 && x.Invited == 0:
		r.Wrong(n, "Nobody comes: write \"invited: 50%%\" (of the eligible, in a year) or \"arrivals a year of 1000: 12\".")
	case x.Invited > 0 && r.m.Candidates.Not != "":
		r.Wrong(n, "flow says that people are invited, and candidates that nobody is; write \"arrivals a year of 1000\" instead.")
	}
	r.m.Flow = x
}

// role reports an id that names no role. Roles are read later, so the check
// waits until then.
func (r *reader) role(n *yaml.Node, key, id string) {
	if id != "" {
		r.later = append(r.later, func() {
			if r.m.Role(id) == nil {
				r.Wrong(n, "%s: there is no role %q%s", key, id, written.Meant(id, idsOf(r.m.Team)))
			}
		})
	}
}

// idsOf returns the ids of named parts.
func idsOf[T named](all []T) []string {
	var out []string
	for i := range all {
		out = append(out, idOf(&all[i]))
	}
	return out
}
