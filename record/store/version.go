package store

import (
	"strconv"
	"time"

	"joinery/fhir"
)

// Version is one version of one resource.
type Version struct {
	Type   string
	ID     fhir.ID
	Number int
	At     time.Time
	Method Method
	Labels uint64

	rk   rk
	t    int64
	home rk
	hash []byte
	rest []byte // see splitBody; nil when there is none
}

// Deleted reports whether the version says that the resource is no more.
func (v *Version) Deleted() bool { return v.Method == Delete || v.Method == Erase }

// Erased reports whether the content was destroyed.
func (v *Version) Erased() bool { return v.rest == nil && v.Method != Delete }

// Person returns whose row it was found in, 0 for nobody's.
func (v *Version) Person() Person { return v.rk.person() }

// ETag returns the version number as HTTP wants it.
func (v *Version) ETag() string { return `W/"` + strconv.Itoa(v.Number) + `"` }

// JSON returns the whole resource, compact, with what the server sets in front;
// nil when the version has no content.
func (v *Version) JSON() []byte {
	if v.rest == nil {
		return nil
	}
	return v.AppendJSON(make([]byte, 0, len(v.rest)+len(v.Type)+len(v.ID)+120))
}

// AppendJSON is JSON, appended to dst.
func (v *Version) AppendJSON(dst []byte) []byte {
	if v.rest == nil {
		return dst
	}
	meta, rest := partBody(v.rest)
	dst = append(dst, `{"resourceType":"`...)
	dst = append(dst, v.Type...)
	dst = append(dst, `","id":"`...)
	dst = append(dst, v.ID...)
	dst = append(dst, `","meta":{"versionId":"`...)
	dst = strconv.AppendInt(dst, int64(v.Number), 10)
	dst = append(dst, `","lastUpdated":"`...)
	dst = v.At.UTC().AppendFormat(dst, instant)
	dst = append(dst, '"')
	if len(meta) > 0 {
		dst = append(append(dst, ','), meta...)
	}
	dst = append(dst, '}')
	if len(rest) > 0 {
		dst = append(append(dst, ','), rest...)
	}
	return append(dst, '}')
}

// instant is how moments are written; the store keeps milliseconds.
const instant = "2006-01-02T15:04:05.000Z"
