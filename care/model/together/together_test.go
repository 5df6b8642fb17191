package together_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"joinery/care/model"
	"joinery/care/model/together"
	"joinery/definitions"
	"joinery/packs"
)

var start = time.Date(2026, 2, 2, 9, 0, 0, 0, time.UTC)

// part is somebody's time in a model that is shipped, changed as pairs of texts say.
func part(t testing.TB, id, as string, changes ...string) together.Part {
	t.Helper()
	files, ok := packs.Pack(id)
	if !ok {
		t.Fatalf("%s is not shipped", id)
	}
	for i := range files {
		if files[i].Name == "model.yaml" {
			text := strings.Replace(string(files[i].Data), "model: "+id+"\n", "model: "+as+"\n", 1)
			for k := 0; k+1 < len(changes); k += 2 {
				if !strings.Contains(text, changes[k]) {
					t.Fatalf("the model does not say %q", changes[k])
				}
				text = strings.Replace(text, changes[k], changes[k+1], 1)
			}
			files[i].Data = []byte(text)
		}
	}
	m, problems := model.Read(as, files, definitions.Shipped())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return together.Part{Model: m, From: start, To: start.AddDate(0, 0, 56)}
}

const classes = "title: Class, 25 minutes of talk and 40 of exercise\n"

func found(all []together.Conflict) (kinds []together.Kind) {
	for _, c := range all {
		kinds = append(kinds, c.Kind)
	}
	return kinds
}

// TestWhatDoesNotGoTogether: each of the four is found where two models bring it
// about, with who asks for what and what is to be done; and not where one does by
// itself, or when one of the two is over.
func TestWhatDoesNotGoTogether(t *testing.T) {
	pain := part(t, "escape-pain", "escape-pain")
	if got := together.Find([]together.Part{pain, pain}, start); len(got) != 0 {
		t.Errorf("a model does not go with itself: %v", got)
	}
	rest := part(t, "escape-pain", "rest-weeks", classes, classes+"    conflicts with: [strength-exercise]\n", "    kinds: [strength-exercise, group-session]\n", "    kinds: [rest]\n")
	got := together.Find([]together.Part{rest, pain}, start)
	if !slices.Contains(found(got), together.Contradiction) {
		t.Fatalf("rest and exercise go together: %v", got)
	}
	for _, c := range got {
		if c.Kind == together.Contradiction && (c.Key != "contradiction rest-weeks/class escape-pain/class" || !strings.Contains(c.Says, `does not go with "strength-exercise"`) || c.Do == "") {
			t.Errorf("the contradiction is %+v", c)
		}
	}
	over := rest
	over.To = start.AddDate(0, 0, -1)
	if got := together.Find([]together.Part{over, pain}, start); len(got) != 0 {
		t.Errorf("what is over does not go with what runs: %v", found(got))
	}

	gym := part(t, "escape-pain", "gym", "length: {is: 8 weeks", "limits:\n  - {limit: load, says: one hard session a day, kinds: [strength-exercise], at most: 1, each: day}\n  - {limit: weekly, says: five sessions, kinds: [strength-exercise], at most: 5, each: week}\nlength: {is: 8 weeks")
	var too []string
	for _, c := range together.Find([]together.Part{gym, pain}, start) {
		if c.Kind == together.TooMuch {
			too = append(too, c.Key)
		}
	}
	if !slices.Equal(too, []string{"too much gym/load escape-pain/class gym/class"}) {
		t.Errorf("over their limits are %q", too)
	}
	if got := together.Find([]together.Part{gym}, start); len(got) != 0 {
		t.Errorf("by itself a model goes over its limit: %v", got)
	}
}

// TestTwiceAndAtOneTime are found by when things are done.
func TestTwiceAndAtOneTime(t *testing.T) {
	one := part(t, "escape-pain", "escape-pain", "    title: Scores before, and aims\n", "    title: Scores before, and aims\n    assesses: [pain]\n")
	two := part(t, "escape-pain", "pain-clinic", "    title: Scores before, and aims\n", "    title: Scores before, and aims\n    assesses: [pain]\n")
	kinds := func(a, b []together.Time, later int) []together.Kind {
		p, q := one, two
		p.Times, q.Times = a, b
		q.From = start.AddDate(0, 0, later)
		return slices.DeleteFunc(found(together.Find([]together.Part{p, q}, start.AddDate(0, 0, later))), func(k together.Kind) bool { return k == together.TooMuch })
	}
	at := func(activity string, days, minutes int, done bool) []together.Time {
		return []together.Time{{Activity: activity, At: start.AddDate(0, 0, days).Add(time.Duration(minutes) * time.Minute), Done: done}}
	}
	for _, c := range []struct {
		name  string
		a, b  []together.Time
		later int
		want  []together.Kind
	}{
		{"both to be done", nil, nil, 0, []together.Kind{together.Twice}},
		{"one three weeks later", nil, nil, 21, nil},
		{"one done ten days before", at("before", 1, 0, true), nil, 10, []together.Kind{together.Twice}},
		{"both done", at("before", 1, 0, true), at("before", 2, 0, true), 2, nil},
		{"done twenty days before", at("before", 1, 0, true), nil, 21, nil},
		{"visits at one time", at("class", 3, 0, false), at("class", 3, 60, false), 21, []together.Kind{together.SameTime}},
		{"one after the other", at("class", 3, 0, false), at("class", 3, 65, false), 21, nil},
	} {
		if c.name == "visits at one time" { // looked at before they are past
			p, q := one, two
			p.Times, q.Times, q.From = c.a, c.b, start
			got := together.Find([]together.Part{p, q}, start)
			if !slices.Contains(found(got), together.SameTime) {
				t.Errorf("%s: %v", c.name, found(got))
			}
			continue
		}
		if got := kinds(c.a, c.b, c.later); !slices.Equal(got, c.want) {
			t.Errorf("%s: found %v, want %v", c.name, got, c.want)
		}
	}
}

// TestFoundInAnyOrder: the order of the parts tells nothing, and a key comes once.
func TestFoundInAnyOrder(t *testing.T) {
	all := []together.Part{
		part(t, "escape-pain", "escape-pain"),
		part(t, "escape-pain", "rest-weeks", classes, classes+"    conflicts with: [strength-exercise]\n"),
		part(t, "escape-pain", "gym", "length: {is: 8 weeks", "limits: [{limit: load, says: one a day, kinds: [strength-exercise], at most: 1, each: day}]\nlength: {is: 8 weeks"),
		part(t, "living-well-network", "living-well-network"),
		part(t, "falls-response-car", "falls-response-car"),
	}
	want := together.Find(all, start)
	if len(want) < 3 {
		t.Fatalf("only %d were found", len(want))
	}
	keys := map[string]bool{}
	for _, c := range want {
		if keys[c.Key] || len(c.Of) < 2 || c.Says == "" || c.Do == "" {
			t.Errorf("found %+v", c)
		}
		keys[c.Key] = true
	}
	rapid.Check(t, func(t *rapid.T) {
		shuffled := slices.Clone(all)
		rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if got := together.Find(shuffled, start); !reflect.DeepEqual(got, want) {
			t.Fatalf("in another order: %v", got)
		}
	})
}
