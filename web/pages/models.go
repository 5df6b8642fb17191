package pages

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"joinery/care/applied"
	"joinery/care/directory"
	"joinery/care/model"
	"joinery/care/workflow"
	"joinery/definitions"
	"joinery/fault"
	"joinery/packs"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/timeline"
)

// shipped are the models that come with the program, by id.
var shipped = sync.OnceValue(func() map[string]*model.Model {
	all := map[string]*model.Model{}
	for _, id := range packs.IDs() {
		files, _ := packs.Pack(id)
		m, problems := model.Read("packs/"+id, files, definitions.Shipped())
		if len(problems) > 0 {
			panic("web/pages: a shipped model is damaged: " + problems.Error()) // found by every test
		}
		all[id] = m
	}
	return all
})

// modelLine is a model of care in a list.
type modelLine struct {
	ID, Title, Area, Layer string
	Version                string
	From                   timeline.Day
	Coming                 []applied.Decision
	Newer                  string // the version that is shipped, where it is another
	Unreviewed             bool
}

// modelArea is an area and the models in force there.
type modelArea struct {
	Name   string
	Models []modelLine
}

// modelsView is the models of care in force, by area, and those that are not.
type modelsView struct {
	Areas   []modelArea
	Shipped []modelLine // that nobody has put in force
	Lead    bool
}

// models answers GET /models.
func (c *call) models() (*page, error) {
	lines, rest, err := c.modelLines()
	if err != nil {
		return nil, err
	}
	v := &modelsView{Shipped: rest, Lead: c.role() == access.Lead}
	byArea := map[string][]modelLine{}
	for _, l := range lines {
		byArea[l.Area] = append(byArea[l.Area], l)
	}
	for _, area := range slices.Sorted(maps.Keys(byArea)) {
		v.Areas = append(v.Areas, modelArea{area, byArea[area]})
	}
	return &page{name: "models", view: v}, nil
}

// modelLines returns the models that are or will be in force, and the shipped ones
// that are not.
func (c *call) modelLines() (lines, rest []modelLine, err error) {
	all, err := applied.All(c.ctx, c.view)
	if err != nil {
		return nil, nil, err //nolint:wrapcheck // it says what it was doing
	}
	today, _ := timeline.DayOf(c.now())
	known := map[string]bool{}
	for _, s := range all {
		l := modelLine{ID: s.ID, Title: s.Title, Area: s.Area}
		for _, d := range s.Decisions {
			if d.From > today {
				l.Coming = append(l.Coming, d)
			}
		}
		names := s.Versions(today)
		if len(names) == 0 && len(l.Coming) > 0 {
			names = []string{l.Coming[len(l.Coming)-1].Name}
		}
		for _, name := range names { // one for each version, where areas have their own
			known[s.ID] = true
			m, err := applied.Named(c.ctx, c.view, name)
			if err != nil {
				return nil, nil, err //nolint:wrapcheck // it says what it was doing
			}
			lines = append(lines, l.of(m, s, today))
		}
	}
	for _, id := range packs.IDs() {
		if m := shipped()[id]; !known[id] {
			rest = append(rest, modelLine{ID: id, Title: m.Title, Area: m.Area.Name, Layer: m.Layer, Version: m.Version, Unreviewed: m.Reviewer == ""})
		}
	}
	return lines, rest, nil
}

// of is the line of a version.
func (l modelLine) of(m *model.Model, s *applied.Standing, today timeline.Day) modelLine {
	l.Area, l.Layer, l.Unreviewed = m.Area.Name, m.Layer, m.Reviewer == ""
	for _, d := range s.Decisions {
		if d.Name == m.Name() && d.From <= today {
			l.From, l.Version = d.From, m.Version
		}
	}
	if is := shipped()[s.ID]; is != nil && is.Hash != m.Hash {
		l.Newer = is.Version
	}
	return l
}

// modelView is what a model says, and how it goes.
type modelView struct {
	ID       string
	Model    *model.Model
	Marks    []string
	InForce  bool              // somewhere, today
	Stands   *applied.Standing // nil: nobody applied it
	Areas    []areaLine
	Versions []versionLine // that can be looked at, when there are several
	Newer    bool          // the program ships another than this
	Apply    bool          // what it ships can be put in force somewhere
	Back     bool          // there is an earlier version to go back to
	Lead     bool
	Sites    []siteLine
	Funnel   *funnelView
	Measures []measureLine
}

// siteLine is a site of a model, and how full it is.
type siteLine struct {
	Name, Where    string
	AtOnce, Starts int
	There, Waiting tally
	Closed         bool
}

// model answers GET /models/{id}.
func (c *call) model() (*page, error) {
	m, s, err := c.modelAsked()
	if err != nil {
		return nil, err
	}
	today, _ := timeline.DayOf(c.now())
	v := &modelView{ID: m.ID, Model: m, Marks: m.Marks(), Stands: s, Lead: c.role() == access.Lead}
	is := shipped()[m.ID]
	v.Newer, v.Apply = is != nil && is.Hash != m.Hash, is != nil
	if s == nil {
		return &page{name: "model", view: v}, nil
	}
	v.Areas, v.Versions = areaLines(m, s, today), versionLines(m, s)
	v.InForce = slices.Contains(s.Versions(today), m.Name())
	v.Apply = is != nil && !everywhere(s, is, today)
	v.Back = len(s.Decisions) > 1 && len(backTo(s, today)) > 0
	if v.Sites, err = c.sites(m); err != nil {
		return nil, err
	}
	if v.Lead && s.On(today) == m.Name() {
		err = c.how(m, v)
	}
	return &page{name: "model", view: v}, err
}

// modelAsked returns the model in the address, in the version that the address
// names or, where it names none, in that in force, or which will be, or else the one
// that is shipped; and the decisions about it, if any.
func (c *call) modelAsked() (*model.Model, *applied.Standing, error) {
	id, err := c.id("id")
	if err != nil {
		return nil, nil, err
	}
	is := shipped()[string(id)]
	hash := c.asked.Get("version")
	s, err := applied.Status(c.ctx, c.view, string(id))
	if fault.KindOf(err) == fault.NotFound {
		if is != nil && (hash == "" || hash == short(is.Name())) {
			return is, nil, nil
		}
		return nil, nil, errAbsent
	}
	if err != nil {
		return nil, nil, err //nolint:wrapcheck // it is fit to be shown
	}
	today, _ := timeline.DayOf(c.now())
	name := cmp.Or(s.On(today), s.Decisions[len(s.Decisions)-1].Name)
	if hash != "" {
		i := slices.IndexFunc(s.Decisions, func(d applied.Decision) bool { return short(d.Name) == hash })
		switch {
		case i >= 0:
			name = s.Decisions[i].Name
		case is != nil && short(is.Name()) == hash:
			return is, s, nil
		default:
			return nil, nil, errAbsent
		}
	}
	m, err := applied.Named(c.ctx, c.view, name)
	return m, s, err //nolint:wrapcheck // it says what it was doing
}

// sites says how many each site of a model has, and how many wait.
func (c *call) sites(m *model.Model) ([]siteLine, error) {
	services, err := directory.All(c.ctx, c.view, []search.Pair{{Name: "characteristic", Value: workflow.ModelSystem + "|" + m.ID}}, search.Options{Strict: true, Now: c.now()})
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what it was doing
	}
	var out []siteLine
	for _, s := range services {
		line := siteLine{Name: strings.TrimPrefix(s.Name, m.Title+", "), Where: areaNames(s.Areas), Closed: !s.Active}
		for _, p := range s.Capacity {
			line.AtOnce += p.AtOnce
			line.Starts += p.Starts
		}
		on := workflow.OpenTag + "|HealthcareService/" + string(s.ID)
		for state, into := range map[string]*tally{"waiting": &line.Waiting, "active": &line.There} {
			if *into, err = c.counted("Task", "_tag", on, "business-status", workflow.StateSystem+"|"+state); err != nil {
				return nil, err
			}
		}
		out = append(out, line)
	}
	return out, nil
}

// changesView is what differs between the version in force and the one that is
// shipped.
type changesView struct {
	ID, Title string
	Was, Is   string // versions
	Changes   []model.Change
	Wider     []string // what a local copy sets to the riskier side
}

// modelChanges answers GET /models/{id}/changes.
func (c *call) modelChanges() (*page, error) {
	was, s, err := c.modelAsked()
	if err != nil {
		return nil, err
	}
	is := shipped()[was.ID]
	if s == nil || is == nil {
		return nil, fault.New(fault.Invalid, "There is no newer version of this model here to compare with.")
	}
	v := &changesView{ID: was.ID, Title: is.Title, Was: was.Version, Is: is.Version, Changes: model.Diff(was, is)}
	for _, set := range is.Set {
		if set.Wider {
			v.Wider = append(v.Wider, fmt.Sprintf("%s: %s", set.Parameter, set.Was))
		}
	}
	return &page{name: "changes", view: v}, nil
}
