package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"joinery/fault"
	"joinery/fhir"
)

// failOnce is a database that loses sight of its disk at the next commit.
type failOnce struct {
	*sqliteDB
	mu   sync.Mutex
	fail bool
}

func (d *failOnce) write(ctx context.Context, do func(conn) error) error {
	d.mu.Lock()
	fail := d.fail
	d.fail = false
	d.mu.Unlock()
	if err := d.sqliteDB.write(ctx, do); err != nil || !fail {
		return err
	}
	return &inDoubt{errors.New("fsync: input/output error")}
}

// After a failed fsync nobody is told that something was stored, the database is
// opened again, and then all goes on.
func TestADiskInDoubtIsMended(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "record.db"), Options{Clock: time.Now, Rand: rand.NewChaCha8([32]byte{})})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db := &failOnce{sqliteDB: s.db.(*sqliteDB)}
	write := func(id string) error {
		doc, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Patient","id":%q}`, id))
		if err != nil {
			t.Fatal(err)
		}
		c, err := Prepare("Patient", fhir.ID(id), Put, doc)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Commit(ctx, &Tx{Changes: []*Change{c}, Audit: []AuditEntry{{Entry: []byte(id)}}})
		return err
	}
	if err := write("before"); err != nil {
		t.Fatal(err)
	}
	s.db = db // the writer asks for it anew each time
	db.mu.Lock()
	db.fail = true
	db.mu.Unlock()
	if err := write("doubtful"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a write whose fsync failed = %v, want it unavailable", err)
	}
	began := time.Now()
	for err = write("after"); err != nil && time.Since(began) < 5*time.Second; err = write("after") {
		if fault.KindOf(err) != fault.Unavailable {
			t.Fatalf("a write while the database is mended = %v", err)
		}
		time.Sleep(time.Millisecond)
	}
	if err != nil {
		t.Fatalf("5 s later: %v", err)
	}
	if _, err := s.Verify(ctx); err != nil {
		t.Error(err)
	}
}
