package language

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"joinery/written"
)

// heads are the keys that make a condition, each with what reads it.
var heads map[string]func(*reader, *written.Fields, *yaml.Node, int) Expr

var headNames []string

func init() { // not a literal, since the readers refer to the table
	heads = map[string]func(*reader, *written.Fields, *yaml.Node, int) Expr{
		"all": func(r *reader, _ *written.Fields, n *yaml.Node, depth int) Expr {
			return &All{at{r.Place(n)}, r.exprs(n, "all", depth)}
		},
		"any": func(r *reader, _ *written.Fields, n *yaml.Node, depth int) Expr {
			return &Any{at{r.Place(n)}, r.exprs(n, "any", depth)}
		},
		"not": func(r *reader, _ *written.Fields, n *yaml.Node, depth int) Expr {
			return &Not{at{r.Place(n)}, r.expr(n, depth)}
		},
		"at least":    (*reader).atLeast,
		"score":       (*reader).scoreCondition,
		"meets":       (*reader).meets,
		"has":         (*reader).has,
		"count":       (*reader).count,
		"first":       (*reader).first,
		"last":        (*reader).last,
		"change":      (*reader).change,
		"age":         (*reader).age,
		"born":        (*reader).born,
		"sex":         (*reader).sex,
		"registered":  (*reader).registered,
		"practice":    (*reader).practice,
		"network":     (*reader).network,
		"area":        (*reader).area,
		"deprivation": (*reader).deprivation,
		"ethnicity":   (*reader).ethnicity,
	}
	headNames = sortedKeys(heads)
}

// expr reads a condition; nil after a report.
func (r *reader) expr(n *yaml.Node, depth int) Expr {
	if depth > written.MaxDepth {
		r.Wrong(n, "Conditions stand more than %d deep in one another; name the inner ones under terms.", written.MaxDepth)
		return nil
	}
	if n.Kind == yaml.SequenceNode {
		r.Wrong(n, "This list does not say how its conditions count; write all, any or \"at least: 2\" with of above it.")
		return nil
	}
	f := r.Fields(n, "a condition, such as {has: diabetes}")
	if f == nil {
		return nil
	}
	var found []string
	for _, key := range f.Keys {
		if _, ok := heads[key.Value]; ok {
			found = append(found, key.Value)
		}
	}
	if len(found) != 1 {
		r.noHead(f, found)
		return nil
	}
	head := found[0]
	value := f.Take(head)
	needs := f.Take("needs")
	x := heads[head](r, f, value, depth+1)
	f.Done(fmt.Sprintf("A condition with %q", head))
	if needs == nil || x == nil {
		return x
	}
	if need := r.expr(needs, depth+1); need != nil {
		return &Needing{at{r.Place(n)}, need, x}
	}
	return nil
}

// noHead says what a condition lacks, or has too much of.
func (r *reader) noHead(f *written.Fields, found []string) {
	if len(found) > 1 {
		r.Wrong(f.Node, "Here are %d conditions in one: %s. Write each on a line of its own under all or any.", len(found), strings.Join(found, ", "))
		return
	}
	for _, key := range f.Keys {
		if n := written.Nearest(key.Value, headNames); n != "" {
			r.Wrong(key, "%q begins no condition; write %q?", key.Value, n)
			return
		}
	}
	r.Wrong(f.Node, "This is no condition; one begins with: %s.", strings.Join(headNames, ", "))
}

func (r *reader) exprs(n *yaml.Node, key string, depth int) []Expr {
	var out []Expr
	for _, c := range r.List(n, key) {
		if x := r.expr(c, depth); x != nil {
			out = append(out, x)
		}
	}
	return out
}

func (r *reader) atLeast(f *written.Fields, n *yaml.Node, depth int) Expr {
	x := &AtLeast{at: at{r.Place(n)}}
	var err error
	if x.N, err = strconv.Atoi(r.Text(n, "at least")); err != nil || x.N < 1 {
		r.Wrong(n, "\"at least\" is a whole number from 1; the conditions follow under of.")
	}
	of := f.Take("of")
	if of == nil {
		r.Wrong(n, "\"at least: %d\" does not say of what; list the conditions under of.", x.N)
		return nil
	}
	x.Of = r.exprs(of, "of", depth)
	return x
}

func (r *reader) scoreCondition(f *written.Fields, n *yaml.Node, depth int) Expr {
	s := r.score(n, depth)
	if s.Is = r.spanOf(f, "is"); s.Is == nil {
		r.Wrong(n, "The score is compared with nothing; add \"is: 5 or more\".")
	}
	return s
}

// score reads a list of conditions with points.
func (r *reader) score(n *yaml.Node, depth int) *Score {
	s := &Score{at: at{r.Place(n)}}
	for _, entry := range r.List(n, "score") {
		f := r.Fields(entry, "a condition with points")
		if f == nil {
			continue
		}
		term := Term{Points: 1}
		if p := f.Take("points"); p != nil {
			points, err := number(r.Text(p, "points"))
			if err != nil {
				r.Wrong(p, "points: %v.", err)
			}
			term.Points = points
		}
		if term.When = r.expr(without(entry, "points"), depth); term.When != nil {
			s.Terms = append(s.Terms, term)
		}
	}
	return s
}

// without returns a mapping without one of its keys.
func without(n *yaml.Node, key string) *yaml.Node {
	out := *n
	out.Content = nil
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != key {
			out.Content = append(out.Content, n.Content[i], n.Content[i+1])
		}
	}
	return &out
}

func (r *reader) meets(_ *written.Fields, n *yaml.Node, _ int) Expr {
	return &Meets{at: at{r.Place(n)}, Name: r.Text(n, "meets")}
}

func (r *reader) has(f *written.Fields, n *yaml.Node, _ int) Expr   { return r.eventsOf(Has, f, n) }
func (r *reader) count(f *written.Fields, n *yaml.Node, _ int) Expr { return r.eventsOf(Count, f, n) }

func (r *reader) first(f *written.Fields, n *yaml.Node, _ int) Expr { return r.eventsOf(First, f, n) }

func (r *reader) last(f *written.Fields, n *yaml.Node, _ int) Expr { return r.eventsOf(Last, f, n) }

// figure reads what yields a number rather than an answer, under a key: events
// to count or to take the value of, a change, a score, or bed days.
func (r *reader) figure(f *written.Fields, key string) Expr {
	n := f.Take(key)
	if n == nil {
		r.Wrong(f.Node, "%s is missing; write what is counted or measured.", key)
		return nil
	}
	g := r.Fields(n, "what is counted or measured")
	if g == nil {
		return nil
	}
	for _, head := range []string{"count", "first", "last", "change", "score", "bed days"} {
		v := g.Take(head)
		if v == nil {
			continue
		}
		var x Expr
		switch head {
		case "count":
			x = r.events0(Count, g, v)
		case "first":
			x = r.events0(First, g, v)
		case "last":
			x = r.events0(Last, g, v)
		case "change":
			x = r.changeOf(v)
		case "score":
			x = r.score(v, 0)
		case "bed days":
			if e := r.events0(Count, g, v); e != nil {
				x = &Stays{at{r.Place(v)}, e}
			}
		}
		g.Done(fmt.Sprintf("A figure with %q", head))
		return x
	}
	r.Wrong(n, "This yields no number; write {count: …}, {last: …}, {change: …}, {score: …} or {bed days: …}.")
	return nil
}

// events0 is eventsOf for a figure: the count is not compared.
func (r *reader) events0(op EventOp, f *written.Fields, n *yaml.Node) *Events {
	e := r.readEvents(op, f, n)
	if e != nil && e.Is != nil {
		r.Wrong(n, "A figure is not compared with anything; leave \"is\" out.")
	}
	return e
}

func (r *reader) eventsOf(op EventOp, f *written.Fields, n *yaml.Node) Expr {
	e := r.readEvents(op, f, n)
	if e == nil {
		return nil
	}
	if op == Count && e.Is == nil {
		r.Wrong(n, "The count is compared with nothing; add \"is: 2 or more\".")
	}
	return e
}

func (r *reader) readEvents(op EventOp, f *written.Fields, n *yaml.Node) *Events {
	e := &Events{at: at{r.Place(n)}, Op: op, Subject: r.Text(n, op.String())}
	if kind, ok := strings.CutPrefix(e.Subject, "any "); ok {
		e.Subject = "any"
		e.Kinds = r.kinds(n, []string{kind})
	} else if !written.IsID(e.Subject) {
		r.Wrong(n, "%q is no code set; write the id of one, or \"any Encounter\" for events of a kind.", e.Subject)
	}
	if k := f.Take("kind"); k != nil {
		e.Kinds = r.kinds(k, r.Texts(k, "kind"))
	}
	if c := f.Take("class"); c != nil {
		e.Classes = r.classes(c)
	}
	e.Statuses = f.Texts("status")
	e.Ongoing = f.Yes("ongoing")
	if d := f.Take("dated by"); d != nil {
		for _, w := range r.Words(d, "dated by", []string{"start", "end", "record"}) {
			e.Dated = map[string]Dating{"start": ByStart, "end": ByEnd, "record": ByRecord}[w]
		}
	}
	e.Window = r.window(f, n)
	e.Value = r.spanOf(f, "value")
	if e.AnswerName = f.Text("answer"); e.AnswerName != "" && e.Value != nil {
		r.Wrong(n, "A value is a number or an answer; keep one of \"value\" and \"answer\".")
	}
	if op == Count {
		e.Is = r.spanOf(f, "is")
		e.Days, e.Concepts = f.Yes("on different days"), f.Yes("of different codes")
		if e.Days && e.Concepts {
			r.Wrong(n, "Either days are counted or codes; keep one of \"on different days\" and \"of different codes\".")
		}
	}
	if op == First || op == Last {
		e.WasName = f.Text("was")
	}
	return e
}

// kinds reads FHIR resource types, in whatever case and number they are written.
func (r *reader) kinds(n *yaml.Node, words []string) []string {
	var out []string
	for _, w := range words {
		bare := strings.ToLower(strings.ReplaceAll(w, " ", ""))
		found := ""
		for _, k := range eventKinds {
			if l := strings.ToLower(k); bare == l || bare == l+"s" {
				found = k
			}
		}
		if found == "" {
			r.Wrong(n, "%q is no kind of event%s", w, written.Meant(w, eventKinds))
			continue
		}
		out = append(out, found)
	}
	return out
}

// eventKinds are the resource types that timelines are made of.
var eventKinds = []string{
	"AllergyIntolerance", "CarePlan", "Communication", "Condition", "DiagnosticReport", "Encounter", "EpisodeOfCare", "Flag", "Goal",
	"Immunization", "MedicationAdministration", "MedicationDispense", "MedicationRequest", "MedicationStatement", "Observation",
	"Procedure", "QuestionnaireResponse", "RiskAssessment", "ServiceRequest", "Task",
}

// classWords are the classes of encounters in words, with their codes in HL7's
// v3-ActCode.
var classWords = map[string]string{
	"emergency": "EMER", "inpatient": "IMP", "outpatient": "AMB", "home": "HH", "virtual": "VR", "field": "FLD",
	"short stay": "SS", "observation": "OBSENC", "acute": "ACUTE", "non-acute": "NONAC",
}

func (r *reader) classes(n *yaml.Node) []string {
	var out []string
	for _, w := range r.Texts(n, "class") {
		code, ok := classWords[w]
		for _, c := range classWords {
			if c == w {
				code, ok = w, true
			}
		}
		if !ok {
			r.Wrong(n, "%q is no class of encounter%s", w, written.Meant(w, sortedKeys(classWords)))
			continue
		}
		out = append(out, code)
	}
	return out
}

func (r *reader) change(f *written.Fields, n *yaml.Node, _ int) Expr {
	c := r.changeOf(n)
	v := r.spanOf(f, "value")
	if c == nil {
		return nil
	}
	if c.Value = v; v == nil {
		r.Wrong(n, "The change is compared with nothing; add \"value: -5 or less\" (a fall is below nought).")
	}
	return c
}

// changeOf reads the two events of a change.
func (r *reader) changeOf(n *yaml.Node) *Change {
	f := r.Fields(n, "a change, as in {from: {first: phq-9}, to: {last: phq-9}}")
	if f == nil {
		return nil
	}
	c := &Change{at: at{r.Place(n)}}
	for key, into := range map[string]**Events{"from": &c.From, "to": &c.To} {
		x := f.Take(key)
		if x == nil {
			r.Wrong(n, "The change has no %s; write \"%s: {last: phq-9}\".", key, key)
			continue
		}
		e, ok := r.expr(x, 0).(*Events)
		if !ok || e.Op != First && e.Op != Last {
			r.Wrong(x, "%s is one event with a value; write {first: …} or {last: …}.", key)
			continue
		}
		*into = e
	}
	f.Done("A change")
	if c.From == nil || c.To == nil {
		return nil
	}
	return c
}
