package synth

import "strconv"

// ID returns the id of the person's Patient resource.
func (p *Person) ID() string { return "sel-" + strconv.FormatInt(p.Number, 10) }

// nhsNumbers is how many people can have an NHS number of their own: the range
// that is kept for tests, 999 000 0000 to 999 999 9999, holds 909,091 numbers
// with a right check digit, of which numberFor reaches nine in each ten.
const nhsNumbers = 900_000

// numberFor returns the NHS number of the n-th person, "" from nhsNumbers on.
// Neighbours have numbers that lie far apart, and another seed other numbers.
func numberFor(seed uint64, n int64) string {
	if n >= nhsNumbers {
		return ""
	}
	// Each five digits after 999 leave at least nine last digits for which
	// there is a check digit.
	stem := (n*61_813 + int64(mix(seed)%100_000)) % 100_000 // 61,813 and 100,000 have no common divisor
	choice := n / 100_000
	digits := [10]byte{'9', '9', '9'}
	sum := 9*10 + 9*9 + 9*8
	for i := 7; i >= 3; i-- {
		digits[i] = byte('0' + stem%10)
		sum += int(stem%10) * (10 - i)
		stem /= 10
	}
	for last := range 10 {
		check := (11 - (sum+2*last)%11) % 11
		if check == 10 {
			continue
		}
		if choice == 0 {
			digits[8], digits[9] = byte('0'+last), byte('0'+check)
			return string(digits[:])
		}
		choice--
	}
	panic("synth: fewer than nine digits have a check digit")
}
