package bundle_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"joinery/fault"
	"joinery/source/bundle"
)

// read returns a line for each thing that Files yields.
func read(t *testing.T, limits bundle.Limits, paths ...string) []string {
	t.Helper()
	var got []string
	for p, err := range bundle.Files(paths, strings.NewReader("{}\n{}\n"), limits) {
		from := filepath.Base(p.From)
		switch {
		case err != nil:
			got = append(got, fmt.Sprintf("%s refused: %s", from, fault.MessageOf(err)))
		case p.Line > 0:
			got = append(got, fmt.Sprintf("%s:%d %s", from, p.Line, bytes.TrimSpace(p.Data)))
		default:
			got = append(got, fmt.Sprintf("%s %s", from, p.Data))
		}
	}
	return got
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zipped(t *testing.T, members ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		w, err := z.Create(members[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(members[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t *testing.T, content string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFilesReadsEveryForm(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.json", `{"a":1}`)
	write(t, dir+"/b.ndjson", "{\"b\":1}\n\n{\"b\":3}")
	write(t, dir+"/c.json.gz", gzipped(t, `{"c":1}`))
	write(t, dir+"/d.zip", zipped(t, "in/x.json", `{"x":1}`, "notes.txt", "no", "y.ndjson", "{\"y\":1}\n", "z.json.gz", gzipped(t, `{"z":1}`)))
	write(t, dir+"/e.txt", "passed over")
	write(t, dir+"/f/g.JSON", `{"g":1}`)
	if err := os.Symlink(dir+"/a.json", dir+"/h.json"); err != nil {
		t.Fatal(err)
	}
	got := read(t, bundle.DefaultLimits, dir)
	want := []string{
		`a.json {"a":1}`,
		"b.ndjson:1 {\"b\":1}\n\n{\"b\":3}",
		`c.json.gz {"c":1}`,
		`x.json {"x":1}`,
		`d.zip!y.ndjson:1 {"y":1}`,
		`d.zip!z.json.gz {"z":1}`,
		`g.JSON {"g":1}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Files (-want +got):\n%s", diff)
	}
	files, size := bundle.Size([]string{dir})
	if files != 5 || size == 0 {
		t.Errorf("Size = %d files of %d bytes, want 5 of some", files, size)
	}
}

func TestFilesTellsLinesByContent(t *testing.T) {
	dir := t.TempDir()
	lines := write(t, dir+"/lines", "{\"a\":1}\n{\"a\":2}\n")
	value := write(t, dir+"/value", "{\n\"a\":1}\n")
	got := read(t, bundle.DefaultLimits, lines, value, "-")
	want := []string{"lines:1 {\"a\":1}\n{\"a\":2}", "value {\n\"a\":1}\n", "standard input:1 {}\n{}"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Files (-want +got):\n%s", diff)
	}
}

func TestFilesCutsLines(t *testing.T) {
	path := write(t, t.TempDir()+"/a.ndjson", "1\n22\n"+strings.Repeat("3", 50)+"\n4\n\n6")
	got := read(t, bundle.Limits{Value: 10, Chunk: 1000, Lines: 2, Ratio: 10}, path)
	want := []string{
		"a.ndjson:1 1\n22",
		"a.ndjson refused: Line 3 is longer than 0 MB.",
		"a.ndjson:4 4",
		"a.ndjson:6 6",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Files (-want +got):\n%s", diff)
	}
}

func TestFilesRefusesAndGoesOn(t *testing.T) {
	dir := t.TempDir()
	small := bundle.Limits{Value: 1 << 16, Chunk: 1 << 16, Lines: 1000, Ratio: 20}
	bomb := strings.Repeat(" ", 4<<20)
	for _, c := range []struct{ file, content, says string }{
		{"damaged.zip", "PK no", "not a zip"},
		{"nested.zip", zipped(t, "in.zip", zipped(t, "a.json", "{}")), "inside an archive"},
		{"damaged.json.gz", gzipped(t, `{"a":1}`)[:20], "breaks off"},
		{"nogzip.json.gz", "\x1f\x8bxx", "not a gzip"},
		{"empty.json", " \n", "empty"},
		{"large.json", strings.Repeat("1", 1<<17), "split the bundle"},
		{"bomb.ndjson.gz", gzipped(t, bomb), "unpacks to more"},
		{"bomb.zip", zipped(t, "b.ndjson", bomb), "unpacks to more"},
		{"bomb2.zip", zipped(t, "b.ndjson.gz", gzipped(t, bomb)), "unpacks to more"},
	} {
		t.Run(c.file, func(t *testing.T) {
			bad := write(t, filepath.Join(dir, c.file), c.content)
			good := write(t, dir+"/z.json", `{}`)
			got := read(t, small, bad, dir+"/absent", good)
			if len(got) != 3 || !strings.Contains(got[0], c.says) || !strings.Contains(got[1], "no such file") || got[2] != "z.json {}" {
				t.Errorf("Files = %q, want a refusal that says %q, one of the absent file, and the good file", got, c.says)
			}
		})
	}
}

func TestAMembersPathIsOnlyALabel(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir+"/in/slip.zip", zipped(t, "../../slipped.json", `{"a":1}`, "/abs\x1b[2J.json", `{"b":1}`))
	got := read(t, bundle.DefaultLimits, path)
	want := []string{`slipped.json {"a":1}`, `abs?[2J.json {"b":1}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Files (-want +got):\n%s", diff)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("reading an archive left %v, want only the archive's folder", entries)
	}
}

func TestFilesStopsWhenAsked(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.zip", zipped(t, "1.json", "{}", "2.json", "{}"))
	write(t, dir+"/b.json", "{}")
	n := 0
	for range bundle.Files([]string{dir}, nil, bundle.DefaultLimits) {
		n++
		break
	}
	if n != 1 {
		t.Errorf("the loop ran %d times, want once", n)
	}
}
