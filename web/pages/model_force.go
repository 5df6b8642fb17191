package pages

import (
	"slices"
	"strings"

	"joinery/care/applied"
	"joinery/care/model"
	"joinery/care/model/plan"
	"joinery/timeline"
)

// Which version of a model holds where.

// areaLine is an area and the version in force there.
type areaLine struct {
	Name          string
	Version, Hash string // empty: none is in force
	From          timeline.Day
	Coming        []comingLine
}

// comingLine is a version that is to hold from a day.
type comingLine struct {
	Version string
	From    timeline.Day
}

// versionLine is a version of a model that the record keeps.
type versionLine struct {
	Version, Hash string
	Shown         bool
}

// versionOf returns the version in a name id|version|hash.
func versionOf(name string) string {
	_, rest, _ := strings.Cut(name, "|")
	version, _, _ := strings.Cut(rest, "|")
	return version
}

// short returns the beginning of the hash in a name, by which addresses name a
// version; empty of an empty name.
func short(name string) string {
	i := strings.LastIndexByte(name, '|')
	if hash := name[i+1:]; i >= 0 && len(hash) >= 12 {
		return hash[:12]
	}
	return ""
}

// areasOf are the areas of which something is to be said: those that a model is for
// and those that were decided on; none when the model is for wherever it is used.
func areasOf(m *model.Model, s *applied.Standing) []string {
	all := slices.Clone(m.Area.Codes)
	if s != nil {
		all = append(all, s.Areas()...)
	}
	slices.SortFunc(all, func(a, b string) int { return strings.Compare(areaName(a), areaName(b)) })
	return slices.Compact(all)
}

func areaName(code string) string { return plan.Named("borough", code) }

func areaNames(codes []string) string {
	names := make([]string, len(codes))
	for i, code := range codes {
		names[i] = areaName(code)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// areaLines says which version holds in each area on a day, and which is to come.
func areaLines(m *model.Model, s *applied.Standing, today timeline.Day) []areaLine {
	codes := areasOf(m, s)
	if len(codes) == 0 {
		codes = []string{""}
	}
	var out []areaLine
	for _, code := range codes {
		name := s.In(code, today)
		line := areaLine{Name: areaName(code), Version: versionOf(name), Hash: short(name)}
		if code == "" {
			line.Name = m.Area.Name
		}
		for _, d := range s.Decisions {
			if code != "" && len(d.Areas) > 0 && !slices.Contains(d.Areas, code) {
				continue
			}
			switch {
			case d.From > today:
				line.Coming = append(line.Coming, comingLine{versionOf(d.Name), d.From})
			case d.Name == name:
				line.From = d.From
			}
		}
		out = append(out, line)
	}
	return out
}

// versionLines are the versions that were decided on, the newest decision first;
// none when there is one alone.
func versionLines(m *model.Model, s *applied.Standing) []versionLine {
	var out []versionLine
	for _, d := range slices.Backward(s.Decisions) {
		hash := short(d.Name)
		if !slices.ContainsFunc(out, func(v versionLine) bool { return v.Hash == hash }) {
			out = append(out, versionLine{versionOf(d.Name), hash, d.Name == m.Name()})
		}
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// everywhere reports whether a version is in force wherever it can be.
func everywhere(s *applied.Standing, m *model.Model, day timeline.Day) bool {
	areas := m.Area.Codes
	if len(areas) == 0 {
		areas = []string{""}
	}
	return !slices.ContainsFunc(areas, func(area string) bool { return s.In(area, day) != m.Name() })
}

// backTo are the names of the versions that can be gone back to, the newest decision
// first: each that was decided on and does not hold wherever it was.
func backTo(s *applied.Standing, today timeline.Day) []string {
	var out []string
	for _, d := range slices.Backward(s.Decisions) {
		areas := d.Areas
		if len(areas) == 0 {
			areas = []string{""}
		}
		holds := !slices.ContainsFunc(areas, func(area string) bool { return s.In(area, max(today, d.From)) != d.Name })
		if !holds && !slices.Contains(out, d.Name) {
			out = append(out, d.Name)
		}
	}
	return out
}

// areaChoice is the choice of areas; those of chosen are ticked.
func (c *call) areaChoice(codes, chosen []string, label, hint string) Choice {
	out := Choice{Field: Field{ID: "area", Name: "area", Label: label, Hint: hint, Size: "s"}}
	for _, code := range codes {
		out.Options = append(out.Options, Option{Value: code, Text: areaName(code), Chosen: slices.Contains(chosen, code)})
	}
	return out
}

// difference is what differs from a version that holds in some areas.
type difference struct {
	Was, Is string // versions
	Areas   string // where that is; empty: wherever the model is
	Changes []model.Change
}

// differences says what would change where another version is to hold: once for each
// that holds there now.
func (c *call) differences(is *model.Model, s *applied.Standing, areas []string, day timeline.Day) ([]difference, error) {
	if s == nil {
		return nil, nil
	}
	if len(areas) == 0 {
		areas = []string{""}
	}
	where := map[string][]string{}
	var names []string
	for _, area := range areas {
		name := s.In(area, day)
		if name == "" || name == is.Name() {
			continue
		}
		if where[name] == nil {
			names = append(names, name)
		}
		if where[name] = append(where[name], area); area == "" {
			where[name] = []string{}
		}
	}
	var out []difference
	for _, name := range names {
		was, err := applied.Named(c.ctx, c.view, name)
		if err != nil {
			return nil, err //nolint:wrapcheck // it says what it was doing
		}
		out = append(out, difference{was.Version, is.Version, areaNames(where[name]), model.Diff(was, is)})
	}
	return out, nil
}
