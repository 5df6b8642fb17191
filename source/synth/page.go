package synth

import (
	"math"
	"strconv"
)

// page is JSON under way. Its methods append members to the object at hand,
// each with the comma before it: an object begins with something written by
// raw. What is empty is left out.
type page struct{ b []byte }

func (p *page) raw(s string) { p.b = append(p.b, s...) }

// key begins a member.
func (p *page) key(name string) {
	p.b = append(p.b, ',', '"')
	p.b = append(p.b, name...)
	p.b = append(p.b, '"', ':')
}

const hexDigits = "0123456789abcdef"

// quote writes a JSON string.
func (p *page) quote(s string) {
	b := append(p.b, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		if c < ' ' {
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		} else {
			b = append(b, '\\', c)
		}
		from = i + 1
	}
	b = append(b, s[from:]...)
	p.b = append(b, '"')
}

// text is a member that is a string.
func (p *page) text(name, value string) {
	if value != "" {
		p.key(name)
		p.quote(value)
	}
}

func (p *page) flag(name string, value bool) {
	p.key(name)
	p.b = strconv.AppendBool(p.b, value)
}

func (p *page) whole(name string, value int64) {
	p.key(name)
	p.b = strconv.AppendInt(p.b, value, 10)
}

// coded is the object of a Coding.
func (p *page) coded(c *Concept) {
	p.raw(`{"system":`)
	p.quote(c.System)
	p.text("code", c.Code)
	p.text("display", c.Display)
	p.raw(`}`)
}

// says is the object of a CodeableConcept: a coding, a text, or both.
func (p *page) says(c *Concept, text string) {
	if c == nil {
		p.raw(`{"text":`)
		p.quote(text)
		p.raw(`}`)
		return
	}
	p.raw(`{"coding":[`)
	p.coded(c)
	p.raw(`]`)
	p.text("text", text)
	p.raw(`}`)
}

// concept is a member that is a CodeableConcept.
func (p *page) concept(name string, c *Concept, text string) {
	if c != nil || text != "" {
		p.key(name)
		p.says(c, text)
	}
}

// concepts is a member that is a list of one CodeableConcept.
func (p *page) concepts(name string, c *Concept, text string) {
	if c != nil || text != "" {
		p.key(name)
		p.raw(`[`)
		p.says(c, text)
		p.raw(`]`)
	}
}

// to is the object of a Reference.
func (p *page) to(typ, id string) {
	p.raw(`{"reference":"`)
	p.raw(typ)
	p.raw(`/`)
	p.raw(id)
	p.raw(`"}`)
}

// ref is a member that is a Reference.
func (p *page) ref(name, typ, id string) {
	p.key(name)
	p.to(typ, id)
}

// when is a member that is a dateTime, as precise as it is known.
func (p *page) when(name string, m Moment, g Grain) {
	if m != Never {
		p.key(name)
		p.raw(`"`)
		p.b = appendMoment(p.b, m, g)
		p.raw(`"`)
	}
}

// on is a member that is a date.
func (p *page) on(name string, d Day) {
	if d != NotYet {
		p.when(name, d.Start(), ToTheDay)
	}
}

// span is a member that is a Period.
func (p *page) span(name string, from, until Moment, g Grain) {
	p.key(name)
	p.raw(`{"start":"`)
	p.b = appendMoment(p.b, from, g)
	p.raw(`"`)
	p.when("end", until, endGrain(g))
	p.raw(`}`)
}

// amount is the object of a Quantity.
func (p *page) amount(value float64, digits int8, u *Unit) {
	p.raw(`{"value":`)
	p.b = strconv.AppendFloat(p.b, rounded(value, digits), 'f', int(digits), 64)
	p.text("unit", u.Written)
	p.raw(`,"system":"http://unitsofmeasure.org"`)
	p.text("code", u.Code)
	p.raw(`}`)
}

// rounded returns the number that is nearest to value among those that have so
// many digits after the point: what is written is what is counted.
func rounded(value float64, digits int8) float64 {
	scale := [...]float64{1, 10, 100, 1000, 10000}[digits]
	r := math.Round(value*scale) / scale
	if r == 0 {
		return 0 // not -0
	}
	return r
}

// endGrain returns how precisely an end is written whose beginning is known so
// precisely: an end is known to the day at least.
func endGrain(g Grain) Grain { return min(g, ToTheDay) }

// appendMoment appends an instant as FHIR writes it, as precise as it is known:
// in UTC to the minute, and otherwise the civil day in London or what it is in.
func appendMoment(b []byte, m Moment, g Grain) []byte {
	days, minutes := int(m)/1440, int(m)%1440
	if minutes < 0 {
		days, minutes = days-1, minutes+1440
	}
	if g != ToTheMinute {
		days = int(m.Day())
	}
	year, month, day := civil(days)
	b = append(b, byte('0'+year/1000), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10))
	if g == ToTheYear {
		return b
	}
	b = append(b, '-', byte('0'+month/10), byte('0'+month%10))
	if g == ToTheMonth {
		return b
	}
	b = append(b, '-', byte('0'+day/10), byte('0'+day%10))
	if g == ToTheDay {
		return b
	}
	hour, minute := minutes/60, minutes%60
	return append(b, 'T', byte('0'+hour/10), byte('0'+hour%10), ':', byte('0'+minute/10), byte('0'+minute%10), ':', '0', '0', 'Z')
}

// civil returns the date of a day counted from 1 January 1970, by the shifted
// calendar whose year begins in March (Hinnant, chrono-compatible low-level date
// algorithms). It does what time.Time does, in a tenth of the time.
func civil(days int) (year, month, day int) {
	z := days + 719468
	era := z / 146097
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = doy - (153*mp+2)/5 + 1
	month = mp + 3
	if month > 12 {
		month -= 12
	}
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month, day
}
