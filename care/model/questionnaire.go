package model

import "joinery/written"

// Questionnaire is what a person is asked, in the pack's folder questions.
type Questionnaire struct {
	written.Place
	ID, Version, Title string
	Says               string // what it is for
	Source             string
	System, Code       string // of the instrument; "" where none is known
	Licence            string // who must license its text; only its total may then be asked
	Items              []Item
	Sum                bool // whether the score is the sum of the items' numbers
	Unit               string

	leaves map[string]string
}

// AnswerKind is what an answer is.
type AnswerKind string

// What an answer is.
const (
	YesNo  AnswerKind = "yes or no"
	Choice AnswerKind = "choice"
	Number AnswerKind = "number"
	Words  AnswerKind = "text"
	Date   AnswerKind = "date"
	Score  AnswerKind = "score" // the total of an instrument that is asked elsewhere
)

var answerKinds = []string{string(YesNo), string(Choice), string(Number), string(Words), string(Date), string(Score)}

// Item is one question.
type Item struct {
	ID, Asks string
	Kind     AnswerKind
	Options  []Option // of a choice
	From, To *float64 // of a number or a score
	Required bool
	Line     int
}

// Option is an answer to choose.
type Option struct {
	Says   string
	Points float64 // where the questionnaire's score is a sum
}
