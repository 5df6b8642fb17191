package fhir

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Edit replaces the bytes from Start up to End with New.
type Edit struct {
	Start, End int
	New        []byte
}

// Splice returns data with edits made, all at once: offsets are those of data.
// Edits must not overlap; insertions at one place come in the order given, and
// before what replaces the bytes from there. data is not changed.
func Splice(data []byte, edits []Edit) []byte {
	if !slices.IsSortedFunc(edits, byPlace) {
		edits = slices.Clone(edits)
		slices.SortStableFunc(edits, byPlace)
	}
	size := len(data)
	for _, e := range edits {
		size += len(e.New) - (e.End - e.Start)
	}
	out := make([]byte, 0, max(size, 0))
	from := 0
	for _, e := range edits {
		out = append(out, data[from:e.Start]...)
		out = append(out, e.New...)
		from = e.End
	}
	return append(out, data[from:]...)
}

func byPlace(a, b Edit) int { return cmp.Or(a.Start-b.Start, a.End-b.End) }

// AppendQuoted appends s to dst as a JSON string. What is not UTF-8 in s becomes
// the replacement character.
func AppendQuoted(dst []byte, s string) []byte {
	// The error says that s is not UTF-8; the string is appended all the same
	// once its bad bytes are replaced.
	out, err := jsontext.AppendQuote(dst, s)
	if err != nil {
		out, _ = jsontext.AppendQuote(dst, strings.ToValidUTF8(s, "\uFFFD"))
	}
	return out
}

// Equal reports whether two values are the same JSON: strings by their decoded
// content, numbers by their digits as written (1.0 is not 1.00, which to FHIR is
// more precise), objects whatever the order of their members. Two values that
// are not there are equal.
func Equal(a, b Value) bool { return equal(a, b, bytes.Equal) }

func equal(a, b Value, sameNumber func(a, b []byte) bool) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case Number:
		return sameNumber(a.Raw(), b.Raw())
	case String, Bool:
		return bytes.Equal(a.TextBytes(), b.TextBytes())
	case Array:
		if a.Len() != b.Len() {
			return false
		}
		others := slices.Collect(b.Items())
		i := 0
		for item := range a.Items() {
			if !equal(item, others[i], sameNumber) {
				return false
			}
			i++
		}
	case Object:
		if a.Len() != b.Len() {
			return false
		}
		get := b.Get
		if b.Len() > few {
			byName := maps.Collect(b.Members())
			get = func(name string) Value { return byName[name] }
		}
		for name, member := range a.Members() {
			other := get(name)
			if !other.Exists() || !equal(member, other, sameNumber) {
				return false
			}
		}
	}
	return true
}
