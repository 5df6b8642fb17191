package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// TestGuideOfLaunches does what the guide says to another system: it makes the
// token, asks for a link by the command that stands there, and follows it.
func TestGuideOfLaunches(t *testing.T) {
	text, err := os.ReadFile("../../docs/launch.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?ms)^```(?:console|json)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
	if len(shown) != 3 {
		t.Fatalf("the guide shows %d blocks, want the two commands and the answer", len(shown))
	}
	t.Chdir(t.TempDir())
	address := freeAddress(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int)
	go func() {
		a := &app{in: strings.NewReader(""), out: io.Discard, err: io.Discard, clock: time.Now}
		ended <- a.run(ctx, []string{"serve", "--listen", address})
	}()
	defer func() { stop(); <-ended }()
	waitReady(t, address)

	var out, said bytes.Buffer
	a := &app{in: strings.NewReader(""), out: &out, err: &said, clock: time.Now}
	if code := a.run(t.Context(), strings.Fields(strings.TrimPrefix(shown[0][1], "$ joinery "))); code != 0 {
		t.Fatalf("the token: %s", said.String())
	}
	command := strings.NewReplacer("https://record.example", "http://"+address, "TOKEN", strings.TrimSpace(out.String())).Replace(shown[1][1])
	status, body := send(t, http.MethodPost, command)
	link := regexp.MustCompile(`http://[^"]+/launch/([^"]+)`).FindStringSubmatch(body)
	if status != http.StatusOK || link == nil {
		t.Fatalf("the link = %d %s", status, body)
	}
	got := regexp.MustCompile(`"valueInstant":"[^"]+"`).ReplaceAllString(strings.NewReplacer("http://"+address, "https://record.example", link[1], "LINK").Replace(body), `"valueInstant":"WHEN"`)
	if want := strings.TrimSpace(shown[2][1]); strings.TrimSpace(got) != want {
		t.Errorf("the answer is %s, and the guide says %s", got, want)
	}
	if status, page := send(t, http.MethodGet, "$ curl "+link[0]); status != http.StatusOK || !strings.Contains(page, "data-launch") {
		t.Errorf("the page of the link = %d %s", status, page)
	}
	if status, page := send(t, http.MethodPost, "$ curl "+link[0]+" -H 'Content-Type: application/x-www-form-urlencoded' -d ''"); status != http.StatusSeeOther {
		t.Errorf("followed = %d %s", status, page)
	}
	if status, page := send(t, http.MethodPost, "$ curl "+link[0]+" -H 'Content-Type: application/x-www-form-urlencoded' -d ''"); status != http.StatusGone || !strings.Contains(page, "has been used or is too old. Open the person again from your system.") {
		t.Errorf("followed again = %d %s", status, page)
	}
}

var word = regexp.MustCompile(`'[^']*'|[^\s'\\]+`)

// send sends what a command of curl would, with its headers and its data.
func send(t *testing.T, method, command string) (int, string) {
	t.Helper()
	words := word.FindAllString(command, -1)
	for i := range words {
		words[i] = strings.Trim(words[i], "'")
	}
	at := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "http") })
	if at < 0 || words[1] != "curl" {
		t.Fatalf("%q is no command of curl", words)
	}
	data := ""
	if i := slices.Index(words, "-d"); i > 0 {
		data = words[i+1]
	}
	r, err := http.NewRequestWithContext(t.Context(), method, words[at], strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range words {
		if w == "-H" {
			name, value, _ := strings.Cut(words[i+1], ": ")
			r.Header.Set(name, value)
		}
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}
