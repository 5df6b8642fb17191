package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"joinery/bench/cluster"
)

// TestProofDiskFull fills the disk under a running server. Writes are refused
// in words; reads go on while they can be audited in the reserve, and stop when
// it is spent; and all is well again when there is room, without a restart.
// With -long the reserve is spent by reads of one resource alone.
func TestProofDiskFull(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		dir := smallDisk(t, "")
		diskFull(t, "sqlite:"+filepath.Join(dir, "record.db"), dir)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		db, dir := smallPostgres(t)
		diskFull(t, db, dir, "--state", folder(t))
	})
}

// smallDisk mounts a disk of 96 MB, of one who may be named.
func smallDisk(t *testing.T, owner string) string {
	t.Helper()
	if os.Getuid() != 0 {
		skipUnlessCI(t, "filling a disk needs one of its own, which only root can mount")
	}
	dir, options := folder(t), "size=96m,mode=0755"
	if owner != "" {
		u, err := user.Lookup(owner)
		if err != nil {
			t.Fatal(err)
		}
		options += ",uid=" + u.Uid + ",gid=" + u.Gid
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", options, "tmpfs", dir).CombinedOutput(); err != nil {
		skipUnlessCI(t, fmt.Sprintf("mounting a small disk: %v: %s", err, out))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("unmounting: %v: %s", err, out)
		}
	})
	return dir
}

// smallPostgres makes a database whose tables are on a small disk. PostgreSQL's
// log stays on the large one: when that is full PostgreSQL stops by itself, and
// there is nothing to read.
func smallPostgres(t *testing.T) (db, dir string) {
	t.Helper()
	dir = smallDisk(t, "postgres")
	c, err := cluster.New(t.Context())
	if errors.Is(err, cluster.ErrMissing) {
		skipUnlessCI(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	admin, err := c.Create(t.Context(), "desk")
	if err != nil {
		t.Fatal(err)
	}
	tables := filepath.Join(dir, "tables")
	if err := os.Mkdir(tables, 0o700); err != nil {
		t.Fatal(err)
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("chown", u.Uid+":"+u.Gid, tables).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := c.Query(t.Context(), admin, "CREATE TABLESPACE small LOCATION '"+tables+"'", "CREATE DATABASE small TABLESPACE small"); err != nil {
		t.Fatal(err)
	}
	return strings.Replace(admin, "/desk?", "/small?", 1), dir
}

// fullDisk is a server on a disk that is full.
type fullDisk struct {
	*server
	token   string
	patient string   // who is read
	other   string   // one of everyone
	acked   []string // writes that were acknowledged
	mu      sync.Mutex
	reads   int // of the patient, that were answered
	lists   int // searches for everyone, that were answered
	counts  int // of everyone, that were answered
}

// everyone is a search whose audit has a line for each of many people.
const (
	peopleShown = 200
	everyone    = "Patient?_count=300"
)

func diskFull(t *testing.T, db, dir string, args ...string) {
	f := &fullDisk{server: serve(t, db, args...), token: admin(t, db)}
	f.patient = f.create(f.token, `{"resourceType":"Patient","name":[{"family":"Fulldisk"}]}`)
	entry := `{"resource":{"resourceType":"Patient","name":[{"family":"Fulldisk"}]},"request":{"method":"POST","url":"Patient"}}`
	made := f.must(200, f.token, "POST", "/fhir", []byte(`{"resourceType":"Bundle","type":"transaction","entry":[`+strings.TrimSuffix(strings.Repeat(entry+",", peopleShown), ",")+`]}`))
	f.other = created(readBundle(t, made.body).Entry[0].Response.Location)
	filler := filepath.Join(dir, "filler")
	fill(t, filler)

	f.writeUntilRefused(t)
	f.readUntilSpent(t)
	f.allStopped(t)

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	f.recovers(t)
	for _, name := range f.acked {
		f.must(200, f.token, "GET", "/fhir/"+name, nil)
	}
	f.allAudited(t)
	if err := f.stop(); err != nil {
		t.Error(err)
	}
	if out, err := verify(t, db); err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}
}

// allAudited holds that the audit has a line about the patient for each read, and
// about one of everyone for each search.
func (f *fullDisk) allAudited(t *testing.T) {
	t.Helper()
	for what, want := range map[string]int{"entity=" + f.patient + "&subtype=read": f.reads, "entity=" + f.other + "&subtype=search-type": f.lists} {
		if events, _, _ := f.all(f.token, "AuditEvent?outcome=0&_count=1000&"+what); len(events) < want {
			t.Errorf("%d of %s were answered on the full disk, and %d are in the audit", want, what, len(events))
		}
	}
}

// fill writes a file until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4 << 10, 1} {
		block := make([]byte, size)
		for {
			if _, err := f.Write(block); err != nil {
				break
			}
		}
	}
}

// writeUntilRefused writes until a write is refused, with a reason.
func (f *fullDisk) writeUntilRefused(t *testing.T) {
	t.Helper()
	for until := time.Now().Add(60 * time.Second); time.Now().Before(until); {
		i := len(f.acked)
		body := fmt.Sprintf(`{"resourceType":"Observation","status":"final","code":{"text":"%s"},"subject":{"reference":%q}}`, strings.Repeat(fmt.Sprint(i), 8000), f.patient)
		a, err := f.do(f.token, "POST", "/fhir/Observation", []byte(body))
		switch {
		case err != nil:
			t.Fatalf("write %d on a full disk: no answer: %v", i, err)
		case a.status == 201:
			f.acked = append(f.acked, named(t, a.body))
		case a.status == 503:
			if !strings.Contains(string(a.body), "OperationOutcome") {
				t.Errorf("the refusal does not say why: %.300s", a.body)
			}
			t.Logf("after %d writes: status %d, %s", i, a.status, diagnostics(a.body))
			return
		default:
			t.Fatalf("write %d on a full disk: status %d, want 503\n%.400s", i, a.status, a.body)
		}
	}
	t.Fatalf("%d writes were taken in a minute on a full disk", len(f.acked))
}

// readUntilSpent reads, first one patient, at least 500 times; then, unless it
// is the long proof, everyone, whose audit is a hundred times as long, until
// that is refused; and then what has ever shorter lines, until that is refused
// as well.
func (f *fullDisk) readUntilSpent(t *testing.T) {
	t.Helper()
	most := 500
	if *long {
		most = 1_000_000
	}
	began := time.Now()
	f.untilRefused(t, f.patient, most, &f.reads)
	if f.reads < 500 {
		t.Fatalf("%d reads on a full disk before they stopped, want at least 500 out of the audit reserve", f.reads)
	}
	if a, err := f.do(f.token, "POST", "/fhir/Observation", []byte(`{"resourceType":"Observation","status":"final","code":{"text":"no"}}`)); err != nil || a.status != 503 {
		t.Errorf("a write while reads go on: status %d, %v, want 503", a.status, err)
	}
	f.untilRefused(t, everyone, 1_000_000, &f.lists)
	f.untilRefused(t, f.patient, 1_000_000, &f.reads)
	f.untilRefused(t, "Patient?_summary=count", 1_000_000, &f.counts)
	t.Logf("%d reads and %d searches were answered on the full disk in %v, and then the reserve was spent", f.reads, f.lists, time.Since(began).Round(time.Millisecond))
}

// untilRefused asks for the same until it is refused with 503, or was answered
// often enough, and counts. Eight ask at once.
func (f *fullDisk) untilRefused(t *testing.T, what string, most int, answered *int) {
	t.Helper()
	until := time.Now().Add(10 * time.Minute)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for {
				a, err := f.do(f.token, "GET", "/fhir/"+what, nil)
				f.mu.Lock()
				if err == nil && a.status == 200 {
					*answered++
				}
				enough := *answered >= most
				f.mu.Unlock()
				switch {
				case err != nil:
					t.Errorf("reading on a full disk: no answer: %v", err)
					return
				case a.status == 503 && strings.Contains(string(a.body), "Fulldisk"):
					t.Errorf("a refusal shows what was asked for: %.300s", a.body)
					return
				case a.status == 503:
					return
				case a.status != 200:
					t.Errorf("reading on a full disk: status %d\n%.300s", a.status, a.body)
					return
				case enough:
					return
				case time.Now().After(until):
					t.Error("the audit reserve was not spent within 10 minutes")
					return
				}
			}
		})
	}
	group.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// allStopped holds that nothing can be read by any way now, and that the server
// still answers what tells nothing.
func (f *fullDisk) allStopped(t *testing.T) {
	t.Helper()
	for _, at := range []string{f.patient, f.patient + "/_history/1", f.patient + "/_history", "Patient", "Patient?_summary=count", f.patient + "/$everything", f.patient + "/Observation", "Patient/nobody"} {
		a, err := f.do(f.token, "GET", "/fhir/"+at, nil)
		if err != nil || a.status != 503 || !strings.Contains(string(a.body), "OperationOutcome") || strings.Contains(string(a.body), "Fulldisk") {
			t.Errorf("GET %s when the reserve is spent: status %d, %v, want 503 and a reason\n%.300s", at, a.status, err, a.body)
		}
	}
	f.must(200, "", "GET", "/fhir/metadata", nil)
}

// recovers holds that reads and writes are taken again within 10 s.
func (f *fullDisk) recovers(t *testing.T) {
	t.Helper()
	began := time.Now()
	for {
		read, err := f.do(f.token, "GET", "/fhir/"+f.patient, nil)
		if err == nil && read.status == 200 {
			f.reads++
		}
		written, other := f.do(f.token, "POST", "/fhir/Observation", []byte(`{"resourceType":"Observation","status":"final","code":{"text":"again"}}`))
		if err == nil && other == nil && read.status == 200 && written.status == 201 {
			break
		}
		if time.Since(began) > 10*time.Second {
			t.Fatalf("10 s after there was room again: reads %d, %v; writes %d, %v\n%.300s", read.status, err, written.status, other, written.body)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("reading and writing again %v after there was room", time.Since(began).Round(time.Millisecond))
}
