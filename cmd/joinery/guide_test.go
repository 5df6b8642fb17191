package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestGuideOfDefinitions(t *testing.T) { guide(t, "writing-definitions.md", 4) }

func TestGuideOfModels(t *testing.T) { guide(t, "writing-models.md", 8) }

// guide does what a page of docs says, word for word: it writes the files that
// the page shows, in order (a name with + before it adds to the file, a diff
// changes it), runs its commands (TASK is the first task of what was printed last, LAST the last of them), and
// compares what they print. With -update it rewrites what they print.
func guide(t *testing.T, name string, least int) {
	page, err := filepath.Abs("../../docs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	t.Chdir(folder)
	commands, first, last := 0, "", ""
	fence := regexp.MustCompile("(?ms)^```([a-z]+)(?: (\\S+))?\n(.*?)^```$")
	got := fence.ReplaceAllStringFunc(string(text), func(block string) string {
		m := fence.FindStringSubmatch(block)
		if m[2] != "" {
			writeShown(t, m[1], m[2], m[3])
			return block
		}
		command, _, _ := strings.Cut(m[3], "\n")
		args := strings.Fields(strings.NewReplacer("TASK", first, "LAST", last).Replace(strings.TrimPrefix(command, "$ joinery ")))
		var out bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &out, err: &out, clock: func() time.Time { return time.Date(2026, 2, 2, 9, 10, 0, 0, time.UTC) }}
		a.run(t.Context(), args)
		commands++
		if ids := namedTask.FindAllString(out.String(), -1); len(ids) > 0 {
			first, last = ids[0], ids[len(ids)-1]
		}
		shown := namedTask.ReplaceAllString(strings.ReplaceAll(out.String(), folder+"/", ""), "TASK")
		now := "```console\n" + command + "\n" + took.ReplaceAllString(shown, "${1}a few seconds$2") + "```"
		if !*update && strings.Contains(command, " district") && headings(now) == headings(block) {
			return block
		}
		return now
	})
	if commands < least {
		t.Fatalf("the guide has %d commands; are they still in ```console blocks?", commands)
	}
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != string(text) {
		t.Errorf("the guide's commands print something else than it says; run go test -run TestGuide -update ./cmd/joinery and read the difference:\n%s", got)
	}
}

var (
	namedTask = regexp.MustCompile(`Task/[0-9a-f-]{36}`)
	took      = regexp.MustCompile(`(\(|; )[0-9.]+ s(\)?)`)
	numbers   = regexp.MustCompile(`[0-9][0-9,.]*`)
	begins    = regexp.MustCompile(`(?m)^[A-Z$][^:\n]*:?`)
)

// headings is what a page must say of an invented district: how its lines begin,
// without numbers. The district's people change with the program that invents
// them, and what a plan says of them is held by the tests of plans.
func headings(text string) string {
	var out []string
	for _, line := range begins.FindAllString(numbers.ReplaceAllString(text, "#"), -1) {
		if !strings.HasPrefix(line, "Look at") && !strings.HasPrefix(line, "Waiting list") && !strings.HasPrefix(line, "Could an") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// writeShown writes what a page shows of a file.
func writeShown(t *testing.T, kind, name, text string) {
	t.Helper()
	file, more := strings.CutPrefix(name, "+")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if more || kind == "diff" {
		before, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if more {
			text = string(before) + text
		} else {
			text = edited(t, string(before), text)
		}
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// edited takes the lines of a diff that begin with - out of a text, and puts
// those that begin with + in their place.
func edited(t *testing.T, text, diff string) string {
	t.Helper()
	var out, in strings.Builder
	for line := range strings.Lines(diff) {
		if rest, ok := strings.CutPrefix(line, "-"); ok {
			out.WriteString(rest)
		} else if rest, ok := strings.CutPrefix(line, "+"); ok {
			in.WriteString(rest)
		}
	}
	if strings.Count(text, out.String()) != 1 {
		t.Fatalf("the page changes what does not stand there once: %s", out.String())
	}
	return strings.Replace(text, out.String(), in.String(), 1)
}
