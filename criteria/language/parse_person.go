package language

import (
	"strings"

	"go.yaml.in/yaml/v3"
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
