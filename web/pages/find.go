package pages

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"joinery/record"
)

// findView is the form by which people are found, and who was. Nothing of it stands
// in an address.
type findView struct {
	Number, Family, Given, Postcode Input
	Birth                           Date
	Asked                           bool
	Found                           []foundPerson
	Near                            bool // several are alike
	Most                            int  // people that are shown; there are more
}

// foundPerson is somebody who was found.
type foundPerson struct {
	banner
	Differs []string // keys of what is not as it was typed
}

const shownFound = 20

// find answers GET /people: an empty form.
func (c *call) find() (*page, error) {
	v, err := c.findForm()
	if err != nil {
		return nil, err
	}
	return &page{name: "find", view: v}, nil
}

// findForm is the form with what was typed.
func (c *call) findForm() (*findView, error) {
	v := &findView{}
	var err error
	text := func(key string) string {
		s, again := c.tongue.say("find." + key)
		if again != nil {
			err = again
		}
		return s
	}
	field := func(name, label, hint string) Field {
		f := Field{ID: name, Name: name, Label: text(label), Value: c.field(name)}
		if hint != "" {
			f.Hint = text(hint)
		}
		return f
	}
	v.Number = Input{Field: field("number", "number", "number-hint"), Mode: "numeric", Width: "10"}
	v.Family = Input{Field: field("family", "family", "")}
	v.Given = Input{Field: field("given", "given", "given-hint")}
	v.Postcode = Input{Field: field("postcode", "postcode", "postcode-hint"), Width: "10"}
	v.Birth = Date{Field: field("birth", "birth", "birth-hint"), Day: c.field("day"), Month: c.field("month"), Year: c.field("year"), Words: [3]string{text("day"), text("month"), text("year")}}
	return v, err
}

// found answers POST /people: who is meant, as far as whoever asks may see them.
func (c *call) found() (*page, error) {
	if err := c.only("number", "family", "given", "postcode", "day", "month", "year", "by"); err != nil {
		return nil, err
	}
	v, err := c.findForm()
	if err != nil {
		return nil, err
	}
	var wrong []mistake
	if c.field("by") == "number" {
		wrong, err = c.byNumber(v)
	} else {
		wrong, err = c.byName(v)
	}
	if err != nil {
		return nil, err
	}
	p := &page{name: "find", view: v, errors: wrong}
	if len(wrong) > 0 {
		p.status = http.StatusUnprocessableEntity
	}
	return p, nil
}

// wrong notes what is wrong with a field.
func (c *call) wrong(f *Field, field, key string) (mistake, error) {
	says, err := c.tongue.say(key)
	f.Error = says
	return mistake{field, says}, err
}

func (c *call) byNumber(v *findView) ([]mistake, error) {
	digits := strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, c.field("number"))
	key := ""
	switch {
	case len(digits) != 10 || strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' }):
		key = "find.need-number"
	case !validNumber(digits):
		key = "find.wrong-number"
	}
	if key != "" {
		m, err := c.wrong(&v.Number.Field, "number", key)
		return []mistake{m}, err
	}
	found, err := c.search("Patient", "identifier", nhsNumberSystem+"|"+digits, "_count", strconv.Itoa(shownFound))
	if err != nil {
		return nil, err
	}
	return nil, c.show(v, found, func(banner) []string { return nil })
}

// validNumber reports whether ten digits are an NHS number: the last is the check
// digit, modulus 11. Source: NHS Data Dictionary, NHS NUMBER.
func validNumber(digits string) bool {
	sum := 0
	for i := range 9 {
		sum += int(digits[i]-'0') * (10 - i)
	}
	check := 11 - sum%11
	if check == 11 {
		check = 0
	}
	return check < 10 && int(digits[9]-'0') == check
}

// byName looks for the family name and the birthday; then, so that a slip of the
// pen in either finds the person too, for those who differ in one of them, and says
// in what.
func (c *call) byName(v *findView) ([]mistake, error) {
	var wrong []mistake
	family, given := c.field("family"), c.field("given")
	if len([]rune(family)) < 2 {
		m, err := c.wrong(&v.Family.Field, "family", "find.need-family")
		if err != nil {
			return nil, err
		}
		wrong = append(wrong, m)
	}
	born, ok := dayOf(c.field("day"), c.field("month"), c.field("year"))
	if !ok || born.After(c.now()) {
		m, err := c.wrong(&v.Birth.Field, "birth-day", "find.need-birth")
		if err != nil {
			return nil, err
		}
		wrong = append(wrong, m)
	}
	if len(wrong) > 0 {
		return wrong, nil
	}
	day := born.Format(time.DateOnly)
	asked := [][]string{
		{"family", family, "birthdate", day},
		{"birthdate", day, "given", given},
		{"family", family, "given", given, "birthdate", "ge" + born.AddDate(-1, 0, 0).Format(time.DateOnly), "birthdate", "le" + born.AddDate(1, 0, 0).Format(time.DateOnly)},
	}
	var all record.Page
	for _, params := range asked {
		if given == "" && slices.Contains(params, "given") {
			continue
		}
		found, err := c.search("Patient", append(params, "_count", strconv.Itoa(shownFound))...)
		if err != nil {
			return nil, err
		}
		all.Entries = append(all.Entries, found.Entries...)
		if found.Next != "" {
			all.Next = found.Next
		}
	}
	return nil, c.show(v, all, func(b banner) []string { return c.differs(b, family, given, born) })
}

// differs says in what somebody is not as they were looked for.
func (c *call) differs(b banner, family, given string, born time.Time) []string {
	var out []string
	if !strings.EqualFold(b.Family, family) {
		out = append(out, "find.differs-family")
	}
	if given != "" && !strings.Contains(strings.ToLower(b.Given+" "+b.Known), strings.ToLower(given)) {
		out = append(out, "find.differs-given")
	}
	if !b.Born.Equal(born) || b.Born.layout != "" {
		out = append(out, "find.differs-birth")
	}
	if code := c.field("postcode"); code != "" && !slices.ContainsFunc(b.Address, func(line string) bool { return squeeze(line) == squeeze(code) }) {
		out = append(out, "find.differs-postcode")
	}
	return out
}

func squeeze(s string) string { return strings.ToUpper(strings.ReplaceAll(s, " ", "")) }

// dayOf reads a day that was typed in three fields.
func dayOf(day, month, year string) (time.Time, bool) {
	t, err := time.Parse("2-1-2006", strings.TrimLeft(day, "0")+"-"+strings.TrimLeft(month, "0")+"-"+year)
	return t, err == nil && t.Year() > 1880
}

// show fills in who was found, those who are just as typed first.
func (c *call) show(v *findView, found record.Page, differs func(banner) []string) error {
	v.Asked = true
	seen := map[string]bool{}
	for i := range found.Entries {
		e := &found.Entries[i].Version
		if seen[string(e.ID)] {
			continue
		}
		seen[string(e.ID)] = true
		doc, err := e.Doc()
		if err != nil {
			return fmt.Errorf("find: %w", err)
		}
		s := &sheaf{patient: doc.Root(), id: e.ID, readAt: c.now()}
		one := foundPerson{banner: s.banner()}
		one.Differs = differs(one.banner)
		v.Found = append(v.Found, one)
	}
	slices.SortStableFunc(v.Found, func(a, b foundPerson) int { return len(a.Differs) - len(b.Differs) })
	if len(v.Found) > shownFound || found.Next != "" {
		v.Found, v.Most = v.Found[:min(shownFound, len(v.Found))], shownFound
	}
	v.Near = len(v.Found) > 1
	return nil
}
