package store

import (
	"joinery/fhir"
	"joinery/record/search"
)

// searchKeys returns what a resource is found by, for keeps. scratch is used
// and given back.
func searchKeys(scratch []byte, typ string, res fhir.Value) (keys, used []byte) {
	used = search.Extract(search.Keys(scratch[:0]), typ, res)
	return append(make([]byte, 0, len(used)), used...), used
}
