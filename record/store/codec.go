package store

import (
	_ "embed"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Bodies are compressed one by one, with a dictionary, as a resource alone is
// too short to show what repeats. The first byte of a stored body says how:
// plain, or by which dictionary. Dictionaries are never changed or taken away,
// only added; they are made of invented examples (internal/dictionary), never of
// anybody's data.
const (
	plain       = 0
	dictionary1 = 1

	newest = dictionary1
)

//go:generate go run ./internal/dictionary -number 1 -o dictionary1.zstd

//go:embed dictionary1.zstd
var dictionary1Bytes []byte

// shortBody is the length up to which compressing costs more than it saves.
const shortBody = 96

var encoder = sync.OnceValues(func() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderDict(dictionary1Bytes),
		zstd.WithEncoderCRC(false), zstd.WithWindowSize(128<<10), zstd.WithZeroFrames(false), zstd.WithSingleSegment(true))
})

var decoder = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderDicts(dictionary1Bytes), zstd.WithDecoderConcurrency(0),
		zstd.WithDecoderMaxMemory(256<<20))
})

// compress returns the body as it is stored.
func compress(body []byte) ([]byte, error) {
	if len(body) <= shortBody {
		return append(append(make([]byte, 0, 1+len(body)), plain), body...), nil
	}
	e, err := encoder()
	if err != nil {
		return nil, fmt.Errorf("make the compressor: %w", err)
	}
	out := make([]byte, 1, 64+len(body)/2)
	out[0] = newest
	return e.EncodeAll(body, out), nil
}

// decompress undoes compress; nil stays nil.
func decompress(stored []byte) ([]byte, error) {
	if len(stored) == 0 {
		return nil, nil
	}
	switch stored[0] {
	case plain:
		return append([]byte(nil), stored[1:]...), nil
	case dictionary1:
		d, err := decoder()
		if err != nil {
			return nil, fmt.Errorf("make the decompressor: %w", err)
		}
		return d.DecodeAll(stored[1:], nil)
	}
	return nil, fmt.Errorf("a body is compressed in a way, %d, that this version does not know", stored[0])
}
