// Package language is how care models say whom they are for and measures say
// what they count: small YAML files that a clinician writes and reads.
//
//	lib, problems := language.Load(files, nil)
//	if len(problems) > 0 {
//		return problems // each names file, line and what to write instead
//	}
//	d, err := lib.Definition("two-falls")
//
// The language is closed on purpose. It has no loops, no arithmetic and no way
// to name a resource's element, so that every definition can be checked before
// it is run, run in one pass over everybody, and explained to one person.
// docs/criteria.md says what each word means; package criteria carries it out.
//
// # Invariants
//
// Load never panics and always ends, whatever the bytes. A Library without
// problems refers to nothing that is not in it, has no cycles, compares values
// only in units that convert, and reads nothing after the index date. The hash
// of a Definition covers its own bytes and everything it refers to.
//
// # Trade-offs
//
// Messages name one place each and go on to the next mistake, but names are
// looked up only in files that read well: a misread file would otherwise cause
// a page of messages about what it does not define.
//
// "Nobody could meet this" is found where attributes of the person, counts,
// scores or the same events contradict each other; it is not a proof of the
// opposite.
package language
