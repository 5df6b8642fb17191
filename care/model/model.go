package model

import (
	"joinery/criteria/language"
	"joinery/timeline"
	"joinery/written"
)

// Model is one version of a model of care.
type Model struct {
	written.Place
	ID, Version, Title string
	Purpose            string // in plain words
	Residents          string // what it means for residents, in plain words
	Owner              string
	Reviewer           string // the clinician who put their name to it; "" is shown everywhere
	Review             timeline.Day
	Sources            []string
	Unverified         []string // what its author says is not verified
	Area               Area
	Layer              string // one of Layers

	Eligible   []Criterion // all of them hold
	Exclusions []Criterion // none of them holds
	Candidates Candidates
	Referrers  []Referrer
	NoSelf     string // why nobody can refer themselves; "" when they can
	Consent    string // what a person is asked to agree to
	Team       []Role
	Activities []Activity
	Limits     []Limit // of what a person has of all models together
	Length     *Length // nil: no limit of time
	Standards  []Standard
	Sites      []Site
	Waiting    Waiting
	Outcomes   []Outcome
	Flow       Flow

	Goals       []Goal
	Measures    []Measure
	Evidence    []Evidence
	NoNull      string // where null results were looked for in vain
	Stops       []Stop
	Costs       []Cost
	Says        []Saying // on mental health, carers, social care and the voluntary sector, in this order
	Hazards     []Hazard
	Parameters  []Parameter
	Base        *Base // of a local copy: what it was made from
	Set         []Setting
	Questions   []*Questionnaire // by id
	Definitions *language.Library

	Hash  string // of the canonical bytes, in hexadecimal
	canon []byte

	files  []archiveFile     // what it runs by, without local.yaml
	leaves map[string]string // every text by its path, as the model runs
}

// Area is where a model is in use.
type Area struct {
	Name  string
	Codes []string // ONS codes of boroughs; none: everywhere the record is of
}

// Layers are the parts of the system that a model may belong to.
var Layers = []string{
	"resilient communities", "primary and community care", "long-term conditions", "planned care",
	"urgent and emergency care", "maternity", "children and young people", "cancer",
}

// Criterion is one named reason for which somebody is in, or is not.
type Criterion struct {
	written.Place
	ID, Says string
	Meets    *language.Definition // nil when a person judges it
	Judged   string               // who judges it: "referrer", or the id of a role
}

// Candidates says whether people who meet the criteria are sought out.
type Candidates struct {
	Invited []Channel // how they are invited; none: nobody is sought out
	Not     string    // why nobody is
}

// Role returns the role with an id, or nil.
func (m *Model) Role(id string) *Role { return find(m.Team, id) }

// Activity returns the activity with an id, or nil.
func (m *Model) Activity(id string) *Activity { return find(m.Activities, id) }

// Standard returns the response standard with an id, or nil.
func (m *Model) Standard(id string) *Standard { return find(m.Standards, id) }

// Site returns the site with an id, or nil.
func (m *Model) Site(id string) *Site { return find(m.Sites, id) }

// Outcome returns the outcome with an id, or nil.
func (m *Model) Outcome(id string) *Outcome { return find(m.Outcomes, id) }

// Measure returns the measure with an id, or nil.
func (m *Model) Measure(id string) *Measure { return find(m.Measures, id) }

// Referrer returns the referrer with an id, or nil.
func (m *Model) Referrer(id string) *Referrer { return find(m.Referrers, id) }

// Questionnaire returns the questionnaire with an id, or nil.
func (m *Model) Questionnaire(id string) *Questionnaire {
	for _, q := range m.Questions {
		if q.ID == id {
			return q
		}
	}
	return nil
}

// named is what has an id within a model.
type named interface {
	Role | Activity | Standard | Site | Outcome | Measure | Referrer | Parameter | Goal | Hazard
}

func find[T named](all []T, id string) *T {
	for i := range all {
		if idOf(&all[i]) == id {
			return &all[i]
		}
	}
	return nil
}

// idOf returns the id of a named part.
func idOf[T named](x *T) string {
	switch x := any(x).(type) {
	case *Role:
		return x.ID
	case *Activity:
		return x.ID
	case *Standard:
		return x.ID
	case *Site:
		return x.ID
	case *Outcome:
		return x.ID
	case *Measure:
		return x.ID
	case *Referrer:
		return x.ID
	case *Parameter:
		return x.ID
	case *Goal:
		return x.ID
	case *Hazard:
		return x.ID
	}
	return ""
}

// Canonical returns the bytes that the model is known by: all that it runs by,
// in one form. They are the caller's to read, not to change.
func (m *Model) Canonical() []byte { return m.canon }

// Name returns the model's name by which an episode holds to it:
// id|version|hash.
func (m *Model) Name() string { return m.ID + "|" + m.Version + "|" + m.Hash }
