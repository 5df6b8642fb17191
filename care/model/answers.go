package model

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"joinery/fault"
)

// Answer is what somebody answered to one question.
type Answer struct {
	Item   *Item
	Text   string  // as it is kept: the words of a choice, a date, yes or no
	Number float64 // of a number, a score, or the points of a choice
}

// Read reads answers, by the ids of the questions, in the questionnaire's order,
// and works out its score; scored is false when it has none, or a question that
// counts was left out. The fault is Invalid and says which question lacks an
// answer, or what its answers are.
func (q *Questionnaire) Read(given map[string]string) (answers []Answer, score float64, scored bool, err error) {
	for id := range given {
		if !slices.ContainsFunc(q.Items, func(x Item) bool { return x.ID == id }) {
			return nil, 0, false, fault.New(fault.Invalid, fmt.Sprintf("The questionnaire %q does not ask that; its questions are: %s.", q.ID, strings.Join(q.asked(), ", ")))
		}
	}
	scored = q.Sum
	for i := range q.Items {
		x := &q.Items[i]
		text := strings.TrimSpace(given[x.ID])
		if text == "" {
			if x.Required {
				return nil, 0, false, fault.New(fault.Invalid, fmt.Sprintf("The question %q has no answer: %s", q.ID+"/"+x.ID, x.Asks))
			}
			scored = scored && !x.counts()
			continue
		}
		a, err := x.read(text)
		if err != nil {
			return nil, 0, false, err
		}
		answers = append(answers, a)
		switch {
		case x.Kind == Score:
			return answers, a.Number, true, nil
		case x.counts():
			score += a.Number
		}
	}
	return answers, score, scored, nil
}

func (q *Questionnaire) asked() (ids []string) {
	for i := range q.Items {
		ids = append(ids, q.Items[i].ID)
	}
	return ids
}

// counts reports whether an answer counts for a sum.
func (x *Item) counts() bool { return x.Kind == Number || x.Kind == Choice }

func (x *Item) read(text string) (Answer, error) {
	a := Answer{Item: x, Text: text}
	wrong := func(how string) (Answer, error) {
		return a, fault.New(fault.Invalid, fmt.Sprintf("The answer to %q is %s.", x.ID, how))
	}
	switch x.Kind {
	case YesNo:
		if text != "yes" && text != "no" {
			return wrong("yes or no")
		}
	case Choice:
		i := slices.IndexFunc(x.Options, func(o Option) bool { return strings.EqualFold(o.Says, text) })
		if i < 0 {
			var all []string
			for _, o := range x.Options {
				all = append(all, o.Says)
			}
			return wrong("one of: " + strings.Join(all, ", "))
		}
		a.Text, a.Number = x.Options[i].Says, x.Options[i].Points
	case Number, Score:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || n != n || x.From != nil && n < *x.From || x.To != nil && n > *x.To {
			return wrong(fmt.Sprintf("a number from %g to %g", *x.From, *x.To))
		}
		a.Number = n
	case Date:
		if _, err := time.Parse(time.DateOnly, text); err != nil {
			return wrong("a day, written as 2026-02-01")
		}
	case Words:
	}
	return a, nil
}
