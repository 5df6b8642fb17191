package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"joinery/criteria"
	"joinery/criteria/cases"
	"joinery/criteria/language"
	"joinery/definitions"
	"joinery/fault"
	"joinery/fhir"
	"joinery/timeline"
)

// criteriaCommand groups what is done with definitions.
type criteriaCommand struct {
	Check   criteriaCheck   `cmd:"" help:"Read definitions, code sets and cases, and say what is wrong with them."`
	Run     criteriaRun     `cmd:"" help:"Ask definitions of everybody."`
	Explain criteriaExplain `cmd:"" help:"Say why one person is in or out, and when that changes."`
	CQL     criteriaCQL     `cmd:"" name:"cql" help:"Write a definition as a CQL library."`
	Export  criteriaExport  `cmd:"" help:"Write a definition as FHIR resources."`
}

type criteriaCheck struct {
	Files []string `arg:"" name:"file" help:"Definitions and code sets (.yaml), and cases (.txt)." type:"path"`
}

// Help is shown by joinery criteria check --help.
func (criteriaCheck) Help() string {
	return `Every mistake is named with its file, its line and what to write instead. Code sets are found in the folder "codes" beside a definition, and among those that are shipped. Cases are run, and those that a definition answers otherwise are shown.

What the words mean is in docs/criteria.md.

    joinery criteria check falls.yaml
    joinery criteria check falls.yaml falls-cases.txt`
}

// checked is what check says of a definition that is well formed.
type checked struct {
	ID       string   `json:"id"`
	Version  string   `json:"version"`
	Kind     string   `json:"kind"`
	Hash     string   `json:"hash"`
	CodeSets []string `json:"codeSets"`
	Marks    []string `json:"marks,omitempty"`
	Cases    int      `json:"cases,omitempty"`
}

// oneKind is the kind with what goes before it in a sentence.
func oneKind(kind string) string {
	switch kind {
	case language.Segments.String():
		return kind
	case language.Continuous.String():
		return "a " + kind + " measure"
	}
	return "a " + kind
}

// Run is the command.
func (c *criteriaCheck) Run(_ context.Context, a *app) error {
	var texts []string
	var own []string
	for _, file := range c.Files {
		if strings.HasSuffix(file, ".txt") {
			texts = append(texts, file)
		} else {
			own = append(own, file)
		}
	}
	lib, ids, err := readDefinitions(own)
	if err != nil {
		return err
	}
	count, err := runCases(lib, texts)
	if err != nil {
		return err
	}
	var all []checked
	for _, id := range ids {
		d, ok := lib.Definitions[id]
		if !ok {
			continue
		}
		one := checked{ID: d.ID, Version: d.Version, Kind: d.Kind.String(), Hash: d.Hash, Marks: d.Marks(), Cases: count[id]}
		for name := range d.CodeSets() {
			one.CodeSets = append(one.CodeSets, name)
		}
		sortStrings(one.CodeSets)
		all = append(all, one)
	}
	if a.flags.JSON {
		return a.printJSON(all)
	}
	for _, d := range all {
		fmt.Fprintf(a.out, "%s %s is well formed: %s with %d code sets; hash %.12s\n", d.ID, d.Version, oneKind(d.Kind), len(d.CodeSets), d.Hash)
		for _, m := range d.Marks {
			fmt.Fprintf(a.out, "  %s\n", m)
		}
	}
	for _, d := range sortedNames(count) {
		fmt.Fprintf(a.out, "%s answers %d cases as they expect\n", d, count[d])
	}
	return nil
}

// readDefinitions reads files, the code sets beside them and what is shipped,
// and returns the ids of what the files themselves define.
func readDefinitions(files []string) (*language.Library, []string, error) {
	lib, _, ids, err := readFiles(files)
	return lib, ids, err
}

// readFiles is readDefinitions with the files that it read.
func readFiles(files []string) (*language.Library, []language.File, []string, error) {
	var own []language.File
	seen := map[string]bool{}
	take := func(file string) error {
		if seen[filepath.Clean(file)] {
			return nil
		}
		seen[filepath.Clean(file)] = true
		data, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			return fault.Wrap(fault.NotFound, fmt.Sprintf("There is no file %s.", file), err)
		}
		if err != nil {
			return fault.Wrap(fault.Invalid, fmt.Sprintf("The file %s cannot be read.", file), err)
		}
		own = append(own, language.File{Name: named0(file), Data: data})
		return nil
	}
	for _, file := range files {
		if err := take(file); err != nil {
			return nil, nil, nil, err
		}
	}
	named := len(own)
	for _, file := range files {
		beside, err := filepath.Glob(filepath.Join(filepath.Dir(file), "codes", "*.yaml"))
		if err != nil {
			return nil, nil, nil, fmt.Errorf("look for code sets: %w", err)
		}
		for _, f := range beside {
			if err := take(f); err != nil {
				return nil, nil, nil, err
			}
		}
	}
	lib, problems := language.Load(own, definitions.Shipped())
	if len(problems) > 0 {
		return nil, nil, nil, problems
	}
	var ids []string
	for id, d := range lib.Definitions {
		for _, f := range own[:named] {
			if d.File == f.Name {
				ids = append(ids, id)
			}
		}
	}
	sortStrings(ids)
	return lib, own, ids, nil
}

// named0 returns a file's name as messages show it: from where the user stands.
func named0(file string) string {
	here, err := os.Getwd()
	if err != nil {
		return file
	}
	if r, err := filepath.Rel(here, file); err == nil && !strings.HasPrefix(r, "..") {
		return r
	}
	return file
}

// runCases runs files of cases and returns how many there are of each
// definition.
func runCases(lib *language.Library, files []string) (map[string]int, error) {
	count := map[string]int{}
	var wrong language.Problems
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fault.Wrap(fault.NotFound, fmt.Sprintf("The file %s cannot be read.", file), err)
		}
		all, problems := cases.Parse(named0(file), data, lib)
		if len(problems) > 0 {
			return nil, problems
		}
		bad, err := cases.Check(lib, all)
		if err != nil {
			return nil, err
		}
		wrong = append(wrong, bad...)
		for i := range all {
			count[all[i].Definition]++
		}
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return count, nil
}

// asked is what run and explain have in common.
type asked struct {
	On         string `help:"The index date: what was known and true on this day (default: today)." placeholder:"DATE"`
	Population string `help:"Where the people are: a folder of the flat form, or a file of cases (.txt); default: in the record." placeholder:"WHERE" type:"path"`
}

// day returns the index date.
func (q *asked) day(a *app) (timeline.Day, error) {
	if q.On == "" {
		d, _ := timeline.DayOf(a.clock())
		return d, nil
	}
	d, err := timeline.ParseDay(q.On)
	if err != nil {
		return d, misuse{fault.New(fault.Invalid, fmt.Sprintf("--on %q is not a date; write it as 2026-01-31.", q.On))}
	}
	return d, nil
}

// lastMonthEnd returns the last day of a month that has ended by a day, or ends
// on it: of it are counts told to who may not see people.
func lastMonthEnd(d timeline.Day) timeline.Day {
	if criteria.MonthEnd(d) == d {
		return d
	}
	y, m, _ := d.Date()
	return timeline.Date(y, m, 1) - 1
}

// crowd is the people to ask of.
type crowd struct {
	*timeline.Set
	invented bool // so that showing one of them discloses nothing
}

// loadGCPercent is by how much of what is kept memory may grow, while a
// population is loaded, before what is dead is collected.
const loadGCPercent = 5

func (q *asked) people(ctx context.Context, lib *language.Library) (crowd, error) {
	if strings.HasSuffix(q.Population, ".txt") {
		data, err := os.ReadFile(q.Population)
		if err != nil {
			return crowd{}, fault.Wrap(fault.NotFound, fmt.Sprintf("The file %s cannot be read.", q.Population), err)
		}
		all, problems := cases.People(named0(q.Population), data, lib)
		if len(problems) > 0 {
			return crowd{}, problems
		}
		set, err := cases.Together(all)
		return crowd{set, true}, err
	}
	// Loading leaves large pieces behind that are soon dead, beside columns in
	// which there is nothing to follow: to collect often costs little and halves
	// what is needed at most.
	defer debug.SetGCPercent(debug.SetGCPercent(loadGCPercent))
	set, about, err := timeline.Load(ctx, q.Population, runtime.GOMAXPROCS(0))
	return crowd{set, about.Synthetic}, err
}

// may refuses what treats refuses, unless the people are invented.
func (q *crowd) may(a *app, what string) error {
	if q.invented {
		return nil
	}
	return treats(a.flags.Purpose, what)
}

// library reads the definitions that arguments name: ids of shipped ones, or
// files.
func library(args []string) (*language.Library, []*language.Definition, error) {
	lib, ds, _, err := libraryOf(args)
	return lib, ds, err
}

// libraryOf is library with the files that are not shipped.
func libraryOf(args []string) (*language.Library, []*language.Definition, []language.File, error) {
	var files, ids []string
	for _, arg := range args {
		if strings.HasSuffix(arg, ".yaml") || strings.HasSuffix(arg, ".yml") {
			files = append(files, arg)
		} else {
			ids = append(ids, arg)
		}
	}
	lib, own, named, err := readFiles(files)
	if err != nil {
		return nil, nil, nil, err
	}
	out, err := definitionsOf(lib, append(named, ids...))
	if err != nil {
		return nil, nil, nil, err
	}
	if len(out) == 0 {
		return nil, nil, nil, fault.New(fault.Invalid, "None of these files holds a definition; name one that does.")
	}
	return lib, out, own, nil
}

// definitionsOf returns definitions by their ids.
func definitionsOf(lib *language.Library, ids []string) ([]*language.Definition, error) {
	var out []*language.Definition
	for _, id := range ids {
		d, err := lib.Definition(id)
		if err != nil {
			return nil, fault.Wrap(fault.NotFound, fault.MessageOf(err), err)
		}
		out = append(out, d)
	}
	return out, nil
}

type criteriaRun struct {
	Definitions []string `arg:"" name:"definition" help:"Ids of shipped definitions, or files."`
	asked
	By        []string `help:"Group the people: ${enum} (default: as the definition says)." enum:"practice,network,borough,ageband,sex,ethnicity,deprivation" placeholder:"WHAT,…"`
	Attrition bool     `help:"Show how many people each condition leaves."`
	Exact     bool     `help:"Show small numbers, and all others exactly; for those who treat these people."`
	Timings   bool     `help:"Say on standard error how long it took to load the population and to ask."`
}

// Help is shown by joinery criteria run --help.
func (criteriaRun) Help() string {
	return `One pass over everybody answers all definitions. Counts of 1 to 7 are shown as * and others rounded to 5, unless --exact; docs/criteria.md says how.

Without --population the record is asked, as operator commands ask it: decided and audited. Unless --exact, it is asked of the last day of a month, the last that has ended if none is said, and counts are held to those that were told before.

    joinery criteria run health-1000 smi-physical-checks --on 2026-01-31
    joinery criteria run health-1000 --population district
    joinery criteria run falls.yaml --population district --by practice,ageband --attrition
    joinery criteria run falls.yaml --population falls-cases.txt --exact`
}

// Run is the command.
func (c *criteriaRun) Run(ctx context.Context, a *app) error {
	all, err := c.reports(ctx, a)
	if err != nil {
		return err
	}
	if a.flags.JSON {
		return a.printJSON(all)
	}
	for i := range all {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		printReport(a.out, &all[i], c.Attrition)
	}
	return nil
}

// reports asks the record, or the population that is named.
func (c *criteriaRun) reports(ctx context.Context, a *app) (all []criteria.Report, err error) {
	lib, ds, own, err := libraryOf(c.Definitions)
	if err != nil {
		return nil, err
	}
	q := asking(ds, own)
	q.By, q.Exact = c.By, c.Exact
	if q.On, err = c.day(a); err != nil {
		return nil, err
	}
	if c.asked.On == "" && c.Population == "" && !c.Exact {
		q.On = lastMonthEnd(q.On)
	}
	timed := stopwatch{says: c.Timings, out: a.err, clock: a.clock, from: a.clock()}
	if c.Population == "" {
		if err = a.ask(ctx, "/criteria/run", q, &all); err == nil {
			timed.lap("The record answered %d definitions", len(ds))
		}
		return all, err
	}
	people, err := c.people(ctx, lib)
	if err != nil {
		return nil, err
	}
	timed.lap("Loaded %d people with %d events", people.Len(), people.Events())
	if c.Exact {
		if err := people.may(a, "An exact count"); err != nil {
			return nil, err
		}
	}
	if all, err = reports(ctx, people.Set, ds, &q); err != nil {
		return nil, err
	}
	timed.lap("Asked %d definitions of everybody", len(ds))
	return all, nil
}

// stopwatch says how long each step of a command took.
type stopwatch struct {
	says  bool
	out   io.Writer
	clock func() time.Time
	from  time.Time
}

// lap ends a step and begins the next.
func (s *stopwatch) lap(format string, args ...any) {
	now := s.clock()
	if s.says {
		fmt.Fprintf(s.out, format+" in %.2f s.\n", append(args, now.Sub(s.from).Seconds())...)
	}
	s.from = now
}

func groupings(asked []string, d *language.Definition) ([]criteria.Grouping, error) {
	if len(asked) == 0 {
		asked = d.GroupBy
	}
	var by []criteria.Grouping
	for _, name := range asked {
		g, err := criteria.ParseGrouping(name)
		if err != nil {
			return nil, err
		}
		by = append(by, g)
	}
	return by, nil
}

type criteriaExplain struct {
	Definition string  `arg:"" help:"The id of a shipped definition, or a file."`
	Person     fhir.ID `help:"The id of the person's Patient." required:"" placeholder:"ID"`
	asked
}

// Help is shown by joinery criteria explain --help.
func (criteriaExplain) Help() string {
	return `Every condition says whether it holds and by which events, and what is missing where it does not. The last line says when the answer changes if nothing else happens.

Without --population the person is one of the record: that is a read of theirs, for a purpose of treatment, and audited so.

    joinery criteria explain health-1000 --person p1 --on 2026-01-31 --purpose TREAT
    joinery criteria explain health-1000 --person p1 --population district
    joinery criteria explain falls.yaml --person case-1 --population falls-cases.txt --json`
}

// Run is the command.
func (c *criteriaExplain) Run(ctx context.Context, a *app) error {
	e, err := c.explanation(ctx, a)
	if err != nil {
		return err
	}
	if a.flags.JSON {
		return a.printJSON(e)
	}
	printExplanation(a.out, e)
	return nil
}

// explanation asks the record, or the population that is named.
func (c *criteriaExplain) explanation(ctx context.Context, a *app) (*criteria.Explanation, error) {
	lib, ds, own, err := libraryOf([]string{c.Definition})
	if err != nil {
		return nil, err
	}
	q := asking(ds[:1], own)
	q.Person = c.Person
	if q.On, err = c.day(a); err != nil {
		return nil, err
	}
	if c.Population == "" {
		var e criteria.Explanation
		err = a.ask(ctx, "/criteria/explain", q, &e)
		return &e, err
	}
	people, err := c.people(ctx, lib)
	if err != nil {
		return nil, err
	}
	if err := people.may(a, "One person's explanation"); err != nil {
		return nil, err
	}
	i, ok := people.Find(c.Person)
	if !ok {
		return nil, noSuchPerson(c.Person)
	}
	return criteria.Compile(ds[0]).Explain(people.Set, i, q.On), nil
}
