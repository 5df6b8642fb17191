package language

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"joinery/timeline"
	"joinery/written"
)

func (r *reader) age(_ *written.Fields, n *yaml.Node, _ int) Expr {
	s := r.span(n, "age")
	if s == nil {
		return nil
	}
	a := &Age{at: at{r.Place(n)}, Is: *s, Unit: Years}
	if s.Unit != "" {
		u, ok := parseUnit(s.Unit)
		if !ok {
			r.Wrong(n, "%q is not a unit of age; write \"18 or over\" for years, or \"6 to 23 months\".", s.Unit)
		}
		a.Unit = u
	}
	return a
}

// born reads "since 2024-07-01", "before 2024-07-01" and "2022-09-01 to
// 2024-06-30".
func (r *reader) born(_ *written.Fields, n *yaml.Node, _ int) Expr {
	text := r.Text(n, "born")
	x := &Born{at: at{r.Place(n)}, From: timeline.NoDay, To: timeline.NoDay, text: text}
	words := strings.Fields(text)
	day := func(i int) timeline.Day {
		d, err := parseDay(words[i])
		if err != nil {
			r.Wrong(n, "born: %v.", err)
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
			r.Wrong(n, "Nobody was born from %s to %s; write the earlier day first.", x.From, x.To)
		}
	default:
		r.Wrong(n, "%q is not understood; write \"born: since 2024-07-01\", \"born: before 2024-07-01\" or \"born: 2022-09-01 to 2024-06-30\".", text)
	}
	return x
}

func (r *reader) sex(_ *written.Fields, n *yaml.Node, _ int) Expr {
	return &Sex{at{r.Place(n)}, r.Words(n, "sex", []string{"female", "male", "other", "unknown"})}
}

func (r *reader) registered(_ *written.Fields, n *yaml.Node, _ int) Expr {
	x := &Registered{at: at{r.Place(n)}, Yes: true}
	switch text := r.Text(n, "registered"); text {
	case "yes", "true":
	case "no", "false":
		x.Yes = false
	default:
		words := strings.Fields(strings.TrimPrefix(text, "at least "))
		p, rest, err := parsePeriod(words)
		if err != nil || len(rest) > 0 && strings.Join(rest, " ") != "or more" {
			r.Wrong(n, "%q is not understood; write \"registered: yes\", \"registered: no\" or \"registered: at least 6 months\".", text)
		}
		x.For = p
	}
	return x
}

func (r *reader) practice(_ *written.Fields, n *yaml.Node, _ int) Expr {
	return &Registered{at: at{r.Place(n)}, Yes: true, In: r.Texts(n, "practice")}
}

func (r *reader) network(_ *written.Fields, n *yaml.Node, _ int) Expr {
	return &Registered{at: at{r.Place(n)}, Yes: true, In: r.Texts(n, "network"), Networks: true}
}

func (r *reader) area(_ *written.Fields, n *yaml.Node, _ int) Expr {
	x := &Area{at: at{r.Place(n)}}
	in := r.Texts(n, "area")
	if len(in) == 1 && in[0] == "resident" {
		return x
	}
	for _, code := range in {
		if len(code) != 9 || !strings.HasPrefix(code, "E01") && !strings.HasPrefix(code, "E09") {
			r.Wrong(n, "%q is no area; write \"resident\" (lives in the area the record is of), a borough such as E09000022 or an LSOA such as E01003012.", code)
		}
	}
	x.In = in
	return x
}

func (r *reader) deprivation(_ *written.Fields, n *yaml.Node, _ int) Expr {
	s := r.span(n, "deprivation")
	if s == nil {
		return nil
	}
	return &Deprivation{at{r.Place(n)}, *s}
}

func (r *reader) ethnicity(_ *written.Fields, n *yaml.Node, _ int) Expr {
	x := &Ethnicity{at{r.Place(n)}, r.Texts(n, "ethnicity")}
	for _, letter := range x.In {
		if letter != "99" && (len(letter) != 1 || !strings.Contains("ABCDEFGHJKLMNPRSZ", letter)) {
			r.Wrong(n, "%q is no ethnic category; write the letters of the NHS list (A White British … S any other, Z not stated) or 99 (not known).", letter)
		}
	}
	return x
}
