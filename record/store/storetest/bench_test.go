package storetest_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"joinery/fhir"
	"joinery/leaks"
	"joinery/record/store"
	"joinery/record/store/storetest"
)

// synthea returns the resources of each published Synthea bundle, as JSON, with
// references between them.
func synthea(b *testing.B) [][][]byte {
	b.Helper()
	z, err := zip.OpenReader(filepath.Join("..", "..", "..", "..", "shared", "data", "synthea", "r4-transaction-bundles-120.zip"))
	if err != nil {
		b.Skipf("without the published data: %v", err)
	}
	defer z.Close()
	var out [][][]byte
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".json") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			b.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			b.Fatal(err)
		}
		doc, err := fhir.Parse(data)
		if err != nil {
			b.Fatal(err)
		}
		var pairs []string
		for e := range doc.Root().Get("entry").Items() {
			res := e.Get("resource")
			pairs = append(pairs, `"`+e.Get("fullUrl").Text()+`"`, `"`+res.Get("resourceType").Text()+"/"+res.Get("id").Text()+`"`)
		}
		names := strings.NewReplacer(pairs...)
		var bundle [][]byte
		for e := range doc.Root().Get("entry").Items() {
			bundle = append(bundle, []byte(names.Replace(string(e.Get("resource").Raw()))))
		}
		out = append(out, bundle)
	}
	return out
}

// another returns a bundle's resources with other ids and dates, so that
// indexes are not flattered by what repeats.
func another(bundle [][]byte, round int) [][]byte {
	if round == 0 {
		return bundle
	}
	out := make([][]byte, len(bundle))
	year := fmt.Sprintf(`%d-`, 1950+round%70)
	prefix := fmt.Sprintf("%08x", round*7919)
	for i, b := range bundle {
		b = bytes.Clone(b)
		for at := 0; at+37 < len(b); at++ { // a UUID starts after '/' or '"'
			if (b[at] == '/' || b[at] == '"') && b[at+9] == '-' && b[at+14] == '-' && b[at+19] == '-' && b[at+24] == '-' && b[at+37] == '"' {
				copy(b[at+1:], prefix)
				at += 36
			}
		}
		out[i] = bytes.ReplaceAll(b, []byte(`DateTime":"2011-`), []byte(`DateTime":"`+year))
	}
	return out
}

func prepare(b *testing.B, bundle [][]byte) *store.Tx {
	tx := &store.Tx{Audit: []store.AuditEntry{{Entry: []byte("import")}}}
	for _, data := range bundle {
		doc, err := fhir.Parse(data)
		if err != nil {
			b.Fatal(err)
		}
		res := doc.Root()
		c, err := store.Prepare(res.Get("resourceType").Text(), fhir.ID(res.Get("id").Text()), store.Put, doc)
		if err != nil {
			b.Fatal(err)
		}
		tx.Changes = append(tx.Changes, c)
	}
	return tx
}

func benchStore(b *testing.B, url string) *store.Store {
	b.Helper()
	s, err := store.Open(context.Background(), url, store.Options{Log: leaks.Log(), Clock: time.Now, Rand: rand.NewChaCha8([32]byte{})})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// load writes rounds of all bundles from eight goroutines, and returns how many
// resources.
func load(b *testing.B, s *store.Store, bundles [][][]byte, rounds int) int64 {
	type job struct{ bundle, round int }
	jobs := make(chan job)
	var total atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := range jobs {
				tx := prepare(b, another(bundles[j.bundle], j.round))
				if _, err := s.Commit(context.Background(), tx); err != nil {
					b.Error(err)
				}
				total.Add(int64(len(tx.Changes)))
			}
		}()
	}
	for round := range rounds {
		for i := range bundles {
			jobs <- job{i, round}
		}
	}
	close(jobs)
	wg.Wait()
	return total.Load()
}

func databases(b *testing.B, run func(*testing.B, string)) {
	b.Run("SQLite", func(b *testing.B) { run(b, "sqlite:"+filepath.Join(b.TempDir(), "record.db")) })
	b.Run("PostgreSQL", func(b *testing.B) { run(b, storetest.Postgres(b)) })
}

// BenchmarkImport writes the Synthea bundles, each a transaction, without
// validating them. JOINERY_BENCH_ROUNDS says how often over.
func BenchmarkImport(b *testing.B) {
	bundles := synthea(b)
	rounds := 1
	if _, err := fmt.Sscan(os.Getenv("JOINERY_BENCH_ROUNDS"), &rounds); err != nil {
		rounds = 1
	}
	databases(b, func(b *testing.B, url string) {
		s := benchStore(b, url)
		b.ResetTimer()
		began := time.Now()
		n := load(b, s, bundles, rounds)
		took := time.Since(began)
		b.StopTimer()
		b.ReportMetric(float64(n)/took.Seconds(), "resources/s")
		b.ReportMetric(0, "ns/op")
		if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
			s.Close()
			if info, err := os.Stat(path); err == nil {
				b.ReportMetric(float64(info.Size())/float64(n), "B/resource")
			}
		}
	})
}

// BenchmarkCreate writes single Observations from 64 goroutines.
func BenchmarkCreate(b *testing.B) {
	databases(b, func(b *testing.B, url string) {
		s := benchStore(b, url)
		var n atomic.Int64
		b.SetParallelism(32)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				i := n.Add(1)
				r := rand.New(rand.NewPCG(1, uint64(i)))
				c := storetest.Change(b, store.Post, "Observation", fhir.ID(fmt.Sprintf("0190a0b0-c0d0-7000-8000-%012x", i)), fmt.Sprintf(
					`"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"%d-2"}]},"subject":{"reference":"Patient/p%d"},"effectiveDateTime":"20%02d-01-02T10:00:00Z","valueQuantity":{"value":%d.5,"unit":"cm","system":"http://unitsofmeasure.org","code":"cm"}`,
					8000+r.IntN(300), r.IntN(10_000), r.IntN(26), r.IntN(200)))
				c.Expect = store.Nothing
				if _, err := s.Commit(context.Background(), &store.Tx{Changes: []*store.Change{c}, Audit: []store.AuditEntry{{Entry: []byte("create by someone for something")}}}); err != nil {
					b.Error(err)
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
	})
}

// BenchmarkRead reads by id, audited, from 64 goroutines.
func BenchmarkRead(b *testing.B) {
	databases(b, func(b *testing.B, url string) {
		s := benchStore(b, url)
		fillPatients(b, s, 5000)
		all := storetest.System(b, "system/*.rs", time.Now())
		var n atomic.Int64
		b.SetParallelism(32)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				i := n.Add(1) % 5000
				err := s.View(context.Background(), func(n *store.Snap) error {
					v, err := n.Get(all, "Patient", fhir.ID(fmt.Sprintf("p%d", i)))
					if err == nil {
						_ = v.JSON()
					}
					return err
				})
				if err == nil {
					err = s.Audit(context.Background(), []store.AuditEntry{{Entry: []byte("read by someone for something, about as long as they are")}}, nil)
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reads/s")
	})
}

func fillPatients(b *testing.B, s *store.Store, n int) {
	b.Helper()
	for i := 0; i < n; i += 500 {
		tx := &store.Tx{}
		for j := range 500 {
			tx.Changes = append(tx.Changes, storetest.Change(b, store.Put, "Patient", fhir.ID(fmt.Sprintf("p%d", i+j)), `"active":true,"name":[{"family":"Family","given":["Given"]}]`))
		}
		if _, err := s.Commit(context.Background(), tx); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTrailOfAPerson reads the newest 500 lines about one of 20,000 persons
// among 500,000, when the index by person is not there, and when it is.
func BenchmarkTrailOfAPerson(b *testing.B) {
	ctx := context.Background()
	s := mustOpen(b, "sqlite:"+filepath.Join(b.TempDir(), "trail.db"))
	defer s.Close()
	chance := rand.New(rand.NewPCG(1, 2))
	entry := make([]byte, 220)
	for range 100 {
		entries := make([]store.AuditEntry, 5_000)
		for i := range entries {
			entries[i] = store.AuditEntry{Person: store.Person(1 + chance.IntN(20_000)), Entry: entry}
		}
		if err := s.Audit(ctx, entries, nil); err != nil {
			b.Fatal(err)
		}
	}
	read := func(b *testing.B) {
		for b.Loop() {
			err := s.ViewTrail(ctx, func(n *store.Snap) error {
				_, err := n.AuditRows([]store.Person{store.Person(1 + chance.IntN(20_000))}, math.MaxInt64, 500)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("scanned", read)
	began := time.Now()
	for range 3 {
		if err := s.IndexTrail(ctx); err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("indexing 500,000 lines took %v", time.Since(began))
	b.Run("indexed", read)
}
