// Package criteria carries out definitions: whom a model of care is for, and
// what a measure counts, as package language reads them.
//
//	program := criteria.Compile(definition, another)
//	results, err := program.Run(ctx, set, on, runtime.NumCPU())
//	for _, cell := range results.Definitions[0].By(criteria.Practice) { … }
//
//	why := criteria.Compile(definition).Explain(set, i, on)
//
// A definition is compiled once and used three ways: over everybody, for one
// person, and, by criteria/export, as CQL and FHIR. The first two are one machine. Run
// gives it people one after another; Explain gives it one, and then asks every
// condition what it found.
//
// # How it is fast
//
// Each search for events (a code set with a window) is a leaf, shared by all
// definitions that make it. What of an event does not change from one to the
// next (kind, codes, status, class, unit) is compared with the leaves once for a
// whole Set; a person's events are then gone through once, each looked up by a
// number, its day and value compared. Conditions are asked lazily: most people
// fall out of a population at its first.
//
// # Invariants
//
// Explain says what Run said, for every person: a test holds it. Results depend
// on the Set, the day and the definitions, never on the number of workers or the
// order of events. No event after the index date is read. docs/criteria.md
// numbers what every word means, and each number has a test that names it.
//
// # Trade-offs
//
// The next change of an answer is found by asking again on every day on which it
// might change, some hundreds, rather than by solving for it: slower by
// milliseconds, and right by construction.
//
// Counts that leave for people who may not see the people counted go through
// Suppress; Results themselves are exact.
package criteria
