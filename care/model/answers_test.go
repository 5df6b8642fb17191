package model_test

import (
	"strings"
	"testing"

	"joinery/care/model"
	"joinery/definitions"
	"joinery/fault"
	"joinery/packs"
)

// TestAnswersAreRead: what is answered is held to the question, and comes to a score.
func TestAnswersAreRead(t *testing.T) {
	ask := func(id, q string) *model.Questionnaire {
		files, _ := packs.Pack(id)
		m, problems := model.Read(id, files, definitions.Shipped())
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return m.Questionnaire(q)
	}
	big, pain, how := ask("living-well-network", "my-big-three"), ask("escape-pain", "k-hoos-pain"), ask("escape-pain", "how-it-was")
	for _, c := range []struct {
		q     *model.Questionnaire
		given string
		score float64
		say   string
	}{
		{pain, "total=40", 40, ""},
		{pain, "total=0.5", 0.5, ""},
		{pain, "total=101", 0, "a number from 0 to 100"},
		{pain, "total=NaN", 0, "a number from 0 to 100"},
		{pain, "", 0, `"k-hoos-pain/total" has no answer`},
		{pain, "total=40;other=1", 0, "its questions are: total"},
		{how, "suited=Completely;reach=mostly;go-on=not at all", 5, ""},
		{how, "suited=very;reach=mostly;go-on=mostly", 0, "one of: not at all, a little, mostly, completely"},
		{big, "matters=My sister;well=3;choices=4;part=5", 12, ""},
		{big, "well=3;choices=4;part=5", 0, "has no answer: What matters most"},
	} {
		given := map[string]string{}
		for part := range strings.SplitSeq(c.given, ";") {
			if id, text, ok := strings.Cut(part, "="); ok {
				given[id] = text
			}
		}
		_, score, scored, err := c.q.Read(given)
		switch {
		case c.say != "" && (fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), c.say)):
			t.Errorf("%s: %v, want a refusal that says %q", c.given, err, c.say)
		case c.say == "" && (err != nil || !scored || score != c.score):
			t.Errorf("%s came to %g (%v), want %g", c.given, score, err, c.score)
		}
	}
}
