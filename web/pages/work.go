package pages

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"joinery/care/directory"
	"joinery/care/workflow"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record/search"
)

// workView is what somebody has to do.
type workView struct {
	Lists    Choice // whose list, in the filters
	Sorts    Choice
	Kinds    Choice
	Sizes    Choice
	Late     bool
	Says     string // filter and order, in words
	Rows     []workRow
	Changed  []workRow // since whoever looks was here last
	Since    time.Time
	Total    int
	LateOnes int
	From, To int // of the rows on this page
	More     bool
	At       time.Time
	Pages    Pagination
	Here     string // the address with its filters, for coming back
	Me       string
	Staff    bool
}

// workRow is one line of a worklist.
type workRow struct {
	workflow.Item
	Name     string // of the person; empty: not to be seen
	Known    string
	Number   string
	Born     dated
	Needs    bool // they have needs in how they are written to or spoken with
	List     string
	Clock    string // how long they wait, and until when it may be
	Next     string // what is to be done next
	Mine     bool
	Others   bool // somebody else does it
	Referral bool
}

// sizes are how many rows a page holds; on a phone ten are long enough.
var sizes = []int{10, 25, 50}

const shownChanged = 5

// filters are what a worklist is asked for, as they stand in its address.
type filters struct {
	list, sort, kind string
	late             bool
	size, page       int
}

func (c *call) filters() filters {
	f := filters{list: c.asked.Get("list"), sort: c.asked.Get("sort"), kind: c.asked.Get("kind"), late: c.asked.Get("late") == "yes", size: 10, page: 1}
	if n, err := strconv.Atoi(c.asked.Get("size")); err == nil && slices.Contains(sizes, n) {
		f.size = n
	}
	if n, err := strconv.Atoi(c.asked.Get("page")); err == nil && n > 0 && n < 10_000 {
		f.page = n
	}
	if !slices.Contains(workflow.Orders(), workflow.Order(f.sort)) || workflow.Order(f.sort) == workflow.InLine && f.list == "" {
		f.sort = string(workflow.DueFirst) // the order is never kept: each visit begins with what is due
	}
	return f
}

// address is that of the same list on another page.
func (f filters) address(page int) string {
	v := url.Values{}
	for name, value := range map[string]string{"list": f.list, "kind": f.kind} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if f.sort != string(workflow.DueFirst) {
		v.Set("sort", f.sort)
	}
	if f.late {
		v.Set("late", "yes")
	}
	if f.size != 10 {
		v.Set("size", strconv.Itoa(f.size))
	}
	if page > 1 {
		v.Set("page", strconv.Itoa(page))
	}
	if len(v) == 0 {
		return "/work"
	}
	return "/work?" + v.Encode()
}

// list is one of the lists that are somebody's.
type list struct{ code, title string }

// mine is the list of what somebody has claimed.
const mine = "mine"

// lists returns the lists of whoever is signed in: what they claimed, their
// organisation's, and those of its services.
func (c *call) lists() ([]list, error) {
	services, err := directory.All(c.ctx, c.view, []search.Pair{{Name: "organization", Value: c.organisation()}}, search.Options{Strict: true, Now: c.now()})
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what it was doing
	}
	all := []list{{c.organisation(), "Questions and returns to us"}}
	if c.practitioner() != "" {
		all = append([]list{{mine, "What I have claimed"}}, all...)
	}
	for _, s := range services {
		all = append(all, list{s.Reference(), strings.TrimSuffix(s.Name, " (synthetic)")})
	}
	return all, nil
}

// work answers GET /work.
func (c *call) work() (*page, error) {
	f := c.filters()
	lists, err := c.lists()
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(lists, func(l list) bool { return l.code == f.list }) {
		f.list = ""
	}
	since, err := c.view.Visit(c.ctx, "work")
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what it was doing
	}
	v := &workView{At: c.now(), Since: since, Here: f.address(f.page), Me: c.practitioner(), Late: f.late, Staff: slices.Contains(staff, c.role())}
	rows, err := c.rows(f, lists, v)
	if err != nil {
		return nil, err
	}
	v.fill(f, rows)
	if err := c.nameRows(slices.Concat(v.Rows, v.Changed), v); err != nil {
		return nil, err
	}
	v.choices(f, lists)
	return &page{name: "work", view: v}, nil
}

// rows reads the lists that are asked for, into one.
func (c *call) rows(f filters, lists []list, v *workView) ([]workRow, error) {
	var rows []workRow
	seen := map[fhir.ID]bool{}
	for _, l := range lists {
		if f.list != "" && l.code != f.list {
			continue
		}
		asked := workflow.List{Of: l.code, Sort: workflow.Order(f.sort), Kind: f.kind}
		if l.code == mine {
			asked.Of, asked.By = "", c.practitioner()
		}
		found, err := c.flow().Worklist(c.ctx, asked)
		if err != nil {
			return nil, err //nolint:wrapcheck // it is fit to be shown
		}
		v.More = v.More || found.More
		for _, i := range found.Items {
			if seen[i.Task] || f.late && !i.Late {
				continue
			}
			seen[i.Task] = true
			rows = append(rows, workRow{Item: i, List: l.title})
		}
	}
	if f.list == "" {
		slices.SortStableFunc(rows, func(a, b workRow) int { return workflow.Order(f.sort).Compare(a.Item, b.Item) })
	}
	return rows, nil
}

// fill takes the rows of one page, and those that changed.
func (v *workView) fill(f filters, rows []workRow) {
	v.Total = len(rows)
	for i := range rows {
		r := &rows[i]
		r.Mine, r.Others = r.Claimed != "" && r.Claimed == v.Me, r.Claimed != "" && r.Claimed != v.Me
		r.Referral = r.Kind == workflow.KindReferral
		r.Clock = r.waits(v.At)
		r.Next = r.next()
		if r.Late {
			v.LateOnes++
		}
		if !v.Since.IsZero() && r.Changed.After(v.Since) && len(v.Changed) < shownChanged {
			v.Changed = append(v.Changed, *r)
		}
	}
	from := min((f.page-1)*f.size, len(rows))
	to := min(from+f.size, len(rows))
	v.Rows, v.From, v.To = slices.Clone(rows[from:to]), from+1, to
	if f.page > 1 {
		v.Pages.Previous = Link{f.address(f.page - 1), fmt.Sprintf("%d to %d", max(1, from-f.size+1), from)}
	}
	if to < len(rows) {
		v.Pages.Next = Link{f.address(f.page + 1), fmt.Sprintf("%d to %d", to+1, min(to+f.size, len(rows)))}
	}
}

// waits says how long somebody waits, and against what.
func (r *workRow) waits(now time.Time) string {
	says := "Waiting " + span(now.Sub(r.Written))
	switch {
	case r.Due.IsZero():
		return says + "; no time is set"
	case r.Late:
		return says + "; late by " + span(now.Sub(r.Due)) + ", was due " + shortMoment(r.Due)
	}
	return says + "; " + span(r.Due.Sub(now)) + " left, due " + shortMoment(r.Due)
}

// span says a duration in the unit that fits it.
func span(d time.Duration) string {
	count := func(n int, unit string) string {
		if n == 1 {
			return "1 " + unit
		}
		return strconv.Itoa(n) + " " + unit + "s"
	}
	switch {
	case d < time.Hour:
		return count(max(0, int(d.Minutes())), "minute")
	case d < 48*time.Hour:
		return count(int(d.Hours()), "hour")
	}
	return count(int(d.Hours()/24), "day")
}

// next is the first move that the table offers whoever has the task.
func (r *workRow) next() string {
	switch r.Kind {
	case workflow.KindReferral:
		for _, m := range workflow.Referrals().Legal(r.State, workflow.Receiver) {
			return strings.ToUpper(m.Title[:1]) + m.Title[1:]
		}
		return "Wait for the referrer's answer"
	case workflow.KindQuestion:
		return "Answer the question"
	case workflow.KindInvite:
		return "Ask the person"
	}
	return "Do it"
}

// nameRows looks up who rows are about, in one search.
func (c *call) nameRows(rows []workRow, v *workView) error {
	var ids []string
	for _, r := range rows {
		if r.Patient != "" && !slices.Contains(ids, string(r.Patient)) {
			ids = append(ids, string(r.Patient))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := c.search("Patient", "_id", strings.Join(ids, ","), "_count", "200")
	if err != nil {
		return err
	}
	about := map[fhir.ID]banner{}
	needy := map[fhir.ID]bool{}
	for i := range found.Entries {
		doc, err := found.Entries[i].Version.Doc()
		if err != nil {
			return fmt.Errorf("name the people of a list: %w", err)
		}
		s := &sheaf{patient: doc.Root(), id: found.Entries[i].Version.ID, readAt: v.At}
		about[s.id], needy[s.id] = s.banner(), len(s.needs()) > 0
	}
	for _, rows := range [][]workRow{v.Rows, v.Changed} {
		for i := range rows {
			b, ok := about[rows[i].Patient]
			if !ok {
				continue
			}
			rows[i].Name = strings.TrimSuffix(b.Family+", "+b.Given, ", ")
			rows[i].Known, rows[i].Number, rows[i].Born, rows[i].Needs = b.Known, b.Number, b.Born, needy[rows[i].Patient]
		}
	}
	return nil
}

// choices fills the filters in.
func (v *workView) choices(f filters, lists []list) {
	option := func(value, text, chosen string) Option {
		return Option{Value: value, Text: text, Chosen: value == chosen}
	}
	v.Lists = Choice{Field: Field{ID: "list", Name: "list", Label: "Which list"}, Options: []Option{option("", "All of mine", f.list)}}
	shown := "all your lists"
	for _, l := range lists {
		v.Lists.Options = append(v.Lists.Options, option(l.code, l.title, f.list))
		if l.code == f.list {
			shown = "the list “" + l.title + "”"
		}
	}
	v.Sorts = Choice{Field: Field{ID: "sort", Name: "sort", Label: "In which order"}}
	for _, o := range workflow.Orders() {
		if o == workflow.InLine && !strings.HasPrefix(f.list, "HealthcareService/") {
			continue
		}
		v.Sorts.Options = append(v.Sorts.Options, option(string(o), strings.ToUpper(string(o[:1]))+string(o[1:]), f.sort))
	}
	v.Kinds = Choice{Field: Field{ID: "kind", Name: "kind", Label: "What kind"}, Options: []Option{
		option("", "Everything", f.kind), option(workflow.KindReferral, "Referrals", f.kind), option(workflow.KindQuestion, "Questions to us", f.kind),
		option(workflow.KindActivity, "Parts of care", f.kind), option(workflow.KindOnward, "People who came back to us", f.kind),
	}}
	kind := "everything open"
	for _, o := range v.Kinds.Options {
		if o.Chosen && o.Value != "" {
			kind = strings.ToLower(o.Text)
		}
	}
	v.Sizes = Choice{Field: Field{ID: "size", Name: "size", Label: "Rows on a page"}}
	for _, n := range sizes {
		v.Sizes.Options = append(v.Sizes.Options, option(strconv.Itoa(n), strconv.Itoa(n), strconv.Itoa(f.size)))
	}
	late := ""
	if f.late {
		late = ", late ones only"
	}
	v.Says = fmt.Sprintf("This shows %s on %s%s, %s.", kind, shown, late, cmp.Or(f.sort, string(workflow.DueFirst)))
}

// claim answers POST /work/{task}/claim: whoever is signed in does the task from
// now on, or gives it back.
func (c *call) claim() (*page, error) {
	task, err := c.id("task")
	if err != nil {
		return nil, err
	}
	if err := c.only("person", "version", "do", "back"); err != nil {
		return nil, err
	}
	if _, err := c.bound(task, local(c.field("back"))); err != nil {
		return nil, err
	}
	who := c.practitioner()
	switch c.field("do") {
	case "claim":
	case "give-back":
		who = ""
	default:
		return nil, fault.New(fault.Invalid, "A task is claimed or given back.")
	}
	if _, err := c.flow().Claim(c.ctx, task, who, c.field("version")); err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return &page{to: c.back}, nil
}

// bound reads a task, and refuses a form that was made for another person or from
// another version of it: whoever sent it saw something else.
func (c *call) bound(task fhir.ID, back string) (*workflow.Now, error) {
	now, err := c.flow().Now(c.ctx, task)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	c.back = back // not before: an address that holds nothing is not repeated
	switch {
	case c.field("person") == "" || c.field("version") == "":
		return nil, fault.New(fault.Invalid, "The form does not say whom it is about and from when it is. Load the page again.")
	case c.field("person") != string(now.Patient):
		return nil, fault.New(fault.Conflict, "This form was made for another person than the one it was sent for, so nothing was done. Go back and look whom you are working on.")
	case c.field("version") != now.ETag:
		return nil, fault.New(fault.Conflict, "This has changed since you opened the page: it is now "+now.Title+". Nothing was done. Look at it again.")
	}
	return now, nil
}
