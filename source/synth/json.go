package synth

import (
	"bytes"
	"encoding/json"
	"time"
)

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

// obj makes an object of names and values in turn; a nil value leaves its
// member out.
func obj(pairs ...any) object {
	o := make(object, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != nil {
			o = append(o, member{pairs[i].(string), pairs[i+1]})
		}
	}
	return o
}

func list(items ...any) []any { return items }

// text returns a member that is a string.
func (o object) text(name string) string {
	for _, m := range o {
		if m.name == name {
			s, _ := m.value.(string)
			return s
		}
	}
	return ""
}

func (o object) write(b *bytes.Buffer) {
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		writeValue(b, m.name)
		b.WriteByte(':')
		writeValue(b, m.value)
	}
	b.WriteByte('}')
}

func writeValue(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case object:
		v.write(b)
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			writeValue(b, item)
		}
		b.WriteByte(']')
	default:
		// Strings, whole numbers, booleans and json.Number: none of them can fail.
		data, _ := json.Marshal(v)
		b.Write(data)
	}
}

func encode(o object) []byte {
	var b bytes.Buffer
	o.write(&b)
	return b.Bytes()
}

func ref(typ, id string) object { return obj("reference", typ+"/"+id) }

func named(to object, display string) object {
	return append(to[:len(to):len(to)], member{"display", display})
}

func coding(system, code, display string) object {
	return obj("system", system, "code", code, "display", display)
}

func concept(system, code, display string) object {
	return obj("coding", list(coding(system, code, display)), "text", display)
}

const (
	snomed = "http://snomed.info/sct"
	loinc  = "http://loinc.org"
	ucum   = "http://unitsofmeasure.org"
	hl7    = "http://terminology.hl7.org/CodeSystem/"
)

func date(t time.Time) string { return t.Format("2006-01-02") }

func instant(t time.Time) string { return t.Format("2006-01-02T15:04:05Z") }
