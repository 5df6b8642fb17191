package store

import (
	"fmt"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
)

// Tx is what is written all together or not at all.
type Tx struct {
	Changes []*Change // of different resources
	Audit   []AuditEntry
	Pages   []Page

	// Apart are persons of whom someone found that they are not one with those
	// whom they are linked with. They stay apart, whatever their NHS numbers say.
	Apart []Person

	// Receipt, when given, is the name of what is written. What was written under
	// the same receipt before is not written again: an import that is repeated,
	// or that was cut off before it learned of its success.
	Receipt []byte

	// Check, when given, is asked by the writer just before the changes are
	// made, with what the record holds then, what was committed before included. It
	// makes sure that what the caller found in a search still holds. An error
	// refuses the transaction and is returned by Commit. It holds up all
	// writing: only look.
	Check func(*Snap) error
}

// Change is one new version of one resource, made by Prepare or Deletion. The
// fields that are conditions may be set until it is committed; then it belongs
// to the store.
type Change struct {
	Type   string
	ID     fhir.ID
	Method Method

	Expect  Expect
	Version int // the number of the version that it replaces (If-Match); 0: any

	// Before must allow the row that is there, or the change is refused as if
	// there were none. After must allow every row that the change makes. nil
	// allows all.
	Before, After *access.Filter

	// UnlessSame makes nothing of a change to what is there already, byte for
	// byte: an import that runs again writes nothing.
	UnlessSame bool

	prepared
}

// Expect says what must be there for a change to be made.
type Expect uint8

// What may be expected of the resource that a change is to.
const (
	Anything  Expect = iota // there or not
	Nothing                 // the id was never used
	Something               // there, and not deleted
)

// Method is how a version came about.
type Method uint8

// Methods, as they are stored.
const (
	Post   Method = 1
	Put    Method = 2
	Patch  Method = 3
	Delete Method = 4
	Erase  Method = 5 // destroyed: the hash and the reason stay

	moved Method = 9 // the row is no longer the resource's; home is where it went
)

func (m Method) String() string {
	switch m {
	case Post:
		return "POST"
	case Put:
		return "PUT"
	case Patch:
		return "PATCH"
	case Delete, Erase:
		return "DELETE"
	case moved:
		return "moved"
	}
	return fmt.Sprintf("method %d", m)
}

// Committed is what came of a transaction.
type Committed struct {
	At      time.Time
	Changed []Changed // as Tx.Changes
	Again   bool      // nothing was written now: it was, before, under the same receipt
	t       int64     // 0 when nothing was written
}

// Changed is what came of a change.
type Changed struct {
	Number  int       // of the version that is now the newest
	At      time.Time // of that version
	Person  Person    // whose the resource is first of all, 0 for nobody's
	Created bool      // there was none before, or a deleted one
	Same    bool      // nothing was written
}

// Reason says why a change was refused.
type Reason uint8

// Why a change may be refused.
const (
	Absent    Reason = iota + 1 // there is no such resource
	Hidden                      // there is, and Before does not allow it
	Deleted                     // it was deleted
	Exists                      // Expect is Nothing and the id is in use
	Changing                    // another version than wanted is there
	Forbidden                   // After does not allow what would be
)

// Labels returns the labels of what the change makes: see access.Labels.
func (c *Change) Labels() uint64 { return uint64(c.labels) }

// Made returns the version that a change made.
func (c *Change) Made(done Changed) (Version, error) {
	rest, err := decompress(c.body)
	if err != nil {
		return Version{}, fmt.Errorf("read what was just written: %w", err)
	}
	return Version{
		Type: c.Type, ID: c.ID, Number: done.Number, At: done.At, Method: c.Method, Labels: c.Labels(),
		rk: firstRK(done.Person, c.typ), hash: c.hash[:], rest: rest,
	}, nil
}

// Refused is the error of a transaction one of whose changes could not be made.
// What Reason says is for the audit: outside, Hidden and Absent must look the
// same, as they do by kind and message.
type Refused struct {
	Change int // its place in Tx.Changes
	Reason Reason
	Wanted int // version, when Changing
	Found  int
}

func (e *Refused) Error() string {
	return fmt.Sprintf("change %d is refused (reason %d, version wanted %d, found %d): %s", e.Change, e.Reason, e.Wanted, e.Found, e.FaultMessage())
}

// FaultKind classifies the refusal.
func (e *Refused) FaultKind() fault.Kind {
	switch e.Reason {
	case Absent, Hidden:
		return fault.NotFound
	case Deleted:
		return fault.Gone
	case Exists:
		return fault.Conflict
	case Changing:
		return fault.Precondition
	case Forbidden:
		return fault.Denied
	}
	return fault.Internal
}

// FaultMessage says it to a person.
func (e *Refused) FaultMessage() string {
	switch e.Reason {
	case Absent, Hidden:
		return "There is no such resource."
	case Deleted:
		return "This was deleted."
	case Exists:
		return "There is already a resource with this id."
	case Changing:
		return "This was changed by someone else meanwhile; load it again and repeat the change."
	case Forbidden:
		return "You may not write this."
	}
	return ""
}

// AuditEntry is one line of the trail. The bytes are the caller's, in a
// canonical form; the store gives the number and the place in the chain.
type AuditEntry struct {
	N      int64     // set when read
	At     time.Time // set by the store when zero
	Person Person    // whom it is about, 0 for nobody or several
	T      int64     // of the transaction it was part of, 0 for none; set by the store
	Entry  []byte

	// Each makes the line one for each person whom the transaction's changes
	// concern, in place of Person.
	Each bool
}

// Page is what is remembered of a search, so that its next page can be given.
type Page struct {
	Handle  []byte // unguessable
	Owner   []byte // who may use it
	Expires time.Time
	Data    []byte
}
