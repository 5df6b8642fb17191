package synth

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
)

// chunkBlocks is how many blocks make a row group: some 8,000 people, 650,000
// events.
const chunkBlocks = 64

// chunk is a row group of each of the two files.
type chunk struct {
	people, events *group
	counts         [2]int64 // of people and of events
	pairs          []byte   // of the file of truths
}

// writeFlat writes the flat form and returns how many events it has.
func (d *District) writeFlat(ctx context.Context, set Set, dir string, pairs io.Writer) (int64, error) {
	persons, err := createFile(filepath.Join(dir, "people.parquet"))
	if err != nil {
		return 0, err
	}
	events, err := createFile(filepath.Join(dir, "events.parquet"))
	if err != nil {
		return 0, persons.finish(err)
	}
	people, lives := newFlatFile(persons, personColumns{}), newFlatFile(events, eventColumns{})
	count, err := d.writeChunks(ctx, set, people, lives, pairs)
	for _, f := range []*flatFile{people, lives} {
		if err == nil {
			err = f.out.Close()
		}
	}
	return count, persons.finish(events.finish(err))
}

// writeChunks writes the row groups of both files.
func (d *District) writeChunks(ctx context.Context, set Set, people, lives *flatFile, pairs io.Writer) (events int64, err error) {
	spare := make(chan *chunk, 4*set.Workers)
	for range cap(spare) {
		spare <- &chunk{people: people.group(), events: lives.group()}
	}
	chunks := (set.blocks() + chunkBlocks - 1) / chunkBlocks
	err = inOrder(ctx, set.Workers, chunks,
		func(n int64) (*chunk, error) {
			c := <-spare
			return c, c.fill(ctx, d, &set, n)
		},
		func(c *chunk) error {
			for _, g := range []*group{c.people, c.events} {
				if _, err := g.rows.Commit(); err != nil {
					return fmt.Errorf("write a row group: %w", err)
				}
			}
			if _, err := pairs.Write(c.pairs); err != nil {
				return fmt.Errorf("write the set: %w", err)
			}
			events += c.counts[1]
			set.progress(c.counts[0])
			spare <- c
			return nil
		})
	return events, err
}

// fill makes the n-th chunk.
func (c *chunk) fill(ctx context.Context, d *District, set *Set, n int64) error {
	c.counts, c.pairs = [2]int64{}, c.pairs[:0]
	each := func(l *line) {
		c.events.event(l)
		c.counts[1]++
	}
	for block := n * chunkBlocks; block < min((n+1)*chunkBlocks, set.blocks()) && ctx.Err() == nil; block++ {
		for _, p := range set.people(d, block) {
			c.people.person(p)
			c.counts[0]++
			lines(p, each)
			c.pairs = AppendPairs(c.pairs, p)
		}
		if err := c.events.spill(); err != nil {
			return err
		}
	}
	if err := c.people.spill(); err != nil {
		return err
	}
	for _, g := range []*group{c.people, c.events} {
		if err := g.rows.Flush(); err != nil {
			return fmt.Errorf("write a row group: %w", err)
		}
	}
	return nil
}
