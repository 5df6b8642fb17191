package search

import (
	"bytes"
	"encoding/binary"

	"joinery/fhir"
	"joinery/fhir/r4"
)

// Verdict is what keys tell of a condition.
type Verdict uint8

// Verdicts. Maybe means that the keys do not hold enough: MatchBody decides.
const (
	No Verdict = iota
	Maybe
	Yes
)

// Match decides a plain clause from a resource's keys. Of _id and _lastUpdated,
// of which keys say nothing, the verdict is Maybe; MatchID and MatchTime decide.
func (c *Clause) Match(k Keys) Verdict {
	if keyless(c.Param) {
		return Maybe
	}
	if c.Modifier == Missing {
		return c.matchMissing(k)
	}
	verdict := No
	for _, slot := range c.slots {
		for rest := k.slot(slot); verdict != Yes; {
			r, after, ok := rest.next()
			if !ok || r.slot != slot {
				break
			}
			rest = after
			for i := range c.operands {
				verdict = max(verdict, c.operands[i].matches(c, r))
			}
		}
	}
	if c.Modifier == Not {
		return Yes - verdict
	}
	return verdict
}

func (c *Clause) matchMissing(k Keys) Verdict {
	for _, slot := range c.slots {
		r, _, ok := k.slot(slot).next()
		if !ok || r.slot != slot {
			continue
		}
		if c.in.refersTo != "" {
			return Maybe // it may refer to something else
		}
		if c.missing {
			return No
		}
		return Yes
	}
	if c.missing {
		return Yes
	}
	return No
}

// MatchID decides a clause on _id.
func (c *Clause) MatchID(id string) bool {
	found := false
	for i := range c.operands {
		found = found || string(c.operands[i].raw) == id
	}
	return found != (c.Modifier == Not)
}

// IDs returns the ids that a clause on _id names. ok is false when it is on
// another parameter, or asks for all but these.
func (c *Clause) IDs() (ids []fhir.ID, ok bool) {
	if !c.Plain() || c.Param.Code != "_id" {
		return nil, false
	}
	for i := range c.operands {
		ids = append(ids, fhir.ID(c.operands[i].raw))
	}
	return ids, c.Modifier != Not
}

// TimeBounds returns the milliseconds since 1970 outside of which a clause on
// _lastUpdated does not hold: from is in, to is not.
func (c *Clause) TimeBounds() (from, to int64) {
	from, to = forever, beginning
	for i := range c.operands {
		o := &c.operands[i]
		low, high := int64(beginning), int64(forever)
		switch o.prefix {
		case equal, about:
			low, high = o.low, o.high
		case less, endsBefore:
			high = o.low
		case lessOrEqual:
			high = o.high
		case greater, startsAfter:
			low = o.high
		case greaterOrEqual:
			low = o.low
		case notEqual:
		}
		from, to = min(from, low), max(to, high)
	}
	return from, to
}

// Places returns the local resources, as "Type/id", that a plain clause on a
// reference asks for; ok is false when it asks for anything else as well, or is
// on something else.
func (c *Clause) Places() (places []string, ok bool) {
	if !c.Plain() || c.Param.Type != r4.Reference || c.Modifier != NoModifier {
		return nil, false
	}
	for i := range c.operands {
		for _, t := range c.operands[i].targets {
			switch {
			case t.home:
				places = append(places, string(t.text))
			case !bytes.Equal(t.at, otherBase) || len(c.operands[i].targets) == 1:
				return nil, false
			}
		}
	}
	return places, true
}

// MatchTime decides a clause on _lastUpdated, of a time in milliseconds since
// 1970.
func (c *Clause) MatchTime(milli int64) bool {
	for i := range c.operands {
		if o := &c.operands[i]; timeHolds(o.prefix, o.low, o.high, milli, milli+1) {
			return true
		}
	}
	return false
}

// Elements returns the elements that a plain clause's parameter is about, as
// paths such as "Patient.name.given"; a choice has its type's name.
func (c *Clause) Elements() []string { return c.in.paths }

// matches decides one value against one record.
func (o *operand) matches(c *Clause, r record) Verdict {
	if r.kind == kindPresent {
		if c.Modifier == Text {
			return Maybe
		}
		return No
	}
	switch c.Modifier {
	case Text, Above, Below:
		return Maybe
	case OfType:
		if (r.kind == kindToken || r.kind == kindTokenBare) && binary.BigEndian.Uint64(r.data) == o.hash {
			return Maybe
		}
		return No
	case Identifier:
		if (r.kind == kindLogical || r.kind == kindLogicalBare) && o.token(r) {
			if c.in.refersTo != "" {
				return Maybe
			}
			return Yes
		}
		return No
	case Exact:
		return o.textVerdict(r, Exact)
	case Contains:
		return o.textVerdict(r, Contains)
	case NoModifier, Missing, Not:
	}
	return o.plain(c.in, r)
}

// plain decides one value without a modifier against one record.
func (o *operand) plain(in *indexed, r record) Verdict {
	holds := false
	switch in.Type {
	case r4.Token:
		holds = r.kind <= kindTokenImplied && o.token(r)
	case r4.String:
		return o.textVerdict(r, NoModifier)
	case r4.Date:
		low, high, ok := r.times()
		holds = ok && timeHolds(o.prefix, o.low, o.high, low, high)
	case r4.Number:
		low, high, ok := r.numbers()
		holds = ok && numberHolds(o.prefix, o.value, o.from, o.to, low, high)
	case r4.Quantity:
		a, ok := r.amount()
		holds = ok && o.quantity(&a)
	case r4.Reference:
		holds = o.reference(r)
	case r4.URI:
		holds = r.kind == kindURI && binary.BigEndian.Uint64(r.data) == o.hash
	case r4.Composite:
		return o.group(in, r)
	case r4.Special:
	}
	if holds {
		return Yes
	}
	return No
}

func (o *operand) token(r record) bool {
	if o.code != nil && binary.BigEndian.Uint64(r.data) != o.hash {
		return false
	}
	switch {
	case o.anySystem:
		return true
	case len(o.system) == 0:
		return r.kind == kindTokenBare || r.kind == kindTokenImplied || r.kind == kindLogicalBare
	case r.kind == kindToken || r.kind == kindLogical:
		return binary.BigEndian.Uint32(r.data[8:]) == o.systemH
	}
	return r.kind == kindTokenImplied && o.implied
}

func (o *operand) textVerdict(r record, m Modifier) Verdict {
	if r.kind != kindText && r.kind != kindTextCut {
		return No
	}
	isCut := r.kind == kindTextCut
	known, open := false, false // what is kept of the text shows it; what was cut off might
	if m == Exact {             // of the text itself only the body tells
		open = bytes.Equal(r.data, o.text) && !isCut || isCut && bytes.HasPrefix(o.text, r.data)
	} else if m == Contains {
		known, open = bytes.Contains(r.data, o.text), isCut
	} else {
		known, open = bytes.HasPrefix(r.data, o.text), isCut && bytes.HasPrefix(o.text, r.data)
	}
	switch {
	case known:
		return Yes
	case open:
		return Maybe
	}
	return No
}

func (o *operand) reference(r record) bool {
	if r.kind != kindLocal && r.kind != kindAway {
		return false
	}
	hash := binary.BigEndian.Uint64(r.data)
	for i := range o.targets {
		t := &o.targets[i]
		if t.hash != hash {
			continue
		}
		if r.kind == kindLocal && t.home || r.kind == kindAway && t.base != 0 && binary.BigEndian.Uint32(r.data[8:]) == t.base {
			return true
		}
	}
	return false
}

// group decides a composite: every part must hold within one group.
func (o *operand) group(in *indexed, r record) Verdict {
	if r.kind != kindGroup {
		return No
	}
	all := Yes
	for i := range o.parts {
		best := No
		part := in.parts[i]
		for rest := Keys(r.data).slot(uint8(i + 1)); best != Yes; {
			inner, after, ok := rest.next()
			if !ok || inner.slot != uint8(i+1) {
				break
			}
			rest = after
			if inner.kind != kindPresent {
				best = max(best, o.parts[i].plain(part, inner))
			}
		}
		all = min(all, best)
	}
	return all
}

// quantity decides a quantity: in the unit that is written, or else in that
// which both convert to.
func (o *operand) quantity(a *amount) bool {
	u := &o.unit
	if !u.given {
		return numberHolds(o.prefix, o.value, o.from, o.to, a.low, a.high)
	}
	same := a.code == u.hash
	if u.systemH != 0 {
		same = same && a.system == u.systemH
	} else {
		same = same || a.unit == u.hash
	}
	if same {
		return numberHolds(o.prefix, o.value, o.from, o.to, a.low, a.high)
	}
	return a.canonical && u.converts && a.base == u.base &&
		numberHolds(o.prefix, u.value, u.from, u.to, a.canonicalLow, a.canonicalH)
}

// timeHolds compares a period [low, high) with the one asked for, [from, to).
// Source: FHIR R4 section 3.1.1.4.5, Prefixes.
func timeHolds(p prefix, from, to, low, high int64) bool {
	within := from <= low && high <= to
	switch p {
	case equal:
		return within
	case notEqual:
		return !within
	case less:
		return low < from
	case lessOrEqual:
		return low < from || within
	case greater:
		return high > to
	case greaterOrEqual:
		return high > to || within
	case startsAfter:
		return low >= to
	case endsBefore:
		return high <= from
	case about:
		return low < to && high > from
	}
	return false
}

// numberHolds compares a number or a range [low, high] with one asked for, which
// without a prefix stands for [from, to).
func numberHolds(p prefix, value, from, to, low, high float64) bool {
	within := from <= low && high < to
	switch p {
	case equal:
		return within
	case notEqual:
		return !within
	case less:
		return low < value
	case lessOrEqual:
		return low <= value
	case greater:
		return high > value
	case greaterOrEqual:
		return high >= value
	case startsAfter:
		return low > value
	case endsBefore:
		return high < value
	case about:
		return low <= to && high >= from
	}
	return false
}
