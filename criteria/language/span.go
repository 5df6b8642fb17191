package language

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Span is a range of numbers, such as "under 140 mm[Hg]" or "5 or more". An end
// that is not bounded is infinite.
type Span struct {
	Low, High     float64
	LowIn, HighIn bool   // whether the ends themselves are in
	Unit          string // UCUM, or "" when none was written
	text          string
}

// Has reports whether a number lies in the span. NaN never does.
func (s Span) Has(x float64) bool {
	return (x > s.Low || s.LowIn && x == s.Low) && (x < s.High || s.HighIn && x == s.High)
}

// Empty reports whether no number lies in the span.
func (s Span) Empty() bool {
	return s.Low > s.High || s.Low == s.High && !(s.LowIn && s.HighIn)
}

// covers reports whether every number of another span is in this one.
func (s *Span) covers(t *Span) bool {
	return (s.Low < t.Low || s.Low == t.Low && (s.LowIn || !t.LowIn)) && (s.High > t.High || s.High == t.High && (s.HighIn || !t.HighIn))
}

// String returns the span as it was written.
func (s Span) String() string { return s.text }

// whole returns the least and the greatest whole number in the span.
func (s Span) whole() (low, high float64) {
	low, high = math.Ceil(s.Low), math.Floor(s.High)
	if low == s.Low && !s.LowIn {
		low++
	}
	if high == s.High && !s.HighIn {
		high--
	}
	return low, high
}

const spanHelp = `write "under 140", "at most 140", "over 140", "at least 140", "140 or more", "130 to 139" or "exactly 140"`

// openings are the words before a number, and endings those after "or".
var openings = []struct {
	words     []string
	low, high bool // which end the number is
	in        bool
}{
	{[]string{"less", "than"}, false, true, false},
	{[]string{"more", "than"}, true, false, false},
	{[]string{"at", "least"}, true, false, true},
	{[]string{"at", "most"}, false, true, true},
	{[]string{"under"}, false, true, false},
	{[]string{"below"}, false, true, false},
	{[]string{"over"}, true, false, false},
	{[]string{"above"}, true, false, false},
	{[]string{"exactly"}, true, true, true},
}

// parseSpan reads a span. Where it is not understood the error says how to
// write one.
func parseSpan(text string) (Span, error) {
	s := Span{Low: math.Inf(-1), High: math.Inf(1), text: text}
	words := strings.Fields(text)
	for _, o := range openings {
		if len(words) > len(o.words) && strings.EqualFold(strings.Join(words[:len(o.words)], " "), strings.Join(o.words, " ")) {
			n, err := number(words[len(o.words)])
			if err != nil {
				return s, err
			}
			if o.low {
				s.Low, s.LowIn = n, o.in
			}
			if o.high {
				s.High, s.HighIn = n, o.in
			}
			s.Unit = strings.Join(words[len(o.words)+1:], " ")
			return s, s.check()
		}
	}
	if len(words) == 0 {
		return s, fmt.Errorf("a number is missing; %s", spanHelp)
	}
	n, err := number(words[0])
	if err != nil {
		return s, fmt.Errorf("%q is not understood; %s", text, spanHelp)
	}
	rest := words[1:]
	if len(rest) >= 2 && rest[0] == "to" {
		high, err := number(rest[1])
		if err != nil {
			return s, err
		}
		s.Low, s.High, s.LowIn, s.HighIn, s.Unit = n, high, true, true, strings.Join(rest[2:], " ")
		return s, s.check()
	}
	for i := 0; i+1 < len(rest); i++ {
		if rest[i] != "or" {
			continue
		}
		switch rest[i+1] {
		case "more", "over", "above", "older":
			s.Low, s.LowIn = n, true
		case "less", "under", "below", "fewer", "younger":
			s.High, s.HighIn = n, true
		default:
			return s, fmt.Errorf("%q is not understood; %s", text, spanHelp)
		}
		s.Unit = strings.Join(append(append([]string{}, rest[:i]...), rest[i+2:]...), " ")
		return s, s.check()
	}
	return s, fmt.Errorf("%q does not say whether more or less counts; write %q, %q or %q",
		text, words[0]+" or more", "exactly "+words[0], "under "+words[0])
}

// unitWords are units as people write them, with their UCUM codes; the code of
// millimetres of mercury has brackets, which YAML reads as a list inside {}.
var unitWords = map[string]string{"mmHg": "mm[Hg]", "°C": "Cel", "points": "1"}

func (s *Span) check() error {
	if ucum, ok := unitWords[s.Unit]; ok {
		s.Unit = ucum
	}
	if strings.Contains(s.Unit, " ") {
		return fmt.Errorf("%q is not understood; %s, then a UCUM unit such as mm[Hg]", s.text, spanHelp)
	}
	if s.Empty() {
		return fmt.Errorf("no number is %q; write the lower one first", s.text)
	}
	return nil
}

func number(word string) (float64, error) {
	n, err := strconv.ParseFloat(word, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) || strings.ContainsAny(word, "xXpP_") {
		return 0, fmt.Errorf("%q is not a number; write it as 140 or 7.8", word)
	}
	return n, nil
}
