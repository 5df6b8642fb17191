package path

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"joinery/fhir"
)

// Collection is what an expression gives: items in order.
type Collection []Item

// IsTrue reports whether the collection is just the boolean true.
func (c Collection) IsTrue() bool {
	if len(c) != 1 {
		return false
	}
	b, ok := c[0].Bool()
	return ok && b
}

// Item is one member of a Collection: an element of a document, or a value that
// was computed or written in the expression. Items never change.
type Item struct {
	kind kind
	num  int64      // of a boolean (0 or 1) or an integer
	typ  *Type      // of an element
	val  fhir.Value // of an element: where it is; not there when only extensions are
	ext  fhir.Value // of a primitive element: the member with an underscore
	data any        // string, *apd.Decimal, *moment, *amount, or *Type of a typeInfo
}

// Resource returns the item of a resource, whose type it tells itself, or of an
// element whose type is not known.
func Resource(v fhir.Value) Item { return Item{typ: typeOf(v), val: v} }

// Element returns the item of an element of a document with its FHIR type, such
// as "HumanName" or "Patient.contact". ext is the member with an underscore
// where the element is a primitive; it may be the zero Value.
func Element(typ string, v, ext fhir.Value) Item {
	return Item{typ: typeNamed(typ), val: v, ext: ext}
}

// String returns the item of a string, for Env.Vars.
func String(s string) Item { return stringItem(s) }

// Value returns where in its document the item is; false for an item that is
// not part of a document, or of which only the extensions are.
func (i Item) Value() (fhir.Value, bool) { return i.val, i.kind == node && i.val.Exists() }

// Extensions returns the member with an underscore of a primitive element, a
// Value that is not there when it has none.
func (i Item) Extensions() fhir.Value { return i.ext }

// Type returns the name of the item's type: "code", "HumanName",
// "Patient.contact", "Patient", or "System.Boolean" and so on for values. It is
// empty for an element of unknown type.
func (i Item) Type() string {
	if i.kind != node {
		return systemTypes[i.kind].String()
	}
	if i.typ == nil {
		return ""
	}
	return i.typ.String()
}

// Bool returns a boolean's value; false when the item is none.
func (i Item) Bool() (value, ok bool) {
	i = i.system()
	return i.num != 0, i.kind == boolean
}

// Text returns what toString() gives: a string's content, a number's digits, a
// date as FHIR writes it; nothing for elements that have no value.
func (i Item) Text() (string, bool) {
	s := i.system()
	switch s.kind {
	case boolean:
		return strconv.FormatBool(s.num != 0), true
	case integer:
		return strconv.FormatInt(s.num, 10), true
	case stringy:
		return s.data.(string), true
	case decimal:
		return s.data.(*apd.Decimal).Text('f'), true
	case date, dateTime, clock:
		return s.data.(*moment).String(), true
	case quantity:
		return s.data.(*amount).String(), true
	}
	return "", false
}

// String writes the item for a person or a test: values as FHIRPath literals,
// elements of a document by their place.
func (i Item) String() string {
	switch i.kind {
	case node:
		if i.val.Exists() {
			return i.val.Where()
		}
		return i.ext.Where()
	case stringy:
		return "'" + strings.ReplaceAll(i.data.(string), "'", `\'`) + "'"
	case date, dateTime:
		return "@" + i.data.(*moment).String()
	case clock:
		return "@T" + i.data.(*moment).String()
	case typeInfo:
		return i.data.(*Type).String()
	}
	s, _ := i.Text()
	return s
}

func booleanItem(b bool) Item {
	if b {
		return Item{kind: boolean, num: 1}
	}
	return Item{kind: boolean}
}

func integerItem(n int64) Item        { return Item{kind: integer, num: n} }
func stringItem(s string) Item        { return Item{kind: stringy, data: s} }
func decimalItem(d *apd.Decimal) Item { return Item{kind: decimal, data: d} }
func momentItem(m moment) Item        { return Item{kind: m.kind, data: &m} }
func amountItem(a amount) Item        { return Item{kind: quantity, data: &a} }
func typeItem(t *Type) Item           { return Item{kind: typeInfo, data: t} }
func quantityItem(value apd.Decimal, unit string, calendar bool) Item {
	return amountItem(amount{value, unit, calendar})
}

// numberItem reads a literal number: an integer, or a decimal when it has a
// point.
func numberItem(s string) (Item, error) {
	if !strings.Contains(s, ".") {
		n, err := strconv.ParseInt(s, 10, 32)
		if err != nil {
			return Item{}, fmt.Errorf("an integer may be at most 2147483647")
		}
		return integerItem(n), nil
	}
	d, ok := parseDecimal([]byte(s))
	if !ok {
		return Item{}, fmt.Errorf("the number is too long")
	}
	return decimalItem(d), nil
}

// decimal returns a number as a decimal; nil when the item is none.
func (i Item) decimal() *apd.Decimal {
	switch i.kind {
	case integer:
		return apd.New(i.num, 0)
	case decimal:
		return i.data.(*apd.Decimal)
	}
	return nil
}

// system returns the item as a value of FHIRPath's own types, when it is a
// primitive or quantity of a document that has one; otherwise the item itself.
func (i Item) system() Item {
	if i.kind != node || i.typ == nil {
		return i
	}
	switch i.typ.as {
	case node:
		if a, ok := fhirAmount(i); ok {
			return amountItem(a)
		}
		return i
	case boolean:
		if i.val.Kind() == fhir.Bool {
			return booleanItem(i.val.IsTrue())
		}
	case integer:
		if i.val.Kind() == fhir.Number {
			if n, ok := wholeNumber(i.val.TextBytes()); ok {
				return integerItem(n)
			}
		}
	case decimal:
		if i.val.Kind() == fhir.Number {
			if d, ok := parseDecimal(i.val.TextBytes()); ok {
				return decimalItem(d)
			}
		}
	case stringy:
		if i.val.Kind() == fhir.String {
			return stringItem(i.val.Text())
		}
	default:
		if m, ok := i.moment(); ok {
			return momentItem(m)
		}
	}
	return i
}

// moment returns a date, dateTime or time, of a document or not.
func (i *Item) moment() (moment, bool) {
	switch i.kind {
	case date, dateTime, clock:
		return *i.data.(*moment), true
	case node:
	default:
		return moment{}, false
	}
	if i.typ == nil || i.val.Kind() != fhir.String {
		return moment{}, false
	}
	switch i.typ.as {
	case date:
		return parseDate(i.val.TextBytes())
	case dateTime:
		return parseDateTime(i.val.TextBytes())
	case clock:
		return parseTime(i.val.TextBytes())
	}
	return moment{}, false
}

// wholeNumber reads an integer of 32 bits.
func wholeNumber(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 11 {
		return 0, false
	}
	n, i := int64(0), 0
	if b[0] == '-' || b[0] == '+' {
		i++
	}
	if i == len(b) {
		return 0, false
	}
	for _, c := range b[i:] {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if b[0] == '-' {
		n = -n
	}
	return n, n >= minInteger && n <= maxInteger
}

const (
	minInteger = -1 << 31
	maxInteger = 1<<31 - 1
)

// Boolean returns the item of a boolean, for Env.Vars.
func Boolean(b bool) Item { return booleanItem(b) }
