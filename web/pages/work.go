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
	"joinery/care/workflow/clock"
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
	Changed  []workRow // since whoever looks was here last, on any of their lists
	Others   int       // that changed too
	Since    time.Time
	Over     []workRow // what came to its end today
	Kept     bool      // the filters are those of last time
	Again    string    // the address of the same list, in the order of the beginning
	Bulk     Choice    // what can be done with several
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
	New      bool // it changed since whoever looks was here last
}

// Chosen is what a form says of a row that is chosen among several: the task, and
// the person and version that whoever chose it saw.
func (r workRow) Chosen() string { return chosenTask{r.Task, r.Patient, r.ETag}.String() }

// sizes are how many rows a page holds; on a phone ten are long enough.
var sizes = []int{10, 25, 50}

const shownChanged = 8

// filtersHold is how long the filters of last time are kept, by the browser.
const filtersHold = 90 * 24 * time.Hour

// filters are what a worklist is asked for, as they stand in its address.
type filters struct {
	list, sort, kind string
	late             bool
	size, page       int
	since            time.Time // changed since then alone; not of an address
}

// filtersCookie keeps the filters of last time, and neither order nor page.
const filtersCookie = "filters"

// filters are those of the address; where it has none, those of last time.
func (c *call) filters() (f filters, kept bool) {
	asked := c.asked
	if c.r.URL.RawQuery == "" {
		asked, _ = url.ParseQuery(c.pages.kept(c.r, filtersCookie)) // what is no such thing is no memory
		asked.Del("sort")
		asked.Del("page")
		kept = len(asked) > 0
	}
	return filtersOf(asked), kept
}

func filtersOf(asked url.Values) filters {
	f := filters{list: asked.Get("list"), sort: asked.Get("sort"), kind: asked.Get("kind"), late: asked.Get("late") == "yes", size: 10, page: 1}
	if n, err := strconv.Atoi(asked.Get("size")); err == nil && slices.Contains(sizes, n) {
		f.size = n
	}
	if n, err := strconv.Atoi(asked.Get("page")); err == nil && n > 0 && n < 10_000 {
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
	f, kept := c.filters()
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
	v := &workView{
		At: c.now(), Since: since, Here: f.address(f.page), Again: f.begun().address(1), Kept: kept && f.begun() != filtersOf(nil),
		Me: c.practitioner(), Late: f.late, Staff: slices.Contains(staff, c.role()),
	}
	c.keepFilters(f.begun())
	rows, err := c.rows(f, lists, v)
	if err != nil {
		return nil, err
	}
	v.fill(f, rows)
	if err := c.changes(f, lists, rows, v); err != nil {
		return nil, err
	}
	if err := c.nameRows(v.Rows, v.Changed, v.Over); err != nil {
		return nil, err
	}
	v.choices(f, lists)
	if v.Staff && v.Me != "" {
		v.Bulk = c.bulk(v.Rows)
	}
	return &page{name: "work", view: v}, nil
}

// begun are the same filters on the first page, in the order of the beginning: an
// order that is not that of what is due is for once.
func (f filters) begun() filters {
	f.sort, f.page = string(workflow.DueFirst), 1
	return f
}

func (c *call) keepFilters(f filters) {
	_, query, some := strings.Cut(f.address(1), "?")
	switch {
	case some:
		c.keepCookie(filtersCookie, query, filtersHold)
	case c.pages.kept(c.r, filtersCookie) != "":
		c.keepCookie(filtersCookie, "", -time.Second)
	}
}

// changes fills in what changed since whoever looks was here last, whatever the
// filters are, and what came to its end today.
func (c *call) changes(f filters, lists []list, rows []workRow, v *workView) error {
	over, err := c.over(v)
	if err != nil {
		return err
	}
	today := startOfDay(v.At)
	for _, r := range over {
		if !r.Changed.Before(today) {
			v.Over = append(v.Over, r)
		}
	}
	if v.Since.IsZero() {
		return nil
	}
	if f.begun() != filtersOf(nil) {
		all := *v // what more there is on the other lists is not said of this one
		changed, err := c.rows(filters{sort: string(workflow.LastChanged), since: v.Since}, lists, &all)
		if err != nil {
			return err
		}
		rows = changed
	}
	for _, r := range slices.Concat(rows, over) {
		if r.Changed.After(v.Since) {
			v.Changed = append(v.Changed, r)
		}
	}
	slices.SortStableFunc(v.Changed, func(a, b workRow) int { return b.Changed.Compare(a.Changed) })
	if len(v.Changed) > shownChanged {
		v.Changed, v.Others = v.Changed[:shownChanged], len(v.Changed)-shownChanged
	}
	return nil
}

const shownOver = 50

// over returns the tasks of the organisation that came to their end since the last
// visit or today, the last first: they are on no list any more.
func (c *call) over(v *workView) ([]workRow, error) {
	if c.organisation() == "" {
		return nil, nil
	}
	from := startOfDay(v.At)
	if !v.Since.IsZero() && v.Since.Before(from) {
		from = v.Since
	}
	found, err := c.search("Task", "owner", c.organisation(), "status", "completed,rejected,cancelled,failed",
		"_lastUpdated", "ge"+from.UTC().Format(time.RFC3339), "_sort", "-_lastUpdated", "_count", strconv.Itoa(shownOver))
	if err != nil {
		return nil, err
	}
	var rows []workRow
	for i := range found.Entries {
		e := &found.Entries[i].Version
		doc, err := e.Doc()
		if err != nil {
			return nil, fmt.Errorf("what came to its end: %w", err)
		}
		t := doc.Root()
		r := workRow{Item: workflow.Item{Task: e.ID, Kind: kindOf(t), About: t.Get("code").Get("text").Text(), Title: t.At("businessStatus", "text").Text(), Changed: e.At}}
		if r.Kind == "" {
			continue // of another program
		}
		r.Patient = fhir.ID(strings.TrimPrefix(t.At("for", "reference").Text(), "Patient/"))
		rows = append(rows, r)
	}
	return rows, nil
}

// startOfDay is when the day of a moment began in London.
func startOfDay(at time.Time) time.Time {
	at = at.In(clock.London)
	return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, clock.London)
}

// rows reads the lists that are asked for, into one.
func (c *call) rows(f filters, lists []list, v *workView) ([]workRow, error) {
	var rows []workRow
	seen := map[fhir.ID]bool{}
	for _, l := range lists {
		if f.list != "" && l.code != f.list {
			continue
		}
		asked := workflow.List{Of: l.code, Sort: workflow.Order(f.sort), Kind: f.kind, Since: f.since}
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

// fill takes the rows of one page.
func (v *workView) fill(f filters, rows []workRow) {
	v.Total = len(rows)
	for i := range rows {
		r := &rows[i]
		r.Mine, r.Others = r.Claimed != "" && r.Claimed == v.Me, r.Claimed != "" && r.Claimed != v.Me
		r.Referral = r.Kind == workflow.KindReferral
		r.Clock = r.waits(v.At)
		r.Next = r.next()
		r.New = !v.Since.IsZero() && r.Changed.After(v.Since)
		if r.Late {
			v.LateOnes++
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
		legal := workflow.Referrals().Legal(r.State, workflow.Receiver)
		for _, name := range towardsHelp {
			if i := slices.IndexFunc(legal, func(m *workflow.Move) bool { return m.Name == name }); i >= 0 {
				return strings.ToUpper(legal[i].Title[:1]) + legal[i].Title[1:]
			}
		}
		return "Wait for the referrer's answer"
	case workflow.KindQuestion:
		return "Answer the question"
	case workflow.KindInvite:
		return "Ask the person"
	}
	return "Do it"
}

// towardsHelp are the moves by which a referral goes on to its end: what is next is
// the first of them that can be made.
var towardsHelp = []string{"complete", "start", "accept", "resume", "proceed"}

// nameRows looks up who rows are about, in one search.
func (c *call) nameRows(all ...[]workRow) error {
	var ids []fhir.ID
	for _, rows := range all {
		for _, r := range rows {
			ids = append(ids, r.Patient)
		}
	}
	about, err := c.people(ids)
	if err != nil {
		return err
	}
	for _, rows := range all {
		for i := range rows {
			s := about[rows[i].Patient]
			if s == nil {
				continue
			}
			b := s.banner()
			rows[i].Name = strings.TrimSuffix(b.Family+", "+b.Given, ", ")
			rows[i].Known, rows[i].Number, rows[i].Born, rows[i].Needs = b.Known, b.Number, b.Born, len(s.needs()) > 0
		}
	}
	return nil
}

// people reads who people are, in one search, as far as whoever asks may see them.
func (c *call) people(ids []fhir.ID) (map[fhir.ID]*sheaf, error) {
	var wanted []string
	for _, id := range ids {
		if id != "" && !slices.Contains(wanted, string(id)) {
			wanted = append(wanted, string(id))
		}
	}
	out := map[fhir.ID]*sheaf{}
	if len(wanted) == 0 {
		return out, nil
	}
	found, err := c.search("Patient", "_id", strings.Join(wanted, ","), "_count", "200")
	if err != nil {
		return nil, err
	}
	for i := range found.Entries {
		doc, err := found.Entries[i].Version.Doc()
		if err != nil {
			return nil, fmt.Errorf("name the people of a list: %w", err)
		}
		id := found.Entries[i].Version.ID
		out[id] = &sheaf{patient: doc.Root(), id: id, readAt: c.now()}
	}
	return out, nil
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
