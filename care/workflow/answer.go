package workflow

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"joinery/care/applied"
	"joinery/care/model"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
)

// An activity may ask questionnaires. What was answered becomes a
// QuestionnaireResponse each, in the transaction in which the task is done, with
// the questionnaire's score: what the model's measures are worked out from. They
// are clinical entries like others, and corrected like others.

const (
	askedTag = "urn:joinery:questionnaire" // meta.tag of an answer: model/questionnaire
	scoreURL = "urn:joinery:score"
)

// answers returns the making of what was answered while a task was done, and notes
// it on the task. given has the answers by "questionnaire/question", or by the
// question alone where the task asks one questionnaire.
func (f *Flow) answers(ctx context.Context, t *held, given map[string]string) ([]record.Op, error) {
	if len(given) == 0 {
		return nil, nil
	}
	if coded(t.get("code"), KindSystem) != KindActivity {
		return nil, fault.New(fault.Invalid, "This task asks no questions.")
	}
	m, err := applied.Named(ctx, f.view, extended(t.doc.Root(), modelURL).Get("valueString").Text())
	if err != nil {
		return nil, fmt.Errorf("what was asked: %w", err)
	}
	a := m.Activity(coded(t.get("code"), activitySys))
	if a == nil || len(a.Asks) == 0 {
		return nil, fault.New(fault.Invalid, "This task asks no questions.")
	}
	by := map[string]map[string]string{}
	for key, text := range given {
		of, question, whole := strings.Cut(key, "/")
		if !whole {
			of, question = a.Asks[0], key
		}
		if !whole && len(a.Asks) > 1 || !slices.Contains(a.Asks, of) {
			return nil, fault.New(fault.Invalid, "Say which questionnaire is answered, as questionnaire/question. This task asks: "+strings.Join(a.Asks, ", ")+".")
		}
		if by[of] == nil {
			by[of] = map[string]string{}
		}
		by[of][question] = text
	}
	var ops []record.Op
	for _, id := range a.Asks {
		if by[id] == nil {
			continue
		}
		op, err := f.response(t, m, m.Questionnaire(id), by[id], "urn:uuid:00000000-0000-4000-8000-"+fmt.Sprintf("%012d", 900+len(ops)))
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
		t.add("output", output{Type: concept{Text: "answers", Coding: []coding{{System: askedTag, Code: m.ID + "/" + id}}}, Reference: &reference{Reference: op.FullURL}})
	}
	return ops, nil
}

// response returns the making of the answers to one questionnaire.
func (f *Flow) response(t *held, m *model.Model, q *model.Questionnaire, given map[string]string, named string) (record.Op, error) {
	answers, score, scored, err := q.Read(given)
	if err != nil {
		return record.Op{}, err //nolint:wrapcheck // it is fit to be shown
	}
	var items []any
	for _, a := range answers {
		items = append(items, map[string]any{"linkId": a.Item.ID, "text": a.Item.Asks, "answer": []any{answered(&a)}})
	}
	patient := reference{Reference: t.get("for", "reference").Text()}
	tags := append(testTags(t.doc.Root()), coding{System: askedTag, Code: m.ID + "/" + q.ID}, coding{System: ofTag, Code: tagged(t.doc.Root(), ofTag)})
	body := map[string]any{
		"resourceType": "QuestionnaireResponse", "meta": map[string]any{"tag": tags}, "status": "completed", "questionnaire": "urn:joinery:questionnaire:" + m.ID + ":" + q.ID + "|" + q.Version,
		"subject": patient, "authored": instant(f.clock()), "source": patient, "item": items,
	}
	if scored {
		body["extension"] = []any{map[string]any{"url": scoreURL, "valueDecimal": decimal(score)}}
	}
	return creation("QuestionnaireResponse", named, body)
}

func answered(a *model.Answer) map[string]any {
	switch a.Item.Kind {
	case model.YesNo:
		return map[string]any{"valueBoolean": a.Text == "yes"}
	case model.Number, model.Score:
		return map[string]any{"valueDecimal": decimal(a.Number)}
	case model.Date:
		return map[string]any{"valueDate": a.Text}
	case model.Choice, model.Words:
	}
	return map[string]any{"valueString": a.Text}
}

func decimal(v float64) json.Number { return json.Number(strconv.FormatFloat(v, 'f', -1, 64)) }

// scoreOf returns the score that answers came to; ok is false when they have none.
func scoreOf(answers fhir.Value) (score float64, ok bool) {
	score, err := strconv.ParseFloat(extended(answers, scoreURL).Get("valueDecimal").Text(), 64)
	return score, err == nil
}
