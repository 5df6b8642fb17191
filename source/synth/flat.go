package synth

// line is a line of the flat form: an event, or one part of an observation that
// has several. docs/timeline-format.md says what the columns mean; what is empty
// is null there, times are in milliseconds.
type line struct {
	person                    int64
	kind, system, code, class string
	at                        int64
	precision                 string
	until, recorded           int64 // noTime: none
	value                     float64
	unit                      *Unit // nil: no value
	answerSystem, answer      string
	status, organisation      string
}

const noTime int64 = -1 << 63

var precisions = [...]string{ToTheMinute: "instant", ToTheDay: "day", ToTheMonth: "month", ToTheYear: "year"}

func milliseconds(m Moment) int64 {
	if m == Never {
		return noTime
	}
	return int64(m) * 60_000
}

// lines gives the lines of a person's life in the order of the events, those of
// a second record among them: here everybody is once. They say what the
// resources say that a Scribe makes of the same events, no more and no less.
// What is given is valid until the next.
func lines(p *Person, give func(*line)) {
	var l line
	events := p.Whole()
	for i := range events {
		e := &events[i]
		l.fill(p, e)
		give(&l)
		for _, part := range e.Parts {
			l.what(part.What, "")
			l.value, l.unit = rounded(part.Value, part.Digits), part.Unit
			l.answerSystem, l.answer = "", ""
			give(&l)
		}
	}
}

// fill makes the line of an event.
func (l *line) fill(p *Person, e *Event) {
	f := &forms[e.Kind]
	*l = line{person: p.Number, kind: f.typ, at: milliseconds(e.At), until: noTime, recorded: noTime, precision: precisions[e.Grain], status: e.Status}
	l.what(e.What, e.Text)
	if e.Kind == Encounter {
		l.class = e.Class
	}
	if f.ends {
		l.until = milliseconds(e.Until)
	}
	if f.recorded && e.Recorded != e.At {
		l.recorded = milliseconds(e.Recorded)
	}
	if f.placed && e.Org != nil && (e.Kind != MedicationRequest || e.Who == nil) {
		l.organisation = e.Org.ID
	}
	if e.Kind != Observation {
		return
	}
	if e.Unit != nil {
		l.value, l.unit = rounded(e.Value, e.Digits), e.Unit
	} else if e.Answer != nil {
		l.answerSystem, l.answer = e.Answer.System, e.Answer.Code
	}
}

// what sets the coding; without one, the text is the code.
func (l *line) what(c *Concept, text string) {
	if c == nil {
		l.system, l.code = "", text
		return
	}
	l.system, l.code = c.System, c.Code
}
