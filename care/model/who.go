package model

import (
	"fmt"
	"slices"
	"strings"

	"joinery/written"
)

// Who returns all that is looked up of whom the model is for as one definition
// of the criteria language, and the files that it rests on: who lives in the
// areas (none: anywhere), meets every criterion and no exclusion. So that what
// is told of it can be held to what was told of other definitions.
func (m *Model) Who(areas []string) (id string, files []written.File) {
	id = "eligible-for-" + m.ID
	if len(id) > 64 {
		id = strings.TrimRight(id[:64], "-")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "definition: %s\nversion: %s\ntitle: %s\nstatement: Eligible for the model of care.\nowner: %s\nsources: [the model of care]\nreview: %s\nwho:\n  all:\n    - age: 0 or over\n",
		id, m.Version, quoted(m.Title), quoted(m.Owner), m.Review)
	if len(areas) > 0 {
		fmt.Fprintf(&b, "    - area: [%s]\n", strings.Join(areas, ", "))
	}
	for _, c := range m.Eligible {
		if c.Meets != nil {
			fmt.Fprintf(&b, "    - meets: %s\n", c.Meets.ID)
		}
	}
	for _, c := range m.Exclusions {
		if c.Meets != nil {
			fmt.Fprintf(&b, "    - not: {meets: %s}\n", c.Meets.ID)
		}
	}
	for _, f := range m.files {
		if strings.HasPrefix(f.Name, "criteria/") || strings.HasPrefix(f.Name, "codes/") {
			files = append(files, written.File{Name: f.Name, Data: []byte(f.Text)})
		}
	}
	return id, append(files, written.File{Name: "criteria/" + id + ".yaml", Data: []byte(b.String())})
}

// Shared returns whom two models are for as one definition, and the files that it
// rests on: both of them, or either. ok is false when the two rest on different
// versions of one file, so that nothing can be told of both.
func (m *Model) Shared(areas []string, other *Model, otherAreas []string, either bool) (id string, files []written.File, ok bool) {
	one, files := m.Who(areas)
	two, more := other.Who(otherAreas)
	for _, f := range more {
		i := slices.IndexFunc(files, func(have written.File) bool { return have.Name == f.Name })
		switch {
		case i < 0:
			files = append(files, f)
		case string(files[i].Data) != string(f.Data):
			return "", nil, false
		}
	}
	how, rule := "both", "all"
	if either {
		how, rule = "either", "any"
	}
	id = strings.Trim(fmt.Sprintf("%.64s", how+"-"+m.ID+"-and-"+other.ID), "-")
	text := fmt.Sprintf("definition: %s\nversion: %s\ntitle: %s\nstatement: Eligible for two models of care.\nowner: %s\nsources: [the models of care]\nreview: %s\nwho:\n  %s:\n    - meets: %s\n    - meets: %s\n",
		id, m.Version, quoted(m.Title+" and "+other.Title), quoted(m.Owner), m.Review, rule, one, two)
	return id, append(files, written.File{Name: "criteria/" + id + ".yaml", Data: []byte(text)}), true
}
