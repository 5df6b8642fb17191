package finding

import (
	"joinery/criteria/language"
	"joinery/fhir"
	"joinery/record/access"
)

type (
	characteristic struct {
		Code      concept    `json:"code"`
		Concept   *concept   `json:"valueCodeableConcept,omitempty"`
		Reference *reference `json:"valueReference,omitempty"`
		Exclude   bool       `json:"exclude"`
	}
	member struct {
		Entity   reference `json:"entity"`
		Period   period    `json:"period"`
		Inactive bool      `json:"inactive"`
	}
	group struct {
		ResourceType   string           `json:"resourceType"`
		ID             fhir.ID          `json:"id"`
		Meta           meta             `json:"meta,omitzero"`
		Active         bool             `json:"active"`
		Type           string           `json:"type"`
		Actual         bool             `json:"actual"`
		Code           concept          `json:"code"`
		Name           string           `json:"name,omitempty"`
		Characteristic []characteristic `json:"characteristic,omitempty"`
		Member         []member         `json:"member,omitempty"`
	}
)

// placeGroup returns the Group that stands for a place of a definition and has
// no members itself.
func placeGroup(d *language.Definition, place, called string) *group {
	return &group{
		ResourceType: "Group", ID: GroupID(place), Meta: meta{Tag: marks(d)}, Active: true, Type: "person",
		Code: concept{Coding: []coding{definitionCoding(d), {System: placeSystem, Code: place}}, Text: called}, Name: called,
		Characteristic: []characteristic{{
			Code:    concept{Text: "meets the definition"},
			Concept: &concept{Coding: []coding{{System: versionSystem, Code: d.Hash}}, Text: d.Statement},
		}},
	}
}

// membership returns the Group of one person that goes with an assessment: in a
// place since a day, or in none since another. What decided is in the
// assessment, to which it refers; it is as hidden as that.
func membership(a *assessment, place string) *group {
	g := &group{
		ResourceType: "Group", ID: a.ID, Meta: a.Meta, Active: true, Type: "person", Actual: true, Code: a.Code, Name: a.Code.Text,
		Characteristic: []characteristic{{
			Code:      concept{Coding: []coding{{System: access.FoundSystem, Code: "reasons"}}, Text: "for these reasons"},
			Reference: &reference{Reference: "RiskAssessment/" + string(a.ID)},
		}},
		Member: []member{{Entity: a.Subject, Period: a.Occurrence, Inactive: place == ""}},
	}
	if place != "" {
		g.Characteristic = append(g.Characteristic, characteristic{
			Code:      concept{Coding: []coding{{System: access.FoundSystem, Code: access.FoundIn}}, Text: "found in"},
			Reference: &reference{Reference: "Group/" + string(GroupID(place))},
		})
	}
	return g
}
