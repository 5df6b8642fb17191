package timeline

import (
	"errors"
	"io"
	"math"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
)

// eachValue gives every value of a column of a row group, and calls missing for
// those that are null, all of them when the file has no such column; nil says
// that none may be. Easy and slow: for people, not for events.
// first is the row of the file with which the group begins, from 0.
func (t *table) eachValue(group parquet.RowGroup, first int, name string, missing func(), give func(i int, v parquet.Value) error) error {
	at, ok := t.index[name]
	if !ok {
		for range group.NumRows() {
			missing()
		}
		return nil
	}
	pages := group.ColumnChunks()[at].Pages()
	defer pages.Close()
	buffer := make([]parquet.Value, 1024)
	i := 0
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return t.damaged(name, err)
		}
		values := page.Values()
		for err == nil {
			var n int
			n, err = values.ReadValues(buffer)
			for _, v := range buffer[:n] {
				if !v.IsNull() {
					if err := give(i, v); err != nil {
						return err
					}
				} else if missing == nil {
					return invalid("Row %d of %s has no %s.", first+i+1, t.name, name)
				} else {
					missing()
				}
				i++
			}
		}
		parquet.Release(page)
		if !errors.Is(err, io.EOF) {
			return t.damaged(name, err)
		}
	}
	if int64(i) != group.NumRows() {
		return invalid("Column %q of %s does not have a value for each row.", name, t.name)
	}
	return nil
}

func (t *table) damaged(column string, err error) error {
	return errors.Join(invalid("Column %q of %s is damaged.", column, t.name), err)
}

// stretch is a run of rows of one row group: what is decoded at once.
type stretch struct {
	group    parquet.RowGroup
	from, to int64 // rows of the group
	first    int64 // row of the file that from is
}

// eachPage gives the pages of a column that hold a stretch, cut to it. at is the
// row of the stretch with which the page begins, and there says for each row of
// the page whether it has a value; nil: all have.
func (t *table) eachPage(s stretch, name string, give func(at int, page parquet.Page, there []byte) error) error {
	pages := s.group.ColumnChunks()[t.index[name]].Pages()
	defer pages.Close()
	if s.from > 0 {
		if err := pages.SeekToRow(s.from); err != nil {
			return t.damaged(name, err)
		}
	}
	want := s.to - s.from
	for at := int64(0); at < want; {
		page, err := pages.ReadPage()
		if err != nil {
			return t.damaged(name, err)
		}
		n := page.NumRows()
		part := page
		if n > want-at {
			n = want - at
			part = page.Slice(0, n)
		}
		there := part.DefinitionLevels()
		if there != nil && int64(len(there)) != n {
			return t.damaged(name, errors.New("levels do not fit the rows"))
		}
		if err := give(int(at), part, there); err != nil {
			return t.damaged(name, err)
		}
		parquet.Release(page)
		at += n
	}
	return nil
}

var errPage = errors.New("a page holds fewer values, or other ones, than it says")

// spread writes a page's values into the rows that have one. of gives the k-th
// value.
func spread[T any](out []T, there []byte, n int, of func(k int) T) error {
	if there == nil {
		if n < len(out) {
			return errPage
		}
		for k := range out {
			out[k] = of(k)
		}
		return nil
	}
	k := 0
	for i, level := range there {
		if level == 0 {
			continue
		}
		if k >= n {
			return errPage
		}
		out[i] = of(k)
		k++
	}
	return nil
}

// noInt is what a row without a number holds.
const noInt = math.MinInt64

// ints reads a column of integers into out, as long as the stretch; noInt where
// there is none.
func (t *table) ints(s stretch, name string, out []int64) error {
	for i := range out {
		out[i] = noInt
	}
	if _, ok := t.index[name]; !ok {
		return nil
	}
	return t.eachPage(s, name, func(at int, page parquet.Page, there []byte) error {
		out := out[at : at+int(page.NumRows())]
		data := page.Data()
		if page.Dictionary() == nil {
			values := data.Int64()
			return spread(out, there, len(values), func(k int) int64 { return values[k] })
		}
		from := page.Dictionary().Page().Data()
		return lookUp(len(from.Int64()), data, func(numbers []int32) error {
			values := from.Int64()
			return spread(out, there, len(numbers), func(k int) int64 { return values[numbers[k]] })
		})
	})
}

// doubles reads a column of numbers into out, and into has where there is one.
func (t *table) doubles(s stretch, name string, out []float64, has []bool) error {
	clear(has)
	if _, ok := t.index[name]; !ok {
		return nil
	}
	return t.eachPage(s, name, func(at int, page parquet.Page, there []byte) error {
		n := int(page.NumRows())
		out, has := out[at:at+n], has[at:at+n]
		for i := range has {
			has[i] = there == nil || there[i] != 0
		}
		data := page.Data()
		if page.Dictionary() == nil {
			values := data.Double()
			return spread(out, there, len(values), func(k int) float64 { return values[k] })
		}
		values := page.Dictionary().Page().Data()
		return lookUp(len(values.Double()), data, func(numbers []int32) error {
			values := values.Double()
			return spread(out, there, len(numbers), func(k int) float64 { return values[numbers[k]] })
		})
	})
}

// lookUp checks that a page's numbers are of its dictionary.
func lookUp(size int, data encoding.Values, use func(numbers []int32) error) error {
	numbers := data.Int32()
	for _, n := range numbers {
		if n < 0 || int(n) >= size {
			return errPage
		}
	}
	return use(numbers)
}

// words are a column of texts of a stretch: for each row a number in list, whose
// number 0 is the empty text, for none.
type words struct {
	*dictionary[string]
	number []uint32
}

// strings reads a column of texts.
func (t *table) strings(s stretch, name string, out *words) error {
	out.dictionary = newStrings()
	out.number = sized(out.number, int(s.to-s.from))
	clear(out.number)
	if _, ok := t.index[name]; !ok {
		return nil
	}
	var known parquet.Dictionary
	var now []uint32 // for each number of known, ours
	return t.eachPage(s, name, func(at int, page parquet.Page, there []byte) error {
		rows := out.number[at : at+int(page.NumRows())]
		d := page.Dictionary()
		if d == nil {
			data := page.Data()
			bytes, ends := data.ByteArray()
			return spread(rows, there, len(ends)-1, func(k int) uint32 {
				return out.dictionary.number(string(bytes[ends[k]:ends[k+1]]))
			})
		}
		if d != known {
			known, now = d, make([]uint32, d.Len())
			for i := range now {
				now[i] = out.dictionary.number(string(d.Index(int32(i)).ByteArray()))
			}
		}
		return lookUp(len(now), page.Data(), func(numbers []int32) error {
			return spread(rows, there, len(numbers), func(k int) uint32 { return now[numbers[k]] })
		})
	})
}

// sized returns a slice of a length, the one given when it is long enough.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
