package model

// Goal is something that the model hopes to bring about.
type Goal struct {
	ID, Says string
	Measure  string // the id of the measure that tells
	Target   string // in words: "20 people a week"
	Line     int
}

// Aspect is what a measure looks at.
type Aspect string

// The aspects. Every model measures the first three.
const (
	Clinical   Aspect = "clinical"
	Experience Aspect = "experience"
	Balancing  Aspect = "balancing" // what might get worse elsewhere
	Process    Aspect = "process"
)

var aspects = []string{string(Clinical), string(Experience), string(Balancing), string(Process)}

// Measure is a number that tells whether the model works. It is one of: a
// definition of the criteria language; the share of those who ended with certain
// outcomes; a questionnaire's score or its change; the share that reached a
// stage; the share for whom a standard was met.
type Measure struct {
	ID, Title     string
	Aspect        Aspect
	Definition    string   // the id of a measure of the criteria language
	Outcomes      []string // ids of outcomes, of all that ended
	Questionnaire string   // the id of a questionnaire
	Change        bool     // of its score from the first to the last time, not the last
	AtLeast       *float64 // the share whose score, or change, is at least so much; nil: the mean
	Stage         string   // one of Stages, as a share of the stage before
	Standard      string   // the id of a standard
	Better        string   // "higher" or "lower"
	Now           *float64 // what it is without the model: a share from 0 to 1, or a score
	Hoped         *float64 // what would be worth having
	Spread        float64  // the standard deviation of a score between people
	Source        string
	Line          int
}

// Stages are how far people come.
var Stages = []string{"eligible", "invited", "consented", "active", "completed"}

// Share reports whether the measure is a share of people, rather than a score.
func (m *Measure) Share() bool {
	return m.Outcomes != nil || m.Stage != "" || m.Standard != "" || m.AtLeast != nil || m.Definition != "" && m.Spread == 0
}

// Evidence is what is known of the model, or of one like it.
type Evidence struct {
	Study    string
	Strength string // one of Strengths
	Result   string // one of Results
	Found    string
	Source   string
	Line     int
}

// Strengths are how far a study can be relied on, the strongest first.
var Strengths = []string{
	"systematic review", "randomised trial", "controlled comparison", "interrupted time series", "before and after", "description", "promoter's figure",
}

// Results are what a study found.
var Results = []string{"benefit", "no difference", "harm", "mixed", "cannot tell"}

// Stop is when the model is to be stopped or changed.
type Stop struct {
	Says    string
	Measure string  // the id of the measure that decides
	Under   bool    // whether it stops under the limit; else over it
	Limit   float64 // a share from 0 to 1, or a score
	For     Wait    // how long it must be so
	Decides string  // who decides
	Line    int
}

// Saying is what the model says on a subject that is easily forgotten.
type Saying struct {
	On  string // one of Subjects
	Is  string // what it does
	Not string // or why it does nothing
}

// Subjects are what every model says something on.
var Subjects = []string{"mental health", "carers", "social care", "voluntary sector"}

// Hazard is what could harm somebody, and what holds it back.
type Hazard struct {
	ID, What   string
	Severity   string // one of Severities
	Likelihood string // one of Likelihoods
	Controls   []string
	Line       int
}

// Severities and Likelihoods are those of DCB0129, the worst first.
var (
	Severities  = []string{"catastrophic", "major", "considerable", "significant", "minor"}
	Likelihoods = []string{"very high", "high", "medium", "low", "very low"}
)
