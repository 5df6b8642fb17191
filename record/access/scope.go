package access

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"joinery/fault"
	"joinery/fhir/r4"
)

// Scopes are what a program may do, after SMART App Launch 2.2: each scope is
// level/Type.rights, with the rights c, r, u, d and s in that order, and may be
// narrowed by category, as in
//
//	system/Observation.rs?category=laboratory
//	patient/*.rs
//	user/Task.cruds
//
// The rights of version 1 are taken too: read is rs, write is cud, * is cruds.
// Beside these, label/HIV gives a system sight of what is marked HIV, and
// label/* of everything; a scope for every type (system/*.rs) brings that along
// for its own rights. The scope launch lets a system open a person's page in a
// browser, and nothing else brings it along. Scopes never change. The zero Scopes
// are none.
type Scopes struct {
	list   []scope
	labels Label
	launch bool
}

const launchScope = "launch"

type level byte

const (
	levelSystem level = iota
	levelUser
	levelPatient
)

var levels = [...]string{"system", "user", "patient"}

// scope is one of them.
type scope struct {
	level      level
	typ        string // "*" is every type
	types      typeSet
	rights     uint8 // bits in the order of "cruds"
	categories Label // 0: whatever the category
	query      string
}

const rightLetters = "cruds"

// right returns the bit of the letter that an action needs.
func (a Action) right() uint8 {
	letter := "r"
	switch a {
	case Create:
		letter = "c"
	case Update:
		letter = "u"
	case Delete:
		letter = "d"
	case Search, Count, Changes:
		letter = "s"
	case Read, History:
	}
	return 1 << strings.Index(rightLetters, letter)
}

// ParseScopes reads scopes with spaces between them. An error is of the kind
// fault.Invalid and says which scope cannot be granted, and why.
func ParseScopes(text string) (Scopes, error) {
	var s Scopes
	for word := range strings.FieldsSeq(text) {
		if word == launchScope {
			s.launch = true
			continue
		}
		if name, ok := strings.CutPrefix(word, "label/"); ok {
			l, err := scopeLabel(name)
			if err != nil {
				return Scopes{}, refused(word, err)
			}
			s.labels |= l
			continue
		}
		one, err := parseScope(word)
		if err != nil {
			return Scopes{}, refused(word, err)
		}
		s.list = append(s.list, one)
	}
	if s.empty() {
		return Scopes{}, fault.New(fault.Invalid, "There is no scope; give at least one, such as system/Patient.rs.")
	}
	return s, nil
}

func refused(word string, err error) error {
	if len(word) > 100 {
		word = word[:100] + "…"
	}
	return fault.Wrap(fault.Invalid, fmt.Sprintf("The scope %q cannot be granted: %v.", word, err), err)
}

func scopeLabel(name string) (Label, error) {
	if name == "*" {
		return Sensitive, nil
	}
	l, ok := LabelNamed(name)
	if !ok || l&Sensitive == 0 {
		return 0, fmt.Errorf("the labels are %s", Sensitive)
	}
	return l, nil
}

func parseScope(word string) (scope, error) {
	head, query, narrowed := strings.Cut(word, "?")
	name, rest, ok := strings.Cut(head, "/")
	at := slices.Index(levels[:], name)
	if !ok || at < 0 {
		return scope{}, fmt.Errorf("it must begin with system/, user/, patient/ or label/, or be launch")
	}
	typ, rights, ok := strings.Cut(rest, ".")
	if !ok {
		return scope{}, fmt.Errorf("it must end with rights, such as .rs")
	}
	s := scope{level: level(at), typ: typ, types: everyType()}
	if typ != "*" {
		n, known := r4.TypeNumber(typ)
		if !known {
			return scope{}, fmt.Errorf("it names no resource type of R4")
		}
		s.types = typeSet{}
		s.types.add(n)
	}
	var err error
	if s.rights, err = parseRights(rights); err != nil {
		return scope{}, err
	}
	if narrowed {
		if s.categories, s.query, err = parseNarrowing(typ, query); err != nil {
			return scope{}, err
		}
	}
	return s, nil
}

func parseRights(text string) (uint8, error) {
	switch text {
	case "read":
		text = "rs"
	case "write":
		text = "cud"
	case "*":
		text = rightLetters
	}
	var rights uint8
	last := -1
	for _, c := range text {
		at := strings.IndexRune(rightLetters, c)
		if at <= last {
			return 0, fmt.Errorf("the rights must be letters of cruds, in that order")
		}
		rights |= 1 << at
		last = at
	}
	if rights == 0 {
		return 0, fmt.Errorf("the rights must be letters of cruds, in that order")
	}
	return rights, nil
}

// parseNarrowing reads what stands behind the question mark: one category
// parameter, of one or more values of which any will do.
func parseNarrowing(typ, query string) (Label, string, error) {
	params, err := url.ParseQuery(query)
	if err != nil {
		return 0, "", fmt.Errorf("what follows the question mark is not well-formed")
	}
	values := params["category"]
	if len(params) != 1 || len(values) != 1 {
		return 0, "", fmt.Errorf("a scope can be narrowed by one parameter category, and by no other")
	}
	if categoriesOf[typ] == nil {
		return 0, "", fmt.Errorf("only %s can be narrowed by category", strings.Join(categoryTypes(), ", "))
	}
	var l Label
	for value := range strings.SplitSeq(values[0], ",") {
		system, code, found := strings.Cut(value, "|")
		if !found {
			system, code = "", value
		}
		if found && system == "" {
			return 0, "", fmt.Errorf("a category without a code system cannot be told apart; leave the bar out")
		}
		bits := Category(typ, system, code)
		if bits == 0 {
			return 0, "", fmt.Errorf("it names a category of %s that cannot be granted by itself", typ)
		}
		l |= bits
	}
	return l, "category=" + values[0], nil
}

func (s Scopes) empty() bool { return len(s.list) == 0 && s.labels == 0 && !s.launch }

// Launches reports whether the scopes let a system make links that open a
// person's page: see record.View.Launch.
func (s Scopes) Launches() bool { return s.launch }

// only reports whether there are scopes and all are of one level; launch is the
// system's.
func (s Scopes) only(l level) bool {
	for _, one := range s.list {
		if one.level != l {
			return false
		}
	}
	return len(s.list) > 0 || s.launch && l == levelSystem
}

func (s Scopes) has(l level) bool {
	return slices.ContainsFunc(s.list, func(one scope) bool { return one.level == l })
}

// cleared returns the marks that an action may meet under the scopes. A scope
// for every type brings all of them along, and what the workflow keeps.
func (s Scopes) cleared(a Action) Label {
	l := s.labels
	for _, one := range s.list {
		if one.typ == "*" && one.categories == 0 && one.rights&a.right() != 0 {
			l |= Sensitive | Workflow
		}
	}
	return l
}

// String returns the scopes as they would be written, in the order they came,
// in the form of version 2.
func (s Scopes) String() string {
	var words []string
	for _, one := range s.list {
		var rights strings.Builder
		for i, c := range rightLetters {
			if one.rights&(1<<i) != 0 {
				rights.WriteRune(c)
			}
		}
		word := levels[one.level] + "/" + one.typ + "." + rights.String()
		if one.query != "" {
			word += "?" + one.query
		}
		words = append(words, word)
	}
	if s.labels == Sensitive {
		words = append(words, "label/*")
	} else {
		for name := range strings.FieldsSeq(s.labels.String()) {
			words = append(words, "label/"+name)
		}
	}
	if s.launch {
		words = append(words, launchScope)
	}
	return strings.Join(words, " ")
}

// reach is what scopes allow of one action: the types whatever the category,
// and the types in some categories only.
type reach struct {
	types    typeSet
	narrowed map[int]Label
}

// reach returns what the scopes allow of an action.
func (s Scopes) reach(a Action) reach {
	r := reach{narrowed: map[int]Label{}}
	for _, one := range s.list {
		if one.rights&a.right() == 0 {
			continue
		}
		if one.categories == 0 {
			r.types = r.types.or(one.types)
			continue
		}
		n, _ := r4.TypeNumber(one.typ)
		r.narrowed[n] |= one.categories
	}
	for n := range r.narrowed {
		if r.types.has(n) {
			delete(r.narrowed, n)
		}
	}
	return r
}
