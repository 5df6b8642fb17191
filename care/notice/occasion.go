package notice

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"joinery/care/workflow"
)

// Occasion is a move that somebody is told of.
type Occasion struct {
	Move     string
	Of       string // referral or invite
	Person   string // which text the person gets; empty: none
	Service  string // … a service that has only e-mail
	Referrer string // … who asked
	Nudge    bool   // an e-mail or a text says that a letter is coming
}

//go:embed occasions.txt
var occasionsText string

var occasions = sync.OnceValue(func() []*Occasion {
	all, err := readOccasions(occasionsText)
	if err != nil {
		panic("care/notice: " + err.Error()) // found by every test
	}
	return all
})

// Occasions returns every move that somebody is told of.
func Occasions() []*Occasion { return slices.Clone(occasions()) }

var columns = regexp.MustCompile(`\s{2,}`)

func readOccasions(text string) ([]*Occasion, error) {
	var all []*Occasion
	headed := false
	for n, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		part := columns.Split(line, -1)
		if len(part) != 6 {
			return nil, fmt.Errorf("occasions.txt:%d: %d columns, not 6", n+1, len(part))
		}
		if !headed {
			headed = true
			continue
		}
		for i := range part {
			if part[i] == "-" {
				part[i] = ""
			}
		}
		o := &Occasion{Move: part[0], Of: part[1], Person: part[2], Service: part[3], Referrer: part[4], Nudge: part[5] == "yes"}
		if o.Of != "referral" && o.Of != workflow.KindInvite {
			return nil, fmt.Errorf("occasions.txt:%d: nothing is of %q", n+1, o.Of)
		}
		all = append(all, o)
	}
	return all, nil
}

// occasion returns the occasion of a move, nil when it tells nobody.
func occasion(move, of string) *Occasion {
	for _, o := range occasions() {
		if o.Move == move && o.Of == of {
			return o
		}
	}
	return nil
}
