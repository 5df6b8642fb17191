package codes

import "github.com/iimos/ucum"

// IsUnit reports whether a code is a UCUM unit.
func IsUnit(code string) bool {
	_, err := ucum.Parse([]byte(code))
	return err == nil
}
