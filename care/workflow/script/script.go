// Package script reads the cases of models of care that run over time: what
// happens, who does what, and what must be so then, in sentences that a clinician
// reads.
//
//	case: a fall on a Tuesday morning
//	at 2026-02-03 09:10, the call room refers Amina to the falls car because "Fell at home"
//	at 2026-02-03 09:12, the falls nurse accepts Amina's referral
//	at 2026-02-03 09:50, the falls nurse starts Amina's referral
//	expect Amina's referral is active
//	expect the falls nurse can complete Amina's referral
//	expect with-the-person of Amina's referral is met
//	at 2026-02-03 10:40, the falls nurse does "Visit by both" for Amina with outcome "Up again"
//	expect the list of the falls nurse has "Arrange what is needed" for Amina
//	expect a letter to Amina that says "Falls car can help you"
//	expect no letter to Amina's daughter about Amina
//
// Times are London's, in order. Names are those of people and roles that a
// Cast declares (lines "person Amina is Patient/p1", "role the falls nurse is
// staff of Organization/falls at HealthcareService/falls-s"). What a line says is
// closed: a sentence that is none of these is refused with its line.
//
// The package reads, and says what to do; it knows no record and no server. Run
// carries a case out by a Stage, which a test of cmd/joinery makes of the real
// server.
package script

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"joinery/care/workflow/clock"
	"joinery/fault"
)

// Role is somebody who acts in a case.
type Role struct {
	Name         string // "the falls nurse"
	Kind         string // staff, person, carer, finder, operator
	Organisation string // "Organization/x", of staff and finders
	Service      string // "HealthcareService/x": whose list they work from
	Who          string // "Patient/x" or "RelatedPerson/x", of a person or carer
}

// Case is one story.
type Case struct {
	Name  string
	Steps []Step
}

// Step is something that is done, or that must be so.
type Step struct {
	Line    int
	At      time.Time // of what is done; what must be so is as of the step before
	Expect  bool
	Role    string
	Do      string // refer, a move, do (a task), or what is expected: is, can, cannot, clock, list, hidden, refused
	Person  string
	Service string
	Task    string // of a task: the beginning of its title
	Reason  string
	Says    string
	Outcome string
	State   string
	Clock   string
	How     string // of who waits: how urgently
	Before  string // of who begins: by which exception they go before others
	Not     bool
	Refused bool // it must be refused
}

// Book is what a file holds.
type Book struct {
	People   map[string]string // name to "Patient/x"
	Roles    map[string]*Role
	Services map[string]string // name to "HealthcareService/x"
	Cases    []*Case
}

// Read reads a file. The fault is Invalid and names every line that says nothing
// we know.
func Read(name, text string) (*Book, error) {
	p := &reader{file: name, book: &Book{People: map[string]string{}, Roles: map[string]*Role{}, Services: map[string]string{}}}
	for line := range strings.Lines(text) {
		p.line++
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			p.read(line)
		}
	}
	for _, c := range p.book.Cases {
		if len(c.Steps) == 0 {
			p.fail("the case %q says nothing", c.Name)
		}
	}
	if len(p.wrong) > 0 {
		return nil, fault.New(fault.Invalid, strings.Join(p.wrong, "\n"))
	}
	return p.book, nil
}

type reader struct {
	file  string
	line  int
	book  *Book
	at    time.Time
	wrong []string
}

func (p *reader) fail(format string, args ...any) {
	p.wrong = append(p.wrong, fmt.Sprintf("%s:%d: ", p.file, p.line)+fmt.Sprintf(format, args...))
}

// Sentences. A quoted part is in words; a name is what was declared.
const (
	quoted = `"([^"]+)"`
	named  = `(.+?)`
	ofWhom = `([A-Z][\w-]*)`
)

var (
	personIs  = regexp.MustCompile(`^person ` + ofWhom + ` is (Patient/[\w.-]+)$`)
	serviceIs = regexp.MustCompile(`^service (.+) is (HealthcareService/[\w.-]+)$`)
	roleIs    = regexp.MustCompile(`^role (.+?) is (staff|a finder) of (Organization/[\w.-]+)(?: at (HealthcareService/[\w.-]+))?$`)
	selfIs    = regexp.MustCompile(`^role (.+?) is (the person|the carer) (Patient/[\w.-]+|RelatedPerson/[\w.-]+)$`)
	atTime    = regexp.MustCompile(`^at (\d{4}-\d\d-\d\d \d\d:\d\d), (.+)$`)

	sentences = []struct {
		form *regexp.Regexp
		make func(s *Step, part []string)
	}{
		{regexp.MustCompile(`^` + named + ` refers ` + ofWhom + ` to (.+?)(?: by way of (.+?))? because ` + quoted + `$`), func(s *Step, m []string) {
			s.Do, s.Role, s.Person, s.Service, s.Says, s.Reason = "refer", m[1], m[2], m[3], m[5], m[4]
		}},
		{regexp.MustCompile(`^` + named + ` does ` + quoted + ` for ` + ofWhom + `(?: with outcome ` + quoted + `)?(?: answering ` + quoted + `)?$`), func(s *Step, m []string) {
			s.Do, s.Role, s.Task, s.Person, s.Outcome, s.Says = "do", m[1], m[2], m[3], m[4], m[5]
		}},
		{regexp.MustCompile(`^` + named + ` fails ` + quoted + ` for ` + ofWhom + ` because ([\w-]+)$`), func(s *Step, m []string) {
			s.Do, s.Role, s.Task, s.Person, s.Reason = "do", m[1], m[2], m[3], m[4]
		}},
		{regexp.MustCompile(`^` + named + ` waits ` + ofWhom + `'s referral as (routine|urgent|asap|stat)$`), func(s *Step, m []string) { s.Do, s.Role, s.Person, s.How = "wait", m[1], m[2], m[3] }},
		{regexp.MustCompile(`^` + named + ` starts ` + ofWhom + `'s referral by the exception ([\w-]+)$`), func(s *Step, m []string) {
			s.Do, s.Role, s.Person, s.Before = "start", m[1], m[2], m[3]
		}},
		{regexp.MustCompile(`^` + named + ` (receives|accepts|declines|starts|completes|books|waits|asks|answers|reroutes|forwards|cancels|fails|assesses|treats|pauses|resumes|leaves|closes|proceeds) ` + ofWhom + `'s referral(?: because ([\w-]+))?(?: to (?:(the referrer)|(.+?)))?(?: saying ` + quoted + `)?(?: with outcome ` + quoted + `)?(?: for (\d{4}-\d\d-\d\d \d\d:\d\d))?$`), func(s *Step, m []string) {
			s.Do, s.Role, s.Person, s.Reason, s.Service, s.Says, s.Outcome, s.State = base(m[2]), m[1], m[3], m[4], m[6], m[7], m[8], m[9]
			if m[5] != "" {
				s.Service = "the referrer"
			}
		}},
	}
	expectations = []struct {
		form *regexp.Regexp
		make func(s *Step, part []string)
	}{
		{regexp.MustCompile(`^` + ofWhom + `'s referral is ([a-z]+)(?: at (.+))?$`), func(s *Step, m []string) { s.Do, s.Person, s.State, s.Service = "is", m[1], m[2], m[3] }},
		{regexp.MustCompile(`^` + named + ` (can|cannot) ([a-z]+) ` + ofWhom + `'s referral$`), func(s *Step, m []string) {
			s.Do, s.Role, s.Not, s.State, s.Person = "can", m[1], m[2] == "cannot", m[3], m[4]
		}},
		{regexp.MustCompile(`^([\w/-]+) of ` + ofWhom + `'s referral is (not started|running|due soon|late|met|missed|closed)$`), func(s *Step, m []string) {
			s.Do, s.Clock, s.Person, s.State = "clock", m[1], m[2], m[3]
		}},
		{regexp.MustCompile(`^` + ofWhom + `'s place in the line is (\d+ of \d+)$`), func(s *Step, m []string) { s.Do, s.Person, s.State = "place", m[1], m[2] }},
		{regexp.MustCompile(`^the list of ` + named + ` (has|has not) ` + quoted + ` for ` + ofWhom + `$`), func(s *Step, m []string) {
			s.Do, s.Role, s.Not, s.Task, s.Person = "list", m[1], m[2] == "has not", m[3], m[4]
		}},
		{regexp.MustCompile(`^(a|no) letter to ` + ofWhom + `(?: that says ` + quoted + `)?$`), func(s *Step, m []string) {
			s.Do, s.Not, s.Person, s.Says = "letter", m[1] == "no", m[2], m[3]
		}},
		{regexp.MustCompile(`^(a|no) letter to ` + named + ` about ` + ofWhom + `(?: that says ` + quoted + `)?$`), func(s *Step, m []string) {
			s.Do, s.Not, s.Role, s.Person, s.Says = "letter", m[1] == "no", m[2], m[3], m[4]
		}},
		{regexp.MustCompile(`^` + named + ` (sees|does not see) ` + ofWhom + `$`), func(s *Step, m []string) { s.Do, s.Role, s.Not, s.Person = "sees", m[1], m[2] != "sees", m[3] }},
	}
)

// base returns the move of a verb as it stands in a sentence.
func base(verb string) string {
	switch verb {
	case "assesses":
		return "assess"
	case "reroutes", "closes", "resumes", "receives", "declines", "pauses", "completes", "leaves":
		return strings.TrimSuffix(verb, "s")
	}
	return strings.TrimSuffix(verb, "s")
}

func (p *reader) read(line string) {
	b := p.book
	switch {
	case strings.HasPrefix(line, "case: "):
		p.at = time.Time{}
		b.Cases = append(b.Cases, &Case{Name: strings.TrimPrefix(line, "case: ")})
		return
	case personIs.MatchString(line):
		m := personIs.FindStringSubmatch(line)
		b.People[m[1]] = m[2]
		return
	case serviceIs.MatchString(line):
		m := serviceIs.FindStringSubmatch(line)
		b.Services[m[1]] = m[2]
		return
	case roleIs.MatchString(line):
		m := roleIs.FindStringSubmatch(line)
		b.Roles[m[1]] = &Role{Name: m[1], Kind: strings.TrimPrefix(m[2], "a "), Organisation: m[3], Service: m[4]}
		return
	case selfIs.MatchString(line):
		m := selfIs.FindStringSubmatch(line)
		b.Roles[m[1]] = &Role{Name: m[1], Kind: strings.TrimPrefix(m[2], "the "), Who: m[3]}
		return
	}
	if len(b.Cases) == 0 {
		p.fail("this stands before the first case, and declares nothing: person, role, service or case")
		return
	}
	c := b.Cases[len(b.Cases)-1]
	if rest, ok := strings.CutPrefix(line, "expect "); ok {
		p.expect(c, rest)
		return
	}
	m := atTime.FindStringSubmatch(line)
	if m == nil {
		p.fail("a line is: at TIME, WHO DOES WHAT; or: expect …")
		return
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", m[1], clock.London)
	if err != nil || at.Before(p.at) {
		p.fail("the time is none, or before that of the line before")
		return
	}
	p.at = at
	s := Step{Line: p.line, At: at}
	rest, refused := strings.CutSuffix(m[2], ", and is refused")
	s.Refused = refused
	for _, form := range sentences {
		if part := form.form.FindStringSubmatch(rest); part != nil {
			form.make(&s, part)
			p.known(&s)
			c.Steps = append(c.Steps, s)
			return
		}
	}
	p.fail("nobody can do that: %q", rest)
}

func (p *reader) expect(c *Case, rest string) {
	s := Step{Line: p.line, Expect: true}
	for _, form := range expectations {
		if part := form.form.FindStringSubmatch(rest); part != nil {
			form.make(&s, part)
			p.known(&s)
			c.Steps = append(c.Steps, s)
			return
		}
	}
	p.fail("that cannot be expected: %q", rest)
}

// known refuses names that nothing declares.
func (p *reader) known(s *Step) {
	if s.Role != "" && p.book.Roles[s.Role] == nil {
		p.fail("there is no role %q; declare it: role %s is staff of Organization/…", s.Role, s.Role)
	}
	if s.Person != "" && p.book.People[s.Person] == "" {
		p.fail("there is no person %s; declare them: person %s is Patient/…", s.Person, s.Person)
	}
	for _, name := range []string{s.Service, func() string {
		if s.Do == "refer" {
			return s.Reason
		}
		return ""
	}()} {
		if name != "" && name != "the referrer" && p.book.Services[name] == "" {
			p.fail("there is no service %q; declare it: service %s is HealthcareService/…", name, name)
		}
	}
}

// Times returns the moments of a case, for a clock to go by.
func (c *Case) Times() []time.Time {
	var out []time.Time
	for _, s := range c.Steps {
		if !s.Expect && !slices.ContainsFunc(out, s.At.Equal) {
			out = append(out, s.At)
		}
	}
	return out
}
