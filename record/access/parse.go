package access

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"joinery/fault"
	"joinery/fhir/r4"
)

// ReadPolicy reads every *.policy file of a folder as one policy. An error is of
// the kind fault.Invalid and lists every mistake with its file and line.
func ReadPolicy(files fs.FS) (*Policy, error) {
	names, err := fs.Glob(files, "*.policy")
	if err != nil {
		return nil, fmt.Errorf("look for policy files: %w", err)
	}
	if len(names) == 0 {
		return nil, fault.New(fault.Invalid, "There is no policy file.")
	}
	p := &parser{policy: &Policy{roles: map[Role]*rolePolicy{}}}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read policy %s: %w", name, err)
		}
		p.file(name, string(text))
	}
	if len(p.mistakes) > 0 {
		return nil, fault.New(fault.Invalid, "The policy is not valid:\n"+strings.Join(p.mistakes, "\n"))
	}
	return p.policy, nil
}

type parser struct {
	policy   *Policy
	mistakes []string

	name     string // of the file
	line     int
	sets     map[string]typeSet
	labels   map[string]Label
	role     *rolePolicy
	roleName Role
	rule     *rule
	seen     map[string]bool // statements of the rule
}

func (p *parser) fail(format string, args ...any) {
	p.mistakes = append(p.mistakes, fmt.Sprintf("%s:%d: ", p.name, p.line)+fmt.Sprintf(format, args...))
}

// file reads one file. Sets and labels that it names are its own.
func (p *parser) file(name, text string) {
	p.name, p.line = name, 0
	p.sets = map[string]typeSet{"any": everyType(), "compartment": compartment()}
	p.labels = map[string]Label{"sensitive": Sensitive}
	p.role, p.rule = nil, nil
	for line := range strings.Lines(text) {
		p.line++
		line, _, _ = strings.Cut(line, "#")
		if words := strings.Fields(line); len(words) > 0 {
			p.statement(words[0], words[1:])
		}
	}
	p.endRule()
	if p.role == nil {
		p.fail("the file says nothing of any role; begin with: role staff")
	}
}

func (p *parser) statement(verb string, words []string) {
	if len(words) == 0 && verb != "rounded" {
		p.fail("%q needs something after it", verb)
		return
	}
	switch verb {
	case "set":
		p.set(words)
	case "labels":
		p.labelSet(words)
	case "role":
		p.startRole(words)
	case "rule":
		p.startRule(words)
	case "rounded", "hide", "keep":
		p.ofRole(verb, words)
	case "may", "of", "for", "when", "except":
		p.ofRule(verb, words)
	default:
		p.fail("there is no statement %q; they are set, labels, role, rounded, hide, keep, rule, may, of, for, when, except", verb)
	}
}

// set reads: set NAME = Type Type …
func (p *parser) set(words []string) {
	if len(words) < 3 || words[1] != "=" {
		p.fail("a set is written: set directory = Organization Location")
		return
	}
	if _, known := p.sets[words[0]]; known {
		p.fail("there is a set %q already", words[0])
		return
	}
	p.sets[words[0]] = p.types(words[2:])
}

// types reads names of types and sets, of which those after "but" are taken away.
func (p *parser) types(words []string) typeSet {
	var s, less typeSet
	into := &s
	for _, w := range words {
		if w == "but" {
			into = &less
			continue
		}
		n, isType := r4.TypeNumber(w)
		named, isSet := p.sets[w]
		switch {
		case isType:
			into.add(n)
		case isSet:
			*into = into.or(named)
		default:
			p.fail("%q is neither a resource type nor a set", w)
		}
	}
	return s.without(less)
}

// labelSet reads: labels NAME = label label …
func (p *parser) labelSet(words []string) {
	if len(words) < 3 || words[1] != "=" {
		p.fail("labels are written: labels sexual = HIV STD")
		return
	}
	if _, known := p.label(words[0]); known {
		p.fail("there is a label %q already", words[0])
		return
	}
	p.labels[words[0]] = p.labelsOf(words[2:])
}

func (p *parser) label(word string) (Label, bool) {
	if l, ok := p.labels[word]; ok {
		return l, true
	}
	return LabelNamed(word)
}

func (p *parser) labelsOf(words []string) Label {
	var l, less Label
	into := &l
	for _, w := range words {
		if w == "but" {
			into = &less
			continue
		}
		named, ok := p.label(w)
		if !ok {
			p.fail("there is no label %q; the labels are sensitive and %s", w, ^Label(0))
		}
		*into |= named
	}
	return l &^ less
}

func (p *parser) startRole(words []string) {
	p.endRule()
	at := slices.IndexFunc(Roles(), func(r Role) bool { return r.String() == words[0] })
	if at < 0 || len(words) > 1 {
		p.fail("there is no role %q; the roles are %v", strings.Join(words, " "), Roles())
		p.role = &rolePolicy{} // so that what follows is read too
		return
	}
	p.roleName = Roles()[at]
	if p.policy.roles[p.roleName] != nil {
		p.fail("the role %s is described already; a role stands in one place", p.roleName)
		p.role = &rolePolicy{}
		return
	}
	p.role = &rolePolicy{}
	p.policy.roles[p.roleName] = p.role
}

func (p *parser) startRule(words []string) {
	p.endRule()
	if p.role == nil {
		p.fail("a rule stands under a role")
		return
	}
	if len(words) > 1 {
		p.fail("the name of a rule is one word")
	}
	for _, r := range p.role.rules {
		if r.name == words[0] {
			p.fail("there is a rule %q for %s already", words[0], p.roleName)
		}
	}
	p.rule = &rule{name: words[0], role: p.roleName, line: fmt.Sprintf("%s:%d", p.name, p.line)}
	p.seen = map[string]bool{}
	p.role.rules = append(p.role.rules, p.rule)
}

// endRule checks that a rule is whole.
func (p *parser) endRule() {
	if p.rule == nil {
		return
	}
	for _, verb := range []string{"may", "of", "for"} {
		if !p.seen[verb] {
			p.fail("the rule %q before this line does not say %q", p.rule.name, verb)
		}
	}
	if len(p.rule.terms) == 0 {
		p.fail("the rule %q before this line has no condition; every rule needs a when", p.rule.name)
	}
	p.rule = nil
}

// ofRole reads a statement about all that a role sees.
func (p *parser) ofRole(verb string, words []string) {
	if p.role == nil || p.rule != nil {
		p.fail("%q stands under a role, before its rules", verb)
		return
	}
	switch verb {
	case "rounded":
		p.role.rounded = true
	case "hide":
		p.hide(words)
	case "keep":
		p.keep(words)
	}
}

// hide reads: hide Patient.address Patient.contact.address [when LABEL …]
func (p *parser) hide(words []string) {
	var when Label
	if at := slices.Index(words, "when"); at >= 0 {
		when = p.labelsOf(words[at+1:])
		if when == 0 {
			p.fail("hide … when needs a label")
		}
		words = words[:at]
	}
	for _, path := range words {
		names := strings.Split(path, ".")
		n, known := r4.TypeNumber(names[0])
		if !known || len(names) < 2 {
			p.fail("hide needs elements such as Patient.address, not %q", path)
			continue
		}
		if fault := unmaskable(names); fault != "" {
			p.fail("%s", fault)
			continue
		}
		p.role.masks = append(p.role.masks, &Mask{typ: n, hide: names[1:], When: when})
	}
}

// unmaskable returns what is wrong with the path of an element that is to be
// hidden, and nothing when it can be.
func unmaskable(names []string) string {
	typ := names[0]
	for i, name := range names[1:] {
		e, ok := r4.Child(typ, name)
		path := strings.Join(names[:i+2], ".")
		switch {
		case !ok:
			return "there is no element " + path
		case e.Choice:
			return path + " is a choice of types, which cannot be hidden by itself"
		case i == len(names)-2 && e.Min > 0:
			return path + " cannot be hidden: without it the resource is not valid"
		}
		typ = e.Types[0]
	}
	return ""
}

// keep reads: keep Patient name telecom
func (p *parser) keep(words []string) {
	n, known := r4.TypeNumber(words[0])
	if !known || len(words) < 2 {
		p.fail("keep is written: keep Patient name telecom")
		return
	}
	for _, name := range words[1:] {
		if e, ok := r4.Child(words[0], name); !ok || e.Name != name {
			p.fail("there is no element %s.%s", words[0], name)
		}
	}
	for _, e := range r4.Elements(words[0]) {
		if e.Min > 0 && !slices.Contains(words, e.Name) {
			p.fail("keep must name %s.%s: without it the rest is not valid", words[0], e.Name)
		}
	}
	p.role.masks = append(p.role.masks, &Mask{typ: n, keep: words[1:]})
}

// ofRule reads a statement of a rule.
func (p *parser) ofRule(verb string, words []string) {
	if p.rule == nil {
		p.fail("%q stands under a rule", verb)
		return
	}
	if p.seen[verb] && verb != "when" && verb != "except" {
		p.fail("the rule says %q twice", verb)
		return
	}
	p.seen[verb] = true
	switch verb {
	case "may":
		p.may(words)
	case "of":
		if p.rule.types = p.types(words); p.rule.types.empty() {
			p.fail("the rule is of no type")
		}
	case "for":
		p.purposes(words)
	case "when":
		p.when(words)
	case "except":
		p.except(words)
	}
}

func (p *parser) may(words []string) {
	for _, w := range words {
		at := slices.Index(actionNames[:], w)
		if at < 0 {
			p.fail("there is no action %q; the actions are %s", w, strings.Join(actionNames[:], " "))
			continue
		}
		p.rule.actions |= 1 << at
	}
}

func (p *parser) purposes(words []string) {
	if slices.Equal(words, []string{"any"}) {
		return
	}
	for _, w := range words {
		if !slices.Contains(Purposes(), Purpose(w)) {
			p.fail("there is no purpose %q; the purposes are any or %v", w, Purposes())
			continue
		}
		p.rule.purposes = append(p.rule.purposes, Purpose(w))
	}
}

func (p *parser) when(words []string) {
	t := term{}
	switch strings.Join(words, " ") {
	case "agreement":
		t.kind = termAgreement
	case "scoped":
		t.kind = termScoped
	case "nobody's":
		t.kind = termNobody
	case "somebody's":
		t.kind = termSomebody
	case "anyone's":
		t.kind = termAnyone
	case "glass broken":
		t.kind = termGlass
	default:
		switch {
		case words[0] == "through" && len(words) == 2 && slices.Contains(hands, Hand(words[1])):
			t.kind, t.hand = termThrough, Hand(words[1])
		case words[0] == "related" && len(words) > 1:
			t = p.related(words[1:])
		case words[0] == "labelled" && len(words) > 1:
			t.kind, t.labels = termLabelled, p.labelsOf(words[1:])
		default:
			p.fail("there is no condition %q; they are related BASIS…, labelled LABEL…, agreement, scoped, nobody's, somebody's, anyone's, glass broken, through workflow", strings.Join(words, " "))
			return
		}
	}
	for _, other := range p.rule.terms {
		if other.kind == t.kind {
			p.fail("the rule has this condition twice")
		}
	}
	p.rule.terms = append(p.rule.terms, t)
}

func (p *parser) related(words []string) term {
	t := term{kind: termRelated}
	for _, w := range words {
		at := slices.Index(basisNames[:], w)
		if at < 1 || Basis(at).ofNobody() {
			p.fail("there is no basis %q; they are %s", w, strings.Join(basisNames[1:Agreement], " "))
			continue
		}
		t.bases |= 1 << at
	}
	return t
}

// except reads: except LABEL … [uncleared]
func (p *parser) except(words []string) {
	t := term{kind: termExcept}
	if words[len(words)-1] == "uncleared" {
		t.clearing = true
		words = words[:len(words)-1]
	}
	t.labels = p.labelsOf(words)
	if t.labels == 0 {
		p.fail("except needs a label")
	}
	p.rule.terms = append(p.rule.terms, t)
}
