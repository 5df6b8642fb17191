package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"joinery/fhir"
)

// A body is stored without what the server sets: resourceType, id,
// meta.versionId and meta.lastUpdated, which Version.AppendJSON puts in front
// again. Everything else stays in its order and its digits, without white space
// between: the length of what is left of meta as a uvarint, that, and the rest,
// both as members without braces.

// splitBody appends the stored form of a resource to dst.
func splitBody(dst []byte, res fhir.Value) []byte {
	from := len(dst)
	dst = append(dst, 0) // the length of what is left of meta, mostly one byte
	for name, v := range res.Get("meta").Fields() {
		if string(name) != "versionId" && string(name) != "lastUpdated" {
			dst = appendMember(dst, len(dst) > from+1, name, v)
		}
	}
	if n := len(dst) - from - 1; n < 0x80 {
		dst[from] = byte(n)
	} else {
		dst = slices.Replace(dst, from, from+1, binary.AppendUvarint(nil, uint64(n))...)
	}
	rest := len(dst)
	for name, v := range res.Fields() {
		switch string(name) {
		case "resourceType", "id", "meta":
		default:
			dst = appendMember(dst, len(dst) > rest, name, v)
		}
	}
	return dst
}

// appendMember appends a member. Names of elements need no escapes.
func appendMember(dst []byte, comma bool, name []byte, v fhir.Value) []byte {
	if comma {
		dst = append(dst, ',')
	}
	dst = append(append(append(dst, '"'), name...), '"', ':')
	return appendCompact(dst, v.Raw())
}

// appendCompact appends well-formed JSON without the white space between its
// tokens.
func appendCompact(dst, src []byte) []byte {
	for len(src) > 0 {
		if src[0] == '"' {
			end := stringEnd(src)
			dst = append(dst, src[:end]...)
			src = src[end:]
			continue
		}
		i := 0
		for i < len(src) && src[i] > ' ' && src[i] != '"' {
			i++
		}
		dst = append(dst, src[:i]...)
		for i < len(src) && src[i] <= ' ' {
			i++
		}
		src = src[i:]
	}
	return dst
}

// stringEnd returns the length of the string at the start of src.
func stringEnd(src []byte) int {
	for i := 1; ; {
		q := bytes.IndexByte(src[i:], '"')
		end := i + q
		slashes := 0
		for src[end-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return end + 1
		}
		i = end + 1
	}
}

// partBody returns the two parts of a stored body: the members of meta, and the
// other members.
func partBody(stored []byte) (meta, rest []byte) {
	n, size := binary.Uvarint(stored)
	if size <= 0 || n > uint64(len(stored)-size) {
		return nil, nil // damaged; the content hash tells
	}
	return stored[size : size+int(n)], stored[size+int(n):]
}

// contentHash is what a version is held to: SHA-256 over the type, the id and
// the stored body.
func contentHash(typ string, id fhir.ID, stored []byte) [sha256.Size]byte {
	var small [128]byte
	head := append(small[:0], "joinery 1\x00"...)
	head = append(append(head, typ...), 0)
	head = append(append(head, id...), 0)
	h := sha256.New()
	h.Write(head)
	h.Write(stored)
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return sum
}

// parse reads the version's JSON.
func (v *Version) parse() (*fhir.Doc, error) {
	doc, err := fhir.Parse(v.JSON())
	if err != nil {
		return nil, fmt.Errorf("read %s version %d of row %d: %w", v.Type, v.Number, v.rk, err)
	}
	return doc, nil
}
