package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"joinery/fault"
	"joinery/record/access"
	"joinery/source"
	"joinery/source/bundle"
)

type importCommand struct {
	Paths   []string `arg:"" name:"path" help:"Files and folders: .json, .ndjson, .jsonl, each also as .gz, and .zip of these; - is standard input."`
	Refused string   `help:"Where to keep what is refused (default: refused-TIME.ndjson here, made only when something is)." placeholder:"FILE"`
	Jobs    int      `help:"How many pieces to take at a time." default:"4"`
}

// Help is shown by joinery import --help.
func (importCommand) Help() string {
	return `Transactions are taken as they say, all or nothing each; so are collections, as they are. The entries of a batch and the lines of NDJSON are taken or refused each for itself. Resources without a request keep their id.

What was taken before is known by its content and passed over, so an import that was interrupted, or that refused something, can simply be run again.

What is refused is counted, shown with its reason and kept in a file, and the exit status is 3. That file holds what was sent, people's data included: it is readable only by you.

    joinery import bundles.zip
    joinery import --purpose TREAT exports/ today.ndjson.gz
    zcat all.ndjson.gz | joinery import -
    joinery import --json folder/ | jq .created`
}

// summary is what an import says at its end.
type summary struct {
	taken
	Files      int    `json:"files"`
	Pieces     int    `json:"pieces"`
	RefusedIn  string `json:"refused_in,omitempty"`
	RefusedN   int    `json:"refused_count"`
	Seconds    string `json:"seconds"`
	PerSecond  int    `json:"per_second"`
	Incomplete bool   `json:"incomplete,omitempty"`
}

// Run is the command.
func (c *importCommand) Run(ctx context.Context, a *app) error {
	desk, err := a.reach(ctx, "import", access.Operations)
	if err != nil {
		return err
	}
	defer desk.close()
	if c.Refused == "" {
		c.Refused = "refused-" + a.clock().UTC().Format("20060102T150405Z") + ".ndjson"
	}
	files, size := bundle.Size(c.Paths)
	r := &importRun{desk: desk, refused: &refusedFile{path: c.Refused}, bar: a.progress(size)}
	r.sum.Files, r.sum.Types = files, map[string]int{}
	started := a.clock()
	r.began = strconv.FormatInt(started.UnixMilli(), 10)
	err = r.run(ctx, bundle.Files(c.Paths, a.in, bundle.DefaultLimits), max(1, c.Jobs))
	r.bar.done()
	if closing := r.refused.close(); err == nil {
		err = closing
	}
	r.sum.Incomplete = err != nil
	took := a.clock().Sub(started)
	r.sum.Seconds = fmt.Sprintf("%.1f", took.Seconds())
	r.sum.PerSecond = int(float64(r.sum.Created+r.sum.Updated) / max(took.Seconds(), 0.001))
	if printed := a.printSummary(r); err == nil {
		err = printed
	}
	if err == nil && r.sum.RefusedN > 0 {
		return &outcome{exitRefused, "some was refused"}
	}
	return err
}

// importRun is an import under way.
type importRun struct {
	desk  *reached
	bar   *progress
	began string // when, in milliseconds: by which the record knows the run

	mu      sync.Mutex
	sum     summary
	shown   []string // the first refusals, for the summary
	refused *refusedFile
}

// maxShown is how many refusals the summary shows one by one.
const maxShown = 10

// run takes every piece, several at a time. At most one piece a worker and one
// waiting are held in memory.
func (r *importRun) run(ctx context.Context, pieces func(yield func(source.Piece, error) bool), workers int) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	work := make(chan source.Piece)
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for p := range work {
				if err := r.take(ctx, p); err != nil {
					stop(err)
				}
			}
		})
	}
	pieces(func(p source.Piece, err error) bool {
		if err != nil {
			if err := r.unread(ctx, source.Refuse(p.From, err, nil)); err != nil {
				stop(err)
			}
			return ctx.Err() == nil
		}
		select {
		case work <- p:
			return true
		case <-ctx.Done():
			return false
		}
	})
	close(work)
	wait.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// unread notes what could not even be read, here and at the desk.
func (r *importRun) unread(ctx context.Context, of source.Refusal) error {
	body, err := json.Marshal([]source.Refusal{of})
	if err != nil {
		return fmt.Errorf("keep what was refused: %w", err)
	}
	var none struct{}
	if err := r.desk.do(ctx, "POST", "/import/refused", url.Values{"run": {r.began}}, body, &none); err != nil {
		return fmt.Errorf("import %s: %w", of.From, err)
	}
	return r.note(taken{Refused: []source.Refusal{of}})
}

// take has the desk take one piece.
func (r *importRun) take(ctx context.Context, p source.Piece) error {
	if ctx.Err() != nil {
		return nil
	}
	q := url.Values{"from": {p.From}, "line": {strconv.Itoa(p.Line)}, "form": {strconv.Itoa(int(p.Form))}, "run": {r.began}}
	var t taken
	if err := r.desk.do(ctx, "POST", "/import", q, p.Data, &t); err != nil {
		return fmt.Errorf("import %s: %w", p.From, err)
	}
	if err := r.note(t); err != nil {
		return err
	}
	r.bar.add(p.Bytes)
	return nil
}

// note counts what became of a piece and keeps what was refused of it.
func (r *importRun) note(t taken) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Pieces++
	r.sum.add(t)
	for _, one := range t.Refused {
		r.sum.RefusedN++
		if len(r.shown) < maxShown {
			r.shown = append(r.shown, one.Place()+": "+one.Reason())
		}
		if err := r.refused.write(one); err != nil {
			return err
		}
		r.sum.RefusedIn = r.refused.path
	}
	return nil
}

// refusedFile keeps what was refused, one JSON object a line. It is made when
// there is something to keep.
type refusedFile struct {
	path string
	f    *os.File
}

func (r *refusedFile) write(one source.Refusal) error {
	if r.f == nil {
		f, err := os.OpenFile(r.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return fault.Wrap(fault.Unavailable, fmt.Sprintf("What was refused cannot be kept in %s; say another file with --refused.", r.path), err)
		}
		r.f = f
	}
	line, err := json.Marshal(one)
	if err != nil {
		return fmt.Errorf("keep what was refused: %w", err)
	}
	if _, err := r.f.Write(append(line, '\n')); err != nil {
		return fault.Wrap(fault.Unavailable, fmt.Sprintf("What was refused cannot be kept in %s.", r.path), err)
	}
	return nil
}

func (r *refusedFile) close() error {
	if r.f == nil {
		return nil
	}
	if err := r.f.Close(); err != nil {
		return fault.Wrap(fault.Unavailable, fmt.Sprintf("What was refused cannot be kept in %s.", r.path), err)
	}
	return nil
}

func (a *app) printSummary(r *importRun) error {
	s := r.sum
	if a.flags.JSON {
		return a.printJSON(s)
	}
	for _, line := range r.shown {
		fmt.Fprintf(a.err, "refused: %s\n", line)
	}
	if more := s.RefusedN - len(r.shown); more > 0 {
		fmt.Fprintf(a.err, "refused: and %d more\n", more)
	}
	fmt.Fprintf(a.out, "%d created, %d updated, %d deleted, %d taken before, %d refused; %s s\n",
		s.Created, s.Updated, s.Deleted, s.Before, s.RefusedN, s.Seconds)
	types := make([]string, 0, len(s.Types))
	for typ := range s.Types {
		types = append(types, typ)
	}
	slices.Sort(types)
	for _, typ := range types {
		fmt.Fprintf(a.out, "  %-24s %d\n", typ, s.Types[typ])
	}
	if s.RefusedIn != "" {
		fmt.Fprintf(a.out, "What was refused is in %s, with the reasons.\n", s.RefusedIn)
	}
	if s.Incomplete {
		fmt.Fprintln(a.out, "The import stopped before its end. Run it again: what was taken is passed over.")
	}
	return nil
}

// progress is a bar on a terminal, and nothing elsewhere.
type progress struct {
	all *mpb.Progress
	bar *mpb.Bar
}

// progress is the bar of so many bytes.
func (a *app) progress(size int64) *progress {
	return a.bar(size, decor.CountersKibiByte("% .1f of % .1f"))
}

// counter is the bar of so many things.
func (a *app) counter(n int64, things string) *progress {
	return a.bar(n, decor.CountersNoUnit("%d of %d "+things))
}

func (a *app) bar(total int64, counters decor.Decorator) *progress {
	if !isTerminal(a.err) || total <= 0 {
		return &progress{}
	}
	all := mpb.New(mpb.WithOutput(a.err), mpb.WithRefreshRate(200*time.Millisecond))
	bar := all.AddBar(total,
		mpb.PrependDecorators(counters),
		mpb.AppendDecorators(decor.Percentage(), decor.Name("  "), decor.AverageETA(decor.ET_STYLE_GO)))
	return &progress{all, bar}
}

func (p *progress) add(n int64) {
	if p.bar != nil {
		p.bar.IncrInt64(n)
	}
}

func (p *progress) done() {
	if p.bar != nil {
		p.bar.Abort(true)
		p.all.Wait()
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
