package model

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"joinery/written"
)

var questionLanguage = written.Language{
	Is:    "questionnaire",
	Begin: "begin with \"questionnaire: an-id\"",
	Reuse: "write it out where it belongs",
}

// questionnaire reads a file of the folder questions; nil after a report.
func (p *pack) questionnaire(file written.File) *Questionnaire {
	r := &reader{pack: p, Reader: p.reader(file.Name, questionLanguage)}
	doc := r.Document(file.Data)
	if doc == nil {
		return nil
	}
	if doc.Content[0].Value != "questionnaire" {
		r.Wrong(doc, "A questionnaire begins with \"questionnaire: an-id\"; this file begins with %q.", doc.Content[0].Value)
		return nil
	}
	f := r.Fields(doc, "a questionnaire")
	q := &Questionnaire{Place: r.Place(doc), ID: r.ID(f.Take("questionnaire"), "questionnaire")}
	q.Version = r.version(f)
	q.Title = f.Required("title", "What matters to you")
	q.Says = f.Required("says", "what it is for")
	q.Source = f.Required("source", "whose questions these are")
	q.Licence = f.Text("licensed by")
	q.Unit = f.Text("unit")
	if code := f.Text("snomed"); code != "" {
		q.System, q.Code = "http://snomed.info/sct", code
	}
	q.Sum = f.Yes("score is the sum")
	r.each(f, "questions", "a question", "write the questions, each as \"- {question: pain, asks: How much does it hurt?, answer: number, from: 0, to: 10}\"", func(e *written.Fields) {
		q.Items = append(q.Items, r.item(e, q))
	})
	f.Done("A questionnaire")
	r.questionsTogether(doc, q)
	q.leaves = map[string]string{}
	flatten(q.leaves, "questions/"+q.ID, doc)
	return q
}

// questionsTogether checks what one question alone does not show.
func (r *reader) questionsTogether(doc *yaml.Node, q *Questionnaire) {
	seen := map[string]bool{}
	for _, item := range q.Items {
		if seen[item.ID] {
			r.Problems.Add(written.Place{File: r.File, Line: item.Line}, "The question %q stands twice; give one another name.", item.ID)
		}
		seen[item.ID] = true
		if q.Licence != "" && item.Kind != Score {
			r.Problems.Add(written.Place{File: r.File, Line: item.Line}, "The text of this instrument is licensed by %s, so its questions may not stand here; keep one question with \"answer: score\", for its total.", q.Licence)
		}
	}
	if q.Licence != "" && q.Sum {
		r.Wrong(doc, "Of a licensed instrument only the total is kept, so it is not summed here; leave \"score is the sum\" out.")
	}
}

func (r *reader) item(e *written.Fields, q *Questionnaire) Item {
	x := Item{ID: r.id(e, "question", "pain"), Asks: e.Required("asks", "How much does it hurt?"), Line: e.Node.Line}
	x.Kind = AnswerKind(r.oneOf(e, "answer", answerKinds))
	x.From, x.To, x.Required = r.number(e, "from"), r.number(e, "to"), e.Yes("required")
	if (x.Kind == Number || x.Kind == Score) && (x.From == nil || x.To == nil || *x.From >= *x.To) {
		r.Wrong(e.Node, "The question %q has no range; write the least and the greatest answer: \"from: 0\" and \"to: 10\".", x.ID)
	}
	n := e.Take("choices")
	switch {
	case x.Kind == Choice && n == nil:
		r.Wrong(e.Node, "The question %q has no choices; write \"choices: [never, sometimes, often]\".", x.ID)
	case x.Kind != Choice && n != nil:
		r.Wrong(n, "Only a choice has choices; write \"answer: choice\" or leave them out.")
	case n != nil:
		x.Options = r.options(n, q)
	}
	return x
}

// options reads the choices of a question: words, or "words: points".
func (r *reader) options(n *yaml.Node, q *Questionnaire) []Option {
	var out []Option
	for _, c := range r.List(n, "choices") {
		o := Option{}
		if c.Kind == yaml.MappingNode && len(c.Content) == 2 {
			o.Says = strings.Join(strings.Fields(c.Content[0].Value), " ")
			points, err := strconv.ParseFloat(c.Content[1].Value, 64)
			if err != nil {
				r.Wrong(c, "The choice %q has no number of points; write \"- %s: 2\".", o.Says, o.Says)
			}
			o.Points = points
		} else {
			o.Says = r.Text(c, "choices")
			if q.Sum {
				r.Wrong(c, "The score is a sum, and the choice %q has no points; write \"- %s: 2\".", o.Says, o.Says)
			}
		}
		out = append(out, o)
	}
	return out
}

// ScoreRange returns the least and the greatest score of a questionnaire; ok is
// false when it has none.
func (q *Questionnaire) ScoreRange() (low, high float64, ok bool) {
	for _, item := range q.Items {
		from, to := item.reach()
		if item.Kind == Score {
			return from, to, true
		}
		low, high = low+from, high+to
	}
	return low, high, q.Sum
}

// reach returns the least and the greatest number that an answer counts for.
func (x *Item) reach() (low, high float64) {
	if x.From != nil && x.To != nil {
		return *x.From, *x.To
	}
	for i, o := range x.Options {
		if i == 0 {
			low, high = o.Points, o.Points
		}
		low, high = min(low, o.Points), max(high, o.Points)
	}
	return low, high
}
