package synth

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"joinery/fault"
)

// Format is a form in which people are written.
type Format string

// Formats.
const (
	NDJSON   Format = "ndjson"   // FHIR resources, a file for each type
	Bundles  Format = "bundles"  // FHIR transactions, one for the organisations and one for each person
	Timeline Format = "timeline" // the flat form of whole-population work, Parquet
)

// Set says what is written of a district's people, where and how.
type Set struct {
	People   int64 // how many, from number 0
	Format   Format
	Dir      string      // must not be there, or be empty
	Workers  int         // goroutines that invent people; from 1
	Progress func(int64) // told how many people more are written; may be nil
}

// About is what stands in about.json, which is written last: a set without it is
// not whole.
type About struct {
	Format    string `json:"format"`
	Synthetic bool   `json:"synthetic"` // true
	Seed      uint64 `json:"seed"`
	People    int64  `json:"people"`
	Resources int64  `json:"resources,omitempty"`
	Events    int64  `json:"events,omitempty"`
	Until     string `json:"until"`
}

// formats are what about.json calls the formats.
var formatNames = map[Format]string{
	NDJSON: "joinery-fhir-ndjson-1", Bundles: "joinery-fhir-bundles-1", Timeline: "joinery-timeline-1",
}

// unfinished is a file in a set that is under way. A folder with it may be
// cleared away.
const unfinished = "UNFINISHED"

// Write writes the set. It grows in a folder beside Dir, named Dir.partial, and
// becomes Dir when it is whole: what stops earlier leaves nothing behind that
// looks like a set. What an earlier run left there is cleared away.
//
// Errors fit to show: Conflict when Dir is in use, Invalid for what cannot be
// written, Unavailable when the disk is full or does not let us write.
func (d *District) Write(ctx context.Context, set Set) (About, error) {
	about := About{Format: formatNames[set.Format], Synthetic: true, Seed: d.Seed, People: set.People, Until: string(appendMoment(nil, d.Until.Start(), ToTheDay))}
	if about.Format == "" {
		return about, fault.New(fault.Invalid, "A format is ndjson, bundles or timeline.")
	}
	if set.People < 1 || set.People > MostPeople {
		return about, fault.New(fault.Invalid, fmt.Sprintf("There can be from 1 to %d people.", MostPeople))
	}
	partial, err := set.prepare()
	if err != nil {
		return about, err
	}
	if err = d.write(ctx, set, partial, &about); err == nil {
		err = becomeWhole(partial, filepath.Clean(set.Dir))
	}
	if err != nil {
		_ = os.RemoveAll(partial) // it is said already that it is not whole
		return about, readable(err)
	}
	return about, nil
}

// MostPeople is how many people a set may have: ids and numbers are made for
// more than there are.
const MostPeople = 10_000_000

// prepare makes the folder in which the set grows.
func (set *Set) prepare() (string, error) {
	dir := filepath.Clean(set.Dir)
	switch entries, err := os.ReadDir(dir); {
	case err == nil && len(entries) > 0:
		return "", fault.New(fault.Conflict, fmt.Sprintf("The folder %s is not empty. Nothing was written: name another, or clear it yourself.", dir))
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", fault.Wrap(fault.Invalid, fmt.Sprintf("%s is not a folder that can be written to.", dir), err)
	}
	partial := dir + ".partial"
	if _, err := os.Stat(partial); err == nil {
		if _, err := os.Stat(filepath.Join(partial, unfinished)); err != nil {
			return "", fault.New(fault.Conflict, fmt.Sprintf("%s is in the way: a set grows there before it is whole, and what is there now is not one. Move it.", partial))
		}
		if err := os.RemoveAll(partial); err != nil {
			return "", readable(err)
		}
	}
	if err := os.MkdirAll(partial, 0o777); err != nil {
		return "", readable(err)
	}
	note := "This set was not finished. It may be deleted.\n"
	if err := os.WriteFile(filepath.Join(partial, unfinished), []byte(note), 0o666); err != nil {
		_ = os.RemoveAll(partial) // it was made just now
		return "", readable(err)
	}
	return partial, nil
}

// becomeWhole makes a folder that is whole the set.
func becomeWhole(partial, dir string) error {
	if err := os.Remove(filepath.Join(partial, unfinished)); err != nil {
		return fmt.Errorf("finish: %w", err)
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("make room for the set: %w", err)
	}
	if err := os.Rename(partial, dir); err != nil {
		return fmt.Errorf("finish: %w", err)
	}
	return nil
}

// readable says what a system's error means to who runs the command.
func readable(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return fault.Wrap(fault.Unavailable, "The disk is full. Nothing is left of what was begun; make room, or name a folder elsewhere.", err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fault.Wrap(fault.Unavailable, "The set cannot be written there: this user may not.", err)
	}
	return err
}

// write writes everything into the folder: the data, beside them what is true
// of them, about.json last.
func (d *District) write(ctx context.Context, set Set, dir string, about *About) error {
	pairs, err := createFile(filepath.Join(dir, PairsFile))
	if err != nil {
		return err
	}
	switch set.Format {
	case NDJSON:
		about.Resources, err = d.writeLines(ctx, set, dir, pairs)
	case Bundles:
		about.Resources, err = d.writeBundles(ctx, set, dir, pairs)
	case Timeline:
		about.Events, err = d.writeFlat(ctx, set, dir, pairs)
	}
	if err = pairs.finish(err); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, "truth.json"), d.Truth(set.People)); err != nil {
		return err
	}
	text, err := json.MarshalIndent(about, "", "  ")
	if err != nil {
		return fmt.Errorf("write about.json: %w", err)
	}
	return writeFile(filepath.Join(dir, "about.json"), append(text, '\n'))
}

// writeFile writes a file and sees it on the disk.
func writeFile(path string, data []byte) error {
	f, err := createFile(path)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return f.finish(err)
}

// outFile is a file being written.
type outFile struct {
	*bufio.Writer
	f *os.File
}

func createFile(path string) (*outFile, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("create a file of the set: %w", err)
	}
	return &outFile{bufio.NewWriterSize(f, 1<<20), f}, nil
}

// finish closes the file, after err if that is not nil, once all of it is on the
// disk.
func (o *outFile) finish(err error) error {
	if err == nil {
		err = o.Flush()
	}
	if err == nil {
		err = o.f.Sync()
	}
	if closing := o.f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(o.f.Name()), err)
	}
	return nil
}

// people returns the people of a block, as far as the set has them.
func (set *Set) people(d *District, block int64) []*Person {
	people := d.Block(block)
	return people[:min(int64(len(people)), set.People-block*BlockSize)]
}

// blocks returns how many blocks the set has, the last perhaps in part.
func (set *Set) blocks() int64 { return (set.People + BlockSize - 1) / BlockSize }

func (set *Set) progress(people int64) {
	if set.Progress != nil {
		set.Progress(people)
	}
}
