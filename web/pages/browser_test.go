package pages

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser drives Chromium. Only this file knows how.
type browser struct {
	testing.TB
	ctx  context.Context
	base string
	axe  string

	as string // who is signed in

	mu   sync.Mutex
	said []string // what the console, the network and scripts complained of
}

// axeRules are those that every page keeps.
const axeRules = `axe.run(document,{runOnly:{type:'tag',values:['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']},resultTypes:['violations']}).then(r=>r.violations.map(v=>v.id+': '+v.help+' ('+v.nodes.map(n=>n.target.join(' ')).slice(0,3).join('; ')+')'))`

// newBrowser opens Chromium on the world's pages, or skips the test where there is
// none; in CI there must be one.
func newBrowser(t testing.TB, w *world) *browser {
	t.Helper()
	lack := func(what string) {
		if os.Getenv("CI") == "true" {
			t.Fatal(what)
		}
		t.Skip(what)
	}
	path := ""
	for _, name := range []string{"chromium", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		lack("Chromium is not installed: apt-get install chromium")
	}
	axe, err := os.ReadFile("style/node_modules/axe-core/axe.min.js")
	if err != nil {
		lack("axe-core is not installed: run make assets")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.server.Serve(ctx, l) }()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	alloc, endAlloc := chromedp.NewExecAllocator(ctx, options...)
	tab, endTab := chromedp.NewContext(alloc)
	b := &browser{TB: t, ctx: tab, base: "http://" + l.Addr().String(), axe: string(axe)}
	t.Cleanup(func() {
		endTab()
		endAlloc()
		stop()
		<-done
	})
	b.listen()
	return b
}

// see opens a path as somebody at a width, and fails the test for whatever axe
// finds, a sideways scroll, anything in the console, and any request to another
// site. It keeps a picture where JOINERY_PICTURES says.
func (b *browser) see(as, path string, width int64) {
	b.Helper()
	if as != b.as {
		b.enter(as)
	}
	b.do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(b.base+path))
	b.check(as, path, width)
}

func (b *browser) check(as, path string, width int64) {
	b.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](b.axe))
	for _, v := range value(b, chromedp.Evaluate[[]string](axeRules, chromedp.EvalAwaitPromise)) {
		b.Errorf("%s as %s at %d: %s", path, as, width, v)
	}
	if wide := value(b, chromedp.Evaluate[int](`document.documentElement.scrollWidth-document.documentElement.clientWidth`)); wide > 0 {
		b.Errorf("%s as %s at %d scrolls sideways by %d pixels", path, as, width, wide)
	}
	b.picture(as, path, width)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.said {
		b.Errorf("%s as %s at %d: %s", path, as, width, s)
	}
	b.said = nil
}

// picture keeps a picture of the page, where one is wanted.
func (b *browser) picture(as, path string, width int64) {
	dir := os.Getenv("JOINERY_PICTURES")
	if dir == "" {
		return
	}
	png := b.shot()
	name := fmt.Sprintf("%s-%s-%d.png", strings.Trim(strings.NewReplacer("/", "_", "?", "_", "&", "_", "=", "-").Replace(path), "_"), as, width)
	if err := os.WriteFile(filepath.Join(dir, name), png, 0o600); err != nil {
		b.Fatal(err)
	}
}

// shot is a picture of the whole page, as PNG.
func (b *browser) shot() []byte { return value(b, chromedp.FullScreenshot(100)) }

// enter makes somebody the one who is signed in; "nobody" is no one.
func (b *browser) enter(as string) {
	b.Helper()
	b.do(chromedp.Navigate(b.base + "/testing/as/" + as))
	b.as = as
}

// step is something that the browser does.
type step = chromedp.Action[chromedp.Void]

func (b *browser) do(steps ...step) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// value does something that gives a value.
func value[T any](b *browser, a chromedp.Action[T]) T {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		b.Fatal(err)
	}
	return v
}

// listen notes what the console, scripts and the network say.
func (b *browser) listen() {
	note := func(format string, args ...any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.said = append(b.said, fmt.Sprintf(format, args...))
	}
	err := chromedp.Listen(b.ctx, func(ev any) {
		switch ev := ev.(type) {
		case *runtime.EventConsoleAPICalled:
			note("the console says something (%s)", ev.Type)
		case *runtime.EventExceptionThrown:
			note("a script fails: %s", ev.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			if !strings.HasPrefix(ev.Entry.Text, "Failed to load resource: the server responded with a status of 4") || strings.Contains(ev.Entry.URL, "/assets/") {
				note("the browser says: %s", ev.Entry.Text) // that a page is not there is what it says itself
			}
		case *network.EventRequestWillBeSent:
			if u := ev.Request.URL; !strings.HasPrefix(u, b.base+"/") && !strings.HasPrefix(u, "data:") {
				note("a request goes to another site: %s", u)
			}
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, network.Enable, network.EnableParams{})
		return err
	}))
}

// open opens a path at a width.
func (b *browser) open(path string, width int64) {
	b.Helper()
	b.do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(b.base+path))
}

func (b *browser) press(key string) {
	b.Helper()
	b.do(chromedp.KeyEvent(key))
}

// focused says what has the focus: its classes and its text.
func (b *browser) focused() string {
	b.Helper()
	return b.scriptText(`(e => e.tagName.toLowerCase()+' '+e.className+' '+e.innerText)(document.activeElement)`)
}

// wantsProblem holds that a form that was refused says so first: to who reads the
// title, and to who goes on by the keyboard.
func (b *browser) wantsProblem() {
	b.Helper()
	b.loaded("There is a problem")
	if at := b.focused(); !strings.Contains(at, "nhsuk-error-summary") {
		b.Errorf("after an error the focus is on %q, want the summary of errors", at)
	}
	if title := b.title(); !strings.HasPrefix(title, "Error: ") {
		b.Errorf("the title is %q, want it to begin with Error", title)
	}
}

// tabTo goes on by the keyboard until something of a text has the focus.
func (b *browser) tabTo(text string) {
	b.Helper()
	for range 80 {
		b.press("\t")
		at := b.focused()
		if strings.HasSuffix(strings.TrimSpace(at), text) || strings.HasPrefix(at, text+" ") {
			return
		}
	}
	b.Fatalf("no stop of the keyboard is %q", text)
}

// loaded waits until the page holds a text.
func (b *browser) loaded(text string) {
	b.Helper()
	b.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		for range 100 {
			got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.readyState==='complete' && document.body ? document.body.innerText : ''`))
			if err == nil && strings.Contains(got, text) {
				return nil
			}
			time.Sleep(50 * time.Millisecond)
		}
		return fmt.Errorf("the page does not come to hold %q", text)
	}))
}

func (b *browser) title() string { return value(b, chromedp.Title()) }

func (b *browser) click(selector string) {
	b.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

func (b *browser) typeIn(selector, text string) {
	b.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), text))
}

// script changes the page as a reader's own settings would.
func (b *browser) script(text string) {
	b.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](text))
}

func (b *browser) scriptText(text string) string {
	b.Helper()
	return value(b, chromedp.Evaluate[string](text))
}

// sideways is by how many pixels the page scrolls to the side.
func (b *browser) sideways() int {
	b.Helper()
	return value(b, chromedp.Evaluate[int](`document.documentElement.scrollWidth-document.documentElement.clientWidth`))
}

// pdf is the page as it is printed on A4.
func (b *browser) pdf() []byte {
	b.Helper()
	return value(b, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4)))
}

// media has the page shown on another medium, or by another setting of the system.
func (b *browser) media(medium, feature, setting string) {
	b.Helper()
	p := emulation.SetEmulatedMediaParams{Media: medium}
	if feature != "" {
		p.Features = []*emulation.MediaFeature{{Name: feature, Value: setting}}
	}
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, p)
		return err
	}))
}

// scripts lets pages run scripts, or not.
func (b *browser) scripts(run bool) {
	b.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run})
		return err
	}))
}
