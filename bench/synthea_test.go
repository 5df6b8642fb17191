package main

import (
	"encoding/json"
	"os"
	"testing"
)

func TestAReplayIsTheSameBundleWithOtherValues(t *testing.T) {
	const path = "../../shared/data/synthea/r4-transaction-bundles-120.zip"
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("the Synthea bundles are not beside the project")
	}
	all, err := synthea(path)
	if err != nil {
		t.Fatal(err)
	}
	entries, uuids, dates, families := 0, 0, 0, 0
	for _, b := range all {
		entries += len(b.entries)
		one, two := b.replay(1, 0), b.replay(1, 1)
		if !json.Valid(one.body) || !json.Valid(two.body) {
			t.Fatalf("%s: a replay is not JSON", b.name)
		}
		if string(one.body) == string(two.body) {
			t.Errorf("%s: two replays are equal", b.name)
		}
		if again := b.replay(1, 0); string(again.body) != string(one.body) {
			t.Errorf("%s: the same replay differs", b.name)
		}
		got, err := readEntries(two.body)
		if err != nil {
			t.Fatalf("%s: %v", b.name, err)
		}
		for i := range got {
			if got[i].typ != b.entries[i].typ || got[i].code != b.entries[i].code || got[i].encounter != b.entries[i].encounter {
				t.Errorf("%s entry %d: got %+v, want the like of %+v", b.name, i, got[i], b.entries[i])
			}
		}
		for _, p := range b.pieces {
			switch p.kind {
			case kindUUID:
				uuids++
			case kindDate:
				dates++
			case kindFamily:
				families++
			}
		}
	}
	if len(all) != 120 || entries != 35342 || families < 120 {
		t.Errorf("%d bundles, %d entries, %d names; want 120, 35342, at least 120", len(all), entries, families)
	}
	t.Logf("%d uuids, %d dates, %d names are changed in a replay", uuids, dates, families)
}
