package pages

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// swept are the pages that are looked at in a browser, and by whom. {task} is an
// open referral of Amina.
var swept = []struct{ as, path string }{
	{"nobody", "/"},
	{"nobody", "/nothing/here"},
	{"nobody", "/sign-in?ended=yes"},
	{"nobody", "/left"},
	{"nobody", "/sign-in/provider"},
	{"nobody", "/sign-in/back"},
	{"gp", "/emergency"},
	{"gp", "/password"},
	{"gp", "/"},
	{"gp", "/people"},
	{"gp", "/people/amina"},
	{"gp", "/people/bare"},
	{"gp", "/people/amina/timeline"},
	{"gp", "/people/amina/plan"},
	{"gp", "/people/amina/letter"},
	{"gp", "/people/amina/refer?service=team-s"},
	{"nurse", "/work"},
	{"elsewhere", "/work"},
	{"nurse", "{task}"},
	{"finder", "/candidates"},
	{"finder", "/candidates/walks"},
	{"finder", "/work"},
	{"patient", "/people/amina"},
}

// TestEveryPageInABrowser looks at every page on a screen and on a phone.
func TestEveryPageInABrowser(t *testing.T) {
	w := newWorld(t)
	room := task(t, w.referAmina(nil))
	task(t, w.referAmina(url.Values{"key": {"another"}, "again": {"yes"}})) // with several, they can be chosen
	said := url.Values{"person": {"amina"}, "what": {"worse"}, "text": {"Ring my son first"}, "by": {"person"}}
	if a := w.post("gp", "/people/amina/plan", said); a.Code != 303 {
		t.Fatalf("write in the plan = %d: %s", a.Code, plainly(a.text))
	}
	w.walks("amina", "bare")
	b := newBrowser(t, w)
	for _, one := range swept {
		for _, width := range []int64{1280, 320} {
			b.see(one.as, strings.ReplaceAll(one.path, "{task}", room), width)
		}
	}
}

// looked are the pages that a test of this folder looks at in a browser: a row of
// whom and where, as in swept.
var looked = regexp.MustCompile(`\{"[a-z]+", "(/[^"]*|\{task\})"`)

// TestEveryPageIsSwept: no page of the route table is forgotten.
func TestEveryPageIsSwept(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range looked.FindAllStringSubmatch(string(text), -1) {
			path, _, _ := strings.Cut(strings.ReplaceAll(m[1], "{task}", "/referrals/x"), "?")
			if path != "/" && strings.HasSuffix(path, "/") {
				path += "x" // an id follows
			}
			paths = append(paths, path)
		}
	}
	for _, rt := range table() {
		if rt.method != "GET" || strings.HasSuffix(rt.path, "/text") || strings.HasSuffix(rt.path, "/csv") {
			continue
		}
		pattern := inPath.ReplaceAllString(rt.path, "*")
		if !slices.ContainsFunc(paths, func(path string) bool { return matches(pattern, path) }) {
			t.Errorf("%s is not looked at in a browser: add it to swept", rt.path)
		}
	}
}

// matches reports whether a path is one of a pattern, in which * is any part.
func matches(pattern, path string) bool {
	p, q := strings.Split(pattern, "/"), strings.Split(path, "/")
	return len(p) == len(q) && !slices.ContainsFunc(slices.Collect(indices(p)), func(i int) bool { return p[i] != "*" && p[i] != q[i] })
}

func indices(of []string) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range of {
			if !yield(i) {
				return
			}
		}
	}
}
