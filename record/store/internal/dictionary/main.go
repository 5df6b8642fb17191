// Command dictionary makes the dictionary that bodies are compressed with, from
// examples.ndjson: resources that were invented for it, and are nobody's.
//
// A dictionary that was released never changes, as what was compressed with it
// can only be read with it. For a better one write the next number.
package main

import (
	"bytes"
	_ "embed"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/klauspost/compress/zstd"
)

//go:embed examples.ndjson
var examples []byte

func main() {
	number := flag.Uint("number", 1, "which dictionary")
	out := flag.String("o", "", "file to write")
	flag.Parse()
	dictionary, err := build(uint32(*number))
	if err == nil {
		err = os.WriteFile(*out, dictionary, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "dictionary:", err)
		os.Exit(1)
	}
}

// build makes the dictionary: the examples as history, the most frequent types
// last, and statistics over them with various ids, dates and numbers.
func build(number uint32) ([]byte, error) {
	r := rand.New(rand.NewPCG(1, uint64(number)))
	var history []byte
	var contents [][]byte
	lines := bytes.Split(bytes.TrimSpace(examples), []byte("\n"))
	for i, line := range lines {
		_, body, ok := bytes.Cut(line, []byte(`,`)) // the type is not part of a body
		if !ok {
			return nil, fmt.Errorf("line %d is no resource", i+1)
		}
		body = bytes.TrimSuffix(body, []byte("}"))
		history = append(history, bytes.ReplaceAll(body, []byte("/@"), []byte("/"))...)
		for range 2 + 2*i/len(lines)*4 {
			contents = append(contents, vary(r, body))
		}
	}
	return zstd.BuildDict(zstd.BuildDictOptions{
		ID: number, Contents: contents, History: history, Offsets: [3]int{1, 4, 8}, Level: zstd.SpeedFastest,
	})
}

// vary puts ids where they stand and changes digits.
func vary(r *rand.Rand, body []byte) []byte {
	var out []byte
	for i, c := range body {
		switch {
		case c == '@':
			out = fmt.Appendf(out, "%08x-%04x-7%03x-a%03x-%012x", r.Uint32(), r.Uint32N(1<<16), r.Uint32N(1<<12), r.Uint32N(1<<12), r.Uint64N(1<<48))
		case c >= '0' && c <= '9' && i > 0 && r.IntN(2) == 0 && (body[i-1] == ':' || body[i-1] == '-' || body[i-1] == '.' || body[i-1] >= '0' && body[i-1] <= '9'):
			out = append(out, byte('0'+r.IntN(10)))
		default:
			out = append(out, c)
		}
	}
	return out
}
