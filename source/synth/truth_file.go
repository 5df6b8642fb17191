package synth

import (
	"encoding/json"
	"strconv"
	"time"
)

// truthFile is what truth.json holds.
type truthFile struct {
	Format  string       `json:"format"`
	Note    string       `json:"note"`
	Seed    uint64       `json:"seed"`
	People  int64        `json:"people"`
	Until   string       `json:"until"`
	Effects []truthEntry `json:"effects"`
	Records []truthEntry `json:"records"`
}

// truthEntry is one planted truth.
type truthEntry struct {
	Name       string   `json:"name"` // as --without takes it
	On         bool     `json:"on"`
	What       string   `json:"what"`
	Model      string   `json:"model,omitempty"` // code of the EpisodeOfCare and the CarePlan of those enrolled
	System     string   `json:"system,omitempty"`
	Networks   []string `json:"networks,omitempty"` // Organization ids
	Practice   string   `json:"practice,omitempty"`
	From       string   `json:"from,omitempty"`
	Outcome    string   `json:"outcome,omitempty"`
	Population string   `json:"population,omitempty"`
	Multiplier *float64 `json:"multiplier,omitempty"` // of the outcome's rate
	Share      *float64 `json:"share,omitempty"`
	Enrolment  string   `json:"enrolment,omitempty"`
	Pairs      string   `json:"pairs,omitempty"` // the file that lists them
}

// PairsFile is the name of the file beside the data that lists which records
// are of one person, and which hold events of two.
const PairsFile = "truth-pairs.ndjson"

// Truth returns truth.json of so many people of the district: what is planted,
// how large it is and where. It lies beside the data and never in it.
func (d *District) Truth(people int64) []byte {
	f := truthFile{
		Format: "joinery-truth-1", Seed: d.Seed, People: people, Until: isoDay(d.Until),
		Note:    "What was planted in this synthetic district. Effects are multipliers of rates, so that a small set shows them with chance.",
		Effects: []truthEntry{d.modelTruth(effective), d.modelTruth(ineffective), d.modelTruth(regression), d.outlierTruth(), d.mondayTruth()},
		Records: []truthEntry{
			{
				Name: Truths[duplicates], On: d.truths.on[duplicates], Share: share(duplicateShare), Pairs: PairsFile,
				What: "This share of people has a second Patient, made at another organisation with slips, which holds what happened there for some months.",
			},
			{
				Name: Truths[overlays], On: d.truths.on[overlays], Share: share(overlayShare), Pairs: PairsFile,
				What: "About this share of records holds encounters of another person who is like them; they are missing in that person's own record.",
			},
		},
	}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		panic("synth: " + err.Error()) // strings and numbers alone
	}
	return append(text, '\n')
}

const attending = "attendances sought at emergency departments and urgent treatment centres"

// modelTruth tells of a model of care.
func (d *District) modelTruth(which planted) truthEntry {
	m := &d.truths.models[which]
	e := truthEntry{
		Name: Truths[which], On: d.truths.on[which], Model: m.What.Code, System: m.What.System, From: isoDay(m.From),
		Outcome: attending, Multiplier: share(1), Population: "everybody registered with a practice of the networks, enrolled or not",
		Enrolment: "People of 65 and over, and adults with two long-term conditions, each with the chance of 0.45, on a day of the first year.",
	}
	for _, n := range m.Networks {
		e.Networks = append(e.Networks, n.ID)
	}
	switch which {
	case effective:
		e.Multiplier, e.What = share(effectiveFactor), "A model of care that cuts attendances by 12% from its month on."
	case ineffective:
		e.What = "A model of care that changes nothing."
	default:
		e.What = "A model of care that changes nothing. Those enrolled attend less afterwards only because they were chosen after a year in which they attended much."
		e.Enrolment = "People with three or more attendances at emergency departments in the year before, each with the chance of 0.9, in the first two months."
	}
	return e
}

func (d *District) outlierTruth() truthEntry {
	return truthEntry{
		Name: Truths[outlier], On: d.truths.on[outlier], Practice: d.truths.outlier.ID, Outcome: attending, Multiplier: share(outlierFactor),
		Population: "everybody registered with the practice", What: "A practice whose people attend more than who they are explains.",
	}
}

func (d *District) mondayTruth() truthEntry {
	return truthEntry{
		Name: Truths[mondays], On: d.truths.on[mondays], Practice: d.truths.mondays.ID, Outcome: "contacts on the Monday on which they are sought", Multiplier: share(mondayShare),
		Population: "everybody registered with the practice",
		What:       "A practice that can give half of the contacts sought on a Monday. Of the others 65 in 100 wait for Tuesday to Thursday, 15 ring 111, 10 go to an urgent treatment centre and 10 give up.",
	}
}

func share(x float64) *float64 { return &x }

func isoDay(d Day) string { return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly) }

// AppendPairs appends what PairsFile says of a person: a line if they have a
// second record, and one if their record holds events of another.
func AppendPairs(b []byte, p *Person) []byte {
	if p.Duplicate != nil {
		b = append(b, `{"kind":"duplicate","patient":"`...)
		b = append(b, p.ID()...)
		b = append(b, `","second":"`...)
		b = append(b, p.Duplicate.ID()...)
		b = append(b, `","differs":[`...)
		for i, slip := range p.Duplicate.slips {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendQuote(b, slip)
		}
		b = append(b, "]}\n"...)
	}
	if p.overlay != nil {
		b = append(b, `{"kind":"overlay","patient":"`...)
		b = append(b, p.ID()...)
		b = append(b, `","of":"`...)
		b = append(b, p.overlay.of.ID()...)
		b = append(b, `","resources":[`...)
		for i, at := range p.overlay.places {
			if i > 0 {
				b = append(b, ',')
			}
			form := &forms[p.Events[at].Kind]
			b = append(b, '"')
			b = append(b, form.typ...)
			b = append(b, '/')
			b = append(b, p.ID()...)
			b = append(b, '-')
			b = append(b, form.word...)
			b = append(b, '-')
			b = strconv.AppendInt(b, int64(at)+1, 10)
			b = append(b, '"')
		}
		b = append(b, "]}\n"...)
	}
	return b
}
