// Package together finds what two models of care ask of one person that does not
// go together.
//
//	for _, c := range together.Find(parts, now) {
//		fmt.Println(c.Says, c.Do)
//	}
//
// Whoever is in two models has one body and one day. Models do not know of each
// other, so what an activity is, and what it does not go with, stands in each
// model in words that they share (kinds, conflicts with, assesses, limits). Four
// things are found: instructions that contradict each other; more of a kind in a
// time than a limit allows; the same assessment twice within two weeks; and visits
// at one time.
//
// # Invariants
//
// Find is pure: the same parts at the same moment give the same conflicts, in the
// same order, whichever order the parts come in. A conflict's Key stays the same as
// long as it is the same conflict, so that what was decided of it stays with it.
// What one model asks by itself is its author's affair, and never found.
//
// # Trade-offs
//
// Only what is declared can be found. Where a plan leaves the day open (twice a
// week), the most that can fall on one day is counted, spread as evenly as it goes:
// what is found may not come about, and people look at it; what can only come about
// by bad luck is not found until the times are set.
package together

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"joinery/care/model"
)

// Part is a person's time in one model.
type Part struct {
	Model    *model.Model
	From, To time.Time // zero To: without end
	Times    []Time
}

// Time is when an activity is to be done, or was.
type Time struct {
	Activity string
	At       time.Time
	Done     bool
}

// Kind is what does not go together.
type Kind string

// Kinds of conflict.
const (
	Contradiction Kind = "contradiction" // one asks for what the other rules out
	TooMuch       Kind = "too much"      // more than a limit allows
	Twice         Kind = "twice"         // the same assessment, within two weeks
	SameTime      Kind = "same time"     // two visits at once
)

// Conflict is something that does not go together. Nothing is taken out of either
// model because of it: people decide.
type Conflict struct {
	Key  string
	Kind Kind
	Of   []Side // by model and activity
	Says string
	Do   string    // what is to be done about it
	On   time.Time // when it comes about; zero: as long as both go on
}

// Side is what one model asks for.
type Side struct {
	Model, ModelTitle string
	Activity, Title   string
}

// again is how soon an assessment of the same is one too many.
const again = 14 * 24 * time.Hour

// Find returns what does not go together in a person's parts.
func Find(parts []Part, now time.Time) []Conflict {
	parts = slices.Clone(parts)
	slices.SortStableFunc(parts, func(a, b Part) int {
		if c := strings.Compare(a.Model.Name(), b.Model.Name()); c != 0 {
			return c
		}
		return a.From.Compare(b.From)
	})
	var out []Conflict
	for i := range parts {
		for j := i + 1; j < len(parts); j++ {
			p, q := &parts[i], &parts[j]
			if p.Model.ID == q.Model.ID || !p.meets(q, now) {
				continue
			}
			out = append(out, pair(p, q, now)...)
		}
	}
	out = append(out, tooMuch(parts, now)...)
	slices.SortStableFunc(out, func(a, b Conflict) int { return strings.Compare(a.Key, b.Key) })
	return slices.CompactFunc(out, func(a, b Conflict) bool { return a.Key == b.Key })
}

// meets reports whether two parts go on at one time, now or later.
func (p *Part) meets(q *Part, now time.Time) bool {
	over := func(x *Part, at time.Time) bool { return !x.To.IsZero() && x.To.Before(at) }
	return !over(p, now) && !over(q, now) && !over(p, q.From) && !over(q, p.From)
}

// pair finds what two parts ask for that does not go together.
func pair(p, q *Part, now time.Time) []Conflict {
	var out []Conflict
	for i := range p.Model.Activities {
		for j := range q.Model.Activities {
			a, b := &p.Model.Activities[i], &q.Model.Activities[j]
			of := []Side{side(p, a), side(q, b)}
			open := !p.over(a) && !q.over(b)
			if what := against(a, q.Model, b); what != "" && open {
				out = append(out, contradiction(of[0], of[1], what))
			} else if what := against(b, p.Model, a); what != "" && open {
				out = append(out, contradiction(of[1], of[0], what))
			}
			out = append(out, twice(p, q, a, b, of)...)
			out = append(out, sameTime(p, q, a, b, of, now)...)
		}
	}
	return out
}

func side(p *Part, a *model.Activity) Side { return Side{p.Model.ID, p.Model.Title, a.ID, a.Title} }

func (s *Side) id() string { return s.Model + "/" + s.Activity }

func (s *Side) words() string { return fmt.Sprintf("“%s” (%s)", s.Title, s.ModelTitle) }

// over reports whether an activity that is done once was done.
func (p *Part) over(a *model.Activity) bool {
	return a.When.Repeat == model.Once && slices.ContainsFunc(p.Times, func(t Time) bool { return t.Activity == a.ID && t.Done })
}

// against returns what of an activity another does not go with, empty when nothing.
func against(a *model.Activity, of *model.Model, b *model.Activity) string {
	for _, x := range a.Against {
		if x == of.ID || x == of.ID+"/"+b.ID || slices.Contains(b.Kinds, x) {
			return x
		}
	}
	return ""
}

const agree = "Agree with the other team which of the two holds, tell the person, and write down what was decided. Until then both stand in the plan, and neither is dropped."

func contradiction(a, b Side, what string) Conflict {
	return Conflict{
		Key: "contradiction " + a.id() + " " + b.id(), Kind: Contradiction, Of: []Side{a, b}, Do: agree,
		Says: fmt.Sprintf("%s does not go with %q, and %s is that.", a.words(), what, b.words()),
	}
}

// twice finds an assessment of the same that is done, or to be done, within two
// weeks of another's.
func twice(p, q *Part, a, b *model.Activity, of []Side) []Conflict {
	same := ""
	for _, what := range a.Assesses {
		if slices.Contains(b.Assesses, what) {
			same = what
		}
	}
	for _, x := range a.Asks {
		for _, y := range b.Asks {
			if k, l := p.Model.Questionnaire(x), q.Model.Questionnaire(y); k != nil && l != nil && k.Code != "" && k.System == l.System && k.Code == l.Code {
				same = k.Title
			}
		}
	}
	if same == "" {
		return nil
	}
	for _, s := range p.when(a) {
		for _, t := range q.when(b) {
			if d := s.At.Sub(t.At).Abs(); d > again || s.Done && t.Done {
				continue
			}
			do, says := "Ask once and share the result with the other team. If both are needed, write down why.", fmt.Sprintf("%s and %s both assess %q, within 14 days.", of[0].words(), of[1].words(), same)
			on := latest(s.At, t.At)
			if done := s; s.Done || t.Done {
				by := of[0]
				if t.Done {
					done, by = t, of[1]
				}
				says = fmt.Sprintf("%q was assessed on %s by %s, and is to be again within 14 days.", same, done.At.Format(time.DateOnly), by.words())
				do = "Use the result that is there, unless something has changed; write down which."
			}
			return []Conflict{{Key: "twice " + of[0].id() + " " + of[1].id(), Kind: Twice, Of: of, Says: says, Do: do, On: on}}
		}
	}
	return nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// when returns when an activity was done, is planned, or is to be by the model: of
// what comes once with no time set, the beginning.
func (p *Part) when(a *model.Activity) []Time {
	var out []Time
	for _, t := range p.Times {
		if t.Activity == a.ID && !t.At.IsZero() {
			out = append(out, t)
		}
	}
	switch {
	case a.When.Repeat == model.AtWeeks:
		for i, w := range a.When.Weeks {
			if i >= len(out) { // those before were done or are planned
				out = append(out, Time{Activity: a.ID, At: p.From.AddDate(0, 0, 7*w)})
			}
		}
	case a.When.Repeat == model.Once && len(out) == 0:
		out = append(out, Time{Activity: a.ID, At: p.From})
	}
	return out
}

// sameTime finds two visits whose times overlap.
func sameTime(p, q *Part, a, b *model.Activity, of []Side, now time.Time) []Conflict {
	var out []Conflict
	for _, s := range p.Times {
		for _, t := range q.Times {
			if s.Activity != a.ID || t.Activity != b.ID || s.Done || t.Done || s.At.IsZero() || t.At.IsZero() {
				continue
			}
			sEnds, tEnds := s.At.Add(time.Duration(a.Minutes)*time.Minute), t.At.Add(time.Duration(b.Minutes)*time.Minute)
			if !s.At.Before(tEnds) || !t.At.Before(sEnds) || sEnds.Before(now) && tEnds.Before(now) {
				continue
			}
			at := latest(s.At, t.At)
			out = append(out, Conflict{
				Key: "same time " + of[0].id() + " " + of[1].id() + " " + at.UTC().Format("2006-01-02T15:04Z"), Kind: SameTime, Of: of, On: at,
				Says: fmt.Sprintf("%s and %s are planned for one time.", of[0].words(), of[1].words()),
				Do:   "Move one of the two, and tell the person; or come together.",
			})
		}
	}
	return out
}

// tooMuch finds limits that several models together go over.
func tooMuch(parts []Part, now time.Time) []Conflict {
	var out []Conflict
	for i := range parts {
		p := &parts[i]
		for _, limit := range p.Model.Limits {
			sum := 0
			var of []Side
			models := map[string]bool{}
			for j := range parts {
				q := &parts[j]
				if i != j && !p.meets(q, now) {
					continue
				}
				for k := range q.Model.Activities {
					a := &q.Model.Activities[k]
					if n := most(a, limit.Each); n > 0 && !q.over(a) && slices.ContainsFunc(a.Kinds, func(kind string) bool { return slices.Contains(limit.Kinds, kind) }) {
						sum += n
						of = append(of, side(q, a))
						models[q.Model.ID] = true
					}
				}
			}
			if sum <= limit.Most || len(models) < 2 || !models[p.Model.ID] {
				continue
			}
			var words, ids []string
			for x := range of {
				words, ids = append(words, of[x].words()), append(ids, of[x].id())
			}
			out = append(out, Conflict{
				Key: "too much " + p.Model.ID + "/" + limit.ID + " " + strings.Join(slices.Compact(ids), " "), Kind: TooMuch, Of: of, Do: agree,
				Says: fmt.Sprintf("%s together are up to %d in a %s; %s allows %d: %s.", strings.Join(words, ", "), sum, limit.Each, p.Model.Title, limit.Most, limit.Says),
			})
		}
	}
	return out
}

// most returns how often an activity can fall into one day or week, spread as evenly
// as it goes.
func most(a *model.Activity, each model.Unit) int {
	switch a.When.Repeat {
	case model.WhenNeeded:
		return 0
	case model.Once, model.AtWeeks:
		return 1
	case model.Recurring:
	}
	days := map[model.Unit]int{model.Day: 1, model.Week: 7}
	every := int(model.Wait{N: max(a.When.Every, 1), Unit: a.When.Unit}.Days() + 0.5)
	n := a.When.Times * days[each]
	return max(1, (n+every-1)/every)
}
