package bundle

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"joinery/fault"
	"joinery/source"
)

// Limits bound what Files takes, so that a small file cannot fill the memory.
type Limits struct {
	Value int64 // bytes of one JSON value: a bundle, a resource, a line
	Chunk int64 // bytes of NDJSON in one Piece
	Lines int   // lines of NDJSON in one Piece
	Ratio int64 // how many times larger a packed file may become, past Value bytes
}

// DefaultLimits are generous to real exports: the largest Synthea bundle is
// 40 MB, and FHIR JSON packs about 20 to 1.
var DefaultLimits = Limits{Value: 256 << 20, Chunk: 4 << 20, Lines: 1000, Ratio: 300}

// Files yields what the files and folders hold, in the order of their names, a
// Piece at a time: a .json file is one Piece, NDJSON several. The path "-" is
// standard input, given as stdin.
//
// An error comes with a Piece that says where; it concerns that file or member
// alone, and the next step goes on behind it. In a folder, files that are
// neither .json, .ndjson, .jsonl, .gz nor .zip are passed over, as are links. A
// file that is named is read whatever its name.
//
// Each call of Files reads anew, and the Pieces may be kept.
func Files(paths []string, stdin io.Reader, limits Limits) iter.Seq2[source.Piece, error] {
	return func(yield func(source.Piece, error) bool) {
		r := &reader{limits: limits, yield: yield}
		for _, path := range paths {
			if r.stopped {
				return
			}
			if path == "-" {
				r.stream("standard input", bufio.NewReaderSize(stdin, 1<<16), nil)
				continue
			}
			r.path(path)
		}
	}
}

// Size returns how many files Files would open, and their bytes on disk.
// Standard input counts as nothing.
func Size(paths []string) (files int, bytes int64) {
	for _, path := range paths {
		_ = filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && (file == path || d.Type().IsRegular() && known(file)) {
				if info, err := os.Stat(file); err == nil {
					files++
					bytes += info.Size()
				}
			}
			return nil // what cannot be read is said when it is
		})
	}
	return files, bytes
}

// known reports whether a file in a folder is one that Files reads.
func known(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json", ".ndjson", ".jsonl", ".zip":
		return true
	case ".gz":
		return known(strings.TrimSuffix(strings.ToLower(name), ".gz"))
	}
	return false
}

type reader struct {
	limits  Limits
	yield   func(source.Piece, error) bool
	stopped bool
}

func (r *reader) give(p source.Piece) {
	if !r.stopped && !r.yield(p, nil) {
		r.stopped = true
	}
}

func (r *reader) refuse(from, message string, err error) {
	if !r.stopped && !r.yield(source.Piece{From: from}, fault.Wrap(fault.Invalid, message, err)) {
		r.stopped = true
	}
}

func (r *reader) path(path string) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.refuse(path, "There is no such file or folder.", err)
	case err != nil:
		r.refuse(path, "This cannot be read: check its permissions.", err)
	case info.IsDir():
		r.folder(path)
	default:
		r.file(path)
	}
}

func (r *reader) folder(path string) {
	err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		switch {
		case r.stopped:
			return fs.SkipAll
		case err != nil:
			r.refuse(file, "This cannot be read: check its permissions.", err)
			return nil
		case d.Type().IsRegular() && known(file):
			r.file(file)
		}
		return nil
	})
	if err != nil {
		r.refuse(path, "This folder cannot be read.", err)
	}
}

func (r *reader) file(path string) {
	f, err := os.Open(path)
	if err != nil {
		r.refuse(path, "This cannot be read: check its permissions.", err)
		return
	}
	defer f.Close()
	if strings.EqualFold(filepath.Ext(path), ".zip") {
		info, err := f.Stat()
		if err != nil {
			r.refuse(path, "This cannot be read.", err)
			return
		}
		r.zip(path, f, info.Size())
		return
	}
	on := &counter{in: f}
	r.stream(path, bufio.NewReaderSize(on, 1<<16), on)
}

func (r *reader) zip(path string, f io.ReaderAt, size int64) {
	archive, err := zip.NewReader(f, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // members are never written, so their paths cannot do harm
		r.refuse(path, "This is not a zip archive, or a damaged one.", err)
		return
	}
	for _, member := range archive.File {
		if r.stopped {
			return
		}
		from := path + "!" + label(member.Name)
		switch {
		case member.FileInfo().IsDir() || !known(member.Name):
			continue
		case strings.EqualFold(filepath.Ext(member.Name), ".zip"):
			r.refuse(from, "An archive inside an archive is not opened: unpack the outer one first.", nil)
			continue
		}
		in, err := member.Open()
		if err != nil {
			r.refuse(from, "This member cannot be unpacked: it is encrypted, or packed in a way that is not supported.", err)
			continue
		}
		on := &counter{in: in, fixed: int64(member.CompressedSize64)}
		limited := &guard{in: in, packed: func() int64 { return int64(member.CompressedSize64) }, limits: r.limits}
		r.stream(from, bufio.NewReaderSize(limited, 1<<16), on)
		in.Close()
	}
}

// stream reads one file's content: gzip, NDJSON or one JSON value, told apart
// by the name and, where that says nothing, by how it starts.
func (r *reader) stream(from string, in *bufio.Reader, on *counter) {
	name := strings.ToLower(from)
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			r.refuse(from, "This is not a gzip file, or a damaged one.", err)
			return
		}
		defer unpacked.Close()
		packed := func() int64 { return 1 << 20 } // of an unknown size: as if it were small
		if on != nil {
			packed = on.total
		}
		in = bufio.NewReaderSize(&guard{in: unpacked, packed: packed, limits: r.limits}, 1<<16)
		name = strings.TrimSuffix(name, ".gz")
	}
	switch filepath.Ext(name) {
	case ".ndjson", ".jsonl":
		r.lines(from, in, on)
	case ".json":
		r.value(from, in, on)
	default:
		if looksLikeLines(in) {
			r.lines(from, in, on)
			return
		}
		r.value(from, in, on)
	}
}

// looksLikeLines reports whether the input's first line is a whole JSON object
// with more behind it.
func looksLikeLines(in *bufio.Reader) bool {
	start, _ := in.Peek(in.Size())
	line, rest, more := bytes.Cut(start, []byte{'\n'})
	at, end, ok := valueEnd(line, 0)
	return more && ok && line[at] == '{' && skipSpace(line, end) == len(line) && skipSpace(rest, 0) < len(rest)
}

func (r *reader) value(from string, in io.Reader, on *counter) {
	data, err := io.ReadAll(io.LimitReader(in, r.limits.Value+1))
	switch {
	case err != nil:
		r.broken(from, err)
	case int64(len(data)) > r.limits.Value:
		r.refuse(from, fmt.Sprintf("This is more than %d MB in one piece: split the bundle, or hand it over as NDJSON.", r.limits.Value>>20), nil)
	case skipSpace(data, 0) == len(data):
		r.refuse(from, "The file is empty.", nil)
	default:
		r.give(source.Piece{From: from, Form: source.JSON, Data: data, Bytes: on.since()})
	}
}

// lines cuts NDJSON into Pieces of whole lines.
func (r *reader) lines(from string, in *bufio.Reader, on *counter) {
	chunk, first, number := make([]byte, 0, r.limits.Chunk/4), 1, 0
	flush := func() {
		if skipSpace(chunk, 0) < len(chunk) {
			r.give(source.Piece{From: from, Line: first, Form: source.Lines, Data: bytes.Clone(chunk), Bytes: on.since()})
		}
		chunk, first = chunk[:0], number+1
	}
	for !r.stopped {
		start := len(chunk)
		end, err := r.line(in, &chunk)
		number++
		if errors.Is(err, errLongLine) {
			chunk = chunk[:start]
			flush()
			first = number + 1
			r.refuse(from, fmt.Sprintf("Line %d is longer than %d MB.", number, r.limits.Value>>20), nil)
			continue
		}
		if err != nil {
			chunk = chunk[:start] // a line that breaks off is no line
			flush()
			r.broken(from, err)
			return
		}
		if end || number-first+1 >= r.limits.Lines || int64(len(chunk)) >= r.limits.Chunk {
			flush()
		}
		if end {
			return
		}
	}
}

var errLongLine = errors.New("line too long")

// line appends the next line to chunk and reports whether it was the last. Of a
// line that is too long it skips the rest.
func (r *reader) line(in *bufio.Reader, chunk *[]byte) (last bool, err error) {
	var length int64
	for {
		part, err := in.ReadSlice('\n')
		if length += int64(len(part)); length <= r.limits.Value {
			*chunk = append(*chunk, part...)
		} else if !errors.Is(err, bufio.ErrBufferFull) {
			return errors.Is(err, io.EOF), errLongLine
		}
		switch {
		case err == nil:
			return false, nil
		case errors.Is(err, io.EOF):
			return true, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return true, err
		}
	}
}

func (r *reader) broken(from string, err error) {
	if kind := fault.KindOf(err); kind != fault.Internal {
		r.refuse(from, fault.MessageOf(err), err)
		return
	}
	r.refuse(from, "This breaks off or is damaged, and was not taken from there on.", err)
}

// counter counts the bytes that a Piece stands for on disk.
type counter struct {
	in    io.Reader
	n     int64
	told  int64
	fixed int64 // of an archive's member, known beforehand
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counter) total() int64 { return c.n + c.fixed }

// since returns the bytes read since it was last asked.
func (c *counter) since() int64 {
	if c == nil {
		return 0
	}
	n := c.total() - c.told
	c.told = c.total()
	return n
}

// guard stops what unpacks to more than Ratio times its size, once it is larger
// than any one value may be.
type guard struct {
	in     io.Reader
	packed func() int64
	out    int64
	limits Limits
}

func (g *guard) Read(p []byte) (int, error) {
	n, err := g.in.Read(p)
	g.out += int64(n)
	if g.out > g.limits.Value && g.out/g.limits.Ratio > g.packed() {
		return 0, fault.New(fault.TooLarge, fmt.Sprintf("This unpacks to more than %d times its size, as real records do not: it was stopped.", g.limits.Ratio))
	}
	return n, err
}

// label makes a member's name fit to be shown: no control characters.
func label(name string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return '?'
		}
		return c
	}, name)
}
