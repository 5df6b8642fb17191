package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// bundle is one Synthea transaction, cut where a replay puts something else:
// ids, dates, identifiers, names and the last digits of decimals. Without such
// jitter the same few index pages stay hot and the figures flatter.
type bundle struct {
	name    string
	size    int
	pieces  []piece
	entries []entry
}

// piece is bytes copied as they are, followed by one thing that is changed.
type piece struct {
	text []byte
	kind byte // one of the kinds below; 0 for the last piece
	was  []byte
}

const (
	kindUUID   = 'u'
	kindDate   = 'd'
	kindDigits = '9'
	kindFamily = 'f'
	kindGiven  = 'g'
)

// entry is what the expected answers need to know of one resource.
type entry struct {
	typ       string
	code      string // the first code of Observation.code
	when      time.Time
	encounter int // the entry that Observation.encounter points to, or -1
}

// replay is one bundle as one replay sends it.
type replay struct {
	bundle *bundle
	body   []byte
	family string
	given  string
}

// synthea reads every bundle of the zip, in the order of their names.
func synthea(path string) ([]*bundle, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("opening the Synthea bundles: %w", err)
	}
	defer z.Close()
	files := slices.Clone(z.File)
	slices.SortFunc(files, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	var all []*bundle
	for _, f := range files {
		if !strings.HasSuffix(f.Name, ".json") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("opening %s: %w", f.Name, err)
		}
		data, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", f.Name, err)
		}
		b, err := cut(filepath.Base(f.Name), data)
		if err != nil {
			return nil, fmt.Errorf("cutting %s: %w", f.Name, err)
		}
		all = append(all, b)
	}
	return all, nil
}

// cut compacts a bundle and finds the places a replay changes.
func cut(name string, data []byte) (*bundle, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return nil, err
	}
	text := compact.Bytes()
	b := &bundle{name: name, size: len(text)}
	var err error
	if b.entries, err = readEntries(text); err != nil {
		return nil, err
	}
	from := 0
	for i := 1; i < len(text); {
		kind, n := changes(text, i)
		if kind == 0 {
			i++
			continue
		}
		b.pieces = append(b.pieces, piece{text[from:i], kind, text[i : i+n]})
		i += n
		from = i
	}
	b.pieces = append(b.pieces, piece{text: text[from:]})
	return b, nil
}

var (
	familyBefore = []byte(`"family":"`)
	givenBefore  = []byte(`"given":["`)
	nameSet      = []byte(`"name":[{"use":"official",`)
)

// changes says what starts at i that a replay changes, and how long it is.
func changes(text []byte, i int) (byte, int) {
	c := text[i]
	switch {
	case isHex(c) && !isHex(text[i-1]) && isUUID(text[i:]):
		return kindUUID, 36
	case c == '"':
		return 0, 0
	case text[i-1] == '"' && isDate(text[i:]):
		return kindDate, 10
	case text[i-1] == '"' && isNumbered(text[i:]):
		return kindDigits, bytes.IndexByte(text[i:], '"')
	case c == '.' && isDigit(text[i-1]) && !inString(text, i):
		n := 1
		for isDigit(text[i+n]) {
			n++
		}
		return kindDigits, n
	case bytes.HasSuffix(text[:i], familyBefore) && official(text, i):
		return kindFamily, bytes.IndexByte(text[i:], '"')
	case bytes.HasSuffix(text[:i], givenBefore) && official(text, i):
		return kindGiven, bytes.IndexByte(text[i:], '"')
	}
	return 0, 0
}

// official says whether the name being read is a Patient's official one: only
// those carry a use in these files.
func official(text []byte, i int) bool {
	start := bytes.LastIndexByte(text[:i], '{')
	return bytes.HasSuffix(text[:start+len(`{"use":"official",`)], nameSet)
}

// inString says whether a point stands inside a string: a number is preceded
// by its digits and then by a colon, comma or bracket.
func inString(text []byte, i int) bool {
	for i--; i > 0 && (isDigit(text[i]) || text[i] == '-'); i-- {
	}
	return text[i] != ':' && text[i] != ',' && text[i] != '['
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isHex(c byte) bool   { return isDigit(c) || c >= 'a' && c <= 'f' }

func isUUID(s []byte) bool {
	if len(s) < 37 {
		return false
	}
	for i := range 36 {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if !isHex(s[i]) {
			return false
		}
	}
	return !isHex(s[36])
}

func isDate(s []byte) bool {
	if len(s) < 11 || s[10] != 'T' && s[10] != '"' {
		return false
	}
	for i := range 10 {
		if (i == 4 || i == 7) != (s[i] == '-') || i != 4 && i != 7 && !isDigit(s[i]) {
			return false
		}
	}
	return true
}

// isNumbered finds the made-up social security, driving and passport numbers.
func isNumbered(s []byte) bool {
	return bytes.HasPrefix(s, []byte("999-")) && len(s) > 11 && s[11] == '"' ||
		bytes.HasPrefix(s, []byte("S999")) && len(s) > 9 && s[9] == '"' ||
		len(s) > 10 && s[0] == 'X' && s[9] == 'X' && s[10] == '"' && isDigit(s[1]) && isDigit(s[8])
}

// readEntries notes what the expected answers need from each entry.
func readEntries(text []byte) ([]entry, error) {
	var doc struct {
		Entry []struct {
			FullURL  string `json:"fullUrl"`
			Resource struct {
				ResourceType string `json:"resourceType"`
				Effective    string `json:"effectiveDateTime"`
				Code         struct{ Coding []struct{ Code string } }
				Encounter    json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	at := map[string]int{}
	for i, e := range doc.Entry {
		at[e.FullURL] = i
	}
	entries := make([]entry, len(doc.Entry))
	for i, e := range doc.Entry {
		entries[i] = entry{typ: e.Resource.ResourceType, encounter: -1}
		if e.Resource.ResourceType != "Observation" {
			continue
		}
		entries[i].code = e.Resource.Code.Coding[0].Code
		when, err := time.Parse(time.RFC3339, e.Resource.Effective)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
		entries[i].when = when
		var ref struct{ Reference string }
		if err := json.Unmarshal(e.Resource.Encounter, &ref); err == nil {
			if n, ok := at[ref.Reference]; ok {
				entries[i].encounter = n
			}
		}
	}
	return entries, nil
}

// replay renders the bundle as replay number n sends it. The same seed gives
// the same bytes.
func (b *bundle) replay(seed uint64, n int) replay {
	rng := rand.New(rand.NewPCG(seed, uint64(n)))
	var mask [16]byte
	binary.LittleEndian.PutUint64(mask[:], rng.Uint64())
	binary.LittleEndian.PutUint64(mask[8:], rng.Uint64())
	mask[6] &= 0x0f // the version stays
	mask[8] &= 0x3f // and the variant
	days := rng.IntN(3000) - 1500
	r := replay{bundle: b, body: make([]byte, 0, b.size+64), family: familyName(rng), given: givenName(rng)}
	for _, p := range b.pieces {
		r.body = append(r.body, p.text...)
		switch p.kind {
		case kindUUID:
			r.body = appendUUID(r.body, p.was, mask)
		case kindDate:
			when, err := time.Parse(time.DateOnly, string(p.was))
			if err != nil {
				r.body = append(r.body, p.was...)
				continue
			}
			r.body = when.AddDate(0, 0, days).AppendFormat(r.body, time.DateOnly)
		case kindDigits:
			r.body = appendDigits(r.body, p.was, rng)
		case kindFamily:
			r.body = append(r.body, r.family...)
		case kindGiven:
			r.body = append(r.body, r.given...)
		}
	}
	return r
}

func appendUUID(dst, was []byte, mask [16]byte) []byte {
	var packed [32]byte
	n := 0
	for _, c := range was {
		if c != '-' {
			packed[n] = c
			n++
		}
	}
	var raw [16]byte
	if _, err := hex.Decode(raw[:], packed[:]); err != nil {
		return append(dst, was...)
	}
	for i := range raw {
		raw[i] ^= mask[i]
	}
	for _, span := range [][2]int{{0, 4}, {4, 6}, {6, 8}, {8, 10}, {10, 16}} {
		if span[0] > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, raw[span[0]:span[1]])
	}
	return dst
}

// appendDigits changes every digit but a leading 999 to another.
func appendDigits(dst, was []byte, rng *rand.Rand) []byte {
	for _, c := range was {
		if isDigit(c) && c != '9' {
			c = '0' + byte(rng.IntN(9))
		}
		dst = append(dst, c)
	}
	return dst
}
