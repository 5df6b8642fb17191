package model_test

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"joinery/care/model"
	"joinery/definitions"
	"joinery/written"
)

var update = flag.Bool("update", false, "rewrite what testdata expects")

func read(t testing.TB, files []written.File) *model.Model {
	t.Helper()
	m, problems := model.Read("walks", files, definitions.Shipped())
	if len(problems) > 0 {
		t.Fatalf("the pack has problems:\n%s", problems)
	}
	return m
}

func TestANewModelPassesItsCheck(t *testing.T) {
	m := read(t, model.Starter("walks"))
	if m.ID != "walks" || m.Length.Is != (model.Wait{N: 12, Unit: model.Week}) || len(m.Activities) != 3 {
		t.Errorf("the new model is %s, of %v, with %d activities", m.ID, m.Length.Is, len(m.Activities))
	}
}

// broken is one edit of a good pack, with the message that it must be refused
// with.
type broken struct {
	name, file string
	old, new   []string
	want       []string
	start, end int // lines of want in the file
}

// parseBroken reads testdata/broken.txt: "# name", "in FILE" (model.yaml when
// not said), lines to take out ("-") and to put in their place ("+"), and the
// messages (">"). "+ …" alone adds a file.
func parseBroken(t *testing.T, lines []string) []broken {
	var all []broken
	for i, line := range lines {
		if strings.HasPrefix(line, "# ") {
			all = append(all, broken{name: strings.TrimPrefix(line, "# "), file: "model.yaml", start: -1})
			continue
		}
		if len(all) == 0 || line == "" {
			continue
		}
		b := &all[len(all)-1]
		rest := ""
		if len(line) > 2 {
			rest = line[2:]
		}
		switch {
		case strings.HasPrefix(line, "in "):
			b.file = line[3:]
		case line[0] == '-':
			b.old = append(b.old, rest)
		case line[0] == '+':
			b.new = append(b.new, rest)
		case line[0] == '>':
			b.want = append(b.want, rest)
			if b.start < 0 {
				b.start = i
			}
		default:
			t.Fatalf("testdata/broken.txt:%d is not understood: %s", i+1, line)
		}
		b.end = i + 1
	}
	return all
}

// edit returns the files of a pack with one edit; BASE is the good pack's hash.
func (b *broken) edit(t *testing.T, files []written.File, base string) []written.File {
	t.Helper()
	files = slices.Clone(files)
	i := slices.IndexFunc(files, func(f written.File) bool { return f.Name == b.file })
	insert := ""
	if len(b.new) > 0 {
		insert = strings.ReplaceAll(strings.Join(b.new, "\n")+"\n", "BASE", base)
	}
	if i < 0 {
		return append(files, written.File{Name: b.file, Data: []byte(insert)})
	}
	old := strings.Join(b.old, "\n") + "\n"
	if bytes.Count(files[i].Data, []byte("\n"+old)) != 1 && !bytes.HasPrefix(files[i].Data, []byte(old)) {
		t.Fatalf("the lines to take out stand %d times in %s, want once:\n%s", bytes.Count(files[i].Data, []byte(old)), b.file, old)
	}
	files[i].Data = bytes.Replace(files[i].Data, []byte(old), []byte(insert), 1)
	return files
}

func TestSixtyBrokenPacks(t *testing.T) {
	const name = "testdata/broken.txt"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	all := parseBroken(t, lines)
	if len(all) < 60 {
		t.Errorf("there are %d broken packs, want at least 60", len(all))
	}
	good := model.Starter("walks")
	base := read(t, good).Hash
	for k := len(all) - 1; k >= 0; k-- {
		b := &all[k]
		t.Run(b.name, func(t *testing.T) {
			_, problems := model.Read("walks", b.edit(t, good, base), definitions.Shipped())
			if len(problems) == 0 {
				t.Fatal("the broken pack passes its check")
			}
			got := strings.Split(problems.Error(), "\n")
			if *update {
				for i := range got {
					got[i] = "> " + got[i]
				}
				if b.start < 0 {
					b.start = b.end
				}
				lines = slices.Replace(lines, b.start, b.end, got...)
				return
			}
			if !slices.Equal(got, b.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(b.want, "\n"))
			}
			for _, p := range problems {
				if p.Line == 0 && !strings.Contains(p.Message, "file") && !strings.Contains(p.Message, "model.yaml") {
					t.Errorf("%s names no line", p)
				}
			}
		})
	}
	if *update {
		if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReadingAlwaysEnds cuts lines out of a good pack, doubles and swaps them.
func TestReadingAlwaysEnds(t *testing.T) {
	good := model.Starter("walks")
	i := slices.IndexFunc(good, func(f written.File) bool { return f.Name == "model.yaml" })
	lines := strings.Split(string(good[i].Data), "\n")
	var shipped []written.File // what the pack uses, and no more: there are a hundred others
	for _, f := range definitions.Shipped() {
		if f.Name == "definitions/codes/fall.yaml" {
			shipped = append(shipped, f)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := slices.Clone(lines)
		for range rapid.IntRange(1, 6).Draw(t, "edits") {
			at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
			switch rapid.SampledFrom([]string{"cut", "double", "swap", "cut short"}).Draw(t, "what") {
			case "cut":
				text = slices.Delete(text, at, at+1)
			case "double":
				text = slices.Insert(text, at, text[at])
			case "swap":
				other := rapid.IntRange(0, len(text)-1).Draw(t, "with")
				text[at], text[other] = text[other], text[at]
			case "cut short":
				text[at] = text[at][:rapid.IntRange(0, len(text[at])).Draw(t, "to")]
			}
		}
		files := slices.Clone(good)
		files[i].Data = []byte(strings.Join(text, "\n"))
		m, problems := model.Read("walks", files, shipped)
		if len(problems) > 0 {
			return
		}
		again, err := model.ReadCanonical(m.Canonical())
		if err != nil {
			t.Fatalf("a model without problems does not read back from its canonical bytes: %v", err)
		}
		if again.Name() != m.Name() {
			t.Fatalf("read back it is %s, want %s", again.Name(), m.Name())
		}
		if d := model.Diff(m, again); len(d) > 0 {
			t.Fatalf("read back it differs: %v", d)
		}
	})
}

func TestCanonicalBytesAreTheSameForTheSameText(t *testing.T) {
	m := read(t, model.Starter("walks"))
	windows := model.Starter("walks")
	slices.Reverse(windows)
	for i := range windows {
		windows[i].Data = bytes.ReplaceAll(windows[i].Data, []byte("\n"), []byte("  \r\n"))
	}
	windows = append(windows, written.File{Name: "cases/week.txt", Data: []byte("a case")})
	if other := read(t, windows); other.Hash != m.Hash {
		t.Errorf("carriage returns, the order of files or a case change the hash")
	}
	changed := model.Starter("walks")
	for i := range changed {
		changed[i].Data = bytes.ReplaceAll(changed[i].Data, []byte("starts a week: 4"), []byte("starts a week: 5"))
	}
	other := read(t, changed)
	if other.Hash == m.Hash {
		t.Error("another number of places has the same hash")
	}
	if d := model.Diff(m, other); len(d) != 1 || d[0] != (model.Change{Path: "sites/base/starts a week", Was: "4", Is: "5"}) {
		t.Errorf("the difference is %v", d)
	}
}
