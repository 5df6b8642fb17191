package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"joinery/fault"
	"joinery/fhir/r4"
	"joinery/record/search"
)

type exportCommand struct {
	Out  string   `help:"Write a file a type into this folder, instead of everything to standard output." placeholder:"FOLDER" type:"path"`
	Type []string `help:"Only these resource types." placeholder:"TYPE"`
}

// Help is shown by joinery export --help.
func (exportCommand) Help() string {
	return `Every current resource, one a line (NDJSON), as of one moment; deleted resources and former versions are not in it. joinery import takes the result back, with the same ids.

This discloses people's data, so the purpose must be said.

    joinery export --purpose HOPERAT > all.ndjson
    joinery export --purpose HRESCH --type Patient --type Condition --out exported`
}

// Run is the command.
func (c *exportCommand) Run(ctx context.Context, a *app) error {
	for _, typ := range c.Type {
		if _, known := r4.TypeNumber(typ); !known {
			return misuse{fault.New(fault.Invalid, fmt.Sprintf("%q is no resource type of FHIR R4. Types are written as in Patient or CareTeam.", typ))}
		}
	}
	desk, err := a.reach(ctx, "export", "")
	if err != nil {
		return err
	}
	defer desk.close()
	lines, err := desk.ask(ctx, http.MethodGet, "/export", url.Values{"type": c.Type}, nil)
	if err != nil {
		return err
	}
	defer lines.Close()
	out := &exported{folder: c.Out, std: bufio.NewWriterSize(a.out, 1<<16), files: map[string]*file{}}
	err = out.copy(lines)
	if closing := out.close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	to := "standard output"
	if c.Out != "" {
		to = c.Out
	}
	if a.flags.JSON && c.Out != "" {
		return a.printJSON(out.counts())
	}
	fmt.Fprintf(a.err, "%d resources to %s\n", out.total, to)
	return nil
}

// exported is where an export goes.
type exported struct {
	folder string
	std    *bufio.Writer
	files  map[string]*file
	total  int
}

type file struct {
	*bufio.Writer
	f     *os.File
	count int
}

// The desk ends an export by a line that says whether it is whole.
const (
	wholeLine  = `{"joinery":"whole"}`
	brokenLine = `{"joinery":"broken"`
)

func (e *exported) copy(from io.Reader) error {
	in := bufio.NewReaderSize(from, 1<<16)
	for {
		line, err := in.ReadBytes('\n')
		switch text := bytes.TrimSpace(line); {
		case string(text) == wholeLine:
			return nil
		case bytes.HasPrefix(text, []byte(brokenLine)) || err != nil:
			return fault.Wrap(fault.Unavailable, "The export broke off: what was written is not whole. Run it again.", errors.Join(err, errors.New(string(text))))
		}
		w, err := e.writer(line)
		if err != nil {
			return err
		}
		if _, err := w.Write(line); err != nil {
			return fault.Wrap(fault.Unavailable, "The export cannot be written: is the disk full?", err)
		}
		e.total++
	}
}

// writer returns where a resource is written.
func (e *exported) writer(line []byte) (io.Writer, error) {
	if e.folder == "" {
		return e.std, nil
	}
	typ := typeOf(line)
	if f := e.files[typ]; f != nil {
		f.count++
		return f, nil
	}
	if err := os.MkdirAll(e.folder, 0o700); err != nil {
		return nil, fault.Wrap(fault.Unavailable, "The folder to export to cannot be made.", err)
	}
	f, err := os.OpenFile(filepath.Join(e.folder, typ+".ndjson"), os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Conflict, "The folder to export to must be new or without exported files: nothing is overwritten.", err)
	}
	e.files[typ] = &file{bufio.NewWriterSize(f, 1<<16), f, 1}
	return e.files[typ], nil
}

// typeOf returns the type of a resource that the record wrote: its first
// member.
func typeOf(line []byte) string {
	_, rest, _ := strings.Cut(string(line[:min(len(line), 120)]), `"resourceType":"`)
	typ, _, _ := strings.Cut(rest, `"`)
	if _, known := r4.TypeNumber(typ); !known {
		return "unknown"
	}
	return typ
}

func (e *exported) close() error {
	err := e.std.Flush()
	for _, f := range e.files {
		err = errors.Join(err, f.Flush(), f.f.Sync(), f.f.Close())
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, "The export cannot be written: is the disk full?", err)
	}
	return nil
}

func (e *exported) counts() map[string]int {
	out := map[string]int{}
	for typ, f := range e.files {
		out[typ] = f.count
	}
	return out
}

// export answers with every current resource, a line each.
func (d *desk) export(w http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	pairs := []search.Pair{{Name: "_count", Value: "1000"}}
	if types := r.URL.Query()["type"]; len(types) > 0 {
		slices.Sort(types)
		pairs = append(pairs, search.Pair{Name: "_type", Value: strings.Join(slices.Compact(types), ",")})
	}
	q, err := search.Parse("", pairs, search.Options{Strict: true, Now: d.clock()})
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	page, err := view.Search(r.Context(), q)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	for {
		for i := range page.Entries {
			if err := writeLine(w, page.Entries[i].Version.JSON()); err != nil {
				return nil, nil //nolint:nilerr,nilnil // whoever asked is gone
			}
		}
		if page.Next == "" {
			_, err := io.WriteString(w, wholeLine+"\n")
			return nil, err //nolint:wrapcheck // whoever asked is gone
		}
		if page, err = view.Next(r.Context(), page.Next); err != nil {
			// The answer has begun, so its last line must say that it is not whole.
			said, _ := json.Marshal(map[string]string{"joinery": "broken", "say": fault.MessageOf(err)})
			_, _ = w.Write(append(said, '\n'))
			return nil, nil
		}
	}
}

// writeLine writes a resource, which the record gives in one line.
func writeLine(w io.Writer, resource []byte) error {
	_, err := w.Write(append(resource, '\n'))
	return err //nolint:wrapcheck // nothing to add
}
