package pages

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// fixture is one of nhsuk-frontend's own examples: what goes in, what comes out.
type fixture struct {
	Name    string
	Context map[string]any
	HTML    string
}

// fixtures reads those of a component from the npm package, which `make assets`
// installs.
func fixtures(t *testing.T, component string) []fixture {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("style/node_modules/nhsuk-frontend/dist/nhsuk/components", component, "fixtures.json"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("nhsuk-frontend is not installed, run make assets: %v", err)
		}
		t.Skip("nhsuk-frontend is not installed: run make assets")
	}
	var file struct{ Fixtures []fixture }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return file.Fixtures
}

// leftOut are the options of components that pages here do not use, and why. A
// fixture with one of them is passed over; an option that is neither used nor listed
// fails the test.
var leftOut = map[string]string{
	"classes":                 "a look of its own is a class of ours on what stands around",
	"attributes":              "no page sets attributes freely: a policy on scripts and styles would be for nothing",
	"html":                    "texts are texts: nothing is put into a page as HTML but what the chart package draws",
	"caller":                  "as html",
	"formGroup":               "a look of its own is a class of ours on what stands around",
	"prefix":                  "nothing is asked for in pounds or kilograms yet",
	"suffix":                  "as prefix",
	"disabled":                "what cannot be done is not there, rather than grey",
	"href":                    "a link is a link, and a button sends a form",
	"variant":                 "the variants are those of Button.Kind",
	"icon":                    "words, not icons",
	"element":                 "a button is a button element",
	"namePrefix":              "as id",
	"preventDoubleClick":      "a move names the version that it is made from, and comes once however often it is sent",
	"code":                    "no codes are typed yet",
	"spellcheck":              "left to the browser",
	"button":                  "the button stands below",
	"pattern":                 "the server checks",
	"caption":                 "headings stand above fields",
	"headingLevel":            "as level",
	"isPageHeading":           "the older name of heading",
	"divider":                 "no list has an \"or\" yet",
	"conditional":             "what depends on an answer is on the next page: it works without a script",
	"exclusive":               "as conditional",
	"behaviour":               "as conditional",
	"radios:small":            "lists are large enough to be pressed",
	"checkboxes:small":        "as radios",
	"date-input:items":        "the fields are day, month and year",
	"date-input:day":          "as items",
	"date-input:month":        "as items",
	"date-input:year":         "as items",
	"date-input:fields":       "as items",
	"date-input:values":       "compared by a test of its own",
	"date-input:error":        "one message for the whole",
	"date-input:errors":       "as error",
	"date-input:errorMessage": "every field is marked, as the whole is wrong",
	"date-input:autocomplete": "nobody fills in their own birthday yet",
	".label.id":               "made of the name",
	".fieldset.legend.id":     "made of the name",
	"level":                   "a heading is the page's",
	"clickable":               "as card",
	"number":                  "one page after the other",
	"current":                 "as number",
	"ellipsis":                "as number",
	"text.html":               "as html",
	"placement":               "as icon",
	"afterInput":              "as button",
	"behaviourGroup":          "as conditional",
	"exclusiveGroup":          "as conditional",
	"disableAutoFocus":        "focus goes to what is wrong",
	"titleText":               "an older name",
	"description":             "the list says it",
	"open":                    "opened by who wants to",
	"expander":                "plain details",
	"card":                    "a list stands in a block of ours",
	"noBorder":                "a look of its own is a class of ours on what stands around",
	"border":                  "as noBorder",
	"lastRowBorder":           "as noBorder",
	"actions":                 "a row is changed by its own page",
	"numbered":                "one page after the other",
	"landmarkLabel":           "from the message file",
	"previousPage":            "an older name",
	"nextUrl":                 "an older name",
	"nextPage":                "an older name",
	"previousUrl":             "an older name",
	"role":                    "one role a component",
	"visuallyHiddenText":      "from the message file",
	"inline":                  "one below the other",
	"translations":            "from the message file",
	"reverse":                 "no dark pages",
	"brand":                   "no organisation's own",
	"login":                   "no organisation's own",
	"widths":                  "as noBorder",
	"autoFocus":               "as disableAutoFocus",
	"success":                 "a notice is a notice",
	"titleId":                 "made of the name",
	"titleHeadingLevel":       "as level",
	"title":                   "from the message file",
	"rel":                     "as attributes",
	"tabindex":                "as attributes",
	"visuallyHiddenLabel":     "from the message file",
}

// passedOver are fixtures that differ for what their options do not name.
var passedOver = map[string]string{
	"with HTML via call block":                  "nothing is put into a page as HTML",
	"with double click not prevented":           "a button keeps the default",
	"with error only":                           "an error says what is wrong",
	"day and month":                             "a date is whole",
	"month and year":                            "a date is whole",
	"as a button":                               "going back is a link",
	"with text escaping":                        "of back-link: a button",
	"with item strings":                         "rows are typed",
	"with custom heading as string":             "a callout is typed",
	"without heading":                           "a callout says what it is",
	"with error message and hint as strings":    "fields are typed",
	"with multiple errors (empty items)":        "a list has what is in it",
	"without hash fragment":                     "a skip link leads within the page",
	"without link target":                       "as without hash fragment",
	"with translations":                         "from the message files",
	"numbered with many pages (empty items)":    "one page after the other",
	"example person: Karen Francis (no border)": "lists have borders",
	"example person: Sarah Philips (no border)": "as above",
	"without last row border":                   "as above",
	"without specific row border":               "as above",
	"with item widths":                          "widths are the style sheet's",
	"with summary as string":                    "details are typed",
	"with custom title as string":               "a notice is typed",
	"without fieldset":                          "a list says what it asks",
	"without colour":                            "a tag has a colour, or the plain one",
	"without border":                            "tags and lists have borders",
}

// shape is how a component of ours is made of a fixture's context.
type shape struct {
	component, template string
	make                func(o options) any
	least               int // fixtures that must be compared
}

// options read a context and note what they were not asked for.
type options struct {
	of   map[string]any
	used map[string]bool
}

func (o options) text(path string) string {
	at, rest, _ := strings.Cut(path, ".")
	o.used[at] = true
	v := o.of[at]
	if rest != "" {
		inner, _ := v.(map[string]any)
		if s, ok := v.(string); ok && rest == "text" {
			return s
		}
		return options{inner, map[string]bool{}}.text(rest)
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func (o options) list(name string) []options {
	o.used[name] = true
	items, _ := o.of[name].([]any)
	var out []options
	for _, one := range items {
		if m, ok := one.(map[string]any); ok {
			out = append(out, options{m, map[string]bool{}})
		}
	}
	return out
}

func (o options) field(label string) Field {
	f := Field{ID: o.text("name"), Name: o.text("name"), Hint: o.text("hint.text"), Error: o.text("errorMessage.text"), Value: o.text("value")}
	for _, name := range []string{"id", "idPrefix"} {
		if o.of[name] != nil {
			f.ID = o.text(name)
		}
	}
	f.Label, f.Size = o.text(label+".text"), o.text(label+".size")
	if heading := o.text(label + ".heading"); heading != "" {
		f.Label, f.Heading = heading, true
	}
	return f
}

func (o options) choices() []Option {
	var out []Option
	value := o.text("value")
	for _, i := range o.list("items") {
		one := Option{Value: i.text("value"), Text: i.text("text"), Hint: i.text("hint.text")}
		one.Chosen = i.text("checked") == "true" || i.text("selected") == "true" || value != "" && value == one.Value
		out = append(out, one)
	}
	return out
}

func legend(o options) Field {
	set, _ := o.of["fieldset"].(map[string]any)
	o.used["fieldset"] = true
	f := o.field("none")
	inner := options{set, map[string]bool{}}
	f.Label, f.Size = inner.text("legend.text"), inner.text("legend.size")
	if heading := inner.text("legend.heading"); heading != "" {
		f.Label, f.Heading = heading, true
	}
	return f
}

func shapes() []shape {
	return []shape{
		{"tag", "tag", func(o options) any { return Tag{o.text("text"), o.text("colour")} }, 10},
		{"button", "button", func(o options) any {
			return Button{Text: o.text("text"), Kind: o.text("variant"), Name: o.text("name"), Value: o.text("value"), Small: o.text("small") == "true"}
		}, 4},
		{"input", "input", func(o options) any {
			return Input{Field: o.field("label"), Width: o.text("width"), Autocomplete: o.text("autocomplete"), Type: o.text("type"), Mode: o.text("inputmode")}
		}, 10},
		{"textarea", "area", func(o options) any { return Area{Field: o.field("label"), Autocomplete: o.text("autocomplete")} }, 8},
		{"select", "select", func(o options) any { return Choice{Field: o.field("label"), Options: o.choices()} }, 8},
		{"radios", "radios", func(o options) any { return Choice{Field: legend(o), Options: o.choices()} }, 8},
		{"checkboxes", "checkboxes", func(o options) any { return Choice{Field: legend(o), Options: o.choices()} }, 8},
		{"date-input", "date-input", func(o options) any {
			d := Date{Field: legend(o), Words: [3]string{"Day", "Month", "Year"}}
			return d
		}, 5},
		{"error-summary", "error-summary", func(o options) any {
			o.used["heading"] = true
			var out []mistake
			for _, e := range o.list("errorList") {
				out = append(out, mistake{strings.TrimPrefix(e.text("href"), "#"), e.text("text")})
			}
			return out
		}, 3},
		{"details", "details", func(o options) any { return Details{o.text("summary.text"), o.text("text")} }, 1},
		{"inset-text", "inset", func(o options) any { return o.text("text") }, 1},
		{"warning-callout", "warning", func(o options) any { return Details{o.text("heading.text"), o.text("text")} }, 2},
		{"notification-banner", "notification", func(o options) any { return o.text("text") }, 1},
		{"back-link", "back", func(o options) any { return Link{o.text("href"), o.text("text")} }, 1},
		{"skip-link", "skip", func(o options) any { return Link{o.text("href"), o.text("text")} }, 1},
		{"summary-list", "summary-list", func(o options) any {
			var out []Row
			for _, r := range o.list("rows") {
				out = append(out, Row{Key: r.text("key.text"), Value: r.text("value.text")})
			}
			return out
		}, 1},
		{"pagination", "pagination", func(o options) any {
			return Pagination{Link{o.text("previous.href"), o.text("previous.label")}, Link{o.text("next.href"), o.text("next.label")}}
		}, 3},
	}
}

// unused are the options of a context that pages here have no use for.
func unused(v any, path string, out map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if inner == nil || inner == false {
				continue
			}
			out[name], out[path+"."+name] = true, true
			unused(inner, path+"."+name, out)
		}
	case []any:
		for _, inner := range v {
			unused(inner, path, out)
		}
	}
}

// taken are the options that shapes read, at any depth.
var taken = []string{
	"text", "colour", "name", "value", "label", "hint", "errorMessage", "width", "autocomplete", "heading", "size", "items", "fieldset", "legend", "checked", "selected",
	"errorList", "href", "summary", "rows", "key", "previous", "next", "variant", "small", "type", "inputmode", "id", "idPrefix", "open", "day", "month", "year", "values", "fields", "error", "errors",
}

// TestComponents holds components to nhsuk-frontend's own fixtures, token by token.
func TestComponents(t *testing.T) {
	s := ownScreens(t)
	home := s.byName[english]["home"]
	for _, sh := range shapes() {
		t.Run(sh.component, func(t *testing.T) {
			compared := 0
			for _, f := range fixtures(t, sh.component) {
				o := options{f.Context, map[string]bool{}}
				view := sh.make(o)
				var b bytes.Buffer
				if err := home.ExecuteTemplate(&b, sh.template, view); err != nil {
					t.Fatalf("%s: %v", f.Name, err)
				}
				got, want := tokens(t, b.String()), tokens(t, f.HTML)
				if slices.Equal(got, want) {
					compared++
					continue
				}
				there := map[string]bool{}
				unused(f.Context, "", there)
				excused := ""
				for name := range there {
					why, listed := leftOut[sh.component+":"+name]
					if !listed {
						why, listed = leftOut[name]
					}
					if strings.HasPrefix(name, ".") && !listed {
						continue
					}
					switch {
					case listed && why != "":
						excused = name
					case !listed && !slices.Contains(taken, name):
						t.Errorf("%s has the option %s, which is neither used nor listed as left out", f.Name, name)
					}
				}
				if excused == "" && passedOver[f.Name] == "" {
					t.Errorf("%s differs from nhsuk-frontend's:\n got %s\nwant %s", f.Name, strings.Join(got, " "), strings.Join(want, " "))
				}
			}
			t.Logf("%d fixtures are equal", compared)
			if compared < sh.least {
				t.Errorf("%d fixtures of %s were equal, want at least %d", compared, sh.component, sh.least)
			}
		})
	}
}

// TestCareCards: the heads of care cards are nhsuk-frontend's; what stands in them is
// a list of ours. axe does not notice a card without its heading.
func TestCareCards(t *testing.T) {
	s := ownScreens(t)
	seen := 0
	for _, f := range fixtures(t, "card") {
		kind, _ := f.Context["variant"].(string)
		heading, _ := f.Context["heading"].(string)
		if heading == "" || !slices.Contains([]string{"emergency", "urgent", "non-urgent"}, kind) {
			continue
		}
		var b bytes.Buffer
		if err := s.byName[english]["home"].ExecuteTemplate(&b, "care", Care{Kind: kind, Heading: heading}); err != nil {
			t.Fatal(err)
		}
		head := func(text string) []string {
			all := tokens(t, text)
			return all[:slices.IndexFunc(all, func(s string) bool { return strings.Contains(s, "nhsuk-card__content") })]
		}
		if got, want := head(b.String()), head(f.HTML); !slices.Equal(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", f.Name, got, want)
		}
		seen++
	}
	if seen < 3 {
		t.Errorf("%d care cards were compared, want all three kinds", seen)
	}
}

var spaces = regexp.MustCompile(`\s+`)

// tokens are the elements and texts of HTML, attributes by name, white space as one.
func tokens(t *testing.T, text string) []string {
	t.Helper()
	var out []string
	z := html.NewTokenizer(strings.NewReader(text))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return out
		case html.TextToken:
			if s := strings.TrimSpace(spaces.ReplaceAllString(html.UnescapeString(string(z.Text())), " ")); s != "" {
				out = append(out, s)
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			tok := z.Token()
			name := tok.Data
			if tok.Type == html.EndTagToken {
				name = "/" + name
			}
			if name == "/path" {
				continue
			}
			var attrs []string
			for _, at := range tok.Attr {
				attrs = append(attrs, at.Key+"="+strings.TrimSpace(spaces.ReplaceAllString(at.Val, " ")))
			}
			slices.Sort(attrs)
			out = append(out, "<"+name+" "+strings.Join(attrs, " ")+">")
		case html.CommentToken, html.DoctypeToken:
		}
	}
}

// ownScreens are the pages in our own look.
func ownScreens(t *testing.T) *screens {
	t.Helper()
	a, err := collect(&Site{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := readScreens(a)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
