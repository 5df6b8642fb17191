package source

import (
	"crypto/sha256"
	"regexp"
	"slices"
	"strings"
)

// Plain is a refusal without what was sent, so that it can be kept and shown to who
// may see nothing of a person.
type Plain struct {
	Place       []byte // digest of where it came from
	File        string // its name, with "…" for words and numbers that may be somebody's
	Line, Entry int
	Reason      string // in words, with "…" for what is quoted of the input
}

// Plain returns the refusal without what was sent.
func (r Refusal) Plain() Plain {
	p := Plain{Place: PlaceOf(r.From), File: plainName(r.From), Line: r.Line, Entry: r.Entry, Reason: "no reason was given"}
	if len(r.Issues) == 0 {
		return p
	}
	first := r.Issues[0]
	p.Reason = plainWords(first.Say)
	if where := plainPath(first.Where, first.Code == "structure"); where != "" {
		p.Reason = where + ": " + p.Reason
	}
	if len(r.Issues) > 1 {
		p.Reason += " (and more)"
	}
	return p
}

// PlaceOf returns the digest by which where something came from is known again.
func PlaceOf(from string) []byte {
	sum := sha256.Sum256([]byte(from))
	return sum[:]
}

var (
	quotes    = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|“[^”]*”|«[^»]*»`)
	halfQuote = regexp.MustCompile(`["“«].*`)
	naming    = regexp.MustCompile(`\b([A-Z][A-Za-z]+)[/?]\S+`)
	numbered  = regexp.MustCompile(`\S*(?:\d{3,}|@|://)\S*`)
	spaces    = regexp.MustCompile(`\s+`)
)

// longest is how long a reason is kept.
const longest = 300

// plainWords is a sentence without what it quotes, names or numbers.
func plainWords(say string) string {
	say = quotes.ReplaceAllString(say, "…")
	say = halfQuote.ReplaceAllString(say, "…")
	say = naming.ReplaceAllString(say, "$1/…")
	say = numbered.ReplaceAllString(say, "…")
	say = strings.TrimSpace(spaces.ReplaceAllString(say, " "))
	if r := []rune(say); len(r) > longest {
		say = string(r[:longest-1]) + "…"
	}
	return say
}

var pathStep = regexp.MustCompile(`^[A-Za-z]{1,40}(\[\d{1,5}\])?$`)

// plainPath is a path of elements, as far as it is one. The last step of one that is
// about a name that nothing has is left out: it is the sender's.
func plainPath(where string, named bool) string {
	steps := strings.Split(where, ".")
	if named {
		steps = steps[:len(steps)-1]
	}
	for i, step := range steps {
		if !pathStep.MatchString(step) {
			steps = steps[:i]
			break
		}
	}
	return strings.Join(steps, ".")
}

// ordinary are words of names of files that are nobody's.
var ordinary = strings.Fields("json ndjson jsonl gz zip bundle bundles batch transaction collection export import feed data part file full delta daily weekly today new refused " +
	"patient practitioner practitionerrole organization location healthcareservice observation condition encounter procedure immunization medication medicationrequest allergyintolerance " +
	"diagnosticreport careplan careteam servicerequest task appointment consent flag group goal communication questionnaireresponse relatedperson device coverage claim")

var nameWord = regexp.MustCompile(`[\pL\pN]+`)

// plainName is the name of a file, and inside an archive of its member, without
// folders, and without words and numbers that may be somebody's.
func plainName(from string) string {
	parts := strings.Split(from, "!")
	for i, part := range parts {
		part = part[strings.LastIndexAny(part, `/\`)+1:]
		parts[i] = nameWord.ReplaceAllStringFunc(part, func(word string) string {
			if slices.Contains(ordinary, strings.ToLower(word)) || len(word) <= 3 && strings.Trim(word, "0123456789") == "" {
				return word
			}
			return "…"
		})
	}
	return strings.Join(parts, "!")
}
