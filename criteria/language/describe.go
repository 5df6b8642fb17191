package language

import (
	"fmt"
	"strings"
	"unicode"
)

// Describe says a condition in one line of plain English.
func Describe(x Expr) string {
	switch x := x.(type) {
	case nil:
		return "everybody"
	case *All:
		return joined(x.Of, " and ")
	case *Any:
		return joined(x.Of, " or ")
	case *Not:
		if e, ok := x.Of.(*Events); ok && e.Op == Has {
			return "no " + strings.TrimPrefix(e.describe(), "has ")
		}
		return "not " + within(x.Of)
	case *AtLeast:
		return fmt.Sprintf("at least %d of: %s", x.N, joined(x.Of, "; "))
	case *Score:
		if x.Is == nil {
			return fmt.Sprintf("the score of %d conditions", len(x.Terms))
		}
		return fmt.Sprintf("the score of %d conditions is %s", len(x.Terms), x.Is)
	case *Needing:
		return Describe(x.Of)
	case *Meets:
		return "meets " + x.Name
	case *Events:
		return x.describe()
	case *Change:
		text := fmt.Sprintf("the change from the %s to the %s", x.From.describe(), x.To.describe())
		if x.Value != nil {
			text += " is " + x.Value.String()
		}
		return text
	case *Stays:
		return "days in: " + x.Events.describe()
	}
	return describePerson(x)
}

// Brief says a condition in one line, or a name for it where it is made of
// several.
func Brief(x Expr, name string) string {
	switch x.(type) {
	case *All, *Any, *AtLeast, *Needing:
		return name
	}
	return Describe(x)
}

func describePerson(x Expr) string {
	switch x := x.(type) {
	case *Age:
		return "age " + x.Is.String()
	case *Born:
		return "born " + x.String()
	case *Sex:
		return strings.Join(x.In, " or ")
	case *Registered:
		return x.describe()
	case *Area:
		if len(x.In) == 0 {
			return "lives in the area"
		}
		return "lives in " + strings.Join(x.In, " or ")
	case *Deprivation:
		return "lives in deprivation decile " + x.Is.String()
	case *Ethnicity:
		return "ethnic category " + strings.Join(x.In, " or ")
	}
	return fmt.Sprintf("%T", x)
}

func joined(of []Expr, with string) string {
	const most = 6 // conditions; a longer line is not read
	var parts []string
	for i, x := range of {
		if i == most {
			parts = append(parts, fmt.Sprintf("%d more", len(of)-most))
			break
		}
		parts = append(parts, within(x))
	}
	return strings.Join(parts, with)
}

func within(x Expr) string {
	switch x.(type) {
	case *All, *Any, *AtLeast:
		return "(" + Describe(x) + ")"
	}
	return Describe(x)
}

// Name returns what the events are called in sentences.
func (e *Events) Name() string {
	name := e.Subject
	if e.Codes != nil {
		name = e.Codes.Title
	}
	if e.Subject == "any" {
		var kinds []string
		for _, k := range e.Kinds {
			kinds = append(kinds, words(k))
		}
		name = strings.Join(kinds, " or ")
	}
	if len(e.Classes) > 0 {
		name = classNames(e.Classes) + " " + name
	}
	return name
}

// words writes the name of a FHIR resource type as one speaks it.
func words(kind string) string {
	var b strings.Builder
	for i, r := range kind {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// classNames says classes of encounters in the words that a definition has for
// them.
func classNames(classes []string) string {
	var out []string
	for _, code := range classes {
		name := code
		for word, c := range classWords {
			if c == code {
				name = word
			}
		}
		out = append(out, name)
	}
	return strings.Join(out, " or ")
}

func (e *Events) describe() string {
	var b strings.Builder
	b.WriteString(map[EventOp]string{Has: "has ", Count: "count of ", First: "first ", Last: "last "}[e.Op])
	b.WriteString(e.Name())
	is := strings.Join(e.Statuses, " or ")
	switch {
	case e.Ongoing && is != "":
		is += " and ongoing"
	case e.Ongoing:
		is = "ongoing"
	}
	if is != "" {
		b.WriteString(" that is " + is + ",")
	}
	if e.Days {
		b.WriteString(", on different days,")
	}
	if e.Concepts {
		b.WriteString(", of different codes,")
	}
	if e.Window.Kind != Ever {
		b.WriteString(" " + e.Window.String())
	}
	switch e.Dated {
	case ByStart:
	case ByEnd:
		b.WriteString(" by its end")
	case ByRecord:
		b.WriteString(" by when it was entered")
	}
	if e.Value != nil {
		b.WriteString(", value " + e.Value.String())
	}
	if e.Answer != nil {
		b.WriteString(", answer " + e.Answer.Title)
	}
	if e.Was != nil {
		b.WriteString(", was " + e.Was.Title)
	}
	if e.Is != nil {
		b.WriteString(" is " + e.Is.String())
	}
	return strings.TrimSuffix(strings.ReplaceAll(b.String(), ",,", ","), ",")
}

func (x *Registered) describe() string {
	switch {
	case !x.Yes:
		return "is registered nowhere"
	case x.Networks:
		return "registered in network " + strings.Join(x.In, " or ")
	case len(x.In) > 0:
		return "registered with " + strings.Join(x.In, " or ")
	case x.For.N > 0:
		return "registered for at least " + x.For.String()
	}
	return "registered"
}
