package pages

import "testing"

// swept are the pages that are looked at in a browser, and by whom.
var swept = []struct{ as, path string }{
	{"nobody", "/"},
	{"nobody", "/nothing/here"},
	{"gp", "/"},
	{"gp", "/people/amina"},
	{"gp", "/people/bare"},
	{"patient", "/people/amina"},
}

// TestEveryPageInABrowser looks at every page on a screen and on a phone.
func TestEveryPageInABrowser(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w)
	for _, one := range swept {
		for _, width := range []int64{1280, 320} {
			b.see(one.as, one.path, width)
		}
	}
}
