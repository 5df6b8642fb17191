package store

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Connections that keep their snapshots must not let the WAL grow.
func TestWALBeginsAnew(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	s, err := Open(context.Background(), "sqlite:"+path, Options{Clock: time.Now, Rand: rand.NewChaCha8([32]byte{})})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db := s.db.(*sqliteDB)
	db.wal.most = 64
	look := func() {
		// One inside the other, so that every connection has a snapshot.
		var all func(int) error
		all = func(n int) error {
			return s.View(context.Background(), func(snap *Snap) error {
				if _, err := snap.T(); err != nil || n == 1 {
					return err
				}
				return all(n - 1)
			})
		}
		if err := all(db.n); err != nil {
			t.Fatal(err)
		}
	}
	for range 8 * walNotes {
		look()
		if err := s.Audit(context.Background(), []AuditEntry{{Entry: make([]byte, 3000)}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	// A commit writes about four pages. The WAL is looked at after walNotes of them,
	// and begins anew with the next.
	if pages := info.Size() / 4096; pages > 64+2*4*walNotes {
		t.Errorf("the WAL has %d pages after %d commits", pages, 8*walNotes)
	}
}

// What only notes does not end a snapshot; what changes the record does.
func TestSnapshotsAreKept(t *testing.T) {
	t.Parallel()
	s, err := Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "x.db"), Options{Clock: time.Now, Rand: rand.NewChaCha8([32]byte{}), Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rows := func() (n int64) {
		err := s.View(context.Background(), func(snap *Snap) error {
			return snap.query("SELECT count(*) FROM audit", nil, func(r *row) error { n = r.int(0); return nil })
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	audit := func() {
		if err := s.Audit(context.Background(), []AuditEntry{{Entry: []byte("read")}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	audit()
	before := rows()
	audit()
	if got := rows(); got != before {
		t.Errorf("a view after an audit is a new snapshot: %d rows, want %d", got, before)
	}
	if err := s.AddToken(context.Background(), Token{Hash: []byte("h"), Name: "n"}); err != nil {
		t.Fatal(err)
	}
	if got := rows(); got != before+1 {
		t.Errorf("a view after a change is an old snapshot: %d rows, want %d", got, before+1)
	}
	err = s.View(context.Background(), func(snap *Snap) error {
		_, err := snap.AuditRows(nil, latest, 1)
		return err
	})
	if err == nil {
		t.Error("the audit can be read in a view that may be without its newest rows")
	}
}
