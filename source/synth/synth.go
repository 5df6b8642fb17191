// Package synth invents a district: the people of a synthetic south east London,
// with their households, their organisations and their lives, at the totals that
// are published of the real one.
//
// Nothing in it is about anyone. Names are real ones of the communities mixed at
// random, organisations are invented and say so, NHS numbers are of the range
// that the NHS keeps for tests (they begin with 999), telephone numbers of
// Ofcom's range for drama, postcodes of an area that does not exist (ZZ), and
// every resource carries the tag HTEST (test health data).
//
// Open gives a District; its Block gives 128 people with their whole lives, in
// households, and depends on the options and the block's number alone. So people
// are made by all cores at once, memory does not grow with their number, and
// person k is the same however many are made. A life is one list of Events. A
// Scribe writes it as FHIR resources in the shapes of UK Core, the flat form
// (docs/timeline-format.md) as rows, and both say the same. Write puts sets of
// either on a disk; Tell prints a life to be read.
//
// The tables under params are the published figures that people are made by,
// each with its source, and assumptions that say they are. Measure counts what
// was made and holds it to them. Some things are planted on purpose, so that
// what looks for them can be judged: truth.json says which and how large.
//
// What is invented is as right as its tables: use it to try, to measure and to
// test, never to learn anything about south east London.
package synth

// Tag is the label on every resource, as a search writes it (_tag=…): test
// health data, by HL7.
const Tag = "http://terminology.hl7.org/CodeSystem/v3-ActReason|HTEST"
