package cluster

import (
	"errors"
	"os"
	"testing"
)

func TestAClusterStartsAnswersAndIsRemoved(t *testing.T) {
	c, err := New(t.Context())
	if errors.Is(err, ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	db, err := c.Create(t.Context(), "one")
	if err != nil {
		t.Error(err)
	}
	if got, err := c.Query(t.Context(), db, "SHOW fsync"); err != nil || got != "on" {
		t.Errorf("fsync is %q, %v; want on", got, err)
	}
	if n := len(c.Processes()); n < 2 {
		t.Errorf("%d processes, want the server and its children", n)
	}
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(c.dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}
