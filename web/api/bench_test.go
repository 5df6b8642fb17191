package api_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"joinery/leaks"
	"joinery/record"
	"joinery/record/access"
	"joinery/web"
	"joinery/web/api"
)

// BenchmarkRead measures one read by id as the server does it, without the
// network: token, decision, audit and all. Many at once share commits.
func BenchmarkRead(b *testing.B) {
	for _, audit := range []bool{true, false} {
		name := "audited"
		if !audit {
			name = "unaudited"
		}
		b.Run(name, func(b *testing.B) { benchmarkRead(b, audit) })
	}
}

func benchmarkRead(b *testing.B, audit bool) {
	now, random := time.Now, chance()
	rec, err := record.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "joinery.db"), record.Options{Log: leaks.Log(), Clock: now, Rand: random, NoAudit: !audit})
	if err != nil {
		b.Fatal(err)
	}
	defer rec.Close()
	log := slog.New(web.NewLogHandler(leaks.Keep(&output{}), slog.LevelInfo))
	server := web.New(web.Options{Log: log, Clock: now, Rand: random})
	if _, err := api.New(server, rec, api.Options{Base: base, Clock: now, Version: "test"}); err != nil {
		b.Fatal(err)
	}
	scopes, err := access.ParseScopes("system/*.cruds")
	if err != nil {
		b.Fatal(err)
	}
	operator, err := access.NewSystem(access.Who{Client: "desk", Operator: "test", Scopes: scopes})
	if err != nil {
		b.Fatal(err)
	}
	token, err := rec.As(operator).CreateToken(b.Context(), "feed", record.Grant{Scope: "system/*.cruds"}, time.Time{})
	if err != nil {
		b.Fatal(err)
	}
	w := &world{TB: b, server: server, tokens: map[string]string{"feed": token}}
	at := "/fhir/Observation/" + benchmarkMake(b, w)
	b.ReportAllocs()
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequest(http.MethodGet, at, nil)
			r.Header.Set("Authorization", "Bearer "+token)
			rec := httptest.NewRecorder()
			server.ServeHTTP(rec, r)
			if rec.Code != http.StatusOK {
				b.Fatalf("read = %d %s", rec.Code, rec.Body)
			}
		}
	})
}

func benchmarkMake(b *testing.B, w *world) string {
	b.Helper()
	a := w.do("feed", "POST", "/fhir/Observation", observation("Patient/x", "n"))
	if a.Code != http.StatusCreated {
		b.Fatalf("create = %d %s", a.Code, a.Body)
	}
	return a.id()
}
