package access

import (
	"flag"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestRights holds the shipped policy to a table that people review. Who wants a
// rule to change changes the policy, runs go test -update, and reads the
// difference as what it does.
func TestRights(t *testing.T) {
	got := "# What the shipped policy allows: written by go test -run TestRights -update, reviewed by people.\n" +
		"# Each entry: in which situation, which actions; by which rule; of which types; with which labels.\n" +
		rights(Shipped(), cast(t))
	const file = "testdata/rights.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the policy no longer says what was reviewed (-reviewed +now):\n%s", diff)
	}
}

// TestNothingOfThePolicyIsIdle drops every line and every word of the shipped
// policy in turn: each time the policy must be refused, or the table of rights
// must change. So no condition stands there that no test would miss.
func TestNothingOfThePolicyIsIdle(t *testing.T) {
	entries, err := fs.ReadDir(shippedFiles, "policy")
	if err != nil {
		t.Fatal(err)
	}
	players := cast(t)
	for _, e := range entries {
		text, err := shippedFiles.ReadFile("policy/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		role := strings.TrimSuffix(e.Name(), ".policy")
		var ours []player
		for _, p := range players {
			if p.subject.Role().String() == role {
				ours = append(ours, p)
			}
		}
		if len(ours) == 0 {
			t.Fatalf("nobody of the cast is %s", role)
		}
		before := rights(readOne(t, e.Name(), string(text)), ours)
		for _, m := range mutants(string(text)) {
			p, err := ReadPolicy(fstest.MapFS{e.Name(): {Data: []byte(m.text)}})
			if err == nil && rights(p, ours) == before {
				t.Errorf("%s: without %s nothing changes", e.Name(), m.without)
			}
		}
	}
}

func readOne(t *testing.T, name, text string) *Policy {
	t.Helper()
	p, err := ReadPolicy(fstest.MapFS{name: {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

type mutant struct{ without, text string }

// mutants returns the text without each of its lines and without each word but
// the first of a line.
func mutants(text string) []mutant {
	lines := strings.Split(text, "\n")
	var out []mutant
	for i, line := range lines {
		code, _, _ := strings.Cut(line, "#")
		words := strings.Fields(code)
		if len(words) == 0 {
			continue
		}
		with := func(line string) string {
			changed := append([]string{}, lines...)
			changed[i] = line
			return strings.Join(changed, "\n")
		}
		out = append(out, mutant{"the line " + code, with("")})
		for j := 1; j < len(words); j++ {
			rest := append(append([]string{}, words[:j]...), words[j+1:]...)
			out = append(out, mutant{words[j] + " in " + code, with(strings.Join(rest, " "))})
		}
	}
	return out
}

func TestMistakesInAPolicyAreAllNamed(t *testing.T) {
	text := `set d = Organisation
set any = Patient
labels x = HIV
labels HIV = STD
rule early
role staf
role staff
hide Patient.adress
hide Patient.deceased
hide Patient
hide Observation.status
hide Patient.address when
keep Patient nom
keep Observation code
keep Nothing at
may read
rule one
  may    reed
  of     Nothing
  for    FUN
  for    TREAT
  when   related friend
  when   related agreement
  when   agreement
  when   agreement
  when   sunny
  except
  except colour
  rounded
rule one
  may read
rule two words
  of any
role staff
teach all
`
	_, err := ReadPolicy(fstest.MapFS{"a.policy": {Data: []byte(text)}, "b.policy": {Data: []byte("# empty\n")}})
	if err == nil {
		t.Fatal("ReadPolicy found nothing wrong")
	}
	const file = "testdata/mistakes.txt"
	got := err.Error() + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the mistakes (-want +got):\n%s", diff)
	}
}

func TestAPolicyOfNoFilesIsRefused(t *testing.T) {
	if _, err := ReadPolicy(fstest.MapFS{"README": {}}); err == nil {
		t.Error("ReadPolicy(no policy file) = nil error, want a refusal")
	}
}

func FuzzReadPolicy(f *testing.F) {
	entries, err := fs.ReadDir(shippedFiles, "policy")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		text, err := shippedFiles.ReadFile("policy/" + e.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	subject := system(f, "system/*.cruds")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ReadPolicy(fstest.MapFS{"a.policy": {Data: []byte(text)}})
		if err != nil {
			if !strings.Contains(err.Error(), "a.policy:") {
				t.Errorf("the refusal does not say where: %v", err)
			}
			return
		}
		for _, a := range Actions() { // whatever it says, both forms can be made of it
			f := p.Filter(subject, a, noon)
			f.Predicate(SQLite, "r", 0, 1)
			f.Allows(Row{Person: 1, Type: 1})
		}
	})
}
