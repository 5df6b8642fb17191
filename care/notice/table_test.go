package notice

import (
	"slices"
	"strings"
	"testing"

	"joinery/care/workflow"
)

// TestEveryOccasionHasItsMoveAndItsTexts: what the table names is there, and every
// text is named.
func TestEveryOccasionHasItsMoveAndItsTexts(t *testing.T) {
	named := []string{"short coming", "short ring"}
	for _, o := range Occasions() {
		switch {
		case o.Of == "referral" && workflow.Referrals().Move(o.Move) == nil:
			t.Errorf("there is no move %s of referrals", o.Move)
		case o.Of == workflow.KindInvite && o.Move != "invite":
			t.Errorf("there is no move %s of invitations", o.Move)
		}
		for kind, text := range map[string]string{"letter": o.Person, "short": o.Service, "short ": o.Referrer} {
			if text == "" {
				continue
			}
			name := strings.TrimSpace(kind) + " " + text
			named = append(named, name)
			if tongues()[fallback].texts[name] == nil {
				t.Errorf("there is no text %q, which %s needs", name, o.Move)
			}
			if kind == "letter" && tongues()[fallback].texts[name+" easy"] == nil {
				t.Errorf("there is no easy text of %q", name)
			}
		}
	}
	named = append(named, "letter question", "letter requested")
	for name := range tongues()[fallback].texts {
		if !strings.HasPrefix(name, "words ") && !slices.Contains(named, strings.TrimSuffix(name, " easy")) {
			t.Errorf("nothing says %q", name)
		}
	}
}

// TestMovesThatTellNobody are few, and each for a reason.
func TestMovesThatTellNobody(t *testing.T) {
	var silent []string
	for _, m := range workflow.Referrals().Moves {
		if occasion(m.Name, "referral") == nil {
			silent = append(silent, m.Name)
		}
	}
	// Taken up, answered, gone on with, asked to wait by themselves: nothing is decided.
	// The rest happens with the person.
	want := []string{"receive", "answer", "proceed", "defer", "start", "assess", "treat", "watch", "reconsider", "resume"}
	if !slices.Equal(silent, want) {
		t.Errorf("these moves tell nobody: %q, want %q", silent, want)
	}
}

// TestShortTextsHaveNoPlaceForAPerson: a text that leaves by e-mail or as a message
// cannot be written so that it tells something.
func TestShortTextsHaveNoPlaceForAPerson(t *testing.T) {
	for _, place := range []string{"person", "service", "next", "when", "where", "phone", "question", "language"} {
		_, err := readTongue("xx.txt", "language xx Test\n== short coming\nNews of {"+place+"}\n\nRing {contact}\n")
		if err == nil {
			t.Errorf("a short text may have {%s}", place)
		}
	}
	if _, err := readTongue("xx.txt", "language xx Test\n== short coming\nA message from {sender}\n\nRing {contact}, {link}\n"); err != nil {
		t.Errorf("a short text may not have what it needs: %v", err)
	}
}

func TestWhatIsNoTextIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"== letter x\nA\n\nB {nonsense}": "no place",
		"== poem x\nA":                   "no \"poem x\"",
		"== letter x\nA\n== letter x\nB": "stands twice",
		"hello":                          "begins with its language",
		"language xx Test\n== words dear\n{question}": "no place",
	} {
		if _, err := readTongue("xx.txt", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"a  b  c": "3 columns",
		"h  h  h  h  h  h\nsend  party  a  -  -  -": "nothing is of",
	} {
		if _, err := readOccasions(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestLeaks(t *testing.T) {
	for _, c := range []struct {
		words  string
		secret string
		leaks  bool
	}{
		{"There is a letter for you", "HIV clinic", false},
		{"There is a letter from the hiv CLINIC for you", "HIV clinic", true},
		{"Amina, ring us", "Amina", true},
		{"Ring us", "us", false},                    // too short to be looked for
		{"It comes in the next days", "Day", false}, // no word of its own
		{"Befriending", "befriending", true},
		{"unbefriendings, befriending.", "befriending", true},
	} {
		if got := leaks([]string{c.words}, []string{c.secret}); got != c.leaks {
			t.Errorf("leaks(%q, %q) = %v", c.words, c.secret, got)
		}
	}
}

func TestInternational(t *testing.T) {
	for number, want := range map[string]string{
		"07700 900123": "+447700900123", "+44 7700 900123": "+447700900123", "0044 (0)7700-900123": "+447700900123", "+44 (0) 7700 900123": "+447700900123",
		"020 7946 0123": "", "7700900123": "+447700900123", "07700 90012": "", "": "", "+1 212 555 0100": "",
	} {
		if got := international(number); got != want {
			t.Errorf("international(%q) = %q, want %q", number, got, want)
		}
	}
}

func TestLanguageNames(t *testing.T) {
	for code, want := range map[string]string{"gu": "Gujarati (ગુજરાતી)", "pl": "Polish (polski)", "so": "Somali (Soomaali)", "pt-BR": "", "??": "??"} {
		if got := languageName(code); want != "" && got != want {
			t.Errorf("languageName(%q) = %q, want %q", code, got, want)
		}
	}
}
