package timeline

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
)

// rules is the number of the rules by which events are made of resources and
// laid down. It goes up whenever EventsOf, ProfileOf or the columns change; what
// was made by other rules is made anew.
const rules = 4

var saved = fmt.Sprintf("joinery timelines 1, rules %d\n", rules)

// ErrStale is the error when a file holds no whole Set made by the rules of this
// program: make it anew.
var ErrStale = errors.New("the file holds no whole set of timelines by the present rules")

// Save writes a Set in one part, as Sequence and Live.Compact make them, to a
// file, with a note that says what it is of. The file is whole or the one before
// stays. The same Set and note are the same bytes.
func (s *Set) Save(path string, note []byte) error {
	if len(s.parts) != 1 || s.order != nil {
		return errors.New("save timelines: the set is not in one part")
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.partial")
	if err != nil {
		return fmt.Errorf("save timelines: %w", err)
	}
	err = errors.Join(s.write(f, note), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // it is said already that it was not saved
		return fmt.Errorf("save timelines: %w", err)
	}
	return nil
}

func (s *Set) write(w io.Writer, note []byte) error {
	sum := sha256.New()
	e := &encoder{w: bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<20)}
	e.put([]byte(saved))
	e.bytes(&note)
	s.columns(e)
	if err := errors.Join(e.err, e.w.Flush()); err != nil {
		return err
	}
	_, err := w.Write(sum.Sum(nil))
	return err
}

// ReadSet reads what Save wrote. The error is ErrStale when the file is damaged
// or of other rules.
func ReadSet(path string) (s *Set, note []byte, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read timelines: %w", err)
	}
	return decode(data)
}

func decode(data []byte) (s *Set, note []byte, err error) {
	body := len(data) - sha256.Size
	if body < len(saved) || string(data[:len(saved)]) != saved {
		return nil, nil, ErrStale
	}
	if sum := sha256.Sum256(data[:body]); !bytes.Equal(sum[:], data[body:]) {
		return nil, nil, ErrStale
	}
	d := &decoder{rest: data[len(saved):body]}
	d.bytes(&note)
	s = &Set{parts: []*part{{}}}
	s.columns(d)
	if d.failed || len(d.rest) > 0 {
		return nil, nil, ErrStale
	}
	return s, note, nil
}

// columns gives each column of a Set to a coder, in the order of the file.
func (s *Set) columns(c coder) {
	p := s.parts[0]
	c.whats(&s.whats)
	c.strings(&s.orgs)
	for a := range s.values {
		c.strings(&s.values[a])
	}
	c.longs(&p.key)
	p.id.columns(c)
	for _, days := range []*[]Day{&p.born, &p.died, &p.registered} {
		c.days(days)
	}
	for a := range p.attribute {
		c.words(&p.attribute[a])
	}
	c.bytes(&p.deprivation)
	c.bools(&p.resident)
	c.words(&p.first)
	c.words(&p.what)
	c.days(&p.day)
	c.minutes(&p.minute)
	c.shorts(&p.org)
	p.value.columns(c, c.doubles)
	p.end.columns(c, c.days)
	p.recorded.columns(c, c.days)
	p.source.columns(c)
}

func (t *texts) columns(c coder) {
	c.bytes(&t.bytes)
	c.words(&t.ends)
}

func (s *sparse[T]) columns(c coder, values func(*[]T)) {
	c.sets(&s.has)
	c.words(&s.before)
	values(&s.values)
}

// coder is an encoder or a decoder: one list of columns serves both.
type coder interface {
	bytes(*[]uint8)
	bools(*[]bool)
	minutes(*[]int16)
	shorts(*[]uint16)
	days(*[]Day)
	words(*[]uint32)
	longs(*[]int64)
	sets(*[]uint64)
	doubles(*[]float64)
	strings(*[]string)
	whats(*[]What)
}

// whole is what columns are of.
type whole interface {
	~uint8 | ~int16 | ~uint16 | ~int32 | ~uint32 | ~int64 | ~uint64
}

// encoder writes columns: how many, then each, the lowest byte first.
type encoder struct {
	w   *bufio.Writer
	err error
}

func (e *encoder) put(b []byte) {
	if e.err == nil {
		_, e.err = e.w.Write(b)
	}
}

func put[T whole](e *encoder, s []T) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(len(s)))
	e.put(b[:])
	size := binary.Size(T(0))
	for _, v := range s {
		binary.LittleEndian.PutUint64(b[:], uint64(v))
		e.put(b[:size])
	}
}

func (e *encoder) bytes(s *[]uint8)   { put(e, *s) }
func (e *encoder) minutes(s *[]int16) { put(e, *s) }
func (e *encoder) shorts(s *[]uint16) { put(e, *s) }
func (e *encoder) days(s *[]Day)      { put(e, *s) }
func (e *encoder) words(s *[]uint32)  { put(e, *s) }
func (e *encoder) longs(s *[]int64)   { put(e, *s) }
func (e *encoder) sets(s *[]uint64)   { put(e, *s) }

func (e *encoder) bools(s *[]bool) {
	out := make([]uint8, len(*s))
	for i, v := range *s {
		if v {
			out[i] = 1
		}
	}
	put(e, out)
}

func (e *encoder) doubles(s *[]float64) {
	out := make([]uint64, len(*s))
	for i, v := range *s {
		out[i] = math.Float64bits(v)
	}
	put(e, out)
}

func (e *encoder) strings(s *[]string) {
	var t texts
	for _, v := range *s {
		t.add(v)
	}
	t.columns(e)
}

func (e *encoder) whats(s *[]What) {
	var fields, counts []string
	for _, w := range *s {
		fields = append(fields, w.Kind, w.Class, w.Status, w.Unit, w.Comparator)
		for _, codes := range [][]Code{w.Codes, w.Answer} {
			for _, c := range codes {
				fields = append(fields, c.System, c.Code)
			}
			counts = append(counts, string(rune(len(codes))))
		}
	}
	e.strings(&counts)
	e.strings(&fields)
}

// decoder reads columns from bytes. Once something does not fit, all else is
// empty.
type decoder struct {
	rest   []byte
	failed bool
}

func take[T whole](d *decoder, _ []T) []T {
	size := binary.Size(T(0))
	if len(d.rest) < 8 {
		d.failed = true
		return nil
	}
	n := binary.LittleEndian.Uint64(d.rest)
	d.rest = d.rest[8:]
	if d.failed || n > uint64(len(d.rest)/size) {
		d.failed, d.rest = true, nil
		return nil
	}
	out := make([]T, n)
	var b [8]byte
	for i := range out {
		copy(b[:size], d.rest[i*size:])
		out[i] = T(binary.LittleEndian.Uint64(b[:]))
	}
	d.rest = d.rest[int(n)*size:]
	return out
}

func (d *decoder) bytes(s *[]uint8)   { *s = take(d, *s) }
func (d *decoder) minutes(s *[]int16) { *s = take(d, *s) }
func (d *decoder) shorts(s *[]uint16) { *s = take(d, *s) }
func (d *decoder) days(s *[]Day)      { *s = take(d, *s) }
func (d *decoder) words(s *[]uint32)  { *s = take(d, *s) }
func (d *decoder) longs(s *[]int64)   { *s = take(d, *s) }
func (d *decoder) sets(s *[]uint64)   { *s = take(d, *s) }

func (d *decoder) bools(s *[]bool) {
	for _, v := range take[uint8](d, nil) {
		*s = append(*s, v == 1)
	}
}

func (d *decoder) doubles(s *[]float64) {
	for _, v := range take[uint64](d, nil) {
		*s = append(*s, math.Float64frombits(v))
	}
}

func (d *decoder) strings(s *[]string) {
	var t texts
	t.columns(d)
	for i, end := range t.ends {
		if i > 0 && t.ends[i-1] > end || int(end) > len(t.bytes) {
			d.failed = true
			return
		}
		*s = append(*s, string(t.at(i)))
	}
}

func (d *decoder) whats(s *[]What) {
	var fields, counts []string
	d.strings(&counts)
	d.strings(&fields)
	next := func() (f string) {
		if len(fields) == 0 {
			d.failed = true
			return ""
		}
		f, fields = fields[0], fields[1:]
		return f
	}
	if len(counts)%2 != 0 {
		d.failed = true
	}
	for ; len(counts) > 0 && !d.failed; counts = counts[2:] {
		w := What{Kind: next(), Class: next(), Status: next(), Unit: next(), Comparator: next()}
		for i, codes := range []*[]Code{&w.Codes, &w.Answer} {
			for range []rune(counts[i])[0] {
				if *codes = append(*codes, Code{System: next(), Code: next()}); d.failed {
					return
				}
			}
		}
		*s = append(*s, w)
	}
}
