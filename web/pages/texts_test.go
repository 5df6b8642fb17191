package pages

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	inTemplate = regexp.MustCompile(`\bt "([a-z]+\.[a-z0-9.-]+)"`)
	inParts    = regexp.MustCompile(`\(print "([a-z]+\.[a-z0-9.-]*)"`)
	inSums     = regexp.MustCompile(`"([a-z]+\.[a-z-]*)" ?\+`)
	inCode     = regexp.MustCompile(`"([a-z]+\.[a-z][a-z0-9.-]*)"`)
)

// usedTexts are the keys that templates and handlers name; those that end in a dash
// or a dot are beginnings.
func usedTexts(t *testing.T) map[string]bool {
	t.Helper()
	used := map[string]bool{"frame.direction": true, "frame.language": true, "month.": true, "error.": true, "fault.": true}
	english := map[string]bool{}
	tongues, err := readTongues()
	if err != nil {
		t.Fatal(err)
	}
	for key := range tongues[0].texts {
		base, _ := pluralKey(key)
		english[base] = true
	}
	templates, _ := filepath.Glob("templates/*.html")
	code, _ := filepath.Glob("*.go")
	for _, file := range append(templates, code...) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inTemplate.FindAllStringSubmatch(string(data), -1) {
			used[m[1]] = true
		}
		for _, m := range inParts.FindAllStringSubmatch(string(data), -1) {
			used[m[1]] = true
		}
		for _, m := range inSums.FindAllStringSubmatch(string(data), -1) {
			used[m[1]] = true
		}
		for _, m := range inCode.FindAllStringSubmatch(string(data), -1) {
			if english[m[1]] || strings.HasSuffix(m[1], "-") {
				used[m[1]] = true
			}
		}
	}
	return used
}

func prefixes(used map[string]bool) []string {
	var out []string
	for key := range used {
		if last := key[len(key)-1]; last == '-' || last == '.' {
			out = append(out, key)
		}
	}
	return out
}
