package pages

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// forEverybody are the parts whose texts residents, carers and the public read.
var forEverybody = []string{
	"home", "signin", "password", "error", "fault", "me", "closed", "invitation", "myreferral", "myplan", "myrecord", "query", "sharing", "ending", "looked", "left",
}

// jargon are words that the people whom care is for need not know, and what to say.
var jargon = map[string]string{
	"proxy": "carer, or somebody you trust", "clinician": "", "authenticate": "sign in", "consent": "", "encounter": "visit", "episode": "", "pathway": "", "multidisciplinary": "",
	"utilise": "use", "commence": "begin", "prior": "before", "adverse": "bad", "hypertension": "high blood pressure", "acute": "", "chronic": "long-term", "discharge": "",
	"outpatient": "", "triage": "", "stakeholder": "", "provider": "", "data": "", "FHIR": "", "resource": "", "session": "", "token": "", "database": "", "submit": "send",
	"click": "choose", "please note": "", "in order to": "to", "regarding": "about", "prescribe": "", "practitioner": "", "comorbidity": "", "referral letter": "",
}

// TestWordsForEverybodyArePlain holds the texts that residents, carers and the public
// read to a reading age of 9 to 11: short sentences, short words, no jargon. Such a
// count only points at what to look at; the words are read by people too.
func TestWordsForEverybodyArePlain(t *testing.T) {
	tongues, err := readTongues()
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]string{}
	for key, text := range tongues[0].texts {
		p := part(key)
		if !slices.Contains(forEverybody, p) {
			continue
		}
		text = hole.ReplaceAllString(text, "Anna")
		texts[p] = append(texts[p], text)
		for _, s := range sentences(text) {
			if n := len(words(s)); n > 20 {
				t.Errorf("%s: a sentence of %d words; at most 20: %s", key, n, s)
			}
		}
		for word, say := range jargon {
			if regexp.MustCompile(`(?i)\b` + word + `s?\b`).MatchString(text) {
				t.Errorf("%s says %q: say it plainly (%s): %s", key, word, say, text)
			}
		}
	}
	for _, p := range forEverybody {
		if len(texts[p]) == 0 {
			t.Errorf("the part %s has no texts", p)
			continue
		}
		age := readingAge(strings.Join(texts[p], "\n"))
		t.Logf("%s: reading age %.1f", p, age)
		if age > 11 {
			t.Errorf("the texts of %s are for a reading age of %.1f, at most 11", p, age)
		}
	}
	all, err := readGlossaries()
	if err != nil {
		t.Fatal(err)
	}
	entries := slices.Collect(maps.Values(all[english].says))
	if age := readingAge(strings.Join(entries, "\n")); age > 12 { // they name illnesses
		t.Errorf("the plain words beside entries are for a reading age of %.1f, at most 12", age)
	}
}

// TestReadingAge: what a child reads and what lawyers write are told apart.
func TestReadingAge(t *testing.T) {
	if age := readingAge("The cat sat on the mat. It was warm. The dog ran to the door."); age > 7 {
		t.Errorf("a text for small children is for an age of %.1f", age)
	}
	if age := readingAge("Notwithstanding aforementioned considerations, multidisciplinary practitioners should systematically operationalise individualised rehabilitation interventions."); age < 18 {
		t.Errorf("a text of jargon is for an age of %.1f", age)
	}
}

// readingAge is the grade of Flesch and Kincaid and five years: at grade 4 people
// are 9. Source: Kincaid and others, Derivation of new readability formulas for Navy
// enlisted personnel (1975).
func readingAge(text string) float64 {
	var s, w, y int
	for _, one := range sentences(text) {
		all := words(one)
		if len(all) == 0 {
			continue
		}
		s++
		w += len(all)
		for _, word := range all {
			y += syllables(word)
		}
	}
	if s == 0 {
		return 0
	}
	return 0.39*float64(w)/float64(s) + 11.8*float64(y)/float64(w) - 15.59 + 5
}

var ends = regexp.MustCompile(`[.!?:]+(\s|$)|\n`)

func sentences(text string) []string { return ends.Split(text, -1) }

func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '’' })
}

// syllables counts groups of vowels, without an e that is not spoken.
func syllables(word string) int {
	word = strings.ToLower(word)
	n, before := 0, false
	for _, r := range word {
		vowel := strings.ContainsRune("aeiouy", r)
		if vowel && !before {
			n++
		}
		before = vowel
	}
	if strings.HasSuffix(word, "e") && !strings.HasSuffix(word, "le") && n > 1 {
		n--
	}
	return max(n, 1)
}
