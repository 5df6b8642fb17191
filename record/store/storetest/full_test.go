package storetest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/leaks"
	"joinery/record/store"
	"joinery/record/store/storetest"
)

// smallDisk mounts a file system of a few megabytes, which only root may.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("without a small disk to fill: %v", err)
		}
		t.Skipf("without a small disk to fill (mounting one needs root): %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

func TestAFullDiskRefusesWritesFirstAndRecovers(t *testing.T) {
	ctx := context.Background()
	dir := smallDisk(t, "8m")
	s, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "record.db"), store.Options{
		Log: leaks.Log(), Clock: time.Now, Rand: rand.NewChaCha8([32]byte{}), Readers: 2, Reserve: 64 << 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	text := make([]byte, 20_000)
	for i := range text { // does not shrink
		text[i] = "0123456789abcdef"[rand.IntN(16)]
	}
	written := 0
	write := func() error {
		c := storetest.Change(t, store.Put, "Patient", fhir.ID(fmt.Sprintf("p%d", written)), fmt.Sprintf(`"name":[{"text":"%d %s"}]`, written, text))
		_, err := s.Commit(ctx, &store.Tx{Changes: []*store.Change{c}, Audit: []store.AuditEntry{{Entry: fmt.Appendf(nil, "write %d", written)}}})
		if err == nil {
			written++
		}
		return err
	}
	for err = nil; err == nil && written < 5000; {
		err = write()
	}
	if fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("a write on a full disk (after %d) = %v, want it unavailable", written, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 8<<20), 0o600); err == nil {
		t.Fatal("there is space left")
	}

	read := 0
	all := storetest.System(t, "system/*.r", time.Now())
	look := func() error {
		err := s.View(ctx, func(n *store.Snap) error { _, err := n.Get(all, "Patient", "p0"); return err })
		if err != nil {
			t.Fatalf("a read on a full disk: %v", err)
		}
		if err := s.Audit(ctx, []store.AuditEntry{{Entry: fmt.Appendf(nil, "read %d of a resource, by someone, for something", read)}}, nil); err != nil {
			return err
		}
		read++
		v := store.Visit{Who: []byte("w"), What: fmt.Appendf(nil, "%d", read), At: time.Now(), Lasts: time.Hour}
		if _, err := s.Visit(ctx, v); err != nil {
			t.Fatalf("a visit on a full disk: %v", err)
		}
		return nil
	}
	for err = nil; err == nil && read < 100_000; {
		err = look()
	}
	if read < 100 || fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("after %d reads: %v, want the reserve to last for more than 100 and then to be spent", read, err)
	}
	if err := write(); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a write while reads go on = %v", err)
	}

	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=40m"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for err = write(); err != nil && time.Since(began) < 10*time.Second; err = write() {
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		t.Fatalf("10 s after there is space again: %v", err)
	}
	if err := look(); err != nil {
		t.Errorf("a read after recovery: %v", err)
	}
	checkTrail(t, s, written, read)
	storetest.Sound(t, s)
}

// checkTrail makes sure that every write and read is in the audit, each kind in
// its order.
func checkTrail(t *testing.T, s *store.Store, written, read int) {
	t.Helper()
	writes, reads := 0, 0
	err := s.ViewTrail(context.Background(), func(n *store.Snap) error {
		rows, err := n.AuditRows(nil, 1<<60, 1_000_000)
		for i := len(rows) - 1; i >= 0; i-- {
			var number int
			if _, err := fmt.Sscanf(string(rows[i].Entry), "write %d", &number); err == nil {
				if number != writes {
					t.Errorf("row %d is of write %d, want %d", rows[i].N, number, writes)
				}
				writes++
			} else if _, err := fmt.Sscanf(string(rows[i].Entry), "read %d", &number); err == nil {
				if number != reads {
					t.Errorf("row %d is of read %d, want %d", rows[i].N, number, reads)
				}
				reads++
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if writes != written || reads != read {
		t.Errorf("the audit has %d writes and %d reads, want %d and %d", writes, reads, written, read)
	}
}

// fillUp fills a small disk so that not even an audit fits, and returns with
// what.
func fillUp(dir string) (fillers []string) {
	for i := 0; ; i++ {
		name := filepath.Join(dir, fmt.Sprintf("filler%d", i))
		fillers = append(fillers, name)
		if os.WriteFile(name, make([]byte, 4096), 0o600) != nil {
			return fillers
		}
	}
}

// Reads that come while what the reserve keeps is tried again are answered too.
func TestEveryReadIsAnsweredOnAFullDisk(t *testing.T) {
	ctx := t.Context()
	dir := smallDisk(t, "8m")
	s, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "record.db"), store.Options{Log: leaks.Log(), Clock: time.Now, Rand: rand.NewChaCha8([32]byte{}), Readers: 2, Reserve: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	fillers := fillUp(dir)
	const readers, each = 8, 200
	answers := make(chan error, readers*each)
	for range readers {
		go func() {
			for range each {
				answers <- s.Audit(ctx, []store.AuditEntry{{Entry: []byte("a read")}}, nil)
			}
		}()
	}
	for n := range readers * each {
		select {
		case err := <-answers:
			if err != nil {
				t.Fatalf("a read on a full disk, within the reserve: %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%d of %d reads were answered, and then none for 20 s", n, readers*each)
		}
	}
	for _, name := range fillers {
		_ = os.Remove(name)
	}
	if err := s.Audit(ctx, []store.AuditEntry{{Entry: []byte("a read")}}, nil); err != nil {
		t.Errorf("a read when there is space again: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestTheReserveOutlivesACrash(t *testing.T) {
	ctx := context.Background()
	dir := smallDisk(t, "8m")
	open := func() *store.Store {
		s, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "record.db"), store.Options{Log: leaks.Log(), Clock: time.Now, Rand: rand.NewChaCha8([32]byte{}), Readers: 2, Reserve: 64 << 10})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	fillers := fillUp(dir)
	read := 0
	for ; read < 300; read++ {
		if err := s.Audit(ctx, []store.AuditEntry{{Entry: fmt.Appendf(nil, "read %d", read)}}, []store.Page{{Handle: fmt.Appendf(nil, "h%d", read), Owner: []byte("me"), Expires: time.Now().Add(time.Hour), Data: []byte("data")}}); err != nil {
			break
		}
	}
	if read < 100 {
		t.Fatalf("only %d reads were audited", read)
	}
	if _, err := s.Page(ctx, fmt.Appendf(nil, "h%d", read-1), []byte("me"), time.Now()); err != nil {
		t.Errorf("a page that is in the reserve: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Logf("Close on a full disk: %v", err)
	}
	for _, name := range fillers {
		_ = os.Remove(name)
	}
	s = open()
	defer s.Close()
	checkTrail(t, s, 0, read)
	if _, err := s.Page(ctx, []byte("h50"), []byte("me"), time.Now()); err != nil {
		t.Errorf("a page that was in the reserve: %v", err)
	}
	storetest.Sound(t, s)
}
