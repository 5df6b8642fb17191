package record

import (
	"strconv"
	"time"

	"joinery/fhir"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/record/store"
)

// Version is one version of one resource, as a subject may see it.
type Version struct {
	Type    string
	ID      fhir.ID
	Number  int
	At      time.Time // when it was stored: meta.lastUpdated
	Deleted bool
	Method  string // by which it came: POST, PUT, PATCH or DELETE

	stored *store.Version
	late   func() (store.Version, error) // what was just written, made when asked for
	json   []byte                        // set where it is not the stored version's: masked, or of the audit trail
}

// ETag returns the version number as HTTP wants it: W/"3".
func (v *Version) ETag() string { return `W/"` + strconv.Itoa(v.Number) + `"` }

// JSON returns the whole resource as compact JSON, nil when it was deleted.
func (v *Version) JSON() []byte { return v.AppendJSON(nil) }

// AppendJSON appends the whole resource to dst, and nothing when it was deleted.
func (v *Version) AppendJSON(dst []byte) []byte {
	switch {
	case v.json != nil:
		return append(dst, v.json...)
	case v.stored != nil:
		return v.stored.AppendJSON(dst)
	case v.late != nil:
		if made, err := v.late(); err == nil { // it fails only if memory does: the same bytes were just written
			return made.AppendJSON(dst)
		}
	}
	return dst
}

// Doc parses the resource.
func (v *Version) Doc() (*fhir.Doc, error) { return fhir.Parse(v.JSON()) }

// show makes what the store gave into what the subject of a filter may see.
func show(f *access.Filter, s *store.Version) (Version, error) {
	v := Version{
		Type: s.Type, ID: s.ID, Number: s.Number, At: s.At,
		Deleted: s.Deleted(), Method: s.Method.String(), stored: s,
	}
	masked, err := mask(f, s)
	if err != nil {
		return Version{}, err
	}
	v.json = masked
	return v, nil
}

// Mode is why an entry is in a page.
type Mode string

// Modes of an entry of a search: what matched, and what was asked for beside.
const (
	Match   Mode = "match"
	Include Mode = "include"
)

// Of is what a page is of.
type Of uint8

// What pages are of.
const (
	OfSearch Of = iota
	OfHistory
)

// Entry is one resource of a page.
type Entry struct {
	Version Version
	Mode    Mode
}

// Page is a part of an answer that may be too long for one.
type Page struct {
	Of      Of
	Query   *search.Query // what was asked, nil for histories
	Entries []Entry
	Total   *int   // of all pages, when asked for and told
	Next    string // the handle of the next page, empty on the last
}
