package search

import (
	"bytes"

	"joinery/fhir"
	"joinery/fhir/r4"
)

// MatchBody decides a plain clause from the whole resource, of a type. It is
// what Match is held to, and where they differ, right.
func (c *Clause) MatchBody(typ string, res fhir.Value) bool {
	switch c.Param.Code {
	case "_id":
		return c.MatchID(res.Get("id").Text())
	case "_lastUpdated":
		low, _, ok := period(res.Get("meta").Get("lastUpdated").TextBytes())
		return ok && c.MatchTime(low)
	}
	t := tableOf(typ)
	if t == nil {
		return false
	}
	var present, found bool
	w := &walker{root: res, systems: map[string]uint32{}, asked: c.slots, refersTo: c.in.refersTo}
	w.ask = func(it *item) {
		present = true
		if c.Modifier == Missing || found {
			return
		}
		whole := *it
		for i := range c.operands {
			if c.operands[i].holds(w, c, &whole) {
				found = true
				return
			}
		}
	}
	w.visit(t.root, res)
	switch c.Modifier {
	case Missing:
		return present != c.missing
	case Not:
		return !found
	case NoModifier, Text, Exact, Contains, Identifier, OfType, Above, Below:
	}
	return found
}

// holds decides one value against one of the resource's, whole.
func (o *operand) holds(w *walker, c *Clause, it *item) bool {
	switch c.Modifier {
	case Text:
		return o.saidBy(it.source)
	case OfType:
		return (it.kind == kindToken || it.kind == kindTokenBare) && o.sameCode(it) && o.typed(it.source)
	case Identifier:
		return (it.kind == kindLogical || it.kind == kindLogicalBare) && o.sameToken(it)
	case Exact:
		return it.kind == kindText && bytes.Equal(it.code, o.raw)
	case Contains:
		return it.kind == kindText && bytes.Contains(appendNormal(nil, it.code), o.text)
	case Above:
		return it.kind == kindURI && under(o.code, it.code)
	case Below:
		return it.kind == kindURI && under(it.code, o.code)
	case NoModifier, Missing, Not:
	}
	return o.plainly(w, c.in, it)
}

func (o *operand) plainly(w *walker, in *indexed, it *item) bool {
	switch in.Type {
	case r4.Token:
		return (it.kind == kindToken || it.kind == kindTokenBare || it.kind == kindTokenImplied) && o.sameToken(it)
	case r4.String:
		return it.kind == kindText && bytes.HasPrefix(appendNormal(nil, it.code), o.text)
	case r4.Date:
		return it.kind == kindSpan && timeHolds(o.prefix, o.low, o.high, it.low, it.high)
	case r4.Number:
		return it.kind == kindNumbers && numberHolds(o.prefix, o.value, o.from, o.to, it.amount.low, it.amount.high)
	case r4.Quantity:
		return it.kind == kindQuantity && o.quantity(&it.amount)
	case r4.Reference:
		return o.pointsTo(it)
	case r4.URI:
		return it.kind == kindURI && bytes.Equal(it.code, o.code)
	case r4.Composite:
		return it.kind == kindGroup && o.allHold(w, in, it)
	case r4.Special:
	}
	return false
}

func (o *operand) sameCode(it *item) bool {
	return o.code == nil || bytes.Equal(appendFolded(nil, it.code), o.code)
}

func (o *operand) sameToken(it *item) bool {
	if !o.sameCode(it) {
		return false
	}
	bare := it.kind == kindTokenBare || it.kind == kindTokenImplied || it.kind == kindLogicalBare
	switch {
	case o.anySystem:
		return true
	case len(o.system) == 0:
		return bare
	case bare:
		return it.kind == kindTokenImplied && o.implied
	}
	return bytes.Equal(it.system, o.system)
}

func (o *operand) pointsTo(it *item) bool {
	if it.kind != kindLocal && it.kind != kindAway {
		return false
	}
	for i := range o.targets {
		t := &o.targets[i]
		if !bytes.Equal(it.code, t.text) {
			continue
		}
		if it.kind == kindLocal && t.home || it.kind == kindAway && len(t.at) > 0 && bytes.Equal(it.system, t.at) {
			return true
		}
	}
	return false
}

// saidBy reports whether a text that goes with a coded value begins with what is
// asked for.
func (o *operand) saidBy(v fhir.Value) bool {
	for _, text := range []fhir.Value{v.Get("text"), v.Get("display"), v.Get("type").Get("text")} {
		if text.Kind() == fhir.String && bytes.HasPrefix(appendNormal(nil, text.TextBytes()), o.text) {
			return true
		}
	}
	return false
}

// typed reports whether an identifier is of the type asked for.
func (o *operand) typed(identifier fhir.Value) bool {
	for c := range identifier.Get("type").Get("coding").Items() {
		if bytes.Equal(appendFolded(nil, c.Get("code").TextBytes()), o.kindCode) &&
			(len(o.kindIn) == 0 || bytes.Equal(c.Get("system").TextBytes(), o.kindIn)) {
			return true
		}
	}
	return false
}

// under reports whether a URL is another or lies below it.
func under(url, base []byte) bool {
	base = bytes.TrimSuffix(base, []byte("/"))
	return bytes.HasPrefix(url, base) && (len(url) == len(base) || url[len(base)] == '/')
}

// allHold decides a composite: every part must hold of one value within it.
func (o *operand) allHold(w *walker, in *indexed, group *item) bool {
	leaf, v := group.leaf, group.source
	outer, slots := w.ask, w.asked
	defer func() { w.ask, w.asked = outer, slots }()
	for i := range o.parts {
		some := false
		w.asked = []uint8{uint8(i + 1)}
		w.ask = func(it *item) {
			one := *it
			some = some || o.parts[i].plainly(w, in.parts[i], &one)
		}
		w.visit(leaf.parts[i], v)
		w.visit(leaf.tops[i], w.root)
		if !some {
			return false
		}
	}
	return true
}
