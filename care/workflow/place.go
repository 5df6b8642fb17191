package workflow

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"joinery/care/applied"
	"joinery/care/directory"
	"joinery/care/model"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/search"
	"joinery/timeline"
)

// Places at a service of a model of care. Who is in the model has a part of a care
// plan that is active and names the service (atTag); how many may be there, and
// begin in a week, the service says. Whoever begins takes a place that nobody
// before them in the line could take, or goes first by an exception that the model
// names. Both are looked at before the move, for what is said of it, and the limits
// once more in the moment of the commit, by whichever node.

const (
	atTag       = "urn:joinery:at"    // meta.tag of a plan's part: at which service
	sinceURL    = "urn:joinery:since" // of a Task: when help was first asked for
	deferredURL = "urn:joinery:deferred-until"
)

// room is how many places a service has, and how many are taken.
type room struct {
	atOnce, starts int // 0: not limited
	there, began   int
	week           time.Time // since when those who began are counted
}

// free returns how many may begin now, less than 0 when there is no limit.
func (r *room) free() int {
	switch atOnce, starts := max(0, r.atOnce-r.there), max(0, r.starts-r.began); {
	case r.atOnce == 0 && r.starts == 0:
		return -1
	case r.atOnce == 0:
		return starts
	case r.starts == 0:
		return atOnce
	default:
		return min(atOnce, starts)
	}
}

// full is what somebody is told who finds no room, nil when there is some.
func (r *room) full() error {
	switch {
	case r.atOnce > 0 && r.there >= r.atOnce:
		return fault.New(fault.Conflict, fmt.Sprintf("There is no room: %d of %d places are taken. Put the person on the waiting list (wait), or find another service.", r.there, r.atOnce))
	case r.starts > 0 && r.began >= r.starts:
		return fault.New(fault.Conflict, fmt.Sprintf("There is no room this week: %d people began in the last seven days, of %d. Put the person on the waiting list (wait), or book a later day.", r.began, r.starts))
	}
	return nil
}

// query parses a search of the workflow's own, of names and values in turn.
func (f *Flow) query(typ string, params ...string) (*search.Query, error) {
	var pairs []search.Pair
	for i := 0; i+1 < len(params); i += 2 {
		pairs = append(pairs, search.Pair{Name: params[i], Value: params[i+1]})
	}
	q, err := search.Parse(typ, pairs, search.Options{Strict: true, Now: f.clock()})
	if err != nil {
		return nil, fmt.Errorf("look for a %s: %w", typ, err)
	}
	return q, nil
}

// taken returns the searches that find who is there, and who began since a moment.
func (f *Flow) taken(service fhir.ID, since time.Time) (there, began *search.Query, err error) {
	at := atTag + "|" + escape("HealthcareService/"+string(service))
	if there, err = f.query("CarePlan", "_tag", at, "status", "active"); err != nil {
		return nil, nil, err
	}
	began, err = f.query("CarePlan", "_tag", at, "date", "sa"+instant(since))
	return there, began, err
}

// room counts the places of a service.
func (f *Flow) room(ctx context.Context, s *directory.Service) (*room, error) {
	r := &room{week: f.clock().AddDate(0, 0, -7)}
	for _, c := range s.Capacity {
		r.atOnce += c.AtOnce
		r.starts += c.Starts
	}
	there, began, err := f.taken(s.ID, r.week)
	if err != nil {
		return nil, err
	}
	if r.atOnce > 0 {
		if r.there, err = f.view.Tally(ctx, there, nil); err != nil {
			return nil, fmt.Errorf("count who is there: %w", err)
		}
	}
	if r.starts > 0 {
		if r.began, err = f.view.Tally(ctx, began, nil); err != nil {
			return nil, fmt.Errorf("count who began: %w", err)
		}
	}
	return r, nil
}

// limits are those of the room, held in the moment of the commit: as many places
// as people are ahead stay free for them.
func (f *Flow) limits(service fhir.ID, r *room, ahead int) ([]record.Limit, error) {
	there, began, err := f.taken(service, r.week)
	if err != nil {
		return nil, err
	}
	taken := fault.New(fault.Conflict, "There is no room: the last place was taken at this moment. Put the person on the waiting list (wait), or look again.")
	var out []record.Limit
	if r.atOnce > 0 {
		out = append(out, record.Limit{Of: there, Most: r.atOnce - ahead, Full: taken})
	}
	if r.starts > 0 {
		out = append(out, record.Limit{Of: began, Most: r.starts - ahead, Full: taken})
	}
	return out, nil
}

// line returns who waits at a service, by the order of its model as it is in force
// now: one order for all who are in it.
func (f *Flow) line(ctx context.Context, service fhir.ID, m *model.Model) (*line, error) {
	q, err := f.query("Task", "_tag", OpenTag+"|"+escape("HealthcareService/"+string(service)), "business-status", StateSystem+"|waiting,"+StateSystem+"|booked")
	if err != nil {
		return nil, err
	}
	var all []waiter
	if _, err := f.view.Tally(ctx, q, func(task fhir.Value) { all = append(all, waiterOf(task)) }); err != nil {
		return nil, fmt.Errorf("look who waits: %w", err)
	}
	return lineOf(m.Waiting.Order, f.clock(), all), nil
}

func waiterOf(task fhir.Value) waiter {
	moment := func(text string) time.Time {
		at, _ := time.Parse(time.RFC3339, text)
		return at
	}
	w := waiter{
		task: fhir.ID(task.Get("id").Text()), priority: task.Get("priority").Text(),
		target: moment(task.At("restriction", "period", "end").Text()), since: moment(task.Get("authoredOn").Text()),
	}
	for e := range task.Get("extension").Items() { // the last of each holds
		switch state := coded(task.Get("businessStatus"), StateSystem); {
		case e.Get("url").Is(sinceURL):
			w.since = moment(e.Get("valueDateTime").Text())
		case e.Get("url").Is(bookedURL) && state == "booked":
			w.dated = moment(e.Get("valueDateTime").Text())
		case e.Get("url").Is(deferredURL) && state == "waiting":
			w.until = moment(e.Get("valueDateTime").Text())
		}
	}
	return w
}

// ruling returns the model by whose version people wait at a service: the one in
// force now, or when none is any more, the one that a referral holds to.
func (f *Flow) ruling(ctx context.Context, s *directory.Service, name string) (*model.Model, error) {
	today, _ := timeline.DayOf(f.clock())
	m, err := applied.FindIn(ctx, f.view, s.Model, s.Area(), today)
	if s.Model == "" || fault.KindOf(err) == fault.NotFound {
		m, err = applied.Named(ctx, f.view, name)
	}
	if err != nil {
		return nil, fmt.Errorf("look how people wait: %w", err)
	}
	return m, nil
}

// Place returns where somebody is in the line for a place at a service of a model,
// nil when their referral is not one that waits for a place.
func (f *Flow) Place(ctx context.Context, r *Referral) (*Place, error) {
	if r.ModelName == "" || r.State != "waiting" && r.State != "booked" {
		return nil, nil
	}
	s, err := directory.Find(ctx, f.view, r.Service)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what it was doing
	}
	p, _, err := f.placeAt(ctx, s, r)
	return p, err
}

func (f *Flow) placeAt(ctx context.Context, s *directory.Service, r *Referral) (*Place, *room, error) {
	m, err := f.ruling(ctx, s, r.ModelName)
	if err != nil {
		return nil, nil, err
	}
	space, err := f.room(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	l, err := f.line(ctx, s.ID, m)
	if err != nil {
		return nil, nil, err
	}
	w := waiterOf(r.task.doc.Root())
	p := l.place(&w)
	p.Free, p.Exceptions = space.free(), m.Waiting.Exceptions
	return &p, space, nil
}

// turn refuses somebody whose turn it is not: for whom there is no room, or who
// would pass others without an exception of the model.
func (k *making) turn(ctx context.Context) error {
	s, err := directory.Find(ctx, k.view, k.r.Service)
	if err != nil {
		return err //nolint:wrapcheck // it says what it was doing
	}
	p, space, err := k.placeAt(ctx, s, k.r)
	if err != nil {
		return err
	}
	ahead := max(0, p.Number-1)
	if k.m.Exception != "" {
		if !slices.ContainsFunc(p.Exceptions, func(e model.Exception) bool { return e.ID == k.m.Exception }) {
			return fault.New(fault.Invalid, "The model does not name this exception. "+exceptions(p.Exceptions))
		}
		ahead = 0
	}
	if k.move.Name == "book" { // a date takes no place before it comes; it is given in turn
		if ahead > 0 {
			return outOfTurn(p)
		}
		return nil
	}
	if err := space.full(); err != nil {
		return err
	}
	if free := space.free(); free >= 0 && ahead >= free {
		return outOfTurn(p)
	}
	k.limits, err = k.Flow.limits(s.ID, space, ahead)
	return err
}

func outOfTurn(p *Place) error {
	say := []string{"It is not this person's turn."}
	for _, a := range p.Ahead {
		say = append(say, fmt.Sprintf("%s ahead by the rule %q.", isAre(a.People), a.Rule))
	}
	say = append(say, "Offer the place to who is first, defer who cannot take it, or name an exception. "+exceptions(p.Exceptions))
	return fault.New(fault.Conflict, strings.Join(say, " "))
}

func exceptions(all []model.Exception) string {
	if len(all) == 0 {
		return "The model names none: raise the priority if the need has become more urgent (wait, with a priority)."
	}
	var names []string
	for _, e := range all {
		names = append(names, e.ID+" ("+e.Says+")")
	}
	return "It names: " + strings.Join(names, ", ") + "."
}
