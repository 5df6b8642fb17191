package pages

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"joinery/care/workflow"
	"joinery/care/workflow/clock"
	"joinery/fhir"
)

//go:embed templates/*.html
var templateFiles embed.FS

// screens are the templates of all pages, in each language.
type screens struct {
	tongues []*tongue
	matcher language.Matcher
	byName  map[string]map[string]*template.Template // by language and page
	parts   map[string]map[string]bool               // whose texts a page has, by its name
	assets  *assets
}

// readScreens parses every template. The error says which is wrong, and how.
func readScreens(a *assets) (*screens, error) {
	tongues, err := readTongues()
	if err != nil {
		return nil, err
	}
	s := &screens{tongues: tongues, byName: map[string]map[string]*template.Template{}, parts: map[string]map[string]bool{}, assets: a}
	var tags []language.Tag
	for _, l := range tongues {
		tags = append(tags, l.tag)
		if s.byName[l.code], err = s.parse(l); err != nil {
			return nil, err
		}
	}
	for name, page := range s.byName[english] {
		s.parts[name] = partsOf(page, tongues[0].parts)
	}
	s.matcher = language.NewMatcher(tags)
	return s, nil
}

// shared are the templates that every page may use.
var shared = []string{"templates/frame.html", "templates/components.html", "templates/parts.html", "templates/own.html", "templates/whole.html"}

func (s *screens) parse(l *tongue) (map[string]*template.Template, error) {
	base, err := template.New("frame").Funcs(s.functions(l)).Funcs(l.functions()).ParseFS(templateFiles, shared...)
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	entries, err := templateFiles.ReadDir("templates")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	out := map[string]*template.Template{}
	for _, e := range entries {
		file := path.Join("templates", e.Name())
		if slices.Contains(shared, file) {
			continue
		}
		page, err := base.Clone()
		if err == nil {
			page, err = page.ParseFS(templateFiles, file)
		}
		if err != nil {
			return nil, fmt.Errorf("templates: %w", err)
		}
		out[strings.TrimSuffix(e.Name(), ".html")] = page
	}
	return out, nil
}

// functions are what templates can call.
func (s *screens) functions(l *tongue) template.FuncMap {
	return template.FuncMap{
		"t":      l.say,
		"day":    l.long,
		"date":   shortDate,
		"moment": shortMoment,
		"hour":   l.hour,
		"nhs":    spaced,
		"asset":  s.assets.at,
		"inc":    func(n int) int { return n + 1 },
		"some":   some,
		"join":   strings.Join,
		"comma":  l.comma,
		"areas":  areaNames, "version": versionOf, "origins": originsInWords,
		"labelled": func(label string, view any) any {
			return struct {
				Label string
				View  any
			}{label, view}
		},

		// Components, for components.html.
		"tag": newTag, "button": newButton, "secondary": secondaryButton, "warn": warningButton,
		"hidden": func(name string, value any) Hidden { return Hidden{name, fmt.Sprint(value)} },
		"link":   func(href, text string) Link { return Link{href, text} },
		"row": func(row workRow, view *workView) any {
			return struct {
				Row  workRow
				View *workView
			}{row, view}
		},
		"tabs": func(id fhir.ID, here string) any {
			return struct {
				ID   fhir.ID
				Here string
			}{id, here}
		},
		"said": func(s workflow.Said, who string) any {
			return struct {
				workflow.Said
				Who string
			}{s, who}
		},
		"care":   func(kind, heading string, lines ...string) Care { return Care{kind, heading, lines} },
		"detail": func(summary, text string) Details { return Details{summary, text} },
	}
}

// shortDate writes a day as clinicians read it: 14-Aug-1980.
func shortDate(on any) string {
	t, layout := exactly(on)
	switch {
	case t.IsZero():
		return "Not recorded"
	case layout != "":
		return t.Format(layout)
	}
	return t.Format("02-Jan-2006")
}

// exactly returns a moment and how much of it was written.
func exactly(on any) (t time.Time, layout string) {
	switch on := on.(type) {
	case time.Time:
		return on, ""
	case dated:
		return on.Time, on.layout
	}
	return time.Time{}, ""
}

// shortMoment writes a moment as clinicians read it, in London's time.
func shortMoment(on any) string {
	t, layout := exactly(on)
	if layout != "" {
		return shortDate(on)
	}
	if t.IsZero() {
		return "Not recorded"
	}
	return t.In(clock.London).Format("Mon 02-Jan-2006 15:04")
}

// clockTime writes the time of day, in London.
func clockTime(t time.Time) string { return t.In(clock.London).Format("15:04") }

// some names a few of many, and says how many others there are.
func some(all []string) string {
	const few = 4
	if len(all) <= few+1 {
		return strings.Join(all, "; ")
	}
	return strings.Join(all[:few], "; ") + "; and " + strconv.Itoa(len(all)-few) + " others"
}

// spaced writes an NHS number 999 123 4567; anything else is left as it is.
func spaced(number string) string {
	if len(number) != 10 {
		return number
	}
	return number[:3] + " " + number[3:6] + " " + number[6:]
}

// spoken returns the language of a request: the one that was chosen, or else the
// best of those that the browser asks for.
func (s *screens) spoken(r *http.Request) *tongue {
	if cookie, err := r.Cookie(languageCookie); err == nil {
		for _, l := range s.tongues {
			if l.code == cookie.Value {
				return l
			}
		}
	}
	asked, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(asked) == 0 {
		return s.tongues[0]
	}
	_, i, confidence := s.matcher.Match(asked...)
	if confidence < language.High {
		return s.tongues[0]
	}
	return s.tongues[i]
}

// frame is what stands around every page.
type frame struct {
	Lang, Dir  string
	Title      string
	Error      bool // there is something wrong with the form
	Sheets     []string
	Script     string
	Site       *Site
	Logo       string
	SignedIn   string     // the name of who is
	Session    *remaining // how long it lasts; nil: there is none
	Glass      string     // the time until which they look in an emergency
	SignIn     string
	Menu       []menuItem
	Languages  []spokenHere
	Here       string       // the path of this page, for coming back
	Unspoken   []spokenHere // the language it was asked for, where this page is not in it, and what says so in it
	Unreviewed bool         // it is in a translation that nobody has checked
	Leave      bool         // it has the way to leave it quickly
	Bare       bool         // it has nothing around it
	Mistakes   []mistake
	Refused    string // what they are about, in English
	Main       template.HTML
}

type menuItem struct {
	Href, Text string
	Current    bool
}

type spokenHere struct {
	Code, Name, Dir string
	Current         bool
}

// speaks returns the language in which a page will be shown.
func (c *call) speaks(page string) *tongue {
	if c.pages.screens.has(c.tongue, page) {
		return c.tongue
	}
	return c.pages.screens.tongues[0]
}

// word returns a text in the language in which its page will be shown: texts of a
// page begin with its name. One that is not there is a fault of ours, which a test
// finds; its key is shown.
func (c *call) word(key string) string {
	text, err := c.speaks(part(key)).say(key)
	if err != nil {
		return key
	}
	return text
}

// has reports whether all texts of a page are there in a language: those that its
// templates name, and those by which days and drawings are written.
func (s *screens) has(l *tongue, page string) bool {
	for _, p := range []string{"month", "chart", page} {
		if complete, known := l.parts[p]; known && !complete {
			return false
		}
	}
	for p := range s.parts[page] {
		if !l.parts[p] {
			return false
		}
	}
	return true
}

// send writes a page, in the language asked for where all its texts are there, in
// English where they are not.
func (c *call) send(p *page) error {
	h := c.w.Header()
	switch {
	case p.to != "":
		h.Set("Location", p.to)
		c.w.WriteHeader(http.StatusSeeOther)
		return nil
	case p.json != nil:
		return c.sendJSON(p.json)
	case p.text != "":
		if err := c.view.Exports(); err != nil {
			return err //nolint:wrapcheck // it is fit to be shown
		}
		h.Set("Content-Type", cmp.Or(p.media, "text/plain; charset=utf-8"))
		h.Set("Content-Length", strconv.Itoa(len(p.text)))
		_, _ = c.w.Write([]byte(p.text)) // who asked is gone: nobody to tell
		return nil
	}
	l := c.speaks(p.name)
	b, err := c.draw(l, p)
	if err != nil {
		return err
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", l.code)
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	if p.status == 0 {
		p.status = http.StatusOK
	}
	c.w.WriteHeader(p.status)
	_, _ = c.w.Write(b.Bytes()) // who asked is gone: nobody to tell
	return nil
}

// draw makes a page: its main part first, since what stands around it depends on
// whether something can be typed there.
func (c *call) draw(l *tongue, p *page) (b bytes.Buffer, err error) {
	screen := c.pages.screens.byName[l.code][p.name]
	if screen == nil {
		return b, fmt.Errorf("there is no template for the page %s", p.name)
	}
	f, err := c.frame(l, p)
	if err != nil {
		return b, err
	}
	var inner strings.Builder
	if err = screen.ExecuteTemplate(&inner, "main", p.view); err == nil {
		f.Main = template.HTML(inner.String()) //nolint:gosec // a template made it
		f.lasts(c, inner.String())
		err = screen.ExecuteTemplate(&b, "frame", f)
	}
	if err != nil {
		return b, fmt.Errorf("show the page %s: %w", p.name, err)
	}
	return b, nil
}

// frame makes what stands around a page.
func (c *call) frame(l *tongue, p *page) (*frame, error) {
	if p.title == "" {
		p.title = c.route.title
	}
	title, err := l.say(p.title)
	if err != nil {
		return nil, err
	}
	f := &frame{
		Lang: l.code, Dir: l.dir, Title: title, Error: len(p.errors) > 0, Sheets: c.pages.assets.sheets(l.dir), Script: c.pages.assets.at("start.js"),
		Site: c.pages.Site, Logo: c.pages.assets.at("logo.svg"), SignIn: c.pages.SignIn, Here: c.r.URL.Path,
		Unreviewed: l.unreviewed(), Leave: c.leaves(), Bare: p.bare, Mistakes: p.errors, Refused: p.refuse,
	}
	if l != c.tongue {
		f.Unspoken = []spokenHere{{Code: c.tongue.code, Dir: c.tongue.dir, Name: c.tongue.text("frame.unspoken")}}
	}
	if c.pages.assets.at("ui.js") == "" {
		f.Script = ""
	}
	if f.Logo == "" {
		f.Logo = c.pages.assets.at("mark.svg")
	}
	if c.r.Method != http.MethodGet || p.name == "error" || c.r.PathValue("token") != "" {
		f.Here = "/" // an address that failed, or holds a secret, is not repeated
	}
	if c.who != nil {
		f.SignedIn = c.who.Subject.Who().Name
		if c.session != nil {
			f.SignedIn = c.who.Grant.Display
		}
		if c.glass != nil {
			f.Glass = clockTime(c.glass.Until)
		}
		if err := f.fillMenu(l, c); err != nil {
			return nil, err
		}
	}
	for _, one := range c.pages.screens.tongues {
		f.Languages = append(f.Languages, spokenHere{one.code, one.texts["frame.language"], one.dir, one == l})
	}
	return f, nil
}

func (f *frame) fillMenu(l *tongue, c *call) error {
	for _, rt := range table() {
		if rt.menu == "" || !rt.may(c.role()) {
			continue
		}
		text, err := l.orEnglish(rt.menu)
		if err != nil {
			return err
		}
		f.Menu = append(f.Menu, menuItem{rt.path, text, rt.path == c.r.URL.Path})
	}
	return nil
}
