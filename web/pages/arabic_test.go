package pages

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/net/html"

	"joinery/web/chart"
)

// arabic is the language that runs from right to left.
func arabic(t testing.TB) *tongue {
	t.Helper()
	tongues, err := readTongues()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range tongues {
		if l.code == "ar" {
			return l
		}
	}
	t.Fatal("there is no Arabic")
	return nil
}

// TestADrawingInArabic has no English of ours in it, and Western digits.
func TestADrawingInArabic(t *testing.T) {
	w := arabic(t).drawn
	h := chart.Heading{Title: "الانتظار", Says: "ينتظر أكثر الناس.", Source: "سجل للتجربة"}
	many, at := w.Count(1234), time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, f := range []chart.Figure{
		chart.Bars{Heading: h, Of: "مكان", Unit: "شخص", Bars: []chart.Bar{{Label: "شمال", Amount: many}}}.Figure("bars", w),
		chart.Funnel{Heading: h, Unit: "شخص", Stages: []chart.Stage{{Label: "أول", Amount: many}, {Label: "ثان", Amount: w.Count(600)}}}.Figure("funnel", w),
		chart.Lines{Heading: h, Unit: "شخص", Lines: []chart.Line{{Label: "خط", Points: []chart.Point{{At: at, Amount: many}, {At: at.AddDate(1, 0, 0), Amount: many}}}}}.Figure("lines", w),
		chart.Timeline{Heading: h, Lanes: []chart.Lane{{Label: "خط", Events: []chart.Event{{Label: "حدث", Start: at, End: at.AddDate(0, 1, 0)}}}}}.Figure("time", w),
	} {
		text := plainly(string(f.HTML(2)))
		for _, r := range text {
			if unicode.Is(unicode.Latin, r) || unicode.IsDigit(r) && r > '9' {
				t.Errorf("%s has %q in it: %s", f.ID, r, text)
				break
			}
		}
	}
}

// myPages fills a world with what a resident's and a carer's pages show, and returns
// those pages and who looks at them.
func (w *world) myPages() []seenBy {
	w.Helper()
	m := w.inForce("escape-pain")
	invited := w.invites(m, "amina")
	r := w.referred("amina")
	w.store(`{"resourceType":"Appointment","id":"ap1","status":"booked","description":"Eye clinic","start":"2026-03-09T14:30:00Z","end":"2026-03-09T15:00:00Z","participant":[{"status":"accepted","actor":{"reference":"Patient/amina"}},{"status":"accepted","actor":{"display":"Elm eye clinic"}}]}`)
	w.wants(w.get("gp", "/people/amina"), 200)
	return []seenBy{
		{"patient", "/me"},
		{"patient", "/me/invitations/" + string(invited.Task)},
		{"patient", "/me/referrals/" + string(r.Task)},
		{"patient", "/me/plan"},
		{"patient", "/me/record"},
		{"patient", "/me/record/Condition/c1"},
		{"patient", "/me/looked"},
		{"patient", "/me/sharing"},
		{"patient", "/me/sharing/consent-carer"},
		{"carer", "/me"},
		{"carer", "/me/record"},
	}
}

// inArabic are the headers of a browser that asks for Arabic.
var inArabic = []string{"Cookie", "language=ar"}

// foreign returns the texts of a page, in its elements and its attributes, that are
// not marked as English and hold Latin letters; and those marked as English that are
// texts of ours, but for the originals that stand beside what safety hangs on.
func foreign(t testing.TB, page string, ours map[string]bool) (unmarked, marked []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	latin := func(s string) bool {
		s = ourNames.ReplaceAllString(s, "")
		return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Latin, r) })
	}
	var walk func(n *html.Node, english, original bool)
	walk = func(n *html.Node, english, original bool) {
		if n.Type == html.ElementNode {
			for _, a := range n.Attr {
				switch a.Key {
				case "lang":
					english = strings.HasPrefix(a.Val, "en")
				case "class":
					original = original || strings.Contains(a.Val, "jy-original")
				}
			}
			for _, a := range n.Attr {
				if slices.Contains([]string{"aria-label", "title", "alt", "placeholder"}, a.Key) && !english && latin(a.Val) {
					unmarked = append(unmarked, a.Key+": "+a.Val)
				}
			}
			if n.Data == "script" || n.Data == "style" {
				return
			}
		}
		if n.Type == html.TextNode {
			text := strings.TrimSpace(n.Data)
			switch {
			case !english && latin(text):
				unmarked = append(unmarked, text)
			case english && !original && ours[text]:
				marked = append(marked, text)
			}
		}
		for child := n.FirstChild; child != nil; child = child.NextSibling {
			walk(child, english, original)
		}
	}
	walk(root, false, false)
	return unmarked, marked
}

// ourNames are written in Latin letters in every language.
var ourNames = regexp.MustCompile(`Joinery|NHS|HPV|RSV|Shift`)

// TestNoEnglishOnArabicPages: whatever a resident or a carer sees in Arabic is in
// Arabic, but for what the record says, which is marked as English; and each page
// says that nobody has checked the translation.
func TestNoEnglishOnArabicPages(t *testing.T) {
	w := newWorld(t)
	l := arabic(t)
	ours := map[string]bool{}
	for _, text := range l.of.texts {
		if strings.Contains(text, " ") {
			ours[text] = true
		}
	}
	look := func(as, path string, a answer) {
		t.Helper()
		if !strings.Contains(a.text, `<html lang="ar" dir="rtl">`) {
			t.Errorf("%s as %s is not in Arabic", path, as)
			return
		}
		unmarked, marked := foreign(t, a.text, ours)
		for _, text := range unmarked {
			t.Errorf("%s as %s: %q is not Arabic, and not marked", path, as, text)
		}
		for _, text := range marked {
			t.Errorf("%s as %s: %q is ours, and in English", path, as, text)
		}
		if !strings.Contains(a.text, l.text("frame.unreviewed")) {
			t.Errorf("%s as %s does not say that nobody has checked the translation", path, as)
		}
	}
	visits := append(w.myPages(), seenBy{"", "/"}, seenBy{"", "/nothing"}, seenBy{"", "/sign-in?ended=yes"}, seenBy{"patient", "/people/amina"}, seenBy{"patient", "/"})
	for _, v := range visits {
		look(v.as, v.path, w.get(v.as, v.path, inArabic...))
	}
	plan := w.get("patient", "/me/plan", inArabic...)
	look("patient", "the plan with an error", w.post("patient", "/me/plan", plan.filled(t, "/me/plan"), inArabic...))
	form := plan.filled(t, "/me/plan", "says", "x")
	form.Set("person", "bare")
	look("patient", "a form for somebody else", w.post("patient", "/me/plan", form, inArabic...))
	for _, v := range visits {
		if strings.HasPrefix(v.path, "/me/referrals/") || strings.HasPrefix(v.path, "/me/invitations/") || strings.HasPrefix(v.path, "/me/record/") {
			a := w.get(v.as, v.path, inArabic...)
			look(v.as, v.path+" with an error", w.post(v.as, v.path, a.filled(t, v.path, "answer", "no", "move", "cancel"), inArabic...))
		}
	}
	if a := w.get("", "/", inArabic...); !strings.Contains(a.text, l.of.text("home.999-2")) {
		t.Error("what safety hangs on is not there in English beside a translation that nobody has checked")
	}
	if strings.Contains(w.get("patient", "/me").text, "jy-original") {
		t.Error("an English page has originals beside its texts")
	}
}

// TestFaultsAreKnownByTheirWords: each text of a fault is word for word what the
// program says somewhere, or it would never be found.
func TestFaultsAreKnownByTheirWords(t *testing.T) {
	code := filesText(t, "*.go", "../../record/*.go", "../../care/workflow/*.go")
	for key, text := range arabic(t).of.texts {
		if part(key) == "fault" && !strings.Contains(code, `"`+text+`"`) {
			t.Errorf("nothing is refused with %q (%s)", text, key)
		}
	}
}
