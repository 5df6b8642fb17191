package storetest_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record/store"
	"joinery/record/store/storetest"
)

var long = flag.Bool("long", false, "run long tests: 50 crashes")

// crashURL names the database to a child that is to be killed.
const crashURL = "JOINERY_TEST_CRASH_URL"

func TestMain(m *testing.M) {
	if url := os.Getenv(crashURL); url != "" {
		writeUntilKilled(url)
		return
	}
	code := m.Run()
	storetest.StopPostgres()
	os.Exit(code)
}

// perTransaction is how many resources a transaction of the crash test writes.
const perTransaction = 7

// writeUntilKilled writes transactions and prints the number of each once it is
// acknowledged.
func writeUntilKilled(url string) {
	ctx := context.Background()
	s, err := store.Open(ctx, url, store.Options{Clock: time.Now, Rand: rand.NewChaCha8([32]byte{}), Readers: 2})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	start, _ := strconv.Atoi(os.Getenv("JOINERY_TEST_CRASH_FROM"))
	numbers := make(chan int)
	for range 8 {
		go func() {
			for n := range numbers {
				tx := &store.Tx{Audit: []store.AuditEntry{{Entry: fmt.Appendf(nil, "write %d", n)}}}
				for i := range perTransaction {
					id := fhir.ID(fmt.Sprintf("n%d-%d", n, i))
					doc, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Patient","id":%q,"multipleBirthInteger":%d}`, id, n))
					if err != nil {
						panic(err)
					}
					c, err := store.Prepare("Patient", id, store.Put, doc)
					if err != nil {
						panic(err)
					}
					tx.Changes = append(tx.Changes, c)
				}
				if _, err := s.Commit(ctx, tx); err != nil {
					fmt.Println("error", err)
					os.Exit(1)
				}
				fmt.Printf("done %d\n", n) // one write: lines of several goroutines stay whole
			}
		}()
	}
	for n := start; ; n++ {
		numbers <- n
	}
}

func TestNothingAcknowledgedIsLostByKill(t *testing.T) {
	for _, db := range []struct {
		name string
		url  func(testing.TB) string
	}{
		{"SQLite", func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "record.db") }},
		{"PostgreSQL", storetest.Postgres},
	} {
		t.Run(db.name, func(t *testing.T) {
			crashes := 4
			if *long {
				crashes = 50
			}
			url := db.url(t)
			acknowledged := map[int]bool{}
			next := 0
			for range crashes {
				next = crash(t, url, next, acknowledged)
			}
			if len(acknowledged) == 0 {
				t.Fatal("nothing was acknowledged before the first kill")
			}
			began := time.Now()
			s := mustOpen(t, url)
			defer s.Close()
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("ready after %v, want 5 s at most", took)
			}
			lost, partial := count(t, s, next, acknowledged)
			if lost+partial > 0 {
				t.Errorf("of %d acknowledged transactions %d are lost; %d of all are partial", len(acknowledged), lost, partial)
			}
			storetest.Sound(t, s)
			t.Logf("%d kills, %d acknowledged", crashes, len(acknowledged))
		})
	}
}

// crash runs a child, kills it after a random while, and returns the first
// number that it cannot have used.
func crash(t *testing.T, url string, from int, acknowledged map[int]bool) int {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashURL+"="+url, "JOINERY_TEST_CRASH_FROM="+strconv.Itoa(from))
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	var timer *time.Timer
	highest := from
	for lines.Scan() {
		if timer == nil { // it has opened the database
			timer = time.AfterFunc(time.Duration(rand.IntN(300))*time.Millisecond, func() { _ = child.Process.Kill() })
		}
		number, ok := strings.CutPrefix(lines.Text(), "done ")
		n, err := strconv.Atoi(number)
		if !ok || err != nil {
			t.Fatalf("the child said %q", lines.Text())
		}
		acknowledged[n] = true
		highest = max(highest, n)
	}
	_ = child.Wait() // it was killed
	return highest + 100
}

func count(t *testing.T, s *store.Store, upTo int, acknowledged map[int]bool) (lost, partial int) {
	t.Helper()
	all := storetest.System(t, "system/*.r", time.Now())
	err := s.View(context.Background(), func(n *store.Snap) error {
		for number := range upTo {
			there := 0
			for i := range perTransaction {
				_, err := n.Get(all, "Patient", fhir.ID(fmt.Sprintf("n%d-%d", number, i)))
				if err == nil {
					there++
				} else if fault.KindOf(err) != fault.NotFound {
					return err
				}
			}
			if there != 0 && there != perTransaction {
				partial++
			}
			if acknowledged[number] && there != perTransaction {
				lost++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lost, partial
}

func TestAFileHasOneOwner(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "record.db")
	s := mustOpen(t, url)
	_, err := open(t, url)
	var locked *store.Locked
	if !errors.As(err, &locked) || !strings.Contains(fault.MessageOf(err), strconv.Itoa(os.Getpid())) {
		t.Errorf("a second Open = %v (%q), want who has it", err, fault.MessageOf(err))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, url).Close()
}

func TestNodesOnOnePostgreSQLBehaveAsOne(t *testing.T) {
	ctx := context.Background()
	url := storetest.Postgres(t)
	one, two := mustOpen(t, url), mustOpen(t, url)
	defer one.Close()
	defer two.Close()
	if string(one.Secret()) != string(two.Secret()) {
		t.Error("the secrets of page handles differ")
	}
	done := make(chan error)
	const times = 100
	for i, s := range []*store.Store{one, two} {
		for j := range 4 {
			go func() {
				var failed error
				for n := range times / 4 {
					of := fhir.ID(fmt.Sprintf("p%d", n)) // both write of the same persons
					tx := &store.Tx{
						Changes: []*store.Change{storetest.Change(t, store.Put, "Observation", fhir.ID(fmt.Sprintf("o%d-%d-%d", i, j, n)), `"status":"final","subject":{"reference":"Patient/`+string(of)+`"}`)},
						Audit:   []store.AuditEntry{{Entry: []byte("write")}},
					}
					if _, err := s.Commit(ctx, tx); err != nil {
						failed = err
					}
					if err := s.Audit(ctx, []store.AuditEntry{{Entry: []byte("read")}}, nil); err != nil {
						failed = err
					}
				}
				done <- failed
			}()
		}
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	found, err := one.Verify(ctx)
	if err != nil || found.Versions != 2*times || found.Transactions != 2*times || found.Audited != 4*times {
		t.Errorf("Verify = %+v, %v; want %d versions", found, err, 2*times)
	}
	if err := one.AddToken(ctx, store.Token{Hash: []byte("h"), Name: "n"}); err != nil {
		t.Fatal(err)
	}
	if got, err := two.Token(ctx, []byte("h")); err != nil || !got.Revoked.IsZero() {
		t.Errorf("a token on the other node = %+v, %v", got, err)
	}
	if err := one.RevokeToken(ctx, "n"); err != nil {
		t.Fatal(err)
	}
	for range 600 { // the clock of a test goes on by a millisecond a look
		if got, err := two.Token(ctx, []byte("h")); err == nil && !got.Revoked.IsZero() {
			return
		}
	}
	t.Error("a revoked token is in force on the other node after a second")
}
