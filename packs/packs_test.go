package packs_test

import (
	"testing"

	"joinery/care/model"
	"joinery/definitions"
	"joinery/packs"
)

func TestEveryPackIsWellFormed(t *testing.T) {
	for _, id := range packs.IDs() {
		t.Run(id, func(t *testing.T) {
			files, ok := packs.Pack(id)
			if !ok {
				t.Fatalf("there is no pack %s", id)
			}
			m, problems := model.Read("packs/"+id, files, definitions.Shipped())
			if len(problems) > 0 {
				t.Fatalf("%s", problems)
			}
			if m.ID != id {
				t.Errorf("the pack in %s calls itself %s", id, m.ID)
			}
			if len(m.Hash) != 64 {
				t.Errorf("the pack has the hash %q", m.Hash)
			}
			again, err := model.ReadCanonical(m.Canonical())
			if err != nil {
				t.Fatalf("canonical bytes do not read back: %v", err)
			}
			if again.Name() != m.Name() {
				t.Errorf("read back it is %s, want %s", again.Name(), m.Name())
			}
			if m.Reviewer == "" && m.Marks()[0] != "unreviewed: no clinician has put their name to this model" {
				t.Errorf("nobody has reviewed it, and its first mark is %q", m.Marks()[0])
			}
		})
	}
}

func TestNoOtherNameIsAPack(t *testing.T) {
	for _, id := range []string{"", ".", "..", "falls-response-car/criteria", "packs.go", "nothing"} {
		if _, ok := packs.Pack(id); ok {
			t.Errorf("Pack(%q) is a pack", id)
		}
	}
}
