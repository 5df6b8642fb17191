package pages

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"joinery/care/workflow"
	"joinery/fault"
	"joinery/fhir"
)

// myPlanView is somebody's care plan: their own words first.
type myPlanView struct {
	Own   own
	Words []entry
	Worse []entry // what to do if things get worse, as it was agreed
	Say   *Area   // in which they write what matters to them; nil: they cannot
	Key   string  // of that form
	Goals []goal
	Parts []planPart
	Doing []coming
	Help  string
	Ring  ringing
}

// goal is something that is aimed at.
type goal struct {
	Says   string
	Target string
	By     time.Time
	From   string
}

// planPart is one plan among those that make up somebody's plan.
type planPart struct {
	Title, Says, From string
	Since, Until      time.Time
	Steps             []string
	Notes             []string
}

// myPlan answers GET /me/plan.
func (c *call) myPlan() (*page, error) {
	o, err := c.own()
	if err != nil {
		return nil, err
	}
	s, err := c.gatherOwn(o, "Goal", "CarePlan", "Task")
	if err != nil {
		return nil, err
	}
	v := &myPlanView{Own: *o, Key: c.key(), Help: c.pages.Site.Help}
	one, err := c.say(v, o)
	if err != nil {
		return nil, err
	}
	for _, l := range s.of["Goal"] {
		switch l.Get("lifecycleStatus").Text() {
		case "active", "accepted", "proposed", "planned", "on-hold":
		default:
			continue
		}
		if says := concept(l.Get("description")); says != "" {
			v.goal(s, l, says)
		}
	}
	for _, l := range s.of["CarePlan"] {
		if l.id == one { // its words stand above
			continue
		}
		if l.status() == "active" || l.status() == "draft" || l.status() == "on-hold" {
			v.Parts = append(v.Parts, s.planPart(l))
		}
	}
	for _, l := range s.of["Task"] {
		if kindOf(l.Value) == workflow.KindActivity && (l.status() == "requested" || l.status() == "in-progress") {
			due, _ := moment(l.At("restriction", "period", "end").Text())
			v.Doing = append(v.Doing, coming{What: l.At("code", "text").Text(), When: due, Where: cmp.Or(concept(l.Get("performerType").Item(0)), s.source(l))})
		}
	}
	v.Ring, err = c.practice(s)
	return &page{name: "myplan", view: v}, err
}

// say puts what stands in the person's one plan into the view, their own words
// first, and returns the plan's id. A carer to whom it is not open sees none of it.
func (c *call) say(v *myPlanView, o *own) (fhir.ID, error) {
	if !o.Acts {
		v.Say = &Area{Field: Field{ID: "says", Name: "says", Label: c.word("myplan.say"), Hint: c.word("myplan.say-hint"), Size: "s"}, Rows: 3}
	}
	plan, err := c.flow().Plan(c.ctx, o.ID)
	switch {
	case o.Acts && fault.KindOf(err) == fault.NotFound:
		return "", nil
	case err != nil:
		return "", err //nolint:wrapcheck // it is fit to be shown
	}
	for _, said := range plan.Words {
		v.Words = append(v.Words, entry{Text: said.Text, On: dated{Time: said.At}})
	}
	for _, said := range plan.Worse {
		v.Worse = append(v.Worse, entry{Text: said.Text, On: dated{Time: said.At}})
	}
	return plan.ID, nil
}

// sayMine answers POST /me/plan: a resident's own words go to the top of their plan.
func (c *call) sayMine() (*page, error) {
	if err := c.only("person", "key", "says"); err != nil {
		return nil, err
	}
	c.back = "/me/plan"
	if fhir.ID(c.field("person")) != c.who.Grant.Patient {
		return nil, errAnother
	}
	if c.field("says") == "" {
		made, err := c.myPlan()
		if err != nil {
			return nil, err
		}
		v, _ := made.view.(*myPlanView)
		v.Say.Error = c.word("myplan.lacks-says")
		made.status, made.errors = http.StatusBadRequest, []mistake{{"says", v.Say.Error}}
		return made, nil
	}
	if _, err := c.flow().Say(c.ctx, c.who.Grant.Patient, workflow.Saying{Key: c.field("key"), What: workflow.SayWords, Text: c.field("says")}); err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return &page{to: c.back}, nil
}

// goal adds a goal: what the person said themselves is their own words.
func (v *myPlanView) goal(s *sheaf, l leaf, says string) {
	if by := l.At("expressedBy", "reference").Text(); by == "" || strings.HasPrefix(by, "Patient/") {
		v.Words = append(v.Words, entry{Text: says, On: l.on})
		return
	}
	g := goal{Says: says, From: s.source(l)}
	for t := range l.Get("target").Items() {
		g.By, _ = moment(t.Get("dueDate").Text())
		g.Target = cmp.Or(t.Get("detailString").Text(), concept(t.Get("detailCodeableConcept")), strings.TrimSpace(t.At("detailQuantity", "value").Text()+" "+t.At("detailQuantity", "unit").Text()))
	}
	v.Goals = append(v.Goals, g)
}

func (s *sheaf) planPart(l leaf) planPart {
	p := planPart{Title: cmp.Or(l.Get("title").Text(), concept(l.Get("category").Item(0))), Says: l.Get("description").Text(), From: s.source(l)}
	p.Since, _ = moment(l.At("period", "start").Text())
	p.Until, _ = moment(l.At("period", "end").Text())
	for a := range l.Get("activity").Items() {
		detail := a.Get("detail")
		step := cmp.Or(concept(detail.Get("code")), detail.Get("description").Text())
		if when := detail.Get("description").Text(); when != "" && when != step {
			step += ": " + when
		}
		if step != "" && !detail.Get("status").Is("cancelled") && !detail.Get("status").Is("entered-in-error") {
			p.Steps = append(p.Steps, step)
		}
	}
	for n := range l.Get("note").Items() {
		p.Notes = append(p.Notes, n.Get("text").Text())
	}
	return p
}

// myRecordView is somebody's record, with plain words beside what clinicians wrote.
type myRecordView struct {
	Own        own
	Who        *whose   // whose it is; nil where that is not open
	Said       []saidOf // what they have said of it
	Parts      []recordPart
	Unreviewed bool
	More       bool
	NotHere    []string
	ReadAt     time.Time
}

// whose says whose a record is, so that a print of it can be told from another.
type whose struct {
	Name   string
	Born   dated
	Number string
}

// recordPart is one kind of entries.
type recordPart struct {
	Key     string // of its texts
	Now     []plainEntry
	Earlier []plainEntry
	More    int
}

// plainEntry is what a clinician wrote, and what it says in plain words.
type plainEntry struct {
	Text, Detail, Plain string
	On                  dated
	From                string
	Href                string // where the person can say something of it
}

// recordKind is one kind of entries in a record, and what it is made of.
type recordKind struct {
	key   string
	types []string
}

// recordParts are the kinds of entries in a record, and what each is made of.
var recordParts = []recordKind{
	{"allergies", []string{"AllergyIntolerance"}},
	{"problems", []string{"Condition"}},
	{"medicines", []string{"MedicationRequest", "MedicationStatement"}},
	{"results", []string{"Observation"}},
	{"vaccinations", []string{"Immunization"}},
	{"procedures", []string{"Procedure"}},
	{"contacts", []string{"Encounter"}},
	{"documents", []string{"DocumentReference", "DiagnosticReport"}},
}

const (
	shownOwn   = 20 // entries of a kind at once
	keptOwn    = 200
	kindsOnOwn = 8
)

// myRecord answers GET /me/record.
func (c *call) myRecord() (*page, error) {
	o, err := c.own()
	if err != nil {
		return nil, err
	}
	types := make([]string, 0, kindsOnOwn)
	for _, p := range recordParts {
		types = append(types, p.types...)
	}
	s, err := c.gatherOwn(o, append(types, "Communication")...)
	if err != nil {
		return nil, err
	}
	words := c.glossary("myrecord")
	v := &myRecordView{Own: *o, Who: s.whose(), Said: s.saidOf(), Unreviewed: words.unreviewed(), More: s.more, NotHere: c.pages.Site.NotHere, ReadAt: s.readAt}
	for _, p := range recordParts {
		part := recordPart{Key: p.key}
		for _, typ := range p.types {
			for _, l := range s.of[typ] {
				e := words.entry(s, l)
				if !o.Acts {
					e.Href = "/me/record/" + typ + "/" + string(l.id)
				}
				part.add(e, active(l) || !lasts(typ))
			}
		}
		v.Parts = append(v.Parts, part)
	}
	return &page{name: "myrecord", view: v}, nil
}

// whose says whose a sheaf is.
func (s *sheaf) whose() *whose {
	if !s.patient.Exists() {
		return nil
	}
	w := &whose{Name: humanName(s.patient), Number: s.banner().Number}
	if born := s.patient.Get("birthDate").Text(); born != "" {
		w.Born = datedOf(born)
	}
	return w
}

// lasts reports whether what a type says goes on until it is over.
func lasts(typ string) bool {
	return typ == "Condition" || typ == "MedicationRequest" || typ == "MedicationStatement" || typ == "AllergyIntolerance"
}

func (p *recordPart) add(e plainEntry, now bool) {
	switch {
	case e.Text == "":
	case now && len(p.Now) < shownOwn:
		p.Now = append(p.Now, e)
	case len(p.Earlier) < keptOwn:
		p.Earlier = append(p.Earlier, e)
	default:
		p.More++
	}
}

// entry says what a resource is, as it was written and in plain words.
func (g *glossary) entry(s *sheaf, l leaf) plainEntry {
	e := plainEntry{Text: what(l), On: l.on, From: s.source(l)}
	var code fhir.Value
	for _, name := range []string{"code", "vaccineCode", "medicationCodeableConcept"} {
		if v := l.Get(name); v.Exists() {
			code = v
		}
	}
	if l.typ == "Encounter" {
		code = l.Get("type").Item(0)
	}
	e.Plain = g.plain(code)
	switch l.typ {
	case "Observation":
		text, unit := amount(l)
		e.Detail = cmp.Or(strings.TrimSpace(text+" "+unit), concept(l.Get("valueCodeableConcept")), l.Get("valueString").Text())
	case "MedicationRequest", "MedicationStatement":
		e.Detail = medicine(l).Detail
	case "AllergyIntolerance":
		var harm []string
		for r := range l.Get("reaction").Items() {
			for m := range r.Get("manifestation").Items() {
				harm = append(harm, concept(m))
			}
		}
		e.Detail = strings.Join(harm, ", ")
	default:
		e.Detail = notes(l)
	}
	return e
}
