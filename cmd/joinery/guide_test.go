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

// TestGuideOfDefinitions does what docs/writing-definitions.md says, word for
// word: it writes the files that the page shows, in order, runs its commands,
// and compares what they print. With -update it rewrites what they print.
func TestGuideOfDefinitions(t *testing.T) {
	page, err := filepath.Abs("../../docs/writing-definitions.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	commands := 0
	fence := regexp.MustCompile("(?ms)^```([a-z]+)(?: (\\S+))?\n(.*?)^```$")
	got := fence.ReplaceAllStringFunc(string(text), func(block string) string {
		m := fence.FindStringSubmatch(block)
		if m[2] != "" {
			if err := os.MkdirAll(filepath.Dir(m[2]), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(m[2], []byte(m[3]), 0o600); err != nil {
				t.Fatal(err)
			}
			return block
		}
		command, _, _ := strings.Cut(m[3], "\n")
		args := strings.Fields(strings.TrimPrefix(command, "$ joinery "))
		var out bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &out, err: &out, clock: time.Now}
		a.run(t.Context(), args)
		commands++
		return "```console\n" + command + "\n" + out.String() + "```"
	})
	if commands < 4 {
		t.Fatalf("the guide has %d commands; are they still in ```console blocks?", commands)
	}
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != string(text) {
		t.Errorf("the guide's commands print something else than it says; run go test -run TestGuideOfDefinitions -update ./cmd/joinery and read the difference:\n%s", got)
	}
}
