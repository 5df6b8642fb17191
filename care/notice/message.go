package notice

import (
	"embed"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed messages
var messageFiles embed.FS

// fallback is the language in which every text is there.
const fallback = "en"

// text is one text: its heading, and the paragraphs under it.
type text struct {
	heading    string
	paragraphs []string
}

// tongue is what is said in one language.
type tongue struct {
	code, name string
	texts      map[string]*text // by "letter booked", "letter booked easy", "words dear", "short link"
}

// Places of each kind of text. A short text is what leaves by e-mail or as a text
// message: it has no place for anything of a person, and none for a service.
var places = map[string][]string{
	"letter": {"person", "service", "next", "when", "where", "phone", "question", "contact", "sender"},
	"words":  {"person", "next", "phone", "contact", "sender", "language"},
	"short":  {"contact", "sender", "link"},
}

var tongues = sync.OnceValue(func() map[string]*tongue {
	all := map[string]*tongue{}
	entries, err := messageFiles.ReadDir("messages")
	for _, e := range entries {
		var data []byte
		if data, err = messageFiles.ReadFile(path.Join("messages", e.Name())); err != nil {
			break
		}
		var t *tongue
		if t, err = readTongue(e.Name(), string(data)); err != nil {
			break
		}
		all[t.code] = t
	}
	for _, t := range all {
		for name := range all[fallback].texts { // half a letter in each language helps nobody
			if err == nil && t.texts[name] == nil {
				err = fmt.Errorf("%s.txt has no %q", t.code, name)
			}
		}
	}
	if err != nil {
		panic("care/notice: " + err.Error()) // found by every test
	}
	return all
})

// readTongue reads the file of a language.
func readTongue(file, content string) (*tongue, error) {
	t := &tongue{texts: map[string]*text{}}
	var now *text
	for n, line := range strings.Split(content, "\n") {
		fail := func(format string, args ...any) (*tongue, error) {
			return nil, fmt.Errorf("%s:%d: "+format, append([]any{file, n + 1}, args...)...)
		}
		line = strings.TrimSpace(line)
		name, begins := strings.CutPrefix(line, "== ")
		switch {
		case strings.HasPrefix(line, "#"):
		case begins && places[strings.Fields(name)[0]] == nil:
			return fail("there are letter, words and short, and no %q", name)
		case begins && t.texts[name] != nil:
			return fail("%q stands twice", name)
		case begins:
			now = &text{}
			t.texts[name] = now
		case line == "":
			if now != nil && now.heading != "" {
				now.paragraphs = append(now.paragraphs, "")
			}
		case now == nil:
			part := strings.Fields(line)
			if len(part) < 3 || part[0] != "language" {
				return fail("a file begins with its language, as in: language en English")
			}
			t.code, t.name = part[1], strings.Join(part[2:], " ")
		case now.heading == "":
			now.heading = line
		default:
			now.paragraphs = append(now.paragraphs, line)
		}
	}
	for name, one := range t.texts {
		one.paragraphs = joined(one.paragraphs)
		if err := one.check(strings.Fields(name)[0]); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", file, name, err)
		}
	}
	return t, nil
}

// joined puts the lines between empty ones together.
func joined(lines []string) []string {
	var out []string
	open := false
	for _, line := range lines {
		switch {
		case line == "":
			open = false
		case open:
			out[len(out)-1] += " " + line
		default:
			out, open = append(out, line), true
		}
	}
	return out
}

var place = regexp.MustCompile(`\{([^}]*)\}`)

// check refuses a text with a place that its kind does not have.
func (t *text) check(kind string) error {
	for _, line := range append([]string{t.heading}, t.paragraphs...) {
		for _, m := range place.FindAllStringSubmatch(line, -1) {
			if !slices.Contains(places[kind], m[1]) {
				return fmt.Errorf("{%s} has no place in a text of the kind %s", m[1], kind)
			}
		}
	}
	return nil
}

// fill puts in what stands in braces.
func fill(line string, in map[string]string) string {
	return place.ReplaceAllStringFunc(line, func(m string) string { return in[m[1:len(m)-1]] })
}

// filled returns a text with everything put in.
func (t *text) filled(in map[string]string) (heading string, paragraphs []string) {
	for _, p := range t.paragraphs {
		paragraphs = append(paragraphs, fill(p, in))
	}
	return fill(t.heading, in), paragraphs
}

// speak returns the texts of a language, or else those of English; ok reports
// which.
func speak(language string) (t *tongue, ok bool) {
	if language == "" {
		language = fallback
	}
	base, _, _ := strings.Cut(language, "-")
	if t = tongues()[base]; t != nil {
		return t, true
	}
	return tongues()[fallback], false
}

// letter returns the text of a letter, in short sentences where it is to be easy.
func (t *tongue) letter(name string, easy bool) *text {
	if found := t.texts["letter "+name+" easy"]; easy && found != nil {
		return found
	}
	return t.texts["letter "+name]
}

// words returns a line of the frame of letters, filled.
func (t *tongue) words(name string, in map[string]string) string {
	return fill(t.texts["words "+name].heading, in)
}

// short returns what an e-mail or a text message says. It is given nothing of the
// person or the referral: there is nothing that it could tell.
func (t *tongue) short(name, contact, sender, link string) (heading string, paragraphs []string) {
	return t.texts["short "+name].filled(map[string]string{"contact": contact, "sender": sender, "link": link})
}
