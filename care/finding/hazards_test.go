package finding

import (
	"testing"
	"time"

	"joinery/leaks"
)

// TestLostLease: who decided, fell silent, lost the lease and then writes what is
// no longer so is put right by the one who has it.
func TestLostLease(t *testing.T) {
	onBoth(t, func(w *world) {
		w.start("twice")
		w.put("Patient", "a", born("1950-03-01"))
		w.put("Encounter", "1", attendance("a", "2025-12-01", "finished"))
		w.put("Encounter", "2", attendance("a", "2026-01-04", "finished"))
		changed, err := w.keeper.Step(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		first := w.finder
		first.before = func() error { // decided, and not written yet
			w.now = w.now.Add(2 * time.Minute)
			w.remove("Encounter", "2")
			if w.finder, err = New(w.Context(), w.view(), Options{Definitions: definitions(w, "twice"), Clock: w.clock, Log: leaks.Log()}); err != nil {
				return err
			}
			w.expect("another took over", "")
			return nil
		}
		if err := first.Find(w.Context(), w.keeper, changed); err != nil {
			w.Fatal(err)
		}
		if got := w.says(); got != "a twice 2026-01-05" {
			w.Errorf("who lost the lease has written %q, so that the test tests nothing", got)
		}
		first.before = nil
		w.expect("put right", "a -twice 2026-01-05..2026-01-05")
		if err := first.Find(w.Context(), w.keeper, changed); err != nil {
			w.Fatal(err)
		}
		w.expect("who lost it finds no more", "a -twice 2026-01-05..2026-01-05")
		w.stop()
	})
}

// TestWrongClock: a clock that is wrong for a while finds and loses people
// wrongly for that while alone, and keeps nobody else from finding.
func TestWrongClock(t *testing.T) {
	onBoth(t, func(w *world) {
		w.start("twice", "of-age")
		w.put("Patient", "a", born("1950-03-01"))
		w.put("Patient", "b", born("2008-06-01"))
		w.put("Encounter", "1", attendance("a", "2025-12-01", "finished"))
		w.put("Encounter", "2", attendance("a", "2026-01-04", "finished"))
		right := "a of-age 2026-01-05; a twice 2026-01-05"
		w.expect("by the right clock", right)
		was := w.now
		w.now = was.AddDate(2, 0, 0)
		w.expect("two years ahead", "a -twice 2026-01-05..2028-01-05; a of-age 2026-01-05; b of-age 2028-01-05")
		w.now = was.Add(time.Minute)
		w.expect("right again", "a of-age 2026-01-05; a twice 2026-01-05; b -of-age 2028-01-05..2028-01-05")

		second, err := New(w.Context(), w.view(), Options{Definitions: definitions(w, "twice", "of-age"), Clock: w.clock, Log: leaks.Log()})
		if err != nil {
			w.Fatal(err)
		}
		w.now = w.now.AddDate(2, 0, 0)
		w.settle()
		w.now = was.Add(2 * time.Minute)
		first := w.finder
		w.finder = second // the first hangs, or was killed, while its clock was wrong
		w.expect("another, by the right clock", "a of-age 2026-01-05; a twice 2026-01-05; b -of-age 2028-01-05..2028-01-05")
		if mine, err := first.lead(w.Context()); mine || err != nil {
			w.Errorf("the first still leads: %v, %v", mine, err)
		}
		w.stop()
	})
}
