package pages

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"text/template/parse"
	"time"

	"joinery/care/workflow/clock"
)

// The record is written in English, in whatever language a page is shown. On a page
// in another language, what stands in the record is marked as English, so that a
// screen reader says it so and it keeps its own direction; and what people's safety
// hangs on stands there in English too, for as long as nobody has checked the
// translation.

// recorded returns what the record says as a page in a language shows it.
func (l *tongue) recorded(says any) template.HTML {
	text := template.HTMLEscapeString(fmt.Sprint(says))
	if l.of != nil && text != "" {
		text = `<bdi lang="en">` + text + `</bdi>`
	}
	return template.HTML(text) //nolint:gosec // it was escaped
}

// functions are what templates can call for pages in any language.
func (l *tongue) functions() template.FuncMap {
	return template.FuncMap{
		"told":     l.told,
		"rec":      l.recorded,
		"original": l.original,
		"foreign":  func() bool { return l.of != nil }, // what is recorded is in another language than the page
		"sep":      func() string { return l.text("frame.comma") },
		"theirs": func(acts bool, mine, theirs string) string { // to a carer, the key of what is said of whom they act for
			if acts {
				return theirs
			}
			return mine
		},
		"acted": func(o own, r ringing) any {
			return struct {
				Acts bool
				ringing
			}{o.Acts, r}
		},
	}
}

// told is say for texts into which something of the record is filled.
func (l *tongue) told(key string, with ...any) (template.HTML, error) {
	text, err := l.say(key, marked(with)...)
	if err != nil {
		return "", err
	}
	text = template.HTMLEscapeString(text)
	for i := 0; i+1 < len(with); i += 2 {
		text = strings.ReplaceAll(text, mark(i), string(l.recorded(with[i+1])))
	}
	return template.HTML(text), nil //nolint:gosec // all of it was escaped
}

// marked puts marks in the place of values, but for the number that decides the
// plural's form.
func marked(with []any) []any {
	out := make([]any, len(with))
	copy(out, with)
	for i := 0; i+1 < len(with); i += 2 {
		if _, isNumber := with[i+1].(int); !isNumber {
			out[i+1] = mark(i)
		}
	}
	return out
}

// mark is what no text holds: a character that is for private use.
func mark(i int) string { return "\ue000" + strconv.Itoa(i) + "\ue001" }

// original returns the English of a text that people's safety hangs on, to stand
// beside a translation that nobody has checked; empty where there is no need.
func (l *tongue) original(key string, with ...any) (string, error) {
	if !l.unreviewed() {
		return "", nil
	}
	return l.of.say(key, with...)
}

// unreviewed reports whether the texts are a translation that nobody has checked.
// Who did stands in the file itself: there is no setting for it.
func (l *tongue) unreviewed() bool { return l.of != nil && l.texts["frame.reviewed-by"] == "nobody" }

// hour writes the time of day in London as people say it: 2:30pm.
func (l *tongue) hour(t time.Time) (string, error) {
	t = t.In(clock.London)
	key := "frame.hour-am"
	if t.Hour() >= 12 {
		key = "frame.hour-pm"
	}
	return l.say(key, "time", t.Format("3:04"))
}

// refused returns in a language what a fault says, where its words are among the
// texts. Faults are written in English, where they happen.
func (l *tongue) refused(message string) (says string, ok bool) {
	if l.of == nil {
		return message, true
	}
	if key := l.of.faults[message]; key != "" {
		return l.text(key), true
	}
	return "", false
}

// refused is what a page says of a fault: in its own language, or else in English,
// to stand beside what it can say.
func (c *call) refused(page, message string) (says, asWritten string) {
	says, ok := c.speaks(page).refused(message)
	if !ok {
		return "", message
	}
	return says, ""
}

// withFaults notes by which keys the texts of faults are known.
func (l *tongue) withFaults() {
	l.faults = map[string]string{}
	for key, text := range l.texts {
		if part(key) == "fault" {
			l.faults[text] = key
		}
	}
}

// partsOf are the parts whose texts a page's templates name.
func partsOf(page *template.Template, known map[string]bool) map[string]bool {
	parts, seen := map[string]bool{}, map[string]bool{}
	var walk func(parse.Node)
	follow := func(name string) {
		if t := page.Lookup(name); t != nil && t.Tree != nil && !seen[name] {
			seen[name] = true
			walk(t.Tree.Root)
		}
	}
	branch := func(b *parse.BranchNode) {
		walk(b.Pipe)
		walk(b.List)
		if b.ElseList != nil {
			walk(b.ElseList)
		}
	}
	walk = func(n parse.Node) {
		switch n := n.(type) {
		case *parse.ListNode:
			for _, one := range n.Nodes {
				walk(one)
			}
		case *parse.ActionNode:
			walk(n.Pipe)
		case *parse.IfNode:
			branch(&n.BranchNode)
		case *parse.RangeNode:
			branch(&n.BranchNode)
		case *parse.WithNode:
			branch(&n.BranchNode)
		case *parse.TemplateNode:
			if n.Pipe != nil {
				walk(n.Pipe)
			}
			follow(n.Name)
		case *parse.PipeNode:
			for _, command := range n.Cmds {
				for _, arg := range command.Args {
					walk(arg)
				}
			}
		case *parse.StringNode:
			if p := part(n.Text); p != n.Text && known[p] {
				parts[p] = true
			}
		}
	}
	follow("frame")
	return parts
}
