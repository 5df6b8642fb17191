package written

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"joinery/fault"
)

// File is a file by its name, which is how messages call it.
type File struct {
	Name string
	Data []byte
}

// Place is where something stands in a file. Lines count from 1; a Line of 0
// means the file as a whole.
type Place struct {
	File string
	Line int
}

func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Problem is one mistake in a file: where it is, what is wrong, and what to
// write instead.
type Problem struct {
	Place
	Message string
}

func (p Problem) String() string { return p.Place.String() + ": " + p.Message }

// Problems is every mistake found. As an error it is of the kind fault.Invalid,
// and its message shows all of them.
type Problems []Problem

// Error returns the problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// FaultKind is fault.Invalid.
func (ps Problems) FaultKind() fault.Kind { return fault.Invalid }

// FaultMessage returns the problems, one a line: what is written by hand holds
// no person's details.
func (ps Problems) FaultMessage() string { return ps.Error() }

// Add adds a problem.
func (ps *Problems) Add(at Place, format string, args ...any) {
	*ps = append(*ps, Problem{at, fmt.Sprintf(format, args...)})
}

// Tidy returns the problems in the order of files and lines, without what is
// said twice.
func (ps Problems) Tidy() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return slices.Compact(ps)
}

// Nearest returns the known word that is closest to a word, or "" when none is
// close enough to have been meant.
func Nearest(word string, known []string) string {
	best, distance := "", len(word)/2+1
	for _, k := range known {
		if d := edits(strings.ToLower(word), k); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// edits returns how many letters must be added, dropped or changed to make b
// of a (Levenshtein).
func edits(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}

// Meant returns the end of a sentence about a word that is not known: the word
// that was meant, or all that there are.
func Meant(word string, known []string) string {
	if n := Nearest(word, known); n != "" {
		return fmt.Sprintf("; write %q?", n)
	}
	return "; there are: " + strings.Join(known, ", ")
}
