package pages

import (
	"bytes"
	"io"
	"testing"

	"joinery/care/directory"
	"joinery/care/workflow"
)

// TestEveryPageEmpty renders every page of ours with a view in which nothing is
// filled in, in every language: a template that stumbles over what is missing is
// found here. Filled ones are in the tests of each page.
func TestEveryPageEmpty(t *testing.T) {
	s := ownScreens(t)
	for name, view := range map[string]any{
		"home": homeView{}, "error": failure{Key: "absent"}, "person": &personView{
			Banner: banner{Allergies: allergies{Label: "unavailable"}}, Alerts: block{Key: "alerts"}, Problems: block{Key: "problems"}, Medicines: block{Key: "medicines"},
			Referrals: block{Key: "referrals"}, Plans: block{Key: "plans"}, People: block{Key: "people"}, Ceilings: block{Key: "ceilings"},
		},
		"work": &workView{}, "several": &severalView{}, "find": &findView{}, "timeline": &timelineView{Banner: banner{Allergies: allergies{Label: "none"}}},
		"letter":     &letterView{Person: &personView{Banner: banner{Allergies: allergies{Label: "none"}}}},
		"refer":      &referView{Banner: banner{Allergies: allergies{Label: "none"}}, Service: &directory.Service{}},
		"referral":   &referralView{Banner: banner{Allergies: allergies{Label: "none"}}, Now: &workflow.Now{}},
		"candidates": &candidatesView{}, "launch": launchView{}, "session": sessionView{remaining: &remaining{}}, "plan": &planView{Banner: banner{Allergies: allergies{Label: "none"}}, Plan: &workflow.Plan{}},
	} {
		screen := s.byName[english][name]
		if screen == nil {
			t.Errorf("there is no page %s", name)
			continue
		}
		var b bytes.Buffer
		err := screen.ExecuteTemplate(&b, "main", view)
		if err == nil {
			err = screen.ExecuteTemplate(&b, "frame", &frame{Lang: english, Dir: "ltr", Title: name, Site: &Site{}})
		}
		if err != nil {
			t.Errorf("%s with nothing in it: %v", name, err)
			continue
		}
		if n := bytes.Count(b.Bytes(), []byte("<h1")); n != 1 {
			t.Errorf("%s with nothing in it has %d headings of the first level, want one", name, n)
		}
	}
	for _, l := range s.tongues { // the frame itself, in each language
		if err := s.byName[l.code]["home"].ExecuteTemplate(io.Discard, "frame", &frame{Lang: l.code, Dir: l.dir, Site: &Site{}, Session: &remaining{Typed: true}}); err != nil && s.has(l, "home") {
			t.Errorf("the first page in %s: %v", l.code, err)
		}
	}
}
