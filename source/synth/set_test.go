package synth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"joinery/fault"
)

// writeSet writes a set and returns its files by their names.
func writeSet(t *testing.T, d *District, set Set) map[string][]byte {
	t.Helper()
	set.Dir = filepath.Join(t.TempDir(), "set")
	if set.Workers == 0 {
		set.Workers = 3
	}
	var told int64
	set.Progress = func(n int64) { told += n }
	about, err := d.Write(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	if told != set.People {
		t.Errorf("progress told of %d people, want %d", told, set.People)
	}
	files := map[string][]byte{}
	err = filepath.WalkDir(set.Dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, _ := filepath.Rel(set.Dir, path)
		files[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var said About
	if err := json.Unmarshal(files["about.json"], &said); err != nil || said != about {
		t.Errorf("about.json says %+v (%v), want %+v", said, err, about)
	}
	return files
}

var formats = []Format{NDJSON, Bundles, Timeline}

// TestTheSameFlagsGiveTheSameBytes writes sets twice, once on one core.
func TestTheSameFlagsGiveTheSameBytes(t *testing.T) {
	for _, format := range formats {
		t.Run(string(format), func(t *testing.T) {
			set := Set{People: 300, Format: format}
			one := writeSet(t, openDistrict(t, 5), set)
			cores := runtime.GOMAXPROCS(1)
			two := writeSet(t, openDistrict(t, 5), Set{People: 300, Format: format, Workers: 1})
			runtime.GOMAXPROCS(cores)
			if !maps.EqualFunc(one, two, bytes.Equal) {
				t.Error("the same seed on one core gave other bytes")
			}
			other := writeSet(t, openDistrict(t, 6), set)
			for _, name := range []string{"data/Patient.ndjson", "data/people-10000/sel-0.json", "people.parquet"} {
				if one[name] != nil && bytes.Equal(one[name], other[name]) {
					t.Errorf("another seed gave the same %s", name)
				}
			}
		})
	}
}

// TestPeopleAreTheSameHoweverMany compares a small set, of whole blocks so that
// second records come at the same places, with the beginning of a larger one.
func TestPeopleAreTheSameHoweverMany(t *testing.T) {
	d := openDistrict(t, 5)
	small := writeSet(t, d, Set{People: 256, Format: NDJSON})
	large := writeSet(t, d, Set{People: 300, Format: NDJSON})
	for name, data := range small {
		if strings.HasSuffix(name, ".ndjson") && !bytes.HasPrefix(large[name], data) {
			t.Errorf("%s of 256 people is not the beginning of that of 300", name)
		}
	}
	second := bytes.Count(small[PairsFile], []byte(`"kind":"duplicate"`))
	if n := bytes.Count(small["data/Patient.ndjson"], []byte("\n")); n != 256+second {
		t.Errorf("there are %d Patients, want 256 and %d second records", n, second)
	}
}

// TestBundlesAndLinesHoldTheSameResources compares the two forms of FHIR.
func TestBundlesAndLinesHoldTheSameResources(t *testing.T) {
	d := openDistrict(t, 5)
	var lines, entries []string
	for name, data := range writeSet(t, d, Set{People: 140, Format: NDJSON}) {
		if strings.HasPrefix(name, "data/") {
			lines = append(lines, strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")...)
		}
	}
	for name, data := range writeSet(t, d, Set{People: 140, Format: Bundles}) {
		if !strings.HasPrefix(name, "data/") {
			continue
		}
		var b struct {
			Entry []struct {
				Resource json.RawMessage
				Request  struct{ Method, URL string }
			}
		}
		if err := json.Unmarshal(data, &b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, e := range b.Entry {
			entries = append(entries, string(e.Resource))
			var r struct{ ResourceType, ID string }
			if err := json.Unmarshal(e.Resource, &r); err != nil || e.Request.Method != "PUT" || e.Request.URL != r.ResourceType+"/"+r.ID {
				t.Errorf("an entry of %s asks %+v for %s/%s (%v)", name, e.Request, r.ResourceType, r.ID, err)
			}
		}
	}
	slices.Sort(lines)
	slices.Sort(entries)
	if !slices.Equal(lines, entries) {
		t.Errorf("there are %d lines and %d entries, or they differ", len(lines), len(entries))
	}
}

func TestAFolderInUseIsLeftAlone(t *testing.T) {
	d := openDistrict(t, 1)
	dir := t.TempDir()
	mine := filepath.Join(dir, "mine")
	if err := os.WriteFile(mine, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]struct {
		dir  string
		kind fault.Kind
	}{
		"a folder with something in it":  {dir, fault.Conflict},
		"a file":                         {mine, fault.Invalid},
		"below a file":                   {filepath.Join(mine, "set"), fault.Invalid},
		"beside something named partial": {filepath.Join(dir, "set"), fault.Conflict},
	} {
		if err := os.MkdirAll(filepath.Join(dir, "set.partial"), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Write(t.Context(), Set{People: 1, Format: NDJSON, Dir: at.dir, Workers: 1}); fault.KindOf(err) != at.kind || fault.MessageOf(err) == "" {
			t.Errorf("%s: %v, want a message and %v", name, err, at.kind)
		}
	}
	if data, err := os.ReadFile(mine); err != nil || string(data) != "kept" {
		t.Errorf("what was in the folder is now %q, %v", data, err)
	}
	for _, set := range []Set{{People: 0, Format: NDJSON}, {People: MostPeople + 1, Format: NDJSON}, {People: 1, Format: "xml"}} {
		if _, err := d.Write(t.Context(), set); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%d people as %q: %v, want Invalid", set.People, set.Format, err)
		}
	}
}

// TestASetThatStopsLeavesNothing stops sets midway. That a full disk does is in
// cmd/joinery/testdata/script/synth.txtar, where a process can be limited.
func TestASetThatStopsLeavesNothing(t *testing.T) {
	d := openDistrict(t, 1)
	for _, format := range formats {
		dir := filepath.Join(t.TempDir(), "set")
		ctx, stop := context.WithCancel(t.Context())
		set := Set{People: 40_000, Format: format, Dir: dir, Workers: 2, Progress: func(int64) { stop() }}
		if _, err := d.Write(ctx, set); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, told to stop: %v", format, err)
		}
		nothingAt(t, dir)
	}
}

// nothingAt holds that there is neither a set nor one under way.
func nothingAt(t *testing.T, dir string) {
	t.Helper()
	for _, path := range []string{dir, dir + ".partial"} {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there (%v)", filepath.Base(path), err)
		}
	}
}

// TestWhatAnEarlierRunLeftIsCleared begins where a run was killed.
func TestWhatAnEarlierRunLeftIsCleared(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "set")
	if err := os.MkdirAll(filepath.Join(dir+".partial", "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir+".partial", unfinished), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openDistrict(t, 1).Write(t.Context(), Set{People: 10, Format: NDJSON, Dir: dir, Workers: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, unfinished)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the set still says that it is not finished: %v", err)
	}
}
