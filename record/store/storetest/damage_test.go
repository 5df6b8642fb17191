package storetest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"joinery/fhir"
	"joinery/leaks"
	"joinery/record/store"
	"joinery/record/store/storetest"
)

func open(t testing.TB, url string) (*store.Store, error) {
	t.Helper()
	var looks atomic.Int64
	return store.Open(context.Background(), url, store.Options{
		Log: leaks.Log(), Clock: func() time.Time { return storetest.NewClock.Add(time.Duration(looks.Add(1)) * time.Millisecond) },
		Rand: rand.NewChaCha8(sha256.Sum256([]byte(t.Name()))), Readers: 2,
	})
}

func mustOpen(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := open(t, url)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return s
}

// fill writes a bit of everything.
func fill(t testing.TB, s *store.Store, persons int) {
	t.Helper()
	ctx := context.Background()
	for i := range persons {
		id := fhir.ID(fmt.Sprintf("p%d", i))
		tx := &store.Tx{Receipt: []byte(id), Audit: []store.AuditEntry{{Entry: []byte(`{"who":"a test"}`)}}}
		tx.Changes = append(tx.Changes, storetest.Change(t, store.Put, "Patient", id, fmt.Sprintf(
			`"identifier":[{"extension":[{"url":"https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus","valueCodeableConcept":{"coding":[{"code":"01"}]}}],"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9000000009"}],"name":[{"family":"Family%d","given":["Given"]}],"birthDate":"19%02d-01-02"`, i, i%100)))
		for j := range 20 {
			tx.Changes = append(tx.Changes, storetest.Change(t, store.Put, "Observation", fhir.ID(fmt.Sprintf("o%d-%d", i, j)), fmt.Sprintf(
				`"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8302-2"}]},"subject":{"reference":"Patient/%s"},"effectiveDateTime":"2020-01-%02dT10:00:00Z","valueQuantity":{"value":%d.50,"unit":"cm"}`, id, j+1, i*j)))
		}
		if _, err := s.Commit(ctx, tx); err != nil {
			t.Fatal(err)
		}
		again := storetest.Change(t, store.Put, "Observation", fhir.ID(fmt.Sprintf("o%d-0", i)), fmt.Sprintf(`"status":"amended","subject":{"reference":"Patient/p%d"}`, (i+1)%persons))
		gone, err := store.Deletion("Observation", fhir.ID(fmt.Sprintf("o%d-1", i)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Commit(ctx, &store.Tx{Changes: []*store.Change{again, gone}}); err != nil {
			t.Fatal(err)
		}
		if err := s.Audit(ctx, []store.AuditEntry{{Entry: []byte("read")}}, []store.Page{{Handle: fmt.Appendf(nil, "h%d", i), Owner: []byte("me"), Expires: storetest.NewClock.Add(time.Hour), Data: []byte("data")}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.AddToken(ctx, store.Token{Hash: []byte("hash"), Name: "name", Scope: "scope"}); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyFindsEveryFlippedByte(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "record.db")
	s := mustOpen(t, "sqlite:"+path)
	fill(t, s, 40)
	storetest.Sound(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(path + ".sums")
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	logical := 0
	for i := range 200 {
		at := r.IntN(len(whole))
		flipped := bytes.Clone(whole)
		flipped[at] ^= byte(1 << r.IntN(8))
		if verifies(t, path, flipped, sums) == nil {
			t.Errorf("flip %d at byte %d (page %d, offset %d) is not found", i, at, at/4096+1, at%4096)
		}
		if os.Getenv("FLIPS") != "" {
			if err := verifies(t, path, flipped, nil); err == nil {
				lo := max(0, at-20)
				t.Logf("without sums, not found at byte %d page %d offset %d: %q", at, at/4096+1, at%4096, whole[lo:min(len(whole), at+20)])
			} else {
				logical++
			}
		}
	}
	t.Logf("found without checksums of the file: %d", logical)
	if err := verifies(t, path, whole, sums); err != nil {
		t.Errorf("the whole file: %v", err)
	}
}

// verifies writes a database file, opens and verifies it.
func verifies(t *testing.T, path string, data, sums []byte) error {
	t.Helper()
	for _, old := range []string{"", "-wal", "-shm", ".sums"} {
		if err := os.Remove(path + old); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if sums != nil {
		if err := os.WriteFile(path+".sums", sums, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := open(t, "sqlite:"+path)
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = s.Verify(context.Background())
	return err
}
