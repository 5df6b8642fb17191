package synth

import (
	"testing"
)

func TestNHSNumbersAreDistinctAndValid(t *testing.T) {
	seen := make(map[string]bool, nhsNumbers)
	for n := range int64(nhsNumbers) {
		number := numberFor(7, n)
		sum := 0
		for i := range 9 {
			sum += int(number[i]-'0') * (10 - i)
		}
		if len(number) != 10 || number[:3] != "999" || (11-sum%11)%11 != int(number[9]-'0') {
			t.Fatalf("number %d is %q, which does not lie in the range for tests or has a wrong check digit", n, number)
		}
		if seen[number] {
			t.Fatalf("number %d is %q, which somebody else has", n, number)
		}
		seen[number] = true
	}
}

func TestBlockIsTheSameEachTime(t *testing.T) {
	a, b := open(t, 1).Block(3), open(t, 1).Block(3)
	if len(a) != BlockSize {
		t.Fatalf("a block has %d people, want %d", len(a), BlockSize)
	}
	for i := range a {
		if a[i].Number != 3*BlockSize+int64(i) || a[i].Born != b[i].Born || a[i].NHSNumber != b[i].NHSNumber {
			t.Fatalf("person %d differs: %v, %v", i, a[i], b[i])
		}
	}
}

func open(t testing.TB, seed uint64) *District {
	t.Helper()
	d, err := Open(Options{Seed: seed, Until: dayOf(2026, 1, 31)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}
