package pages

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// canaries are planted where only some may see them: by whom each may be seen.
var canaries = map[string][]string{
	"Amin-Canary":   {"gp", "nurse", "patient", "carer", "finder"}, // the nurse once Amina is referred
	"AMIN-CANARY":   {"gp", "nurse", "patient", "carer", "finder"},
	"9990000042":    {"gp", "nurse", "patient", "carer"},
	"999 000 0042":  {"gp", "nurse", "patient", "carer"},
	"ZZ1 1ZZ":       {"gp", "nurse", "patient", "carer", "finder"},
	"Hidden-Canary": {},
	"Sealed-Canary": {"patient", "privacy"}, // to whom the audit says which id this test asks for
}

var inPath = regexp.MustCompile(`\{([a-z]+)\}`)

// TestEveryRoleAtEveryRoute asks for every route of the table as everyone, on ids
// that are theirs and ids that are not: whom the table does not let in gets a
// refusal with nothing of anyone, and nobody sees what is planted for others, be
// it in the page, a header, the address it leads to, or the log.
func TestEveryRoleAtEveryRoute(t *testing.T) {
	w := newWorld(t)
	names := []string{""}
	for name := range w.people {
		names = append(names, name)
	}
	slices.Sort(names)
	asked := 0
	for _, rt := range table() {
		for _, as := range names {
			for _, id := range []string{"amina", "nobody", "no-such-id", "Sealed-Canary"} {
				path := inPath.ReplaceAllString(rt.path, id)
				a := w.get(as, path)
				if rt.method == http.MethodPost {
					a = w.post(as, path, nil)
				}
				asked++
				v, signedIn := w.people[as]
				switch {
				case rt.open():
				case !signedIn && a.Code != map[string]int{http.MethodGet: 303, http.MethodPost: 401}[rt.method]:
					t.Errorf("%s %s as nobody = %d, want to be led to sign in", rt.method, rt.path, a.Code)
				case signedIn && !rt.may(v.Subject.Role()) && a.Code != 403:
					t.Errorf("%s %s as %s = %d, want 403", rt.method, rt.path, as, a.Code)
				case signedIn && rt.may(v.Subject.Role()) && a.Code == 403 && rt.method == http.MethodGet:
					t.Errorf("%s %s as %s = 403, and the table lets them in", rt.method, rt.path, as)
				}
				if a.Code >= 500 {
					t.Errorf("%s %s as %s = %d: %s", rt.method, path, as, a.Code, plainly(a.text))
				}
				tells(t, as, rt.method+" "+path, a)
				if id == "no-such-id" && !strings.Contains(rt.path, "{") {
					break
				}
			}
		}
	}
	log := w.log.String()
	for canary := range canaries {
		if strings.Contains(log, canary) {
			t.Errorf("the log of %d requests holds %s", asked, canary)
		}
	}
	t.Logf("%d requests", asked)
}

// tells fails the test for whatever somebody may not see in an answer, and for
// anything of anyone in a title.
func tells(t *testing.T, as, what string, a answer) {
	t.Helper()
	headers := &strings.Builder{}
	_ = a.Header().Write(headers)
	title, _, _ := strings.Cut(a.text, "</title>")
	for canary, may := range canaries {
		if strings.Contains(a.text, canary) && !slices.Contains(may, as) {
			t.Errorf("%s as %s shows %s", what, as, canary)
		}
		if strings.Contains(headers.String(), canary) && !strings.Contains(what, canary) || strings.Contains(title, canary) && strings.Contains(title, "<title>") {
			t.Errorf("%s as %s has %s in a header or the title", what, as, canary)
		}
	}
}
