package timeline

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

var (
	long  = flag.Bool("long", false, "measure at scale")
	scale = flag.Int("scale", 200_000, "with -long, how many people; eighty times as many events")
)

// TestLoadScale says how long a flat set takes to load, and how much memory it
// then needs: 80 events for each person, of 3,000 codes, a third with a value.
func TestLoadScale(t *testing.T) {
	if !*long {
		t.Skip("only with -long")
	}
	folder := os.Getenv("TIMELINE_SCALE") // keep the files, for the next run
	if folder == "" {
		folder = t.TempDir()
	}
	if _, err := os.Stat(filepath.Join(folder, "about.json")); err != nil {
		writeScale(t, folder, *scale)
	}
	runtime.GC()
	start := time.Now()
	set, about, err := Load(t.Context(), folder, runtime.GOMAXPROCS(0))
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	var peak runtime.MemStats
	runtime.ReadMemStats(&peak)
	debug.FreeOSMemory()
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	events := float64(about.Events)
	t.Logf("%d people, %d events: %.1f s, %.0f ns an event; %.1f bytes an event, %d MB from the system at most",
		set.Len(), about.Events, took.Seconds(), took.Seconds()*1e9/events, float64(after.HeapAlloc)/events, peak.Sys>>20)
}

func writeScale(t *testing.T, folder string, people int) {
	r := rand.New(rand.NewPCG(1, 2))
	rows := make([]flatPerson, people)
	for i := range rows {
		rows[i] = flatPerson{
			Person: int64(i + 1), ID: fmt.Sprintf("%08x-0000-4000-8000-%012x", r.Uint32(), i), Born: new(int32(r.IntN(30000) - 15000)), Sex: []string{"female", "male"}[i%2],
			Practice: new(fmt.Sprint("practice-", r.IntN(280))), Network: new(fmt.Sprint("network-", r.IntN(24))), LSOA: new(fmt.Sprint("E0100", r.IntN(1200))),
			Borough: new("E09000028"), Deprivation: new(int32(1 + r.IntN(10))), Resident: true,
		}
	}
	writeParquet(t, filepath.Join(folder, "people.parquet"), rows)
	f, err := os.Create(filepath.Join(folder, "events.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	w := parquet.NewGenericWriter[flatEvent](f, parquet.Compression(&parquet.Snappy))
	kinds := []string{"Observation", "Condition", "Encounter", "MedicationRequest", "Procedure"}
	buffer := make([]flatEvent, 80)
	for i := range people {
		at := int64(1_262_304_000_000)
		for j := range buffer {
			if j%4 == 0 {
				at += int64(r.IntN(100*24*60)) * 60_000
			}
			code := r.IntN(3000)
			e := flatEvent{Person: int64(i + 1), Kind: kinds[code%5], System: "http://snomed.info/sct", Code: fmt.Sprint(100_000_000 + code), At: at, Precision: "instant", Status: "final"}
			switch code % 5 {
			case 0:
				e.Value, e.Unit = new(float64(r.IntN(2000))/10), new("mm[Hg]")
			case 2:
				e.Until, e.Class = new((at+3600_000)*1000), new("AMB")
			}
			if code%5 != 1 {
				e.Organisation = new(fmt.Sprint("practice-", r.IntN(280)))
			} else {
				e.Recorded = new(at + 86_400_000*3)
			}
			buffer[j] = e
		}
		if _, err := w.Write(buffer); err != nil {
			t.Fatal(err)
		}
		if i%10_000 == 9_999 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	writeAbout(t, folder, About{Format: Format, Synthetic: true, People: people, Events: people * 80})
}
