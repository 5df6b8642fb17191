package pages

import (
	"embed"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"joinery/web/chart"
)

// The words of pages stand in texts/*.properties, one file a language:
//
//	work.title = Your work
//	work.count.one = 1 task is on this list
//	work.count.other = {n} tasks are on this list
//
// What is in braces is filled in, and {n} decides which of the plural's forms is
// taken. What comes before the first dot is the part. Translators know the form,
// and so do their tools.
//
//go:embed texts/*.properties
var textFiles embed.FS

// tongue is one language.
type tongue struct {
	tag   language.Tag
	code  string // "en-GB"
	dir   string // ltr or rtl
	texts map[string]string
	parts map[string]bool // whose texts are all here
	drawn *chart.Words    // of drawings

	of     *tongue           // what it is a translation of; nil: of nothing
	faults map[string]string // keys of the texts of faults, by what they say
}

// English is the language that every text is in.
const english = "en-GB"

// readTongues reads all languages, English first. The error says what is wrong
// with a file.
func readTongues() ([]*tongue, error) {
	entries, err := textFiles.ReadDir("texts")
	if err != nil {
		return nil, fmt.Errorf("texts: %w", err)
	}
	var all []*tongue
	for _, e := range entries {
		data, err := textFiles.ReadFile("texts/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("texts: %w", err)
		}
		l, err := readTongue(strings.TrimSuffix(e.Name(), ".properties"), string(data))
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	slices.SortStableFunc(all, func(a, b *tongue) int {
		if a.code == english {
			return -1
		}
		return strings.Compare(a.code, b.code)
	})
	all[0].withFaults()
	for _, l := range all {
		if l != all[0] {
			l.of = all[0]
		}
		l.complete(all[0])
		l.drawn = l.drawings()
	}
	return all, nil
}

func readTongue(code, text string) (*tongue, error) {
	tag, err := language.Parse(code)
	if err != nil {
		return nil, fmt.Errorf("texts/%s: %w", code, err)
	}
	l := &tongue{tag: tag, code: code, dir: "ltr", texts: map[string]string{}, parts: map[string]bool{}}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !ok || value == "" || !strings.Contains(key, ".") || l.texts[key] != "" {
			return nil, fmt.Errorf("texts/%s line %d: write part.name = text, each once", code, number)
		}
		l.texts[key] = value
	}
	if l.texts["frame.direction"] == "rtl" {
		l.dir = "rtl"
	}
	return l, nil
}

// complete notes the parts whose texts are all in the language.
func (l *tongue) complete(of *tongue) {
	for key := range of.texts {
		l.parts[part(key)] = true
	}
	for key := range of.texts {
		if base, form := pluralKey(key); form != "" {
			key = base + ".other"
		}
		if l.texts[key] == "" {
			l.parts[part(key)] = false
		}
	}
}

func part(key string) string {
	before, _, _ := strings.Cut(key, ".")
	return before
}

var forms = []string{"zero", "one", "two", "few", "many", "other"}

// pluralKey parts a key from its plural form, empty when it has none.
func pluralKey(key string) (base, form string) {
	i := strings.LastIndexByte(key, '.')
	if i > 0 && slices.Contains(forms, key[i+1:]) {
		return key[:i], key[i+1:]
	}
	return key, ""
}

// say returns a text with what is to be filled in, names and values in turn. The
// error is about a text that is not there or lacks something: a fault of ours.
func (l *tongue) say(key string, with ...any) (string, error) {
	text, ok := l.texts[key]
	if !ok {
		form := "other"
		for i := 0; i+1 < len(with); i += 2 {
			if n, isNumber := with[i+1].(int); isNumber && with[i] == "n" {
				form = l.form(n)
			}
		}
		if text, ok = l.texts[key+"."+form]; !ok {
			text, ok = l.texts[key+".other"]
		}
		if !ok {
			return "", fmt.Errorf("the text %s is not there in %s", key, l.code)
		}
	}
	for i := 0; i+1 < len(with); i += 2 {
		name, _ := with[i].(string)
		text = strings.ReplaceAll(text, "{"+name+"}", fmt.Sprint(with[i+1]))
	}
	return text, nil
}

// orEnglish returns a text that takes no values, in English where the language does
// not have it.
func (l *tongue) orEnglish(key string) (string, error) {
	if l.texts[key] == "" && l.of != nil {
		l = l.of
	}
	return l.say(key)
}

// text returns a text that takes no values, its key where there is none: a test
// holds every key that is used to the files.
func (l *tongue) text(key string) string {
	s, err := l.say(key)
	if err != nil {
		return key
	}
	return s
}

var pluralForms = map[plural.Form]string{
	plural.Other: "other", plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many",
}

func (l *tongue) form(n int) string {
	digits := strconv.Itoa(max(n, -n))
	bytes := make([]byte, len(digits))
	for i := range digits {
		bytes[i] = digits[i] - '0'
	}
	return pluralForms[plural.Cardinal.MatchDigits(l.tag, bytes, len(bytes), 0)]
}

// long writes a day as people read it: 14 August 1980, with Western digits in
// every language.
func (l *tongue) long(on any) string {
	t, layout := exactly(on)
	if layout == "2006" {
		return t.Format(layout)
	}
	month, err := l.say("month." + strconv.Itoa(int(t.Month())))
	if err != nil {
		month = t.Month().String()
	}
	if layout != "" {
		return month + " " + strconv.Itoa(t.Year())
	}
	return strconv.Itoa(t.Day()) + " " + month + " " + strconv.Itoa(t.Year())
}

// drawings are the texts of drawings, and how numbers and days are written on them:
// with Western digits in every language.
func (l *tongue) drawings() *chart.Words {
	w := &chart.Words{
		Numbers: l.text("chart.numbers"), Source: l.text("chart.source"), Nothing: l.text("chart.nothing"),
		Date: l.text("chart.date"), Stage: l.text("chart.stage"), Before: l.text("chart.before"), Left: l.text("chart.left"),
		What: l.text("chart.what"), Where: l.text("chart.where"), When: l.text("chart.when"), Until: l.text("chart.until"),
		Named: l.text("chart.named"), OnDay: l.text("chart.on-day"), Lasted: l.text("chart.lasted"), Beside: l.text("chart.beside"), List: l.text("chart.list"),
		Number: l.text("chart.number"), Share: l.text("chart.share"),
		Day: l.text("chart.day"), DayOfYear: l.text("chart.day-of-year"), Month: l.text("chart.month"), RightToLeft: l.dir == "rtl",
	}
	for i := range w.Months {
		w.Months[i], w.Short[i] = l.text("month."+strconv.Itoa(i+1)), l.text("chart.short-"+strconv.Itoa(i+1))
	}
	return w
}

// drawn are the words of drawings on a page.
func (c *call) drawn(page string) *chart.Words { return c.speaks(page).drawn }

const languageCookie = "language"

// chooseLanguage remembers the language that somebody chose.
func (c *call) chooseLanguage() (*page, error) {
	if err := c.only("language", "to"); err != nil {
		return nil, err
	}
	code := c.field("language")
	for _, l := range c.pages.screens.tongues {
		if l.code == code {
			http.SetCookie(c.w, &http.Cookie{
				Name: languageCookie, Value: code, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: c.secure(),
			})
		}
	}
	return &page{to: local(c.field("to"))}, nil
}

// secure reports whether a cookie may be kept to encrypted connections: always,
// but for a browser on the same machine.
func (c *call) secure() bool { return c.pages.Secure }
