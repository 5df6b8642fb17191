package pages

import (
	"cmp"
	"strings"
	"time"

	"joinery/care/workflow"
	"joinery/fhir"
)

// myPlanView is somebody's care plan: their own words first.
type myPlanView struct {
	Own   own
	Words []entry
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
	v := &myPlanView{Own: *o, Help: c.pages.Site.Help}
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
	Parts      []recordPart
	Unreviewed bool
	More       bool
	NotHere    []string
	ReadAt     time.Time
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
}

// recordParts are the kinds of entries in a record, and what each is made of.
var recordParts = []struct {
	key   string
	types []string
}{
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
	s, err := c.gatherOwn(o, types...)
	if err != nil {
		return nil, err
	}
	v := &myRecordView{Own: *o, Unreviewed: c.pages.words.unreviewed(), More: s.more, NotHere: c.pages.Site.NotHere, ReadAt: s.readAt}
	for _, p := range recordParts {
		part := recordPart{Key: p.key}
		for _, typ := range p.types {
			for _, l := range s.of[typ] {
				part.add(c.pages.words.entry(s, l), active(l) || !lasts(typ))
			}
		}
		v.Parts = append(v.Parts, part)
	}
	return &page{name: "myrecord", view: v}, nil
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
