package access

import "testing"

func TestShippedPolicyReads(t *testing.T) {
	for _, r := range Roles() {
		if Shipped().roles[r] == nil {
			t.Errorf("the shipped policy says nothing of %s", r)
		}
	}
}
