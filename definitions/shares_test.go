package definitions_test

import (
	"slices"
	"testing"
	"time"

	"joinery/criteria"
	"joinery/criteria/language"
	"joinery/source/synth"
	"joinery/timeline"
)

// shares holds what definitions say of the synthetic people to what is published
// of real ones, in per cent. The limits are wide: the synthetic people are made
// from other figures, some from knowledge, and one place differs from another.
// They are there to find a code that meets nothing, or a rule that takes in
// everybody. A part is a segment, and its share that of all segments; without
// one it is who meets a proportion, of who could, or a group, of everybody.
var shares = []struct {
	definition, part string
	low, high        float64
	published        string
}{
	{"long-term-conditions", "a, stable", 60, 85, "70-80, Department of Health, Supporting people with long term conditions, 2005 (from knowledge)"},
	{"long-term-conditions", "b, complex", 10, 28, "15-20, as above"},
	{"long-term-conditions", "c, multiple complex", 3, 12, "3-5, as above"},
	{"childrens-segments", "healthy child", 60, 85, "72-75, without a condition or disability: RCPCH, acutely unwell child and long term conditions, 2021"},
	{"childrens-segments", "single long-term condition", 10, 28, "with complex needs 25-28, as above"},
	{"childrens-segments", "complex needs", 0.5, 5, "a part of the same"},
	{"childrens-segments", "acutely mildly to moderately unwell", 2, 12, "none found: a child sees the practice about six times a year up to four (RCPCH, as above)"},
	{"childrens-segments", "acutely severely unwell", 0.02, 2, "none found"},
	{"childrens-segments", "vulnerable with social needs", 0.1, 6, "3-4 in need of help by social care (Department for Education; from knowledge), of whom the synthetic people have few"},
	{"immunised-by-one", "", 68, 92, "London 86-88 for each vaccine (COVER; from knowledge); all together lower"},
	{"immunised-by-two", "", 58, 85, "England 88.9 for MMR alone (COVER 2024-25), London lower; all together lower"},
	{"immunised-by-five", "", 52, 76, "London 69.6 for two MMR and 63.8 for the booster (COVER 2024-25)"},
	{"childhood-immunisations", "", 55, 82, "none: between those of one, two and five years"},
	{"perinatal-mental-health", "high, a specialist soon", 0.2, 4, "1-2 in 100 have psychosis or bipolar disorder (from knowledge)"},
	{"perinatal-mental-health", "raised, help now", 15, 35, "15-20 depressed or anxious in the year after birth (NICE QS115)"},
	{"electronic-frailty-index", "fit", 30, 65, "50, Clegg and others 2016"},
	{"electronic-frailty-index", "mild, over 0.12", 22, 48, "35, as above"},
	{"electronic-frailty-index", "moderate, over 0.24", 6, 20, "12, as above"},
	{"electronic-frailty-index", "severe, over 0.36", 1, 8, "3, as above"},
	{"smi-physical-checks", "", 42, 72, "London 61 in 2022-23 (NHS England; from knowledge)"},
	{"hypertension-treated-to-target", "", 38, 78, "60-70 on the register (QOF; from knowledge)"},
	{"chronic-hip-or-knee-pain", "", 1.5, 9, "one in five over 50 has pain in a joint (ESCAPE-pain), about 6 of everybody"},
	{"undiagnosed-hypertension", "", 0.7, 7, "none of records; 8 of adults are found by surveys (Health Survey for England; from knowledge)"},
	{"falls-risk", "", 0.4, 3, "none of records; three in ten fall in a year from 65 (NICE), about 3 of everybody"},
	{"high-intensity-use-five", "", 0.05, 1.2, "0.67, British Red Cross 2021"},
	{"high-intensity-use-ten", "", 0, 0.3, "0.06: 31,492 of England, Dr Foster 2018"},
	{"health-1000", "", 0.05, 0.8, "none found; the pilot looked for 1,000 of 750,000, those most in need"},
}

// TestEveryDefinitionHasAShare keeps the table above whole.
func TestEveryDefinitionHasAShare(t *testing.T) {
	held := map[string]bool{}
	for _, s := range shares {
		held[s.definition] = true
	}
	for id := range library(t).Definitions {
		if !held[id] {
			t.Errorf("no share of %s is held to what is published", id)
		}
	}
}

// TestSharesAreNearWhatIsPublished asks the definitions of synthetic people. A
// share far from what is published means that codes or a rule are wrong.
func TestSharesAreNearWhatIsPublished(t *testing.T) {
	lib := library(t)
	var all []*language.Definition
	for _, s := range shares {
		all = append(all, lib.Definitions[s.definition])
	}
	on, err := timeline.ParseDay("2025-12-31")
	if err != nil {
		t.Fatal(err)
	}
	results, err := criteria.Compile(all...).Run(t.Context(), people(t), on, 2)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*criteria.Result{}
	for _, r := range results.Definitions {
		found[r.Definition.ID] = r
	}
	for _, s := range shares {
		if s.part != "" && !hasPart(lib.Definitions[s.definition], s.part) {
			t.Errorf("%s has no part %q", s.definition, s.part)
		}
		in, of := counted(found[s.definition], s.part, results.Set.Len())
		if of == 0 {
			t.Errorf("%s has nobody in its population", s.definition)
			continue
		}
		if share := 100 * float64(in) / float64(of); share < s.low || share > s.high {
			t.Errorf("%s %s: %d of %d, %.1f%%, want %v to %v; published: %s", s.definition, s.part, in, of, share, s.low, s.high, s.published)
		}
	}
}

func hasPart(d *language.Definition, name string) bool {
	return slices.ContainsFunc(d.Parts, func(p language.Part) bool { return p.Name == name })
}

// counted returns how many are in a part, or meet a definition, of how many.
func counted(r *criteria.Result, part string, everybody int) (in, of uint64) {
	met := r.People(criteria.Met).GetCardinality()
	for i, p := range r.Definition.Parts {
		if p.Name == part {
			return r.Part(i).GetCardinality(), met
		}
	}
	if r.Definition.Kind == language.Proportion {
		return met, met + r.People(criteria.Gap).GetCardinality()
	}
	return met, uint64(everybody)
}

// people are synthetic people.
func people(t *testing.T) *timeline.Set {
	t.Helper()
	until := synth.Day(time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC).Unix() / 86400)
	d, err := synth.Open(synth.Options{Seed: 1, Until: until})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := d.Write(t.Context(), synth.Set{People: 12_000, Format: synth.Timeline, Dir: dir, Workers: 2}); err != nil {
		t.Fatal(err)
	}
	set, _, err := timeline.Load(t.Context(), dir, 2)
	if err != nil {
		t.Fatal(err)
	}
	return set
}
