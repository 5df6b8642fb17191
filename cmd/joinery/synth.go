package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"joinery/fault"
	"joinery/source/synth"
)

type synthCommand struct {
	Write  synthWrite  `cmd:"" default:"withargs" help:"Invent people and write them to a folder."`
	Show   synthShow   `cmd:"" help:"Tell one invented life, to be read."`
	Report synthReport `cmd:"" help:"Compare invented people with the published figures they were made by."`
}

// district is what every synth command invents its people from.
type district struct {
	Seed    uint64   `help:"Another number invents other people." default:"1"`
	Until   string   `help:"The last day of their lives." default:"2026-01-31" placeholder:"DATE"`
	Without []string `help:"Truths to leave out of those that are planted, as truth.json names them: ${truths}." placeholder:"NAME"`
}

// open returns the district that the flags name.
func (f *district) open() (*synth.District, error) {
	until, err := time.Parse(time.DateOnly, f.Until)
	if err != nil {
		return nil, misuse{fault.New(fault.Invalid, "--until is a date, as in 2026-01-31.")}
	}
	d, err := synth.Open(synth.Options{Seed: f.Seed, Until: synth.Day(until.Unix() / 86400), Without: f.Without})
	if err != nil {
		return nil, misuse{err}
	}
	return d, nil
}

type synthWrite struct {
	district
	People int64  `help:"How many people. Person K is the same whatever it is." default:"1000"`
	Out    string `help:"A folder to write to; it must not be there yet, or be empty." required:"" placeholder:"DIR" type:"path"`
	Format string `help:"ndjson (FHIR, a file a type), bundles (FHIR, a transaction a person) or timeline (Parquet, for whole-population work)." enum:"ndjson,bundles,timeline" default:"ndjson"`
}

// Help is shown by joinery synth --help.
func (synthWrite) Help() string {
	return `Invents the people of a synthetic south east London, with their households, their organisations and five years of their lives in full, and writes them to a folder. None of it is about anyone: every resource has the tag HTEST, NHS numbers are of the test range.

The same flags write the same bytes on any machine. The folder is there once it is whole: about.json says what it holds, data/ has the resources (or the folder itself the two Parquet files). truth.json tells what is planted in it (effects of known size, second records, misfiled events) and truth-pairs.ndjson which records; neither is ever in the data. The word "write" may be left out.

    joinery synth write --people 1000 --out people
    joinery import people/data
    joinery synth --people 1800000 --format timeline --out district
    joinery synth show --person 17
    joinery synth report`
}

// Run is the command.
func (c *synthWrite) Run(ctx context.Context, a *app) error {
	d, err := c.open()
	if err != nil {
		return err
	}
	bar := a.counter(c.People, "people")
	started := a.clock()
	about, err := d.Write(ctx, synth.Set{
		People: c.People, Format: synth.Format(c.Format), Dir: c.Out,
		Workers: runtime.GOMAXPROCS(0), Progress: bar.add,
	})
	bar.done()
	switch {
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return fault.Wrap(fault.Unavailable, "Stopped before the set was whole. Nothing is left of it; run it again.", err)
	case fault.KindOf(err) == fault.Invalid:
		return misuse{err}
	case err != nil:
		return err //nolint:wrapcheck // it is fit to be shown
	}
	if a.flags.JSON {
		return a.printJSON(about)
	}
	what, n := "resources", about.Resources
	if about.Events > 0 {
		what, n = "events", about.Events
	}
	fmt.Fprintf(a.out, "%d invented people with %d %s are in %s (%.1f s).\n", about.People, n, what, c.Out, a.clock().Sub(started).Seconds())
	return nil
}
