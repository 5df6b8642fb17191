package synth

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// pile is the resources of some people, by type, as lines.
type pile struct {
	people, resources int64
	lines             map[string][]byte
	pairs             []byte // of the file of truths
}

func newPile() *pile { return &pile{lines: map[string][]byte{}} }

func (l *pile) add(r Resource) {
	l.resources++
	b := append(l.lines[r.Type], r.JSON...)
	l.lines[r.Type] = append(b, '\n')
}

// clear empties the pile and keeps its memory.
func (l *pile) clear() {
	l.people, l.resources, l.pairs = 0, 0, l.pairs[:0]
	for typ, b := range l.lines {
		l.lines[typ] = b[:0]
	}
}

// writeLines writes a file of lines for each type of resource, and returns how
// many resources there are.
func (d *District) writeLines(ctx context.Context, set Set, dir string, pairs io.Writer) (resources int64, err error) {
	out := &lineFiles{dir: filepath.Join(dir, "data"), files: map[string]*outFile{}}
	if err := os.Mkdir(out.dir, 0o777); err != nil {
		return 0, fmt.Errorf("write the set: %w", err)
	}
	defer func() { err = out.finish(err) }()
	first := newPile()
	NewScribe(d, first.add).Places()
	resources = first.resources
	if err := out.write(first); err != nil {
		return 0, err
	}
	spare := make(chan *pile, 4*set.Workers)
	err = inOrder(ctx, set.Workers, set.blocks(),
		func(n int64) (*pile, error) {
			l := newPile()
			select {
			case l = <-spare:
			default:
			}
			people := set.people(d, n)
			s := NewScribe(d, l.add)
			for _, p := range Records(people) {
				s.Person(p)
			}
			l.people = int64(len(people))
			for _, p := range people {
				l.pairs = AppendPairs(l.pairs, p)
			}
			return l, nil
		},
		func(l *pile) error {
			resources += l.resources
			set.progress(l.people)
			if err := out.write(l); err != nil {
				return err
			}
			if _, err := pairs.Write(l.pairs); err != nil {
				return fmt.Errorf("write the set: %w", err)
			}
			l.clear()
			select {
			case spare <- l:
			default:
			}
			return nil
		})
	return resources, err
}

// lineFiles are the files of a set, one a type.
type lineFiles struct {
	dir   string
	files map[string]*outFile
}

func (o *lineFiles) write(l *pile) error {
	for typ, b := range l.lines {
		if len(b) == 0 {
			continue
		}
		f := o.files[typ]
		if f == nil {
			var err error
			if f, err = createFile(filepath.Join(o.dir, typ+".ndjson")); err != nil {
				return err
			}
			o.files[typ] = f
		}
		if _, err := f.Write(b); err != nil {
			return fmt.Errorf("write the set: %w", err)
		}
	}
	return nil
}

// finish closes every file, after err if that is not nil.
func (o *lineFiles) finish(err error) error {
	for _, f := range o.files {
		err = f.finish(err)
	}
	return err
}

// Bundle is a FHIR transaction: PUTs, so that ids are those that were invented.
type Bundle struct {
	Name      string // directory-N, or the id of a Patient
	Resources int
	JSON      []byte
}

// bundler gathers resources into a transaction.
type bundler struct {
	page
	resources int
}

func (u *bundler) add(r Resource) {
	if u.resources == 0 {
		u.b = append(u.b[:0], `{"resourceType":"Bundle","type":"transaction","entry":[`...)
	} else {
		u.raw(`,`)
	}
	u.resources++
	u.raw("\n" + `{"resource":`)
	u.b = append(u.b, r.JSON...)
	u.raw(`,"request":{"method":"PUT","url":"`)
	u.raw(r.Type)
	u.raw(`/`)
	u.raw(r.ID)
	u.raw(`"}}`)
}

// close returns the transaction; the next resource begins another.
func (u *bundler) close(name string) Bundle {
	u.raw("]}\n")
	b := Bundle{Name: name, Resources: u.resources, JSON: slices.Clone(u.b)}
	u.resources = 0
	return b
}

// mostEntries is how many resources a transaction of the directory has: the
// record takes 5,000 changes at a time.
const mostEntries = 4000

// Directory returns the organisations, their sites, services and staff, and the
// agreement between them, as transactions.
func (d *District) Directory() []Bundle {
	var all []Bundle
	var u bundler
	flush := func() { all = append(all, u.close("directory-"+strconv.Itoa(len(all)+1))) }
	NewScribe(d, func(r Resource) {
		if u.resources == mostEntries {
			flush()
		}
		u.add(r)
	}).Places()
	flush()
	return all
}

// Bundles returns records as transactions, one each.
func (d *District) Bundles(records []*Person) []Bundle {
	var u bundler
	s := NewScribe(d, u.add)
	all := make([]Bundle, len(records))
	for i, p := range records {
		s.Person(p)
		all[i] = u.close(p.ID())
	}
	return all
}

// bundled is the transactions of some people, with what is true of them.
type bundled struct {
	people  int64
	bundles []Bundle
	pairs   []byte
}

// writeBundles writes a file for each transaction: the organisations' first, by
// the order of names, and then a thousand people to a folder.
func (d *District) writeBundles(ctx context.Context, set Set, dir string, pairs io.Writer) (resources int64, err error) {
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o777); err != nil {
		return 0, fmt.Errorf("write the set: %w", err)
	}
	for _, b := range d.Directory() {
		if err := writeWhole(filepath.Join(data, b.Name+".json"), b.JSON); err != nil {
			return 0, err
		}
		resources += int64(b.Resources)
	}
	number, folder := int64(0), ""
	err = inOrder(ctx, set.Workers, set.blocks(),
		func(n int64) (bundled, error) {
			people := set.people(d, n)
			b := bundled{people: int64(len(people)), bundles: d.Bundles(Records(people))}
			for _, p := range people {
				b.pairs = AppendPairs(b.pairs, p)
			}
			return b, nil
		},
		func(made bundled) error {
			for _, b := range made.bundles {
				if number%1000 == 0 {
					folder = filepath.Join(data, "people-"+strconv.FormatInt(10_000+number/1000, 10))
					if err := os.Mkdir(folder, 0o777); err != nil {
						return fmt.Errorf("write the set: %w", err)
					}
				}
				if err := writeWhole(filepath.Join(folder, b.Name+".json"), b.JSON); err != nil {
					return err
				}
				resources += int64(b.Resources)
				number++
			}
			set.progress(made.people)
			if _, err := pairs.Write(made.pairs); err != nil {
				return fmt.Errorf("write the set: %w", err)
			}
			return nil
		})
	return resources, err
}

// writeWhole writes a small file. It is not forced to the disk: a disk that is
// full says so at once or when the set's last file is.
func writeWhole(path string, data []byte) error {
	if err := os.WriteFile(path, data, 0o666); err != nil {
		return fmt.Errorf("write the set: %w", err)
	}
	return nil
}
