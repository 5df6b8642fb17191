package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"joinery/criteria/language"
	"joinery/definitions"
	"joinery/fault"
	"joinery/timeline"
)

// told is the log of what was asked of the record by those who may not see
// people: questions, with the files they came with, and never an answer or who
// is in it. A new question is held to them (criteria.Result.Release), worked out
// again of the record as it is now.
//
// It is a file beside a SQLite database, and on PostgreSQL one in the state
// folder of each server. A question is in it before its answer leaves. What was
// asked of a shipped definition is forgotten when a new version of the program
// changes it: its text is kept nowhere.
type told struct {
	mu   sync.Mutex
	path string
}

// mostTold is of how many different definitions may be asked for one day: each
// is asked again with every later question.
const mostTold = 100

// toldPath returns where the log is kept.
func (a *app) toldPath() string {
	if file, ok := sqlitePath(a.flags.DB); ok {
		return file + ".told"
	}
	return filepath.Join(a.flags.State, "told")
}

// toldLine is a line of the log: a question, and the hash of each definition.
type toldLine struct {
	question
	Hashes []string `json:"hashes"`
}

// before returns the definitions that were asked of for a day, each once.
func (l *told) before(on timeline.Day) ([]*language.Definition, error) {
	data, err := os.ReadFile(l.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(fault.Unavailable, "The log of what was told of the record cannot be read, so nothing more is told.", err)
	}
	shipped, problems := language.Load(nil, definitions.Shipped())
	if len(problems) > 0 {
		return nil, problems
	}
	var out []*language.Definition
	seen := map[string]bool{}
	for text := range bytes.Lines(data) {
		var line toldLine
		if err := json.Unmarshal(text, &line); err != nil {
			return nil, fault.Wrap(fault.Unavailable, fmt.Sprintf("The log %s of what was told of the record is damaged, so nothing more is told. Mend the line, or put the file away if you may.", l.path), err)
		}
		if line.On != on {
			continue
		}
		lib := shipped
		if len(line.Files) > 0 {
			if lib, problems = language.Load(line.Files, definitions.Shipped()); len(problems) > 0 {
				continue // what it meets is no longer shipped so
			}
		}
		for i, id := range line.IDs {
			if d, ok := lib.Definitions[id]; ok && d.Hash == line.Hashes[i] && !seen[d.Hash] {
				seen[d.Hash] = true
				out = append(out, d)
			}
		}
	}
	return out, nil
}

// keep adds a question to the log, unless all that it asks was asked before.
func (l *told) keep(q *question, ds, before []*language.Definition) error {
	line := toldLine{question: *q}
	known := map[string]bool{}
	for _, d := range before {
		known[d.Hash] = true
	}
	fresh := 0
	for _, d := range ds {
		line.Hashes = append(line.Hashes, d.Hash)
		if !known[d.Hash] {
			fresh++
		}
	}
	if fresh == 0 {
		return nil
	}
	if len(before)+fresh > mostTold {
		return fault.New(fault.TooMany, fmt.Sprintf("%d different definitions have been asked for %s by those who may not see people, and with many more single people could be found out. Ask for another month, or, who treats these people, with --exact and --purpose TREAT.", len(before), q.On))
	}
	text, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("keep what was told: %w", err)
	}
	f, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.Write(append(text, '\n'))
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, "The log of what was told of the record cannot be written, so nothing is told.", err)
	}
	return nil
}
