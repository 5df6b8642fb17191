package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"joinery/care/applied"
	"joinery/care/finding"
	"joinery/care/model"
	"joinery/care/workflow"
	"joinery/care/workflow/clock"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
	"joinery/source/synth"
	"joinery/timeline"
)

// playedWeeks is for how long a demonstration's models of care have been in force.
const playedWeeks = 6

// weeks are the last weeks of a demonstration, played: models of care are put in
// force, people are found, invited and referred, and teams do what is on their
// lists. Everything is a move that somebody of the district makes by their own
// rights, or an operator for who rings; nothing is written past the moves. What
// happens follows from the seed and the days; what is refused does not happen.
type weeks struct {
	stage   *playClock
	dice    *rand.Rand
	rec     *record.Record
	cast    synth.Cast
	desk    *workflow.Flow // of an operator, for who rings
	models  map[string]*model.Model
	people  []*synth.Person
	taken   map[int64]bool // who has a story already
	ends    time.Time
	deeds   []deed // to be done, soonest first
	done    int
	refused []error
}

// deed is what happens at a moment.
type deed struct {
	at time.Time
	do func(context.Context) error
}

// play plays the weeks of so many people up to a moment. kept is what finds people by definitions.
func (d *demonstration) play(ctx context.Context, rec *record.Record, people int64, s *playClock, ends time.Time, kept *following) (*weeks, error) {
	scopes, err := access.ParseScopes(everything)
	if err != nil {
		return nil, err //nolint:wrapcheck // it cannot be
	}
	operator, err := access.NewSystem(access.Who{Client: "desk", Operator: "the demonstration", Purpose: access.Treatment, Scopes: scopes})
	if err != nil {
		return nil, err //nolint:wrapcheck // it cannot be
	}
	w := &weeks{
		stage: s, rec: rec, ends: ends, taken: map[int64]bool{}, models: map[string]*model.Model{}, cast: d.district.Cast(people),
		dice: rand.New(rand.NewPCG(d.district.Seed, 6)), //nolint:gosec // invented lives hide nothing
		desk: workflow.Of(rec.As(operator), s.now),
	}
	if !w.complete() {
		return w, nil
	}
	for block := int64(0); block*synth.BlockSize < people; block++ {
		for _, p := range d.district.Block(block) {
			if p.Died == synth.NotYet && p.Left == synth.NotYet && p.Practice != nil && w.doctor(p) != nil && p.Number < people {
				w.people = append(w.people, p)
			}
		}
	}
	w.dice.Shuffle(len(w.people), func(i, j int) { w.people[i], w.people[j] = w.people[j], w.people[i] })
	if err := w.decide(ctx, rec.As(operator)); err != nil {
		return w, err
	}
	w.taken[w.cast.Patient.Number] = true
	w.ownWords()
	w.fallsCar()
	w.livingWell()
	if err := w.found(ctx, kept); err != nil {
		return w, err
	}
	if err := w.classes(ctx); err != nil {
		return w, err
	}
	return w, w.run(ctx)
}

// found waits until whom the definitions find has been written.
func (w *weeks) found(ctx context.Context, kept *following) error {
	program, err := itself("demo", access.PopulationHealth)
	if err != nil {
		return err
	}
	at, err := w.rec.As(program).AskAll(ctx, "who is found for the demonstration")
	if err != nil {
		return fmt.Errorf("find people for the demonstration: %w", err)
	}
	return kept.settled(ctx, at)
}

// complete reports whether the cast has everybody whom the stories need: so few
// people may lack some.
func (w *weeks) complete() bool {
	c := w.cast
	return c.GP != nil && c.Nurse != nil && c.Networker != nil && c.Paramedic != nil && c.Supporter != nil && c.Patient != nil
}

// decide puts the shipped models in force, each with who provides it.
func (w *weeks) decide(ctx context.Context, v *record.View) error {
	today, _ := timeline.DayOf(w.stage.now())
	for _, one := range []struct {
		id       string
		provider *synth.Organisation
	}{{fallsModel, w.cast.Nurse.Of}, {wellModel, w.cast.Supporter.Of}, {classesModel, w.cast.Networker.Of}} {
		m, err := readPack(one.id)
		if err != nil {
			return err
		}
		w.models[one.id] = m
		_, err = applied.Apply(ctx, v, applied.Application{
			Model: m, From: today, Provider: "Organization/" + one.provider.ID, Why: "For the demonstration", At: w.stage.now(),
		})
		if err != nil {
			return fmt.Errorf("put %s in force: %w", one.id, err)
		}
	}
	return nil
}

// on plans something. What lies after the end does not happen.
func (w *weeks) on(at time.Time, do func(context.Context) error) {
	if at.After(w.ends) {
		return
	}
	i, _ := slices.BinarySearchFunc(w.deeds, at, func(d deed, at time.Time) int {
		if d.at.After(at) {
			return 1
		}
		return -1 // after those of the same moment
	})
	w.deeds = slices.Insert(w.deeds, i, deed{at, do})
}

// run does everything in turn.
func (w *weeks) run(ctx context.Context) error {
	for len(w.deeds) > 0 {
		next := w.deeds[0]
		w.deeds = w.deeds[1:]
		w.stage.at(next.at)
		err := next.do(ctx)
		switch kind := fault.KindOf(err); {
		case err == nil:
			w.done++
		case kind == fault.Conflict || kind == fault.Invalid || kind == fault.Denied || kind == fault.NotFound:
			w.refused = append(w.refused, err)
		default:
			return fmt.Errorf("play the weeks: %w", err)
		}
	}
	return nil
}

// after returns a moment so many minutes later, from one bound to the other.
func (w *weeks) after(t time.Time, least, most int) time.Time {
	return t.Add(time.Duration(least+w.dice.IntN(most-least+1)) * time.Minute)
}

// working returns a moment in working hours so many working days later.
func (w *weeks) working(t time.Time, days int) time.Time {
	y, m, d := t.In(clock.London).Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, clock.London)
	for days > 0 || day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		day = day.AddDate(0, 0, 1)
		if day.Weekday() != time.Saturday && day.Weekday() != time.Sunday {
			days--
		}
	}
	at := w.after(day, 9*60, 16*60+30)
	if !at.After(t) {
		at = w.after(t, 5, 60)
	}
	return at
}

// moments returns so many moments of the weeks, spread evenly with chance, at
// hours of the day.
func (w *weeks) moments(n, from, to int) []time.Time {
	start := w.stage.now()
	var out []time.Time
	for range n {
		y, m, d := start.AddDate(0, 0, w.dice.IntN(playedWeeks*7)).In(clock.London).Date()
		out = append(out, w.after(time.Date(y, m, d, from, 0, 0, 0, clock.London), 0, (to-from)*60))
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.DeleteFunc(out, func(t time.Time) bool { return !t.After(start) })
}

// chance is true in so many of a hundred cases.
func (w *weeks) chance(percent int) bool { return w.dice.IntN(100) < percent }

func pick[T any](dice *rand.Rand, of ...T) T { return of[dice.IntN(len(of))] }

// somebody returns a person of an age who has no story yet, nil when there is
// nobody left.
func (w *weeks) somebody(from, to int) *synth.Person {
	for _, p := range w.people {
		if age := ageOn(p, w.ends); age >= from && age <= to && !w.taken[p.Number] {
			w.taken[p.Number] = true
			return p
		}
	}
	return nil
}

// ageOn is how old somebody is, nearly.
func ageOn(p *synth.Person, at time.Time) int { return int(dayBefore(at)-p.Born) * 4 / 1461 }

// doctor returns a general practitioner of somebody's practice; nil: it has none.
func (w *weeks) doctor(p *synth.Person) *synth.Staff {
	if w.cast.GP != nil && p.Practice == w.cast.GP.Of {
		return w.cast.GP
	}
	for _, who := range p.Practice.Staff {
		if who.Job == w.cast.GP.Job {
			return who
		}
	}
	return nil
}

// staff is what a member of staff may do.
func (w *weeks) staff(who *synth.Staff) *workflow.Flow {
	s, err := access.NewStaff(access.Who{Client: "demo", Name: who.Given + " " + who.Family, Purpose: access.Treatment},
		access.Member{Practitioner: fhir.ID(who.ID), Organization: fhir.ID(who.Of.ID)})
	return w.flow(s, err)
}

// finder is what somebody may do who invites for the network.
func (w *weeks) finder() *workflow.Flow {
	s, err := access.NewCaseFinder(access.Who{Client: "demo", Name: finderName(w.cast), Purpose: access.PopulationHealth},
		access.Finder{Organization: fhir.ID(w.cast.Networker.Of.ID), Groups: []fhir.ID{finding.GroupID(foundFor)}})
	return w.flow(s, err)
}

func (w *weeks) flow(s access.Subject, err error) *workflow.Flow {
	if err != nil {
		panic(err) // the cast has what a subject needs
	}
	return workflow.Of(w.rec.As(s), w.stage.now)
}

// round is the working day of a team: what is due on its list is done, most of it.
func (w *weeks) round(ctx context.Context, f *workflow.Flow, m *model.Model, service string) error {
	list, err := f.Worklist(ctx, workflow.List{Of: "HealthcareService/" + service, Kind: workflow.KindActivity, Sort: workflow.DueFirst})
	if err != nil {
		return err //nolint:wrapcheck // it says what it was doing
	}
	var failed []error
	for _, one := range list.Items {
		if one.Due.IsZero() || one.Due.After(w.stage.now().Add(24*time.Hour)) || w.chance(15) {
			continue
		}
		making := workflow.Making{Move: "done", Version: one.ETag, Answers: w.answers(m, one.About)}
		if _, err := f.Do(ctx, one.Task, making); err != nil {
			failed = append(failed, fmt.Errorf("do %q: %w", one.About, err))
		}
	}
	if err := errors.Join(failed...); err != nil {
		w.refused = append(w.refused, err)
	}
	return nil
}

// rounds plans the rounds of a team, each working day in the afternoon.
func (w *weeks) rounds(f *workflow.Flow, id string, services ...string) {
	m := w.models[id]
	for day := w.working(w.stage.now(), 1); day.Before(w.ends); day = w.working(day, 1) {
		y, month, d := day.In(clock.London).Date()
		for i, service := range services {
			w.on(time.Date(y, month, d, 16, 40+i, 0, 0, clock.London), func(ctx context.Context) error { return w.round(ctx, f, m, service) })
		}
	}
}

// answers are what was answered in an activity that asks something: better at the
// last of it than at the first.
func (w *weeks) answers(m *model.Model, title string) map[string]string {
	var a *model.Activity
	for i := range m.Activities {
		if m.Activities[i].Title == title {
			a = &m.Activities[i]
		}
	}
	if a == nil || len(a.Asks) == 0 {
		return nil
	}
	out := map[string]string{}
	for _, id := range a.Asks {
		q := m.Questionnaire(id)
		for i := range q.Items {
			if x := &q.Items[i]; x.Required {
				out[id+"/"+x.ID] = w.answer(x, a == firstAsking(m, id))
			}
		}
	}
	return out
}

// firstAsking is the activity of a model in which a questionnaire is asked first.
func firstAsking(m *model.Model, id string) *model.Activity {
	for i := range m.Activities {
		if slices.Contains(m.Activities[i].Asks, id) {
			return &m.Activities[i]
		}
	}
	return nil
}

func (w *weeks) answer(x *model.Item, first bool) string {
	switch x.Kind {
	case model.YesNo:
		return "yes"
	case model.Number, model.Score:
		share := 0.30 + 0.25*w.dice.Float64()
		if !first {
			share += 0.12
		}
		return fmt.Sprintf("%.0f", *x.From+share*(*x.To-*x.From))
	case model.Choice:
		return x.Options[len(x.Options)-1-w.dice.IntN(2)].Says
	case model.Date:
		return w.stage.now().Format(time.DateOnly)
	case model.Words:
	}
	return pick(w.dice, "To see my grandchildren each week", "To sleep through the night", "To walk to the market again", "To owe nobody anything")
}

// said logs how the weeks went.
func (w *weeks) said(ctx context.Context, log *slog.Logger) {
	log.InfoContext(ctx, "the demonstration's weeks are played", slog.Int("count", w.done))
}
