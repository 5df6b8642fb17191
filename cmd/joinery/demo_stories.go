package main

import (
	"context"
	"fmt"
	"time"

	"joinery/care/workflow"
	"joinery/fhir"
	"joinery/record/access"
	"joinery/source/synth"
)

// The models of a demonstration, and by what the last of them finds people.
const (
	fallsModel   = "falls-response-car"
	wellModel    = "living-well-network"
	classesModel = "escape-pain"
	foundFor     = "chronic-hip-or-knee-pain"
)

// story is a referral on its way: its task now, and who does what.
type story struct {
	w        *weeks
	who      *synth.Person
	service  string
	task     fhir.ID
	referrer *workflow.Flow // asks, and answers what is asked back
	asks     string         // the referrer as "Organization/x", or the person themselves
	receiver *workflow.Flow
}

// refers begins a story; what comes next is told of the moment.
func (st *story) refers(reason, priority string, next func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		r, err := st.referrer.Refer(ctx, workflow.Asking{
			Patient: fhir.ID(st.who.ID()), Service: fhir.ID(st.service), Requester: st.asks, Reason: reason, Priority: priority,
		})
		if err != nil {
			return fmt.Errorf("refer to %s: %w", st.service, err)
		}
		st.task = r.Task
		return next(ctx)
	}
}

// moves plans a move of the receiver's.
func (st *story) moves(at time.Time, m workflow.Making) {
	st.w.on(at, func(ctx context.Context) error {
		if _, err := st.receiver.Do(ctx, st.task, m); err != nil {
			return fmt.Errorf("%s at %s: %w", m.Move, st.service, err)
		}
		return nil
	})
}

// starts begins the help when there is room, and otherwise puts the person on the
// waiting list and tries again.
func (st *story) starts(at time.Time, next func(context.Context) error) {
	st.w.on(at, func(ctx context.Context) error {
		if _, err := st.receiver.Do(ctx, st.task, workflow.Making{Move: "start"}); err == nil {
			return next(ctx)
		}
		st.starts(st.w.working(st.w.stage.now(), 2), next)
		_, err := st.receiver.Do(ctx, st.task, workflow.Making{Move: "wait"})
		return err //nolint:wrapcheck // the weeks count it
	})
}

// backToReferrer makes the move by which the referrer has the person again.
func backToReferrer(move, reason, says string) workflow.Making {
	return workflow.Making{Move: move, Reason: reason, Back: says, Says: says}
}

// fallsCar has people fall, some every day, and the last of them today.
func (w *weeks) fallsCar() {
	nurse := w.staff(w.cast.Nurse)
	resident := w.ends.Add(-26 * time.Hour)
	for _, at := range append(w.moments(58, 7, 18), resident, w.ends.Add(-5*time.Hour), w.ends.Add(-150*time.Minute), w.ends.Add(-55*time.Minute), w.ends.Add(-12*time.Minute)) {
		who := w.somebody(65, 99)
		if at.Equal(resident) {
			who = w.cast.Patient
		}
		if who == nil {
			break
		}
		st := &story{w: w, who: who, service: "model-" + fallsModel + "-car-one", receiver: nurse}
		st.referrer, st.asks = w.desk, "Organization/"+w.cast.Paramedic.Of.ID
		if w.chance(35) {
			st.referrer, st.asks = w.staff(w.doctor(who)), "Organization/"+who.Practice.ID
		}
		reason := pick(w.dice, "Fell in the kitchen, not hurt, cannot get up", "Slipped on the stairs, a graze on the arm", "Found on the floor by a neighbour, cold, talks clearly", "Second fall this month, fear of walking")
		w.on(at, st.refers(reason, "urgent", func(context.Context) error { st.fall(at); return nil }))
	}
	w.rounds(nurse, fallsModel, "model-"+fallsModel+"-car-one")
}

// fall is what the car's crew does. The resident of the demonstration is helped.
func (st *story) fall(at time.Time) {
	w := st.w
	helped := st.who == w.cast.Patient
	if w.chance(9) && !helped {
		st.moves(w.after(at, 4, 9), backToReferrer("decline", "no-room", "The car is out until the evening; please visit, or send a crew"))
		return
	}
	st.moves(w.after(at, 2, 9), workflow.Making{Move: "accept"})
	there := w.after(at, 24, 57)
	if w.chance(14) {
		there = w.after(at, 64, 110)
	}
	st.moves(there, workflow.Making{Move: "start"})
	if w.chance(10) && !helped {
		st.moves(w.after(there, 20, 50), backToReferrer("fail", "worse", "Taken to hospital by ambulance; ring the ward tomorrow"))
		return
	}
	for _, part := range []struct {
		title       string
		least, most int
		says        string
	}{
		{"Visit by both, lift and look", 35, 70, "Up again, no injury but a graze"},
		{"Arrange what is needed, and tell the practice", 75, 100, "Practice told, rail asked for"},
	} {
		st.does(w.after(there, part.least, part.most), part.title, part.says)
	}
	rung := w.working(there, 2)
	st.does(rung, "Ring two days later", "No more falls, gets about")
	st.moves(w.after(rung, 10, 40), workflow.Making{Move: "complete", Outcome: "kept-home"})
}

// does plans that an activity of the person's is done.
func (st *story) does(at time.Time, title, says string) {
	st.w.on(at, func(ctx context.Context) error {
		list, err := st.receiver.Worklist(ctx, workflow.List{Of: "HealthcareService/" + st.service, Patient: fhir.ID(st.who.ID()), Kind: workflow.KindActivity})
		if err != nil {
			return err //nolint:wrapcheck // it says what it was doing
		}
		for _, one := range list.Items {
			if one.About == title {
				_, err := st.receiver.Do(ctx, one.Task, workflow.Making{Move: "done", Outcome: says, Answers: st.w.answers(st.w.models[fallsModel], title)})
				return err //nolint:wrapcheck // the weeks count it
			}
		}
		return nil // a round was quicker
	})
}

// ownWords has the resident say what matters to them.
func (w *weeks) ownWords() {
	id := fhir.ID(w.cast.Patient.ID())
	s, err := access.NewPatient(access.Who{Client: "demo", Name: w.cast.Patient.Names[0].String()}, id)
	flow := w.flow(s, err)
	at := w.working(w.stage.now(), 3)
	for i, said := range []workflow.Saying{
		{What: workflow.SayWords, Text: "I want to stay in my own home, and to sing on Thursdays. Please speak to me from in front."},
		{What: workflow.SayWorse, Text: "Ring my family first. I do not want to go to hospital for what can be done here."},
	} {
		w.on(at.Add(time.Duration(i)*time.Minute), func(ctx context.Context) error {
			_, err := flow.Say(ctx, id, said)
			return err //nolint:wrapcheck // the weeks count it
		})
	}
}

// livingWell has people of working age come to the hub, sent or by themselves.
func (w *weeks) livingWell() {
	hub := w.staff(w.cast.Supporter)
	for _, at := range w.moments(60, 9, 16) {
		who := w.somebody(18, 64)
		if who == nil {
			break
		}
		st := &story{w: w, who: who, service: "model-" + wellModel + "-hub", receiver: hub}
		st.referrer, st.asks = w.staff(w.doctor(who)), "Organization/"+who.Practice.ID
		if w.chance(40) {
			st.referrer, st.asks = w.desk, "Patient/"+who.ID()
		}
		reason := pick(w.dice, "Low since losing work; rent is owed", "Sleeps badly, sees nobody, wants company", "Debts, and letters that stay unopened", "Worn out by looking after her father", "Back from the ward, and afraid of the empty flat")
		w.on(w.working(at, 0), st.refers(reason, pick(w.dice, "routine", "routine", "routine", "urgent"), func(context.Context) error { st.welcome(); return nil }))
	}
	w.rounds(hub, wellModel, "model-"+wellModel+"-hub")
	w.asksBack(hub)
}

// asksBack has the hub ask the practice of the demonstration something, whose
// answer is a visitor's to give.
func (w *weeks) asksBack(hub *workflow.Flow) {
	for _, p := range w.people {
		if p.Practice != w.cast.GP.Of || w.taken[p.Number] || ageOn(p, w.ends) < 18 || ageOn(p, w.ends) > 64 {
			continue
		}
		w.taken[p.Number] = true
		st := &story{w: w, who: p, service: "model-" + wellModel + "-hub", receiver: hub, referrer: w.staff(w.cast.GP), asks: "Organization/" + p.Practice.ID}
		w.on(w.ends.Add(-27*time.Hour), st.refers("Cannot sleep since the move; asks for company", "routine", func(context.Context) error {
			st.moves(w.ends.Add(-25*time.Hour), workflow.Making{Move: "receive"})
			st.moves(w.ends.Add(-24*time.Hour), workflow.Making{Move: "ask", Says: "Is there a day on which somebody can come with them?"})
			return nil
		}))
		return
	}
}

// welcome is what the hub does.
func (st *story) welcome() {
	w := st.w
	heard := w.working(w.stage.now(), w.dice.IntN(2))
	if w.chance(12) {
		heard = w.working(w.stage.now(), 3)
	}
	switch {
	case w.chance(10):
		st.moves(heard, workflow.Making{Move: "receive"})
		st.moves(w.after(heard, 5, 20), workflow.Making{Move: "ask", Says: pick(w.dice, "May we ring in the evening?", "Is anybody else in the home?", "Which language is best?")})
		return // the answer is still to come
	case w.chance(6) && st.asks != "Patient/"+st.who.ID():
		st.moves(heard, backToReferrer("decline", "known", "The home treatment team sees them already; please tell them of the rent"))
		return
	}
	st.moves(heard, workflow.Making{Move: "accept"})
	begins := w.working(heard, 1+w.dice.IntN(6))
	st.starts(begins, func(context.Context) error {
		if w.chance(12) {
			st.moves(w.working(w.stage.now(), 4+w.dice.IntN(10)), workflow.Making{Move: "leave", Reason: "said-no"})
		} else if w.chance(45) {
			st.moves(w.working(w.stage.now(), 12+w.dice.IntN(12)), workflow.Making{Move: "complete", Outcome: pick(w.dice, "own-way", "own-way", "stopped")})
		}
		return nil
	})
}

// classes has those who were found be asked, and come.
func (w *weeks) classes(ctx context.Context) error {
	finder, coordinator := w.finder(), w.staff(w.cast.Networker)
	found, err := finder.Candidates(ctx, classesModel)
	if err != nil {
		return fmt.Errorf("look who was found: %w", err)
	}
	day := w.stage.now()
	for i, one := range found {
		if i%5 == 0 {
			day = w.working(day, 1)
		}
		resident := string(one.Patient) == w.cast.Patient.ID()
		if !resident && i >= len(found)-8 {
			continue // to be asked by whoever tries it
		}
		w.on(w.after(day, 1, 30), func(ctx context.Context) error { return w.invites(ctx, finder, coordinator, one.Patient, resident) })
	}
	w.rounds(coordinator, classesModel, w.halls()...)
	return nil
}

// halls are the places of the classes.
func (w *weeks) halls() []string {
	return []string{"model-" + classesModel + "-leisure-centre", "model-" + classesModel + "-community-hall"}
}

// invites asks somebody, and has them answer. Whom a visitor signs in as has the
// answer to give.
func (w *weeks) invites(ctx context.Context, finder, coordinator *workflow.Flow, patient fhir.ID, resident bool) error {
	by := "Organization/" + w.cast.Networker.Of.ID
	if !resident && w.chance(8) {
		_, err := finder.Pass(ctx, classesModel, patient, by, pick(w.dice, "In hospital", "Moved in with her son, far away", "Has a new hip since June"))
		return err //nolint:wrapcheck // the weeks count it
	}
	asked, err := finder.Invite(ctx, classesModel, patient, by)
	if err != nil || resident || w.chance(12) {
		return err //nolint:wrapcheck // the weeks count it
	}
	at := w.working(w.stage.now(), 1+w.dice.IntN(9))
	switch hall := pick(w.dice, w.halls()...); {
	case w.chance(58):
		w.on(at, func(ctx context.Context) error {
			_, err := finder.Do(ctx, asked.Task, workflow.Making{Move: "agree", Service: fhir.ID(hall), Says: "By telephone: to take part, and to be asked for scores"})
			if err != nil {
				return err //nolint:wrapcheck // the weeks count it
			}
			return w.comes(ctx, coordinator, hall, patient)
		})
	case w.chance(75):
		w.on(at, func(ctx context.Context) error {
			_, err := finder.Do(ctx, asked.Task, workflow.Making{Move: "refuse", Reason: pick(w.dice, "said-no", "has-help", "too-far", "not-now", "unwell")})
			return err //nolint:wrapcheck // the weeks count it
		})
	default:
		w.on(w.working(at, 6), func(ctx context.Context) error {
			_, err := finder.Do(ctx, asked.Task, workflow.Making{Move: "lose", Reason: "no-answer"})
			return err //nolint:wrapcheck // the weeks count it
		})
	}
	return nil
}

// comes is what the classes' coordinator does with who said yes.
func (w *weeks) comes(ctx context.Context, coordinator *workflow.Flow, hall string, patient fhir.ID) error {
	list, err := coordinator.Worklist(ctx, workflow.List{Of: "HealthcareService/" + hall, Patient: patient, Kind: workflow.KindReferral})
	if err != nil || len(list.Items) == 0 {
		return err //nolint:wrapcheck // it says what it was doing
	}
	st := &story{w: w, service: hall, receiver: coordinator, task: list.Items[0].Task}
	at := w.working(w.stage.now(), w.dice.IntN(3))
	st.moves(at, workflow.Making{Move: "accept"})
	if w.chance(15) {
		return nil // a date is still to be found
	}
	first := w.working(at, 3+w.dice.IntN(7))
	st.moves(w.after(at, 10, 60), workflow.Making{Move: "book", When: first.Truncate(15 * time.Minute)})
	st.starts(w.after(first, 15, 20), func(context.Context) error {
		if w.chance(12) {
			st.moves(w.working(w.stage.now(), 6), workflow.Making{Move: "leave", Reason: pick(w.dice, "said-no", "helped")})
		}
		return nil
	})
	return nil
}
