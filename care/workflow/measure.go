package workflow

import (
	"context"
	"slices"
	"time"

	"joinery/care/model"
)

// Measured is what one measure of a model came to. A share is of people; a score is
// a mean over people, or of their change from the first to the last time they were
// asked.
type Measured struct {
	Measure, Title string
	Aspect         model.Aspect
	Better         string // "higher" or "lower"
	Share          bool
	Of, All        int      // of a share
	Mean           float64  // of a score
	People         int      // of whom it is
	Once           int      // of a change: people who were asked once, and are not in it
	Now, Hoped     *float64 // as the model says
	Definition     string   // of the criteria language, to be asked of everybody's timelines; then nothing else is set
}

// stay is somebody's time at one service of a model, as measures see it.
type stay struct {
	began, ended bool
	outcome      *model.Outcome
	attended     bool // enough of what is to be attended
	scores       map[string][]scored
}

type scored struct {
	at    time.Time
	score float64
}

// measures works out the measures of a model from those who came.
func (f *Flow) measures(ctx context.Context, m *model.Model, funnel *Funnel, referrals []*Referral, done map[string]map[string]int) error {
	stays := map[string]*stay{}
	for _, r := range referrals {
		stays["Task/"+string(r.Task)] = stayOf(m, r, done["Task/"+string(r.Task)])
	}
	for _, q := range m.Questions {
		err := f.each(ctx, func(h *held) {
			of := stays[tagged(h.doc.Root(), ofTag)]
			score, ok := scoreOf(h.doc.Root())
			if of == nil || !ok || h.get("status").Is("entered-in-error") {
				return
			}
			at, _ := time.Parse(time.RFC3339, h.get("authored").Text())
			of.scores[q.ID] = append(of.scores[q.ID], scored{at, score})
		}, "QuestionnaireResponse", "_tag", askedTag+"|"+escape(m.ID+"/"+q.ID))
		if err != nil {
			return err
		}
	}
	all := make([]*stay, 0, len(stays))
	for _, r := range referrals { // in their order, so that the same record gives the same sum
		s := stays["Task/"+string(r.Task)]
		for _, list := range s.scores {
			slices.SortStableFunc(list, func(a, b scored) int { return a.at.Compare(b.at) })
		}
		all = append(all, s)
	}
	for i := range m.Measures {
		funnel.Measures = append(funnel.Measures, measured(m, &m.Measures[i], funnel, all))
	}
	return nil
}

func stayOf(m *model.Model, r *Referral, done map[string]int) *stay {
	s := &stay{scores: map[string][]scored{}, attended: true}
	for _, step := range r.History {
		s.began = s.began || step.Move == "enrol" && step.Service == r.Service
	}
	s.ended = s.began && Referrals().Standing(r.State).Over()
	said := r.outcome()
	for i := range m.Outcomes {
		if o := &m.Outcomes[i]; o.ID == slug(said) || slug(o.Title) == slug(said) {
			s.outcome = o
		}
	}
	for i := range m.Activities {
		if a := &m.Activities[i]; a.Attended > 0 {
			s.attended = s.attended && float64(done[a.ID]) >= a.Attended*m.Times(a)-1e-9
		}
	}
	return s
}

// completed reports whether somebody went through the model: it ended so, and they
// came often enough where that is asked.
func (s *stay) completed() bool {
	return s.ended && s.outcome != nil && s.outcome.Completed && s.attended
}

// measured works out one measure.
func measured(m *model.Model, x *model.Measure, f *Funnel, all []*stay) Measured {
	out := Measured{Measure: x.ID, Title: x.Title, Aspect: x.Aspect, Better: x.Better, Share: x.Share(), Now: x.Now, Hoped: x.Hoped, Definition: x.Definition}
	switch {
	case x.Definition != "":
	case x.Questionnaire != "":
		out.ofScores(x, all)
	case x.Outcomes != nil:
		for _, s := range all {
			if s.ended {
				out.count(s.outcome != nil && slices.Contains(x.Outcomes, s.outcome.ID))
			}
		}
	case x.Standard != "":
		share := f.Clocks[m.ID+"/"+x.Standard]
		out.Of, out.All = share.Of, share.All
	case x.Stage != "":
		out.ofStage(x.Stage, f, all)
	}
	return out
}

func (x *Measured) count(of bool) {
	x.All++
	if of {
		x.Of++
	}
}

// ofStage is the share that came to a stage, of those at the one before; of those
// who began, completed are counted when their time is over.
func (x *Measured) ofStage(stage string, f *Funnel, all []*stay) {
	switch stage {
	case "invited":
		x.Of, x.All = f.Invited, f.Candidates+f.Passed+f.Invited
	case "consented":
		x.Of, x.All = f.Agreed, f.Invited
	case "active":
		x.Of, x.All = f.Began, f.Referred
	case "completed":
		for _, s := range all {
			if s.ended {
				x.count(s.completed())
			}
		}
	}
}

// ofScores is the mean score, the mean change, or the share that reached so much.
func (x *Measured) ofScores(of *model.Measure, all []*stay) {
	sum := 0.0
	for _, s := range all {
		list := s.scores[of.Questionnaire]
		switch {
		case len(list) == 0:
			continue
		case of.Change && len(list) < 2:
			x.Once++
			continue
		}
		value := list[len(list)-1].score
		if of.Change {
			value -= list[0].score
		}
		if of.AtLeast != nil {
			x.count(value >= *of.AtLeast)
			continue
		}
		sum += value
		x.People++
	}
	if x.People > 0 {
		x.Mean = sum / float64(x.People)
	}
}

// tally counts how often each activity was done in each enrolment.
func tally(done map[string]map[string]int, h *held) {
	if !h.get("status").Is("completed") {
		return
	}
	of := tagged(h.doc.Root(), ofTag)
	if done[of] == nil {
		done[of] = map[string]int{}
	}
	done[of][coded(h.get("code"), activitySys)]++
}
