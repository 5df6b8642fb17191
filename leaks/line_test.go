package leaks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// reader reads lines, and finds in them what is of the people.
type reader struct {
	*people
	*source
}

var (
	chance = regexp.MustCompile(`^(client-[0-9a-f]{12}|[0-9a-f]{20,64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`) // an id that we drew, or the mark of one
	hash   = regexp.MustCompile(`^[0-9a-f]{12,64}$`)
	wild   = regexp.MustCompile(`^\{[a-z]+\}$`)
	frame  = regexp.MustCompile(`^(goroutine [0-9]+ .*\[[a-z, ()0-9]+\]:|(created by )?[\w./*()\[\]%~-]+( in goroutine [0-9]+|\([0-9a-fx, {}.?_]*\))|(panic|runtime/debug\.Stack)\([0-9a-fx, {}?]*\)|\t\S+\.(go|s):[0-9]+( \+0x[0-9a-f]+)?)$`)
)

// finds returns what a line holds that must not be there, in words.
func (r *reader) finds(line []byte) []string {
	var entry map[string]json.RawMessage
	if !bytes.HasPrefix(line, []byte(`{"time":`)) || json.Unmarshal(line, &entry) != nil {
		return r.inWords(string(line), true)
	}
	var out []string
	for key, raw := range entry {
		for _, f := range r.inAttribute(key, raw) {
			out = append(out, key+": "+f)
		}
	}
	slices.Sort(out)
	return out
}

// inAttribute returns what an attribute of a line holds. What the source gives as a
// constant must be that constant, and can then hold nothing; a moment must be one.
// An id that was drawn by chance is no words. All else is data, and searched.
func (r *reader) inAttribute(key string, raw json.RawMessage) []string {
	if !r.keys[key] {
		return []string{"no such attribute is given to the log"}
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return said(string(raw), r.numbersIn(string(raw))) // a number, or whether something is so
	}
	var fits bool
	switch key {
	case "time":
		_, err := time.Parse(time.RFC3339Nano, text)
		fits = err == nil
	case "level":
		fits = slices.Contains([]string{"DEBUG", "INFO", "WARN", "ERROR"}, text)
	case "msg":
		fits = r.messages[text]
	case "stack":
		return r.inStack(text)
	case "route":
		if !r.isRoute(text) {
			return said(text, r.in(text))
		}
		return nil
	default:
		if chance.MatchString(text) {
			return nil
		}
		return r.inWords(text, false)
	}
	if !fits {
		return []string{fmt.Sprintf("%q is not of its kind", text)}
	}
	return nil
}

// isRoute reports whether a text is a pattern that the source registers, whole or in
// parts.
func (r *reader) isRoute(text string) bool {
	for part := range strings.SplitSeq(strings.TrimPrefix(method.ReplaceAllString(text, ""), "/"), "/") {
		if !r.routes[part] && !chance.MatchString(part) && !wild.MatchString(part) {
			return false
		}
	}
	return true
}

// inStack returns what a stack holds: in lines that say where the program was,
// nothing.
func (r *reader) inStack(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); !frame.MatchString(line) {
			out = append(out, r.inWords(line, false)...)
		}
	}
	return out
}

// inWords returns what a sentence holds: an error, or a line that a command prints,
// which may say to whoever typed it what they typed.
func (r *reader) inWords(text string, printed bool) []string {
	if frame.MatchString(text) {
		return nil
	}
	hits := slices.DeleteFunc(r.in(text), func(h hit) bool { return r.constant(text, h) || h.kind == "name" && r.named(text, h, printed) })
	return said(text, hits)
}

// named reports whether a word of a text is part of the name of something that is
// no person: a hash, what is shipped, or what was typed.
func (r *reader) named(text string, h hit, printed bool) bool {
	for _, at := range wholeToken.FindAllStringIndex(text, -1) {
		if h.from < at[0] || h.to > at[1] {
			continue
		}
		name := strings.TrimRight(text[at[0]:at[1]], ".")
		if hash.MatchString(name) && strings.ContainsAny(name, "0123456789") || r.ids[name] {
			return true
		}
		for typed := name; printed; { // what is made from it begins with it
			if r.typed[typed] {
				return true
			}
			i := strings.LastIndex(typed, "-")
			if i < 0 {
				break
			}
			typed = typed[:i]
		}
	}
	return false
}

// constant reports whether a word or a day of a text belongs to a phrase of the source,
// which stands around it as it does there.
func (r *reader) constant(text string, h hit) bool {
	for _, phrase := range r.phrases[strings.ToLower(text[h.from:h.to])] {
		for _, at := range phrase.FindAllStringIndex(text, -1) {
			if at[0] <= h.from && h.to <= at[1] {
				return true
			}
		}
	}
	return false
}

func said(text string, hits []hit) []string {
	var out []string
	for _, h := range hits {
		out = append(out, fmt.Sprintf("%s %q in …%s…", h.kind, text[h.from:h.to], text[max(0, h.from-40):min(len(text), h.to+40)]))
	}
	return out
}
