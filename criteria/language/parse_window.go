package language

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"joinery/written"
)

// window reads the keys that say when events are looked for. Without any it is
// everything up to the index date.
func (r *reader) window(f *written.Fields, head *yaml.Node) Window {
	within, between := f.Take("within"), f.Take("between")
	since, before := f.Take("since"), f.Take("before")
	from, to := f.Take("from"), f.Take("to")
	after := f.Take("after")
	n := 0
	for _, x := range []*yaml.Node{within, between, since, before, from, after} {
		if x != nil {
			n++
		}
	}
	switch {
	case n > 1:
		r.Wrong(head, "The time is given twice; keep one of within, between, since, before, and from with to.")
	case within != nil:
		return r.within(within)
	case between != nil:
		return r.between(between)
	case since != nil:
		return r.since(since)
	case before != nil:
		return r.before(before)
	case after != nil:
		what := r.Text(after, "after")
		r.Wrong(after, "A window that only begins has no end; write \"within: 28 days after %s\", or \"since: %s\" for up to the index date.", what, what)
	case from != nil && to == nil:
		r.Wrong(from, "The window has no end; add \"to: %s\" with its last day, or write \"since: %s\" for up to the index date.", "2026-03-31", r.Text(from, "from"))
	case from == nil && to != nil:
		r.Wrong(to, "The window has no beginning; add \"from: 2025-04-01\" with its first day.")
	case from != nil:
		return r.dates(from, to)
	}
	return Window{text: "ever"}
}

func (r *reader) within(n *yaml.Node) Window {
	text := r.Text(n, "within")
	w := Window{Kind: Within, text: "within " + text}
	p, rest, err := parsePeriod(strings.Fields(text))
	if err != nil {
		r.Wrong(n, "within: %v.", err)
		return w
	}
	w.Length = p
	if len(rest) == 0 {
		if p.N == 0 {
			r.Wrong(n, "A window of no length holds nothing; write \"within: 1 day\" for the index date itself.")
		}
		return w
	}
	if strings.Join(rest[1:], " ") == "index date" || strings.Join(rest[1:], " ") == "the index date" {
		switch rest[0] {
		case "after":
			r.Wrong(n, "This reads data after the index date, which nobody has yet on that day; write \"within: %s\" for the time up to it.", p)
		default:
			r.Wrong(n, "Windows end on the index date anyway; write \"within: %s\".", p)
		}
		return w
	}
	switch rest[0] {
	case "after":
		w.Kind = WithinAfter
	case "before":
		w.Kind = WithinBefore
	case "of":
		r.Wrong(n, "%q does not say on which side; write \"within: %s after %s\" or \"within: %s before %s\".", text, p, strings.Join(rest[1:], " "), p, strings.Join(rest[1:], " "))
		return w
	default:
		r.Wrong(n, "%q is not understood; write \"12 months\", \"28 days after discharge\" or \"7 days before surgery\".", text)
		return w
	}
	w.Anchor, rest = r.anchor(n, rest[1:])
	r.nothingLeft(n, rest)
	return w
}

// between reads "6 and 18 months ago", "12 months and 3 months ago", "3 and 24
// months before discharge", and "age 12 months and age 24 months".
func (r *reader) between(n *yaml.Node) Window {
	text := r.Text(n, "between")
	w := Window{Kind: Between, text: "between " + text}
	words := strings.Fields(text)
	near, far, ok := cut(words, "and")
	if !ok {
		r.Wrong(n, "between has two ends; write \"6 and 18 months ago\", or \"age 1 year and age 2 years\".")
		return w
	}
	var rest []string
	if length, anchor, before := cut(far, "before"); before {
		w.Kind = BetweenBefore
		r.ends(n, &w, near, length)
		w.Anchor, rest = r.anchor(n, anchor)
		r.nothingLeft(n, rest)
		return w
	}
	if len(far) > 0 && far[len(far)-1] == "ago" {
		r.ends(n, &w, near, far[:len(far)-1])
		return w
	}
	w.Kind = BetweenAnchors
	w.Anchor, rest = r.anchor(n, near)
	r.nothingLeft(n, rest)
	w.Last, rest = r.anchor(n, far)
	r.nothingLeft(n, rest)
	if a, b := w.Anchor, w.Last; a != nil && b != nil && a.Name == "" && b.Name == "" && days(a.Age) >= days(b.Age) {
		r.Wrong(n, "The window ends before it begins; write the younger age first.")
	}
	return w
}

// ends reads how far back a window's two ends lie.
func (r *reader) ends(n *yaml.Node, w *Window, near, far []string) {
	if len(near) == 1 && len(far) == 2 {
		near = append(near, far[1])
	}
	a, rest, err := parsePeriod(near)
	b, rest2, err2 := parsePeriod(far)
	if err != nil || err2 != nil || len(rest)+len(rest2) > 0 {
		r.Wrong(n, "%q is not understood; write \"6 and 18 months ago\", or \"3 and 24 months before discharge\".", strings.TrimPrefix(w.text, "between "))
		return
	}
	if days(a) > days(b) {
		a, b = b, a
	}
	if days(a) == days(b) {
		r.Wrong(n, "The two ends are the same, so the window holds nothing; write the nearer and the farther one.")
	}
	w.Until, w.Length = a, b
}

func cut(words []string, at string) (before, after []string, ok bool) {
	for i, w := range words {
		if w == at {
			return append([]string{}, words[:i]...), words[i+1:], true
		}
	}
	return words, nil, false
}

// days returns about how long a period is, to compare two.
func days(p Period) int { return p.N * []int{100, 700, 3044, 36525}[p.Unit] }

func (r *reader) since(n *yaml.Node) Window {
	text := r.Text(n, "since")
	w := Window{Kind: Since, text: "since " + text}
	if d, err := parseDay(text); err == nil {
		w.Kind, w.From = Dates, d
		return w
	}
	var rest []string
	w.Anchor, rest = r.anchor(n, strings.Fields(text))
	r.nothingLeft(n, rest)
	return w
}

func (r *reader) before(n *yaml.Node) Window {
	text := r.Text(n, "before")
	w := Window{Kind: BeforeAnchor, text: "before " + text}
	words := strings.Fields(text)
	if len(words) == 3 && words[2] == "ago" {
		p, _, err := parsePeriod(words)
		if err != nil {
			r.Wrong(n, "before: %v.", err)
		}
		w.Kind, w.Until = EndsAgo, p
		return w
	}
	var rest []string
	w.Anchor, rest = r.anchor(n, words)
	r.nothingLeft(n, rest)
	return w
}

func (r *reader) dates(from, to *yaml.Node) Window {
	w := Window{Kind: Dates}
	var err error
	if w.From, err = parseDay(r.Text(from, "from")); err != nil {
		r.Wrong(from, "from: %v.", err)
	}
	if w.To, err = parseDay(r.Text(to, "to")); err != nil {
		r.Wrong(to, "to: %v.", err)
	}
	if w.From > w.To && w.To != 0 {
		r.Wrong(to, "The window ends before it begins; write the earlier day under from.")
	}
	w.text = "from " + w.From.String() + " to " + w.To.String()
	return w
}

// anchor reads what a window hangs on: "birth", "age 2 years", or the name of
// an event, which may still be defined further down.
func (r *reader) anchor(n *yaml.Node, words []string) (*Anchor, []string) {
	switch {
	case len(words) == 0:
		r.Wrong(n, "What the window hangs on is missing; write birth, \"age 2 years\" or the name of one of the events.")
		return nil, nil
	case words[0] == "birth":
		return &Anchor{at: at{r.Place(n)}}, words[1:]
	case words[0] == "age":
		words = words[1:]
		if len(words) == 1 {
			words = append(words, "years")
		}
		p, rest, err := parsePeriod(words)
		if err != nil {
			r.Wrong(n, "age: %v.", err)
			return nil, nil
		}
		return &Anchor{at: at{r.Place(n)}, Age: p}, rest
	}
	a := &Anchor{at: at{r.Place(n)}, Name: words[0]}
	r.hanging = append(r.hanging, a)
	return a, words[1:]
}

func (r *reader) nothingLeft(n *yaml.Node, words []string) {
	if len(words) > 0 {
		r.Wrong(n, "%q is too much here; leave it out.", strings.Join(words, " "))
	}
}
