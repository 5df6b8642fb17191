package main

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkImport takes the Synthea bundles into a new SQLite record.
func BenchmarkImport(b *testing.B) {
	files, _ := filepath.Glob("../../../shared/data/synthea/*.zip")
	if len(files) == 0 {
		b.Skip("../shared/data/synthea is not there")
	}
	for b.Loop() {
		var out bytes.Buffer
		a := &app{out: &out, err: &out, clock: time.Now}
		started := time.Now()
		if code := a.run(b.Context(), []string{"--db", "sqlite:" + filepath.Join(b.TempDir(), "x.db"), "import", files[0]}); code != 0 {
			b.Fatalf("exit %d: %s", code, out.String())
		}
		b.ReportMetric(35342/time.Since(started).Seconds(), "resources/s")
	}
}
