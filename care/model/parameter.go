package model

import "joinery/written"

// Parameter is what a place that takes the model over may set for itself. All
// else is as the model says.
type Parameter struct {
	ID, Says string
	Path     []string // where in model.yaml the value stands; entries of lists by their ids
	From, To *float64 // between which a number may lie
	OneOf    []string // or the words that it may be
	Hours    bool     // or times of day
	Riskier  string   // "higher" or "lower" than the model's own, or "no"
	Line     int
}

// Base is what a local copy was made from.
type Base struct {
	ID, Version, Hash string
}

// Setting is what a local copy sets.
type Setting struct {
	written.Place
	Parameter string
	Value     string
	Was       string // the base's own value
	Wider     bool   // whether it goes to the riskier side of it
}
