package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"joinery/fault"
)

func TestUnclassifiedErrorsShowNothing(t *testing.T) {
	err := fmt.Errorf("read page 7: %w", errors.New("disk I/O error"))
	if got := fault.KindOf(err); got != fault.Internal {
		t.Errorf("KindOf(unclassified) = %v, want %v", got, fault.Internal)
	}
	if got := fault.MessageOf(err); got != "" {
		t.Errorf("MessageOf(unclassified) = %q, want nothing", got)
	}
}

func TestMessageHidesTheCause(t *testing.T) {
	cause := errors.New("constraint ids_pk")
	err := fmt.Errorf("create: %w", fault.Wrap(fault.Conflict, "This was changed by someone else; load it again.", cause))
	if got := fault.KindOf(err); got != fault.Conflict {
		t.Errorf("KindOf = %v, want %v", got, fault.Conflict)
	}
	if got, want := fault.MessageOf(err), "This was changed by someone else; load it again."; got != want {
		t.Errorf("MessageOf = %q, want %q", got, want)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost to the operator")
	}
}

func TestEveryKindHasAName(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range fault.Kinds() {
		if k.String() == "unknown" || seen[k.String()] {
			t.Errorf("kind %d has no name of its own: %q", k, k)
		}
		seen[k.String()] = true
	}
	if next := fault.Kind(len(fault.Kinds())); next.String() != "unknown" {
		t.Errorf("Kinds leaves out %v", next)
	}
}
