package processor

import (
	"testing"
	"time"
)

func TestTimeIsOfWorkAndNotOfWaiting(t *testing.T) {
	began := Time()
	time.Sleep(200 * time.Millisecond)
	if waited := Time() - began; waited > 100*time.Millisecond {
		t.Errorf("waiting 200 ms counted for %v", waited)
	}
	began = Time()
	for x := uint64(1); Time()-began < 20*time.Millisecond; x *= 3 { // ends because work counts
		if x == 0 {
			t.Fatal("no product of threes is 0")
		}
	}
}
