package pages

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

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
	Like                            bool // the number is none: these have one that is like it
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
	digits := onlyDigits(c.field("number"))
	if len(digits) != 10 || strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) {
		m, err := c.wrong(&v.Number.Field, "number", "find.need-number")
		return []mistake{m}, err
	}
	if validNumber(digits) {
		found, err := c.search("Patient", "identifier", nhsNumberSystem+"|"+digits, "_count", strconv.Itoa(shownFound))
		if err != nil {
			return nil, err
		}
		return nil, c.show(v, found, func(banner) []string { return nil })
	}
	m, err := c.wrong(&v.Number.Field, "number", "find.wrong-number")
	if err != nil {
		return nil, err
	}
	return []mistake{m}, c.nearNumbers(v, digits)
}

// onlyDigits takes out what stands between the digits of a number that was pasted:
// blanks of every kind, dashes and points.
func onlyDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || unicode.Is(unicode.Cf, r) || r == '.' {
			return -1
		}
		return r
	}, text)
}

// nearNumbers shows whose number is like one that cannot be right: with two digits
// beside each other the other way round, or one digit wrong. They are marked, and
// the number as it was typed stays wrong.
func (c *call) nearNumbers(v *findView, digits string) error {
	var like []string
	for _, number := range numbersLike(digits) {
		like = append(like, nhsNumberSystem+"|"+number)
	}
	found, err := c.search("Patient", "identifier", strings.Join(like, ","), "_count", strconv.Itoa(shownFound))
	if err != nil || len(found.Entries) == 0 {
		return err
	}
	v.Like = true
	return c.show(v, found, func(b banner) []string {
		if swapped(b.Number, digits) {
			return []string{"find.differs-swapped"}
		}
		return []string{"find.differs-number"}
	})
}

// numbersLike are the NHS numbers of which somebody may have meant one that is none.
func numbersLike(digits string) []string {
	var out []string
	add := func(b []byte) {
		if number := string(b); validNumber(number) && !slices.Contains(out, number) {
			out = append(out, number)
		}
	}
	for i := range 9 {
		b := []byte(digits)
		b[i], b[i+1] = b[i+1], b[i]
		add(b)
	}
	for i := range 10 {
		for d := byte('0'); d <= '9'; d++ {
			b := []byte(digits)
			b[i] = d
			add(b)
		}
	}
	return out
}

// swapped reports whether two numbers have the same digits, two of them beside each
// other the other way round.
func swapped(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) - 1 {
		if a[i] != b[i] {
			return a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
		}
	}
	return false
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
// pen in either finds the person too, for those who differ in one of them or have
// their names the other way round, and says in what. Whose birthday is not known is
// found by both names and the postcode.
func (c *call) byName(v *findView) ([]mistake, error) {
	var wrong []mistake
	family, given, code := c.field("family"), c.field("given"), c.field("postcode")
	if len([]rune(family)) < 2 {
		m, err := c.wrong(&v.Family.Field, "family", "find.need-family")
		if err != nil {
			return nil, err
		}
		wrong = append(wrong, m)
	}
	typed := c.field("day") + c.field("month") + c.field("year")
	born, ok := dayOf(c.field("day"), c.field("month"), c.field("year"))
	unknown := typed == "" && given != "" && code != ""
	if !unknown && (!ok || born.After(c.now())) {
		m, err := c.wrong(&v.Birth.Field, "birth-day", "find.need-birth")
		if err != nil {
			return nil, err
		}
		wrong = append(wrong, m)
	}
	if len(wrong) > 0 {
		return wrong, nil
	}
	if unknown {
		found, err := c.search("Patient", "family", family, "given", given, "address-postalcode", spacedCode(code), "_count", strconv.Itoa(shownFound))
		if err != nil {
			return nil, err
		}
		return nil, c.show(v, found, func(b banner) []string { return c.differs(b, family, given, born) })
	}
	all, err := c.alike(family, given, born)
	if err != nil {
		return nil, err
	}
	return nil, c.show(v, all, func(b banner) []string { return c.differs(b, family, given, born) })
}

// alike finds who is called so and was born then, and who nearly is or was.
func (c *call) alike(family, given string, born time.Time) (all record.Page, err error) {
	day := born.Format(time.DateOnly)
	near := strings.Join(daysLike(born), ",")
	asked := [][]string{
		{"family", family, "birthdate", day},
		{"family", family, "birthdate", near},
	}
	if given != "" {
		asked = append(asked, []string{"birthdate", day, "given", given}, []string{"birthdate", day, "family", given, "given", family},
			[]string{"family", family, "given", given, "birthdate", "ge" + born.AddDate(-1, 0, 0).Format(time.DateOnly), "birthdate", "le" + born.AddDate(1, 0, 0).Format(time.DateOnly)})
	}
	for _, params := range asked {
		found, err := c.search("Patient", append(params, "_count", strconv.Itoa(shownFound))...)
		if err != nil {
			return all, err
		}
		all.Entries = append(all.Entries, found.Entries...)
		if found.Next != "" {
			all.Next = found.Next
		}
	}
	return all, nil
}

// daysLike are the days for which one may be written by a slip: a day, a month, a
// year or ten years off, and day and month the other way round.
func daysLike(born time.Time) []string {
	var out []string
	add := func(t time.Time) {
		if day := t.Format(time.DateOnly); !slices.Contains(out, day) {
			out = append(out, day)
		}
	}
	for _, off := range []int{-1, 1} {
		add(born.AddDate(0, 0, off))
		add(born.AddDate(off, 0, 0))
		add(born.AddDate(10*off, 0, 0))
		if t := born.AddDate(0, off, 0); t.Day() == born.Day() {
			add(t)
		}
	}
	if int(born.Month()) != born.Day() && born.Day() <= 12 {
		add(time.Date(born.Year(), time.Month(born.Day()), int(born.Month()), 0, 0, 0, 0, time.UTC))
	}
	return out
}

// spacedCode writes a postcode with its blank, as addresses have it.
func spacedCode(code string) string {
	if code = squeeze(code); len(code) > 3 {
		return code[:len(code)-3] + " " + code[len(code)-3:]
	}
	return code
}

// differs says in what somebody is not as they were looked for.
func (c *call) differs(b banner, family, given string, born time.Time) []string {
	var out []string
	if given != "" && strings.EqualFold(b.Family, given) && strings.Contains(strings.ToLower(b.Given), strings.ToLower(family)) {
		out = append(out, "find.differs-names")
	} else {
		if !strings.EqualFold(b.Family, family) {
			out = append(out, "find.differs-family")
		}
		if given != "" && !strings.Contains(strings.ToLower(b.Given+" "+b.Known), strings.ToLower(given)) {
			out = append(out, "find.differs-given")
		}
	}
	if key := differsBirth(b.Born, born); key != "" {
		out = append(out, key)
	}
	if code := c.field("postcode"); code != "" && !slices.ContainsFunc(b.Address, func(line string) bool { return squeeze(line) == squeeze(code) }) {
		out = append(out, "find.differs-postcode")
	}
	return out
}

// differsBirth says in what a birthday is not the one that was typed, if any was.
func differsBirth(is dated, typed time.Time) string {
	y, m, d := typed.Date()
	year, month, day := is.Date()
	switch {
	case typed.IsZero() || is.Equal(typed) && is.layout == "":
		return ""
	case is.layout != "" || is.IsZero():
		return "find.differs-birth"
	case year == y && int(month) == d && day == int(m):
		return "find.differs-birth-turned"
	case year == y && month == m:
		return "find.differs-birth-day"
	case year == y && day == d:
		return "find.differs-birth-month"
	case month == m && day == d:
		return "find.differs-birth-year"
	}
	return "find.differs-birth"
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
