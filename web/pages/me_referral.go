package pages

import (
	"net/http"
	"slices"
	"time"

	"joinery/care/applied"
	"joinery/care/workflow"
	"joinery/fault"
	"joinery/fhir"
)

// myReferralView is a referral as the person sees it.
type myReferralView struct {
	Own     own
	Task    fhir.ID
	ETag    string
	Stands  standing
	History []happened
	Place   *workflow.Place // in the line for a place; nil: they wait for none
	Ahead   []ahead
	Asked   string // the question that waits for their answer
	While   string // what people are offered who wait, in the model's words
	Moves   []myMove
	Help    string
}

// ahead is how many are before somebody by one rule.
type ahead struct {
	Key    string // of the rule's text
	Rule   string // where there is none, as the workflow names it
	People int
}

// lineRules are the keys of the rules of a line for places (workflow.Ahead), in
// plain words.
var lineRules = map[string]string{
	"has a date that has come": "myreferral.rule-date", "priority": "myreferral.rule-priority", "longest wait": "myreferral.rule-longest",
	"nearest target date": "myreferral.rule-target", "asked first": "myreferral.rule-asked", "written first": "myreferral.rule-written",
}

// happened is one step of a referral.
type happened struct {
	Move string
	At   time.Time
	Who  string // name of who made it; empty: the person, or their carer
	Side workflow.Side
	Says string
}

// myMove is something that the person can do.
type myMove struct {
	Name    string
	Reasons Choice
	Answer  *Area // what is to be said; nil: nothing
}

// myReferral answers GET /me/referrals/{task}.
func (c *call) myReferral() (*page, error) {
	now, o, err := c.mine()
	if err != nil {
		return nil, err
	}
	v, err := c.myReferralView(now, o)
	return &page{name: "myreferral", view: v}, err
}

// mine returns the referral in the address, and whose it is.
func (c *call) mine() (*workflow.Now, *own, error) {
	return c.ownTask(func(now *workflow.Now) bool { return now.Referral != nil })
}

func (c *call) myReferralView(now *workflow.Now, o *own) (*myReferralView, error) {
	r := now.Referral
	v := &myReferralView{Own: *o, Task: now.Task, ETag: now.ETag, Help: c.pages.Site.Help, Place: now.Place}
	var err error
	if v.Stands, err = c.standing(r, o); err != nil {
		return nil, err
	}
	for _, s := range r.History {
		step := happened{Move: s.Move, At: s.At, Who: s.Who, Side: s.By}
		if s.Move == "ask" || s.Move == "answer" {
			step.Says = s.Says
		}
		if s.Move == "ask" && now.State == "asked" {
			v.Asked = s.Says
		}
		v.History = append(v.History, step)
	}
	slices.Reverse(v.History)
	if now.Place != nil {
		for _, a := range now.Place.Ahead {
			v.Ahead = append(v.Ahead, ahead{lineRules[a.Rule], a.Rule, a.People})
		}
	}
	if r.ModelName != "" && !v.Stands.Over {
		m, err := applied.Named(c.ctx, c.view, r.ModelName)
		switch {
		case err == nil:
			v.While = m.Waiting.Meanwhile
		case fault.KindOf(err) != fault.NotFound && fault.KindOf(err) != fault.Denied:
			return nil, err //nolint:wrapcheck // it says what it was doing
		}
	}
	for _, m := range now.Moves {
		v.Moves = append(v.Moves, c.myMove(m))
	}
	return v, nil
}

func (c *call) myMove(m *workflow.Move) myMove {
	out := myMove{Name: m.Name}
	if slices.Contains(m.Needs, workflow.NeedReason) {
		out.Reasons = Choice{Field: Field{ID: m.Name + "-reason", Name: "reason", Label: c.word("myreferral.why")}}
		for _, r := range workflow.Referrals().ReasonsOf(m.Name) {
			if r.Code == "died" { // nobody says so of themselves
				continue
			}
			out.Reasons.Options = append(out.Reasons.Options, Option{Value: r.Code, Text: c.word("myreferral.reason-" + r.Code)})
		}
	}
	if slices.Contains(m.Needs, workflow.NeedAnswer) {
		out.Answer = &Area{Field: Field{ID: "says", Name: "says", Label: c.word("myreferral.answer")}, Rows: 4}
	}
	return out
}

// moveMine answers POST /me/referrals/{task}.
func (c *call) moveMine() (*page, error) {
	now, o, err := c.mine()
	if err != nil {
		return nil, err
	}
	c.back = "/me/referrals/" + string(now.Task) + o.Query
	if err := c.only("person", "version", "move", "reason", "says"); err != nil {
		return nil, err
	}
	if err := c.madeFor(now.Patient); err != nil {
		return nil, err
	}
	making := workflow.Making{Move: c.field("move"), Version: c.field("version"), Reason: c.field("reason"), Says: c.field("says")}
	v, err := c.myReferralView(now, o)
	if err != nil {
		return nil, err
	}
	if now.ETag == making.Version { // what has moved on is told so, whatever else is wrong
		for i := range v.Moves {
			m := &v.Moves[i]
			if lacks := c.lacks(m, &making); lacks != nil {
				return &page{status: http.StatusBadRequest, name: "myreferral", view: v, errors: lacks}, nil
			}
		}
	}
	if _, err := c.flow().Do(c.ctx, now.Task, making); err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return &page{to: c.back}, nil
}

// lacks says what a form lacks for a move, and notes it beside the field.
func (c *call) lacks(m *myMove, making *workflow.Making) []mistake {
	if m.Name != making.Move {
		return nil
	}
	key, field := "", (*Field)(nil)
	switch {
	case len(m.Reasons.Options) > 0 && making.Reason == "":
		key, field = "myreferral.lacks-reason", &m.Reasons.Field
	case m.Answer != nil && making.Says == "":
		key, field = "myreferral.lacks-answer", &m.Answer.Field
	default:
		return nil
	}
	field.Error = c.word(key)
	return []mistake{{field.ID, field.Error}}
}
