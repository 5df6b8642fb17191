// Package fault classifies what can go wrong, and keeps what a person may be
// told apart from what only an operator may read.
//
// Every error that crosses a package boundary on its way to a face (the HTTP
// server, the command line) carries a Kind, which decides the status, and a
// message: plain words, what to do next, and never a patient's detail. What
// caused it is wrapped for the operator's log. An error without a Kind is
// Internal and shows nothing but a reference number.
//
// Kinds are few on purpose. A new one needs a row in every face's table, and a
// test in each walks Kinds so that it cannot be forgotten.
package fault

import "errors"

// Kind is the class of a failure. The zero value is Internal, so an error that
// nobody classified is never mistaken for the caller's.
type Kind uint8

// The kinds of failure.
const (
	Internal     Kind = iota // ours: tell the person a reference, the operator the cause
	Invalid                  // the request or the data breaks a rule
	NotFound                 // there is no such thing, or the caller may not know of it
	Gone                     // it was there and was deleted, or its time is over
	Conflict                 // it clashes with what is there
	Precondition             // a condition that the request set, such as a version, does not hold
	Unidentified             // the caller has not said who they are
	Denied                   // the caller may not do this
	TooLarge                 // more than we take at once
	TooMany                  // too often: come back later
	Unsupported              // a thing of the standard that we do not do
	Unavailable              // not now: storage is full, a dependency is down
)

// Kinds returns every kind, for tables that must have a row for each.
func Kinds() []Kind {
	return []Kind{
		Internal, Invalid, NotFound, Gone, Conflict, Precondition, Unidentified,
		Denied, TooLarge, TooMany, Unsupported, Unavailable,
	}
}

func (k Kind) String() string {
	switch k {
	case Internal:
		return "internal"
	case Invalid:
		return "invalid"
	case NotFound:
		return "not found"
	case Gone:
		return "gone"
	case Conflict:
		return "conflict"
	case Precondition:
		return "precondition"
	case Unidentified:
		return "unidentified"
	case Denied:
		return "denied"
	case TooLarge:
		return "too large"
	case TooMany:
		return "too many"
	case Unsupported:
		return "unsupported"
	case Unavailable:
		return "unavailable"
	}
	return "unknown"
}

// Error is a classified failure.
type Error struct {
	kind    Kind
	message string
	err     error
}

// New returns an error of a kind with a message fit to show a person.
func New(kind Kind, message string) *Error {
	return &Error{kind: kind, message: message}
}

// Wrap returns an error of a kind with a message fit to show a person, caused
// by err, which only an operator sees. err may be nil.
func Wrap(kind Kind, message string, err error) *Error {
	return &Error{kind: kind, message: message, err: err}
}

// Error returns the message and the cause, for the operator.
func (e *Error) Error() string {
	if e.err == nil {
		return e.message
	}
	return e.message + ": " + e.err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.err }

// FaultKind returns the kind.
func (e *Error) FaultKind() Kind { return e.kind }

// FaultMessage returns the message fit to show a person.
func (e *Error) FaultMessage() string { return e.message }

// classified is what KindOf and MessageOf look for: an *Error, or a richer
// error such as a list of issues that classifies itself.
type classified interface {
	error
	FaultKind() Kind
	FaultMessage() string
}

// KindOf returns the kind of the first classified error in err's chain, and
// Internal when there is none.
func KindOf(err error) Kind {
	var c classified
	if errors.As(err, &c) {
		return c.FaultKind()
	}
	return Internal
}

// MessageOf returns the message of the first classified error in err's chain,
// and the empty string when there is none: then there is nothing that may be
// shown.
func MessageOf(err error) string {
	var c classified
	if errors.As(err, &c) {
		return c.FaultMessage()
	}
	return ""
}
