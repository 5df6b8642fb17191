package model_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"joinery/care/model"
	"joinery/definitions"
	"joinery/written"
)

func adopt(t testing.TB, set ...[2]string) []written.File {
	t.Helper()
	files := model.Starter("walks")
	m := read(t, files)
	out, err := m.Adopt(files, model.Local{ID: "walks-bexley", Owner: "Bexley: \"the\" lead", Area: model.Area{Name: "Bexley", Codes: []string{"E09000004"}}, Set: set})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestALocalCopySetsWhatItMay(t *testing.T) {
	base := read(t, model.Starter("walks"))
	m := read(t, adopt(t, [2]string{"starts", "10"}, [2]string{"walker-hours", "30.5"}))
	if m.ID != "walks-bexley" || m.Owner != "Bexley: \"the\" lead" || m.Area.Name != "Bexley" {
		t.Errorf("the copy is %s, of %s, for %s", m.ID, m.Owner, m.Area.Name)
	}
	if *m.Base != (model.Base{ID: "walks", Version: "0.1.0", Hash: base.Hash}) {
		t.Errorf("its base is %v", *m.Base)
	}
	if m.Sites[0].Starts != 10 || m.Role("walker").Hours != 30.5 {
		t.Errorf("%d may begin in a week, and volunteers have %g hours", m.Sites[0].Starts, m.Role("walker").Hours)
	}
	for i, s := range m.Set {
		if !s.Wider {
			t.Errorf("setting %d, %s to %s (was %s), goes to the riskier side unsaid", i, s.Parameter, s.Value, s.Was)
		}
	}
	again, err := model.ReadCanonical(m.Canonical())
	if err != nil {
		t.Fatal(err)
	}
	if again.Name() != m.Name() || len(again.Set) != 2 {
		t.Errorf("read back it is %s with %d settings", again.Name(), len(again.Set))
	}
}

func TestACopyOfACopyIsRefused(t *testing.T) {
	files := adopt(t)
	if _, err := read(t, files).Adopt(files, model.Local{ID: "more"}); err == nil || !strings.Contains(err.Error(), "adopt that") {
		t.Errorf("a copy of a copy gives %v", err)
	}
}

// TestNothingElseCanBeChanged changes one letter of a local copy's model: it is
// refused, or the change makes no difference to how the model runs.
func TestNothingElseCanBeChanged(t *testing.T) {
	files := adopt(t, [2]string{"starts", "10"})
	good := read(t, files)
	shipped := definitions.Shipped()[:0]
	rapid.Check(t, func(t *rapid.T) {
		edited := make([]written.File, 0, len(files))
		which := rapid.IntRange(0, len(files)-1).Draw(t, "file")
		for i, f := range files {
			if i == which && f.Name != "local.yaml" && f.Name != "README.md" {
				data := append([]byte(nil), f.Data...)
				data[rapid.IntRange(0, len(data)-1).Draw(t, "at")] = rapid.SampledFrom([]byte("ab1 :\n")).Draw(t, "letter")
				f.Data = data
			}
			edited = append(edited, f)
		}
		m, problems := model.Read("walks-bexley", edited, shipped)
		if len(problems) == 0 && m.Name() != good.Name() {
			t.Fatalf("a changed copy passes as %s, want %s or a refusal", m.Name(), good.Name())
		}
	})
}
