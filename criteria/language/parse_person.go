package language

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"joinery/timeline"
)

func (r *reader) age(_ *fields, n *yaml.Node, _ int) Expr {
	s := r.span(n, "age")
	if s == nil {
		return nil
	}
	a := &Age{at: at{r.place(n)}, Is: *s, Unit: Years}
	if s.Unit != "" {
		u, ok := parseUnit(s.Unit)
		if !ok {
			r.wrong(n, "%q is not a unit of age; write \"18 or over\" for years, or \"6 to 23 months\".", s.Unit)
		}
		a.Unit = u
	}
	return a
}

// born reads "since 2024-07-01", "before 2024-07-01" and "2022-09-01 to
// 2024-06-30".
func (r *reader) born(_ *fields, n *yaml.Node, _ int) Expr {
	text := r.text(n, "born")
	x := &Born{at: at{r.place(n)}, From: timeline.NoDay, To: timeline.NoDay, text: text}
	words := strings.Fields(text)
	day := func(i int) timeline.Day {
		d, err := parseDay(words[i])
		if err != nil {
			r.wrong(n, "born: %v.", err)
		}
		return d
	}
	switch {
	case len(words) == 2 && words[0] == "since":
		x.From = day(1)
	case len(words) == 2 && words[0] == "before":
		x.To = day(1) - 1
	case len(words) == 3 && words[1] == "to":
		if x.From, x.To = day(0), day(2); x.From > x.To && x.To != timeline.NoDay {
			r.wrong(n, "Nobody was born from %s to %s; write the earlier day first.", x.From, x.To)
		}
	default:
		r.wrong(n, "%q is not understood; write \"born: since 2024-07-01\", \"born: before 2024-07-01\" or \"born: 2022-09-01 to 2024-06-30\".", text)
	}
	return x
}

func (r *reader) sex(_ *fields, n *yaml.Node, _ int) Expr {
	return &Sex{at{r.place(n)}, r.words(n, "sex", []string{"female", "male", "other", "unknown"})}
}

func (r *reader) registered(_ *fields, n *yaml.Node, _ int) Expr {
	x := &Registered{at: at{r.place(n)}, Yes: true}
	switch text := r.text(n, "registered"); text {
	case "yes", "true":
	case "no", "false":
		x.Yes = false
	default:
		words := strings.Fields(strings.TrimPrefix(text, "at least "))
		p, rest, err := parsePeriod(words)
		if err != nil || len(rest) > 0 && strings.Join(rest, " ") != "or more" {
			r.wrong(n, "%q is not understood; write \"registered: yes\", \"registered: no\" or \"registered: at least 6 months\".", text)
		}
		x.For = p
	}
	return x
}

func (r *reader) practice(_ *fields, n *yaml.Node, _ int) Expr {
	return &Registered{at: at{r.place(n)}, Yes: true, In: r.texts(n, "practice")}
}

func (r *reader) network(_ *fields, n *yaml.Node, _ int) Expr {
	return &Registered{at: at{r.place(n)}, Yes: true, In: r.texts(n, "network"), Networks: true}
}

func (r *reader) area(_ *fields, n *yaml.Node, _ int) Expr {
	x := &Area{at: at{r.place(n)}}
	in := r.texts(n, "area")
	if len(in) == 1 && in[0] == "resident" {
		return x
	}
	for _, code := range in {
		if len(code) != 9 || !strings.HasPrefix(code, "E01") && !strings.HasPrefix(code, "E09") {
			r.wrong(n, "%q is no area; write \"resident\" (lives in the area the record is of), a borough such as E09000022 or an LSOA such as E01003012.", code)
		}
	}
	x.In = in
	return x
}

func (r *reader) deprivation(_ *fields, n *yaml.Node, _ int) Expr {
	s := r.span(n, "deprivation")
	if s == nil {
		return nil
	}
	return &Deprivation{at{r.place(n)}, *s}
}

func (r *reader) ethnicity(_ *fields, n *yaml.Node, _ int) Expr {
	x := &Ethnicity{at{r.place(n)}, r.texts(n, "ethnicity")}
	for _, letter := range x.In {
		if letter != "99" && (len(letter) != 1 || !strings.Contains("ABCDEFGHJKLMNPRSZ", letter)) {
			r.wrong(n, "%q is no ethnic category; write the letters of the NHS list (A White British … S any other, Z not stated) or 99 (not known).", letter)
		}
	}
	return x
}
