package definitions_test

import (
	"io/fs"
	"strings"
	"testing"

	"joinery/criteria/cases"
	"joinery/criteria/language"
	"joinery/definitions"
)

func library(t *testing.T) *language.Library {
	t.Helper()
	lib, problems := language.Load(definitions.Shipped(), nil)
	if len(problems) > 0 {
		t.Fatalf("what is shipped does not pass its own check:\n%v", problems)
	}
	return lib
}

func TestShippedDefinitionsPassTheirCheck(t *testing.T) { library(t) }

// TestEveryDefinitionHasItsCases runs the cases and holds every definition to
// ten of them.
func TestEveryDefinitionHasItsCases(t *testing.T) {
	lib := library(t)
	for id := range lib.Definitions {
		t.Run(id, func(t *testing.T) {
			file := "cases/" + id + ".txt"
			data, err := fs.ReadFile(definitions.Files, file)
			if err != nil {
				t.Fatal(err)
			}
			all, problems := cases.Parse(file, data, lib)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			if len(all) < 10 {
				t.Errorf("%s has %d cases, want at least 10", file, len(all))
			}
			for _, c := range all {
				if c.Definition != id {
					t.Errorf("%s is a case of %s", c.Place, c.Definition)
				}
			}
			wrong, err := cases.Check(lib, all)
			if err != nil {
				t.Fatal(err)
			}
			if len(wrong) > 0 {
				t.Errorf("\n%v", wrong)
			}
		})
	}
}

// TestNothingShipsAsReviewed holds the marks: no clinician has put their name to
// a definition yet, and every one says so.
func TestNothingShipsAsReviewed(t *testing.T) {
	for id, d := range library(t).Definitions {
		if marks := d.Marks(); d.Reviewer == "" && (len(marks) == 0 || !strings.HasPrefix(marks[0], "unreviewed")) {
			t.Errorf("%s has no reviewer and the marks %q", id, marks)
		}
	}
}

// TestEveryCodeSetIsUsed keeps sets nobody uses out of the folder.
func TestEveryCodeSetIsUsed(t *testing.T) {
	lib := library(t)
	used := map[string]bool{}
	for _, d := range lib.Definitions {
		for id := range d.CodeSets() {
			used[id] = true
		}
	}
	for id := range lib.CodeSets {
		if !used[id] {
			t.Errorf("no definition uses the code set %s", id)
		}
	}
}
