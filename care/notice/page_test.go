package notice

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"joinery/care/workflow"
)

var update = flag.Bool("update", false, "write the table of docs/notices.md")

// TestPage holds the table of docs/notices.md to occasions.txt.
func TestPage(t *testing.T) {
	const path, begin, end = "../../docs/notices.md", "|---|---|---|---|---|\n", "<!-- end -->"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	for _, o := range Occasions() {
		title := "invite"
		if m := workflow.Referrals().Move(o.Move); o.Of == "referral" && m != nil {
			title = m.Title
		}
		heading := ""
		if letter := tongues()[fallback].texts["letter "+o.Person]; letter != nil {
			heading = fill(letter.heading, map[string]string{"service": "…", "next": "…"})
		}
		fmt.Fprintf(&rows, "| `%s`: %s | %s | %s | %s | %s |\n", o.Move, title, heading, o.Service, o.Referrer, map[bool]string{true: "yes"}[o.Nudge])
	}
	head, rest, ok := strings.Cut(string(data), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the page has no place for the table")
	}
	want := head + begin + rows.String() + end + tail
	if want == string(data) {
		return
	}
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Error("docs/notices.md is not what occasions.txt says: go test ./care/notice -run TestPage -update")
}
