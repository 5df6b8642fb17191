// Package chart draws figures for pages: bars, lines, stages of a funnel, lanes
// of a timeline, and sparklines, as SVG that a strict content security policy
// lets through.
//
//	f := chart.Bars{
//		Heading: chart.Heading{Title: "Waiting, by site", Says: "Most people wait at the north site.", Source: "record, 1 March 2026"},
//		Unit:    "people",
//		Bars:    []chart.Bar{{Label: "North", Amount: words.Count(41)}, {Label: "South", Amount: chart.Withheld("fewer than 5")}},
//	}.Figure("waiting", words)
//
// A Figure is the drawing in two widths, one sentence that says what it shows,
// and the same numbers as a table: whoever does not see the drawing misses
// nothing. A page shows the one of the two that fits. What a drawing says of
// itself, and how it writes numbers and days, are the Words of whoever draws it:
// no language is known here.
//
// # Invariants
//
// Every text is escaped, and nothing else of what comes in is written as it is.
// There are no style attributes, scripts or references to other files. Meaning
// never rests on colour alone: lines have their own marks and dashes, and are
// labelled where they end. An axis of amounts begins at nought. What is withheld
// is said to be, and never drawn as nought. The same figure is the same bytes.
// Everything here is pure.
//
// # Trade-offs
//
// The chart libraries for Go that were looked at write style attributes and no
// titles. Two drawings cost some kilobytes; scaling one down to a phone would
// cost its labels.
package chart
