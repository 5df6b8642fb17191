package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

const syntheaZip = "synthea/r4-transaction-bundles-120.zip"

// oracle is what testdata/oracle.mjs computes from the files.
type oracle struct {
	Types    map[string]int
	Entries  []int
	Searches []struct {
		Search         string
		Hits, Includes []string // "file/entry"
		Descending     bool
		Keys           map[string]any
	}
}

func askOracle(t *testing.T, zip string) oracle {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		skipUnlessCI(t, "the oracle needs Node, which is not installed")
	}
	out, err := exec.Command("node", "testdata/oracle.mjs", zip, "testdata/searches.txt").Output()
	if err != nil {
		t.Fatalf("the oracle failed: %v", err)
	}
	var o oracle
	if err := json.Unmarshal(out, &o); err != nil {
		t.Fatal(err)
	}
	if len(o.Searches) < 50 {
		t.Fatalf("the oracle knows %d searches, want at least 50", len(o.Searches))
	}
	return o
}

// syntheaBundles reads the bundles in the order of their names.
func syntheaBundles(t *testing.T, path string) [][]byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := slices.Clone(z.File)
	slices.SortFunc(files, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	var all [][]byte
	for _, f := range files {
		if !strings.HasSuffix(f.Name, ".json") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data)
	}
	return all
}

// names maps "file/entry" to the server's "Type/id" and back.
type names struct {
	sync.Mutex
	server map[string]string
	file   map[string]string
}

// load sends every bundle as it is, a few at once, and learns the ids.
func load(t *testing.T, s *server, token string, bundles [][]byte) *names {
	t.Helper()
	n := &names{server: map[string]string{}, file: map[string]string{}}
	var group sync.WaitGroup
	work := make(chan int)
	for range 4 {
		group.Go(func() {
			for f := range work {
				a, err := s.do(token, "POST", "/fhir", bundles[f])
				if err != nil || a.status != 200 {
					t.Errorf("bundle %d: status %d, %v\n%.600s", f, a.status, err, a.body)
					continue
				}
				var b reply
				if err := json.Unmarshal(a.body, &b); err != nil {
					t.Errorf("bundle %d: %v", f, err)
					continue
				}
				n.Lock()
				for i, e := range b.Entry {
					name := created(e.Response.Location)
					key := fmt.Sprintf("%d/%d", f, i)
					n.server[key], n.file[name] = name, key
				}
				n.Unlock()
			}
		})
	}
	for f := range bundles {
		work <- f
	}
	close(work)
	group.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return n
}

var placeholder = regexp.MustCompile(`\{(\d+/\d+)\}`)

// spelled turns a line of searches.txt into a query of this server.
func (n *names) spelled(t *testing.T, line string) string {
	t.Helper()
	typ, query, _ := strings.Cut(line, "?")
	query = placeholder.ReplaceAllStringFunc(query, func(at string) string {
		name, ok := n.server[at[1:len(at)-1]]
		if !ok {
			t.Fatalf("%s: there is no entry %s", line, at)
		}
		if strings.Contains(query, "_id=") && !strings.Contains(query, "patient=") {
			name = name[strings.Index(name, "/")+1:]
		}
		return name
	})
	var pairs []string
	for _, pair := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		pairs = append(pairs, name+"="+url.QueryEscape(value))
	}
	return typ + "?" + strings.Join(pairs, "&")
}

// keys maps the server's names to the files' and sorts them.
func (n *names) keys(t *testing.T, line string, found []string) []string {
	t.Helper()
	keys := make([]string, len(found))
	for i, name := range found {
		key, ok := n.file[name]
		if !ok {
			t.Errorf("%s found %s, which no bundle made", line, name)
		}
		keys[i] = key
	}
	return keys
}

func TestProofSyntheaSearches(t *testing.T) {
	zip := shared(t, syntheaZip)
	o := askOracle(t, zip)
	bundles := syntheaBundles(t, zip)
	onBoth(t, func(t *testing.T, db string) {
		s := serve(t, db)
		token := admin(t, db)
		n := load(t, s, token, bundles)
		if len(n.file) != 35342 {
			t.Fatalf("%d resources were made, want 35342", len(n.file))
		}
		for typ, want := range o.Types {
			_, _, total := s.all(token, typ+"?_summary=count")
			if total == nil || *total != want {
				t.Errorf("%s: the server counts %v, the files hold %d", typ, deref(total), want)
			}
		}
		for _, search := range o.Searches {
			t.Run(search.Search, func(t *testing.T) {
				query := n.spelled(t, search.Search)
				s.t = t
				hits, included, total := s.all(token, query+"&_count=500&_total=accurate")
				got := n.keys(t, search.Search, hits)
				if total == nil || *total != len(search.Hits) {
					t.Errorf("total %v, want %d", deref(total), len(search.Hits))
				}
				compare(t, "hits", got, search.Hits)
				compare(t, "includes", n.keys(t, search.Search, included), search.Includes)
				if search.Keys != nil {
					inOrder(t, got, search.Keys, search.Descending)
				}
			})
			s.t = t
		}
	})
}

func deref(n *int) any {
	if n == nil {
		return "nothing"
	}
	return *n
}

// compare tells what is missing and what is too much, a few of each.
func compare(t *testing.T, what string, got, want []string) {
	t.Helper()
	in := func(all []string) map[string]bool {
		m := map[string]bool{}
		for _, k := range all {
			m[k] = true
		}
		return m
	}
	g, w := in(got), in(want)
	var missing, extra []string
	for _, k := range want {
		if !g[k] {
			missing = append(missing, k)
		}
	}
	for k := range g {
		if !w[k] {
			extra = append(extra, k)
		}
	}
	slices.Sort(extra)
	if len(missing)+len(extra) > 0 {
		t.Errorf("%s: got %d, want %d; %d missing %v, %d too many %v", what, len(g), len(w),
			len(missing), missing[:min(5, len(missing))], len(extra), extra[:min(5, len(extra))])
	}
}

// inOrder checks the order of hits by the values the oracle sorts by; hits
// without a value come last.
func inOrder(t *testing.T, got []string, keys map[string]any, descending bool) {
	t.Helper()
	for i := 1; i < len(got); i++ {
		a, b := keys[got[i-1]], keys[got[i]]
		if b == nil {
			continue
		}
		if a == nil {
			t.Errorf("hit %d has no value to sort by and comes before one that has", i-1)
			return
		}
		c := strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
		if x, ok := a.(float64); ok {
			c = int(min(1, max(-1, x-b.(float64))))
		}
		if descending {
			c = -c
		}
		if c > 0 {
			t.Errorf("hits %d and %d are in the wrong order: %v, %v", i-1, i, a, b)
			return
		}
	}
}

func TestProofSyntheaImport(t *testing.T) {
	zip := shared(t, syntheaZip)
	o := askOracle(t, zip)
	onBoth(t, func(t *testing.T, db string) {
		if out, errs, err := run(t, db, "import", zip); err != nil {
			t.Fatalf("import: %v\n%s\n%s", err, out, errs)
		}
		again := "doubled"
		for range 2 {
			s := serve(t, db)
			token := token(t, db, "--name", "proof reader "+again, "--scope", "system/*.rs")
			for typ, want := range o.Types {
				_, _, total := s.all(token, typ+"?_summary=count")
				if total == nil || *total != want {
					t.Errorf("%s: the server counts %v, the files hold %d", typ, deref(total), want)
				}
			}
			for _, search := range o.Searches {
				if strings.Contains(search.Search, "{") {
					continue // the ids of an import are not known here
				}
				_, _, total := s.all(token, search.Search[:strings.Index(search.Search, "?")+1]+escaped(search.Search)+"&_summary=count")
				if total == nil || *total != len(search.Hits) {
					t.Errorf("%s: total %v, want %d", search.Search, deref(total), len(search.Hits))
				}
			}
			if err := s.stop(); err != nil {
				t.Errorf("stopping: %v", err)
			}
			if again == "" || t.Failed() {
				break
			}
			again = ""
			if out, errs, err := run(t, db, "import", zip); err != nil {
				t.Fatalf("the second import: %v\n%s\n%s", err, out, errs)
			}
		}
		if out, err := verify(t, db); err != nil {
			t.Errorf("verify: %v\n%s", err, out)
		}
	})
}

func escaped(line string) string {
	_, query, _ := strings.Cut(line, "?")
	var pairs []string
	for _, pair := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		pairs = append(pairs, name+"="+url.QueryEscape(value))
	}
	return strings.Join(pairs, "&")
}

// TestProofSyntheaSubsetLeavesBadBundlesOut checks that a bundle with one bad
// resource is refused whole, with the reason, and that the rest goes in.
func TestProofSyntheaSubsetLeavesBadBundlesOut(t *testing.T) {
	zip := shared(t, syntheaZip)
	bundles := syntheaBundles(t, zip)
	dir := folder(t)
	bad := bytes.Replace(bundles[1], []byte(`"gender": "`), []byte(`"gender": "un`), 1)
	if bytes.Equal(bad, bundles[1]) {
		t.Fatal("nothing to spoil in the second bundle")
	}
	for name, data := range map[string][]byte{"good.json": bundles[0], "spoiled.json": bad} {
		if err := os.WriteFile(dir+"/"+name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db := "sqlite:" + dir + "/record.db"
	out, errs, err := run(t, db, "import", dir+"/good.json", dir+"/spoiled.json")
	if err == nil {
		t.Errorf("an import with a refused bundle ended with status 0:\n%s%s", out, errs)
	}
	if all := out + errs; !strings.Contains(all, "spoiled.json") || !strings.Contains(all, "gender") {
		t.Errorf("the import does not say which file was refused and why:\n%s", all)
	}
	s := serve(t, db)
	_, _, total := s.all(admin(t, db), "Patient?_summary=count")
	if total == nil || *total != 1 {
		t.Errorf("the server counts %v Patients, want the 1 of the good bundle", deref(total))
	}
}
