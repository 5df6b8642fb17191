package r4

import "strings"

// didYouMean returns " Did you mean …?" with the name nearest to what was
// written, or nothing when none is near.
func didYouMean(written string, names []string) string {
	if len(written) > 64 {
		return ""
	}
	best, least := "", 1+len(written)/3
	for _, name := range names {
		if strings.EqualFold(name, written) {
			return " Did you mean " + name + "?"
		}
		if d := distance(written, name, least); d < least || d == least && best == "" {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return " Did you mean " + best + "?"
}

// distance returns how many letters must be added, left out or changed to make
// b of a, or more than most when it is more.
func distance(a, b string, most int) int {
	if max(len(a)-len(b), len(b)-len(a)) > most {
		return most + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			changed := diagonal
			if a[i-1] != b[j-1] {
				changed++
			}
			diagonal = row[j]
			row[j] = min(changed, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}

// isName reports whether a member's name could be an element's, so that it may
// be shown: anything else might be a person's data in the wrong place.
func isName(name []byte) bool {
	if len(name) == 0 || len(name) > 40 {
		return false
	}
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && !isDigit(c) && c != '_' {
			return false
		}
	}
	return true
}
