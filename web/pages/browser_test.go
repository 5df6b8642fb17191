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

// see opens a path at a width, and fails the test for whatever axe
// finds, a sideways scroll, anything in the console, and any request to another
// site. It keeps a picture where JOINERY_PICTURES says.
func (b *browser) see(as, path string, width int64) {
	b.Helper()
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
	png := value(b, chromedp.FullScreenshot(100))
	name := fmt.Sprintf("%s-%s-%d.png", strings.Trim(strings.NewReplacer("/", "_", "?", "_", "&", "_", "=", "-").Replace(path), "_"), as, width)
	if err := os.WriteFile(filepath.Join(dir, name), png, 0o600); err != nil {
		b.Fatal(err)
	}
}

// enter makes somebody the one who is signed in; "nobody" is no one.
func (b *browser) enter(as string) {
	b.Helper()
	b.do(chromedp.Navigate(b.base + "/testing/as/" + as))
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
			if !strings.HasPrefix(ev.Entry.Text, "Failed to load resource: the server responded with a status of 40") || strings.Contains(ev.Entry.URL, "/assets/") {
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
