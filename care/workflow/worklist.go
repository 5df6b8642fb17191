package workflow

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"joinery/care/directory"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
)

// List says which open tasks are wanted.
type List struct {
	Of      string // on whose list: "HealthcareService/x", "Organization/x" or "Patient/x"; empty with By
	By      string // who does them: "Practitioner/x"; empty: whoever does
	Site    string // "Location/x"; empty: all
	Model   string // id of a model of care; empty: all
	Kind    string // of task; empty: all
	Patient fhir.ID
	Since   time.Time // changed since then; zero: all
	Sort    Order
}

// Order is how a list is sorted, in words.
type Order string

// Orders. In each, what is equal is in the order of writing.
const (
	DueFirst       Order = "due first" // what is due soonest; what has no time, last
	UrgentFirst    Order = "most urgent first"
	LongestWaiting Order = "longest waiting first"
	NewestFirst    Order = "newest first"
	LastChanged    Order = "last changed first"
	InLine         Order = "waiting order" // of a service of a model: who is next for a place stands first
)

// Orders returns every order.
func Orders() []Order {
	return []Order{DueFirst, UrgentFirst, LongestWaiting, NewestFirst, LastChanged, InLine}
}

// Item is a line of a worklist.
type Item struct {
	Task     fhir.ID
	Kind     string
	State    State
	Title    string // of the state
	Patient  fhir.ID
	About    string
	Owner    string
	Claimed  string
	Site     string
	Model    string
	Priority string
	Written  time.Time
	Changed  time.Time
	Due      time.Time // zero: no time is set
	Late     bool      // as of when the list was made
	ETag     string
	Place    int  // in the line for a place, when the list is in waiting order; 0: none
	Next     bool // a place is free that nobody before them could take
}

// Worklist is the open tasks of somebody, as they may see them.
type Worklist struct {
	Items []Item
	At    time.Time // when it was made: what to ask since, next time
	More  bool      // there are more than a list holds
}

// listed is how many tasks a list holds.
const listed = 1000

// Worklist returns open tasks, sorted. Lateness is as of now. It holds a thousand
// at most, the longest written first among those that it takes; More says that
// there are others.
func (f *Flow) Worklist(ctx context.Context, l List) (*Worklist, error) {
	if l.Sort == "" {
		l.Sort = DueFirst
	}
	if !slices.Contains(Orders(), l.Sort) {
		return nil, fault.New(fault.Invalid, "A list can be sorted: "+ordersInWords()+".")
	}
	params := []string{"_count", fmt.Sprint(listed), "_sort", "authored-on"}
	switch {
	case l.Of == "" && l.By == "" && l.Patient == "" && l.Site == "":
		return nil, fault.New(fault.Invalid, "Say whose list you want: a service's, a site's, an organisation's, a person's who works there, or a patient's.")
	case l.Of == "" && l.By == "" && l.Site == "":
		params = append(params, "status", "requested,received,accepted,in-progress,on-hold,draft,ready")
	}
	for _, p := range []struct{ name, system, value string }{
		{"_tag", OpenTag, l.Of}, {"_tag", ClaimTag, l.By}, {"_tag", SiteTag, l.Site}, {"code", ModelSystem, l.Model}, {"code", KindSystem, l.Kind},
	} {
		if p.value != "" {
			params = append(params, p.name, p.system+"|"+escape(p.value))
		}
	}
	if l.Patient != "" {
		params = append(params, "patient", "Patient/"+string(l.Patient))
	}
	if !l.Since.IsZero() {
		params = append(params, "_lastUpdated", "ge"+l.Since.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	now := f.clock()
	page, err := f.search(ctx, "Task", params...)
	if err != nil {
		return nil, err
	}
	w := &Worklist{At: now, More: page.Next != ""}
	for i := range page.Entries {
		h, err := hold(&page.Entries[i].Version)
		if err != nil {
			return nil, err
		}
		if kept(h.doc.Root()) {
			w.Items = append(w.Items, itemOf(h, page.Entries[i].Version.At, now))
		}
	}
	if l.Sort == InLine {
		return w, f.inLine(ctx, l.Of, w)
	}
	slices.SortStableFunc(w.Items, l.Sort.Compare)
	return w, nil
}

// inLine puts a service's list into the order of its line; who is not in it comes
// after, by what is due.
func (f *Flow) inLine(ctx context.Context, of string, w *Worklist) error {
	s, err := directory.Find(ctx, f.view, idOf(of, "HealthcareService/"))
	if of == "" || fault.KindOf(err) == fault.NotFound || err == nil && s.Model == "" {
		return fault.New(fault.Invalid, "The waiting order is that of a service of a model of care: name it.")
	}
	if err != nil {
		return err //nolint:wrapcheck // it says what it was doing
	}
	m, err := f.inForce(ctx, s)
	if err != nil {
		return err
	}
	l, err := f.line(ctx, s.ID, m)
	if err != nil {
		return err
	}
	space, err := f.room(ctx, s)
	if err != nil {
		return err
	}
	free := space.free()
	at := map[fhir.ID]int{}
	for i := range l.all {
		at[l.all[i].task] = i + 1
	}
	for i := range w.Items {
		one := &w.Items[i]
		one.Place = at[one.Task]
		one.Next = one.Place > 0 && (free < 0 || one.Place <= free)
	}
	slices.SortStableFunc(w.Items, func(a, b Item) int {
		if a.Place != 0 && b.Place != 0 {
			return a.Place - b.Place
		}
		return cmp.Or(btoi(a.Place == 0)-btoi(b.Place == 0), dueOrder(a, b))
	})
	return nil
}

func ordersInWords() string {
	var words []string
	for _, o := range Orders() {
		words = append(words, string(o))
	}
	return strings.Join(words, ", ")
}

func itemOf(h *held, changed, now time.Time) Item {
	res := h.doc.Root()
	i := Item{
		Task: h.id, Kind: coded(h.get("code"), KindSystem), Patient: idOf(h.get("for", "reference").Text(), "Patient/"),
		Title: h.get("businessStatus", "text").Text(), About: h.get("code", "text").Text(), Owner: h.get("owner", "reference").Text(),
		Claimed: tagged(res, ClaimTag), Site: tagged(res, SiteTag), Model: coded(h.get("code"), ModelSystem),
		Priority: h.get("priority").Text(), Changed: changed, ETag: h.etag,
	}
	i.State = State(coded(h.get("businessStatus"), StateSystem))
	if i.State == "" {
		_, system := machine(i.Kind)
		i.State = State(coded(h.get("businessStatus"), system))
	}
	if says := h.get("description").Text(); says != "" {
		i.About += ": " + says
	}
	i.Written, _ = time.Parse(time.RFC3339, h.get("authoredOn").Text())
	i.Due, _ = time.Parse(time.RFC3339, h.get("restriction", "period", "end").Text())
	i.Late = !i.Due.IsZero() && now.After(i.Due)
	return i
}

var urgency = map[string]int{"stat": 0, "asap": 1, "urgent": 2}

// Compare says which of two items comes first in the order: less than 0 when a does.
// The waiting order is that of one service and compares as what is due first.
func (o Order) Compare(a, b Item) int {
	switch o {
	case UrgentFirst:
		rank := func(p string) int {
			if n, ok := urgency[p]; ok {
				return n
			}
			return len(urgency)
		}
		return cmp.Or(rank(a.Priority)-rank(b.Priority), dueOrder(a, b))
	case LongestWaiting:
		return a.Written.Compare(b.Written)
	case NewestFirst:
		return b.Written.Compare(a.Written)
	case LastChanged:
		return b.Changed.Compare(a.Changed)
	case DueFirst, InLine:
	}
	return dueOrder(a, b)
}

func dueOrder(a, b Item) int {
	switch {
	case a.Due.IsZero() && b.Due.IsZero():
		return a.Written.Compare(b.Written)
	case a.Due.IsZero():
		return 1
	case b.Due.IsZero():
		return -1
	}
	return a.Due.Compare(b.Due)
}

// Claim makes somebody the one who does a task: a member of staff themselves, or
// whom an operator names. The fault is Conflict when another has claimed it and
// has not given it back. who is "Practitioner/x"; empty gives it back.
func (f *Flow) Claim(ctx context.Context, id fhir.ID, who, version string) (*Now, error) {
	return f.hand(ctx, id, who, version, false)
}

// HandOver gives a task that somebody does to somebody else of the same
// organisation: it is for them, or an operator, to do so.
func (f *Flow) HandOver(ctx context.Context, id fhir.ID, who, version string) (*Now, error) {
	if who == "" {
		return nil, fault.New(fault.Invalid, "Say to whom it is handed over: Practitioner/x.")
	}
	return f.hand(ctx, id, who, version, true)
}

func (f *Flow) hand(ctx context.Context, id fhir.ID, who, version string, over bool) (*Now, error) {
	if practitioner := idOf(who, "Practitioner/"); who != "" && !practitioner.Valid() {
		return nil, fault.New(fault.Invalid, "Who does a task is a Practitioner, such as Practitioner/x.")
	}
	now, err := f.Now(ctx, id)
	if err != nil {
		return nil, err
	}
	s := f.view.Subject()
	mine := now.Claimed != "" && s.Is(now.Claimed)
	operator := s.Role() == access.System
	switch {
	case version != "" && version != now.ETag:
		return nil, fault.New(fault.Conflict, "This task was changed meanwhile: look at it again.")
	case !operator && !s.Is(now.Owner), len(now.Moves) == 0:
		return nil, fault.New(fault.Denied, "This task is not yours to do.")
	case now.Claimed == who:
		return now, nil
	case over && !mine && !operator:
		return nil, fault.New(fault.Denied, "Only who does a task can hand it over.")
	case !over && now.Claimed != "" && !mine && !operator:
		return nil, fault.New(fault.Conflict, "Somebody else does this task already.")
	case !over && who != "" && !operator && !s.Is(who):
		return nil, fault.New(fault.Denied, "You can claim a task for yourself, and hand it over once it is yours.")
	}
	page, err := f.search(ctx, "Task", "_id", string(now.Task))
	if err != nil || len(page.Entries) == 0 {
		return nil, errNoReferral
	}
	t, err := hold(&page.Entries[0].Version)
	if err != nil {
		return nil, err
	}
	var tags []coding
	if who != "" {
		tags = []coding{{System: ClaimTag, Code: who}}
	}
	t.etag = now.ETag
	t.set("meta", retag(t.doc.Root(), []string{ClaimTag}, tags...))
	if _, err := f.change(ctx, t); err != nil {
		return nil, err
	}
	return f.Now(ctx, id)
}

// Outcome is what became of one task of several.
type Outcome struct {
	Task fhir.ID
	Now  *Now
	Err  error
}

// DoAll makes one move of several tasks, each by itself. First all are looked at:
// when one could not make the move, none does, and the outcomes say which; so
// nothing is half done by mistake. What changes between the look and the move
// is told by its outcome.
func (f *Flow) DoAll(ctx context.Context, ids []fhir.ID, m Making) (done bool, outcomes []Outcome) {
	outcomes = make([]Outcome, len(ids))
	clear := true
	for i, id := range ids {
		outcomes[i].Task = id
		now, err := f.Now(ctx, id)
		if err == nil && !slices.ContainsFunc(now.Moves, func(move *Move) bool { return move.Name == m.Move }) {
			err = fault.New(fault.Conflict, "It is "+now.Title+"; you cannot "+m.Move+" from there.")
		}
		outcomes[i].Now, outcomes[i].Err = now, err
		clear = clear && err == nil
	}
	if !clear {
		return false, outcomes
	}
	for i := range outcomes {
		each := m
		each.Version = outcomes[i].Now.ETag
		outcomes[i].Now, outcomes[i].Err = f.Do(ctx, ids[i], each)
	}
	return true, outcomes
}
