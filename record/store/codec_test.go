package store

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCompressIsUndone(t *testing.T) {
	uuid := "018f428e-34f6-7707-8009-5ad742f901e7"
	for _, body := range []string{
		"", "x", strings.Repeat("a", 100), strings.Repeat("-", 200), uuid, uuid + uuid, uuid + "-" + uuid,
		`"subject":{"reference":"Patient/` + uuid + `"},"a":"` + strings.ToUpper(uuid) + `","b":"1234-` + uuid + `","c":"` + uuid[:35] + `"`,
		strings.Repeat(`{"reference":"Patient/`+uuid+`"},`, 3000),
		"01010101-0101-0101-0101-010101010101" + strings.Repeat("01-", 60),
	} {
		check(t, []byte(body))
	}
	rapid.Check(t, func(r *rapid.T) {
		pieces := rapid.SliceOf(rapid.OneOf(
			rapid.Just(uuid), rapid.Just("-"), rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`),
			rapid.StringMatching(`[0-9a-f-]{1,40}`), rapid.StringMatching(`[ -~]{0,60}`),
		)).Draw(r, "pieces")
		check(r, []byte(strings.Join(pieces, "")))
	})
}

func check(t interface{ Fatalf(string, ...any) }, body []byte) {
	stored, _ := compress(body, nil)
	got, err := decompress(stored)
	if err != nil || !bytes.Equal(got, body) {
		t.Fatalf("compress(%.200q) comes back as %.200q, %v", body, got, err)
	}
}

func TestDamagedBodiesAreErrors(t *testing.T) {
	body := []byte(strings.Repeat(`{"reference":"Patient/018f428e-34f6-7707-8009-5ad742f901e7"},`, 5))
	stored, _ := compress(body, nil)
	for i := range stored {
		for bit := range 8 {
			bad := bytes.Clone(stored)
			bad[i] ^= 1 << bit
			if got, err := decompress(bad); err == nil && bytes.Equal(got, body) && i > 0 {
				t.Logf("byte %d bit %d makes no difference", i, bit)
			}
		}
	}
	for n := range stored {
		_, _ = decompress(stored[:n]) // must not panic
	}
}

// The length that a body begins with may hold the byte that marks a UUID.
func TestCompressKeepsBodiesOfEveryLength(t *testing.T) {
	const uuid = `"0198c0de-0000-7000-8000-00000000abcd"`
	for n := range 40_000 / 7 {
		meta := strings.Repeat("abcdef,", n)[:7*n]
		body := binary.AppendUvarint(nil, uint64(len(meta)))
		body = append(append(body, meta...), `"id2":`+uuid+`,"text":"`+strings.Repeat("x", 64)+`"`...)
		stored, _ := compress(body, nil)
		back, err := decompress(stored)
		if err != nil || !bytes.Equal(back, body) {
			t.Fatalf("a body with %d bytes of meta comes back otherwise (%v)", len(meta), err)
		}
	}
}
