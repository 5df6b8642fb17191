package pages

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"joinery/record"
)

// TestJourneys are what only a browser can tell: the keyboard, where the focus is,
// large text, the colours of the system, paper, and no scripts.
func TestJourneys(t *testing.T) {
	w := newWorld(t)
	room := task(t, w.referAmina(nil))
	task(t, w.referAmina(url.Values{"key": {"another"}, "again": {"yes"}}))
	b := newBrowser(t, w)

	t.Run("by keyboard to the main part", func(t *testing.T) {
		b.enter("gp")
		b.open("/people/amina", 1280)
		b.press("\t")
		if at := b.focused(); !strings.Contains(at, "Skip to main content") {
			t.Errorf("the first stop is %q, want the link that skips to the main part", at)
		}
		b.press("\r")
		b.press("\t")
		if at := b.focused(); !strings.Contains(at, "Address and telephone") {
			t.Errorf("after skipping, the first stop is %q, want the first of the main part", at)
		}
	})
	t.Run("a move by keyboard alone", func(t *testing.T) {
		b.enter("nurse")
		b.open(room, 1280)
		b.tabTo("Take up")
		b.press("\r")
		b.tabTo("textarea")
		b.tabTo("Take up")
		b.press("\r")
		b.loaded("It is done. This is how it stands now.")
	})
	t.Run("several at once", func(t *testing.T) {
		b.open("/work", 320)
		b.script(`for (const box of document.querySelectorAll('input[name="task"]')) box.click(); document.querySelector('#do').value = 'referral reroute'`)
		b.check("nurse", "/work with several chosen", 320)
		b.click(`form#several button`)
		b.loaded("Look at each before you go on")
		b.check("nurse", "/work asks once more", 320)
		b.script(`document.querySelector('#reason').value = 'no-room'; document.querySelector('#service').selectedIndex = 1`)
		b.click(`main form button[type="submit"]:not(.jy-link)`)
		b.loaded("are done")
	})
	t.Run("a letter is copied by one press", func(t *testing.T) {
		b.enter("gp")
		b.open("/people/amina/letter", 1280)
		b.click(`button[data-copy]`)
		said := ""
		for range 40 {
			if said = b.scriptText(`document.querySelector('#plain-status').textContent`); said != "" {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		if !strings.HasPrefix(said, "Copied") && b.scriptText(`getSelection().toString()+document.activeElement.id`) == "" {
			t.Errorf("after the press the page says %q, and nothing is selected", said)
		}
		if said == "" {
			t.Error("after the press the page does not say what came of it")
		}
	})
	t.Run("what is wrong gets the focus", func(t *testing.T) {
		b.enter("gp")
		b.open("/people", 320)
		b.tabTo("Find")
		b.press("\r")
		b.wantsProblem()
		b.check("gp", "/people with an error", 320)
	})
	t.Run("text at twice the size", func(t *testing.T) {
		b.enter("gp")
		b.open("/people/amina", 1280)
		b.script(`document.documentElement.style.fontSize='200%'; for (const e of document.querySelectorAll('body *')) { const s=getComputedStyle(e).fontSize; e.dataset.s=s } for (const e of document.querySelectorAll('body *')) e.style.fontSize=(2*parseFloat(e.dataset.s))+'px'`)
		if wide := b.sideways(); wide > 0 {
			t.Errorf("with text at twice the size the page scrolls sideways by %d pixels", wide)
		}
		b.picture("gp", "text-at-twice", 1280)
	})
	t.Run("text wider apart", func(t *testing.T) { // WCAG 1.4.12
		b.open("/people/amina", 320)
		b.script(`for (const e of document.querySelectorAll('body *')) { e.style.lineHeight='1.5'; e.style.letterSpacing='0.12em'; e.style.wordSpacing='0.16em' }`)
		if wide := b.sideways(); wide > 0 {
			t.Errorf("with text wider apart the page scrolls sideways by %d pixels", wide)
		}
	})
	t.Run("colours of the system", func(t *testing.T) {
		b.media("screen", "forced-colors", "active")
		b.open("/people/amina", 1280)
		b.picture("gp", "forced-colours", 1280)
		b.check("gp", "/people/amina in forced colours", 1280)
		b.media("", "", "")
	})
	t.Run("on paper", func(t *testing.T) {
		b.open("/people/amina/letter", 1280)
		b.media("print", "", "")
		if shown := b.scriptText(`[...document.querySelectorAll('.jy-header,.jy-tabs,.jy-footer,form')].filter(e=>e.getClientRects().length).map(e=>e.className).join(' ')`); shown != "" {
			t.Errorf("on paper there is %s", shown)
		}
		if banner := b.scriptText(`document.querySelector('.jy-banner').getClientRects().length ? document.querySelector('.jy-banner').innerText : ''`); !strings.Contains(banner, "Known allergies") {
			t.Errorf("on paper the banner is %q, want allergies on it", banner)
		}
		if pdf := b.pdf(); len(pdf) < 10_000 {
			t.Errorf("the page prints to %d bytes", len(pdf))
		}
		b.media("", "", "")
	})
	t.Run("a link from another system", func(t *testing.T) {
		b.enter("gp")
		b.open(w.link(record.Launch{NHSNumber: aminasNumber}), 1280)
		b.loaded("Known allergies")
		for _, one := range []struct{ as, path string }{{"nobody", "/launch/x"}, {"gp", "/launch"}} {
			b.enter(one.as)
			for _, width := range []int64{1280, 320} {
				b.scripts(false)
				b.open(one.path, width)
				b.scripts(true)
				b.do(chromedp.Reload()) // whoever comes again presses the button
				b.check(one.as, one.path, width)
			}
		}
		if title := b.title(); !strings.HasPrefix(title, "Open a person") {
			t.Errorf("come to again, a link is followed: %q", title)
		}
	})
	t.Run("without scripts", func(t *testing.T) {
		b.scripts(false)
		b.enter("gp")
		b.open(w.link(record.Launch{NHSNumber: aminasNumber}), 1280)
		b.click("main button")
		b.loaded("Known allergies")
		b.enter("gp")
		b.open("/people", 1280)
		b.typeIn("#number", "999 000 0042")
		b.press("\r")
		b.loaded("1 person found")
		b.click(`main a[href="/people/amina"]`)
		b.loaded("Known allergies")
		b.scripts(true)
	})
	t.Run("from right to left", func(t *testing.T) {
		b.enter("nobody")
		b.open("/", 320)
		b.click(`button[value="ar"]`)
		b.loaded("رعايتك متصلة")
		b.check("nobody", "/ in Arabic", 320)
	})
}
