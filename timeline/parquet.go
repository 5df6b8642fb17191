package timeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"joinery/fault"
	"joinery/fhir"
)

// Format is the name of the flat form that Load reads: docs/timeline-format.md.
const Format = "joinery-timeline-1"

// About says of a flat set what it is.
type About struct {
	Format    string `json:"format"`
	Synthetic bool   `json:"synthetic"` // its people are invented
	Seed      uint64 `json:"seed,omitempty"`
	People    int    `json:"people"`
	Events    int    `json:"events"`
	Until     string `json:"until"` // the last day of which it knows, as 2006-01-02
}

// Load reads a folder of the flat form: about.json, people.parquet and
// events.parquet. It uses as many goroutines as workers says.
//
// The fault is NotFound when the folder has no about.json, which is written
// last, and Invalid when the files are not of the form or contradict each other.
func Load(ctx context.Context, folder string, workers int) (*Set, About, error) {
	about, err := readAbout(folder)
	if err != nil {
		return nil, about, err
	}
	set, err := loadParquet(ctx, folder, about, workers)
	if err != nil {
		return nil, about, fmt.Errorf("load timelines: %w", err)
	}
	return set, about, nil
}

func readAbout(folder string) (About, error) {
	var about About
	text, err := os.ReadFile(filepath.Join(folder, "about.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return about, fault.Wrap(fault.NotFound, "There is no about.json in the folder: it holds no whole set of timelines.", err)
	}
	if err != nil {
		return about, fmt.Errorf("read about.json: %w", err)
	}
	if err := json.Unmarshal(text, &about); err != nil {
		return about, fault.Wrap(fault.Invalid, "about.json cannot be read as JSON.", err)
	}
	if about.Format != Format {
		return about, fault.New(fault.Invalid, fmt.Sprintf("about.json names the format %q; this program reads %q.", about.Format, Format))
	}
	return about, nil
}

func loadParquet(ctx context.Context, folder string, about About, workers int) (*Set, error) {
	d := newDictionaries()
	people, err := loadPeople(ctx, filepath.Join(folder, "people.parquet"), d)
	if err != nil {
		return nil, err
	}
	if len(people.key) != about.People {
		return nil, invalid("about.json says %d people, people.parquet has %d.", about.People, len(people.key))
	}
	for a, v := range d.values {
		now := v.sort()
		for i, n := range people.attribute[a] {
			people.attribute[a][i] = now[n]
		}
	}
	t, err := openTable(filepath.Join(folder, "events.parquet"), eventColumns)
	if err != nil {
		return nil, err
	}
	defer t.close()
	if t.file.NumRows() != int64(about.Events) {
		return nil, invalid("about.json says %d events, events.parquet has %d.", about.Events, t.file.NumRows())
	}
	l := newEventLoad(t, people, d)
	if err := l.run(ctx, max(workers, 1)); err != nil {
		return nil, err
	}
	return d.set([]*part{people}, nil), nil
}

func invalid(format string, args ...any) error {
	return fault.New(fault.Invalid, fmt.Sprintf(format, args...))
}

// tableColumn is what a column of a flat file must be.
type tableColumn struct {
	name     string
	kinds    string // of Parquet, one of
	optional bool   // may be missing, wholly or in rows
}

// table is an open Parquet file whose columns are as they must be.
type table struct {
	name  string
	os    *os.File
	file  *parquet.File
	index map[string]int
}

// openTable opens a file and checks its columns. What the Parquet library makes
// of a damaged file, be it a panic, is a refusal.
func openTable(path string, want []tableColumn) (t *table, err error) {
	t = &table{name: filepath.Base(path), index: map[string]int{}}
	defer func() {
		if err != nil {
			t.close()
		}
	}()
	defer t.refuse(&err)
	if t.os, err = os.Open(path); err != nil {
		return t, fault.Wrap(fault.NotFound, fmt.Sprintf("%s cannot be opened.", t.name), err)
	}
	info, err := t.os.Stat()
	if err != nil {
		return t, err
	}
	t.file, err = parquet.OpenFile(t.os, info.Size(), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(1<<18))
	if err != nil {
		return t, fault.Wrap(fault.Invalid, fmt.Sprintf("%s is not a whole Parquet file.", t.name), err)
	}
	return t, t.check(want)
}

func (t *table) close() {
	if t.os != nil {
		_ = t.os.Close() // it was only read
	}
}

// refuse turns a panic into a refusal of the file.
func (t *table) refuse(err *error) {
	if p := recover(); p != nil {
		*err = fault.Wrap(fault.Invalid, fmt.Sprintf("%s is damaged.", t.name), fmt.Errorf("parquet: %v", p))
	}
}

func (t *table) check(want []tableColumn) error {
	fields := t.file.Schema().Fields()
	for i, f := range fields {
		at := slices.IndexFunc(want, func(c tableColumn) bool { return c.name == f.Name() })
		if at < 0 {
			return invalid("%s has a column %q, which the form does not know.", t.name, f.Name())
		}
		if !f.Leaf() || f.Repeated() || !slices.Contains(strings.Fields(want[at].kinds), f.Type().Kind().String()) {
			return invalid("Column %q of %s is %s; it must be %s.", f.Name(), t.name, f.Type(), want[at].kinds)
		}
		t.index[f.Name()] = i
	}
	for _, c := range want {
		if _, ok := t.index[c.name]; !ok && !c.optional {
			return invalid("%s has no column %q.", t.name, c.name)
		}
	}
	return nil
}

var peopleColumns = []tableColumn{
	{name: "person", kinds: "INT64"},
	{name: "id", kinds: "BYTE_ARRAY"},
	{name: "born", kinds: "INT32", optional: true},
	{name: "died", kinds: "INT32", optional: true},
	{name: "registered", kinds: "INT32", optional: true},
	{name: "deprivation", kinds: "INT32 INT64", optional: true},
	{name: "resident", kinds: "BOOLEAN", optional: true},
	{name: "sex", kinds: "BYTE_ARRAY", optional: true},
	{name: "ethnicity", kinds: "BYTE_ARRAY", optional: true},
	{name: "practice", kinds: "BYTE_ARRAY", optional: true},
	{name: "network", kinds: "BYTE_ARRAY", optional: true},
	{name: "borough", kinds: "BYTE_ARRAY", optional: true},
	{name: "lsoa", kinds: "BYTE_ARRAY", optional: true},
	{name: "language", kinds: "BYTE_ARRAY", optional: true},
}

// loadPeople reads people.parquet. The dictionaries learn what attributes take.
func loadPeople(ctx context.Context, path string, d *dictionaries) (p *part, err error) {
	t, err := openTable(path, peopleColumns)
	if err != nil {
		return nil, err
	}
	defer t.close()
	defer t.refuse(&err)
	p = newPeople(int(t.file.NumRows()))
	for _, group := range t.file.RowGroups() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := t.peopleOf(group, p, d); err != nil {
			return nil, err
		}
	}
	for i, key := range p.key {
		if i > 0 && p.key[i-1] >= key {
			return nil, invalid("%s must have each person once, in ascending order; row %d has not.", t.name, i+1)
		}
	}
	return p, nil
}

// newPeople returns a part of nobody with room for n people.
func newPeople(n int) *part {
	const idLength = 16 // about
	p := &part{key: make([]int64, 0, n), deprivation: make([]uint8, 0, n), resident: make([]bool, 0, n)}
	p.id.ends, p.id.bytes = make([]uint32, 0, n), make([]byte, 0, n*idLength)
	for _, days := range []*[]Day{&p.born, &p.died, &p.registered} {
		*days = make([]Day, 0, n)
	}
	for a := range p.attribute {
		p.attribute[a] = make([]uint32, 0, n)
	}
	return p
}

func (t *table) peopleOf(group parquet.RowGroup, p *part, d *dictionaries) error {
	first := len(p.key)
	each := func(name string, missing func(), give func(v parquet.Value) error) error {
		return t.eachValue(group, first, name, missing, func(i int, v parquet.Value) error {
			if err := give(v); err != nil {
				return invalid("Row %d of %s: %s", first+i+1, t.name, fault.MessageOf(err))
			}
			return nil
		})
	}
	err := each("person", nil, func(v parquet.Value) error { p.key = append(p.key, v.Int64()); return nil })
	if err != nil {
		return err
	}
	err = each("id", nil, func(v parquet.Value) error {
		if !fhir.ID(v.ByteArray()).Valid() {
			return invalid("the id is not one that a resource can have.")
		}
		p.id.add(string(v.ByteArray()))
		return nil
	})
	if err != nil {
		return err
	}
	for name, days := range map[string]*[]Day{"born": &p.born, "died": &p.died, "registered": &p.registered} {
		err := each(name, func() { *days = append(*days, NoDay) }, func(v parquet.Value) error {
			day, ok := dayOfUnix(int64(v.Int32()))
			*days = append(*days, day)
			return must(ok, "the "+name+" date is out of range.")
		})
		if err != nil {
			return err
		}
	}
	for a := range Attribute(attributes) {
		add := func(s string) { p.attribute[a] = append(p.attribute[a], d.values[a].number(s)) }
		err := each(a.String(), func() { add("") }, func(v parquet.Value) error { add(string(v.ByteArray())); return nil })
		if err != nil {
			return err
		}
	}
	err = each("deprivation", func() { p.deprivation = append(p.deprivation, 0) }, func(v parquet.Value) error {
		decile := v.Int64()
		if v.Kind() == parquet.Int32 {
			decile = int64(v.Int32())
		}
		p.deprivation = append(p.deprivation, uint8(decile))
		return must(decile >= 1 && decile <= 10, "deprivation is a decile from 1 to 10.")
	})
	if err != nil {
		return err
	}
	return each("resident", func() { p.resident = append(p.resident, false) }, func(v parquet.Value) error {
		p.resident = append(p.resident, v.Boolean())
		return nil
	})
}

func must(ok bool, otherwise string) error {
	if ok {
		return nil
	}
	return fault.New(fault.Invalid, otherwise)
}

// dayOfUnix returns the day that is so many after 1970-01-01.
func dayOfUnix(days int64) (Day, bool) {
	if days < int64(DayMin-epoch) || days > int64(DayMax-epoch) {
		return NoDay, false
	}
	return epoch + Day(days), true
}
