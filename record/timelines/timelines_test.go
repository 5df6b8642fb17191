package timelines_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/leaks"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/store/storetest"
	"joinery/record/timelines"
	"joinery/timeline"
)

func TestMain(m *testing.M) {
	code := m.Run()
	storetest.StopPostgres()
	os.Exit(code)
}

// world is a record and a clock that each write moves on.
type world struct {
	testing.TB
	rec *record.Record
	now time.Time
	dir string
}

// onBoth runs a test on both databases.
func onBoth(t *testing.T, do func(*world)) {
	t.Run("sqlite", func(t *testing.T) { do(open(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))) })
	t.Run("postgres", func(t *testing.T) { do(open(t, storetest.Postgres(t))) })
}

func open(t testing.TB, url string) *world {
	t.Helper()
	w := &world{TB: t, now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC), dir: t.TempDir()}
	rec, err := record.Open(t.Context(), url, record.Options{Log: leaks.Log(), Clock: func() time.Time { return w.now }, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	w.rec = rec
	t.Cleanup(func() {
		if err := rec.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) view(scopes string) *record.View {
	w.Helper()
	parsed, err := access.ParseScopes(scopes)
	if err != nil {
		w.Fatal(err)
	}
	s, err := access.NewSystem(access.Who{Client: "timelines", Scopes: parsed})
	if err != nil {
		w.Fatal(err)
	}
	return w.rec.As(s)
}

const everything = "system/*.cruds label/*"

// put stores a resource.
func (w *world) put(typ, id, members string) {
	w.Helper()
	doc, err := fhir.Parse([]byte(fmt.Sprintf(`{"resourceType":%q,"id":%q%s}`, typ, id, members)))
	if err != nil {
		w.Fatalf("%s: %v", members, err)
	}
	w.do(record.Op{Kind: record.Update, Type: typ, ID: fhir.ID(id), Body: doc})
}

func (w *world) do(op record.Op) {
	w.Helper()
	if _, err := w.view(everything).Transact(w.Context(), []record.Op{op}); err != nil {
		w.Fatalf("%s/%s: %v", op.Type, op.ID, err)
	}
}

func (w *world) remove(typ, id string) {
	w.Helper()
	w.do(record.Op{Kind: record.Delete, Type: typ, ID: fhir.ID(id)})
}

func (w *world) keeper(name string) *timelines.Keeper {
	w.Helper()
	k, err := timelines.Open(w.Context(), w.view(everything), timelines.Options{Log: leaks.Log(), Path: filepath.Join(w.dir, name), Name: name})
	if err != nil {
		w.Fatal(err)
	}
	return k
}

// step deals with all that changed.
func (w *world) step(k *timelines.Keeper) {
	w.Helper()
	for at := record.Position(-1); at != k.At(); {
		at = k.At()
		if _, err := k.Step(w.Context()); err != nil {
			w.Fatal(err)
		}
	}
}

// says writes down who there is and what is known of them.
func (w *world) says(k *timelines.Keeper) string {
	w.Helper()
	set, err := k.Set()
	if err != nil {
		w.Fatal(err)
	}
	var out []string
	for i := range set.Len() {
		p := set.Person(i)
		line := string(p.ID())
		if n := p.Value(timeline.Network); n != "" {
			line += "@" + n
		}
		events := p.Events()
		for _, e := range events.All() {
			line += " " + e.Source + ":" + e.Status
		}
		out = append(out, line)
	}
	return strings.Join(out, "; ")
}

func (w *world) expect(k *timelines.Keeper, when, want string) {
	w.Helper()
	w.step(k)
	if got := w.says(k); got != want {
		w.Errorf("%s:\ngot  %s\nwant %s", when, got, want)
	}
}

func observation(patient, status string) string {
	return fmt.Sprintf(`,"status":%q,"code":{"text":"x"},"effectiveDateTime":"2025-01-02","subject":{"reference":"Patient/%s"}`, status, patient)
}

func nhs(n string) string {
	return `,"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"` + n + `","extension":[{"url":"https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus","valueCodeableConcept":{"coding":[{"code":"01"}]}}]}]`
}

const registered = `,"generalPractitioner":[{"reference":"Organization/gp"}]`

// TestStory: what happens to a record, and what timelines make of it.
func TestStory(t *testing.T) {
	onBoth(t, func(w *world) {
		w.put("Patient", "a", registered)
		w.put("Observation", "1", observation("a", "final"))
		k := w.keeper("story")
		w.expect(k, "at the beginning", "a Observation/1:final")

		w.put("Observation", "1", observation("a", "amended"))
		w.put("Observation", "2", observation("a", "final"))
		w.expect(k, "corrected, and another", "a Observation/1:amended Observation/2:final")
		w.put("Observation", "2", observation("a", "entered-in-error"))
		w.expect(k, "entered in error", "a Observation/1:amended")
		w.put("Observation", "2", observation("a", "final"))
		w.remove("Observation", "1")
		w.expect(k, "deleted", "a Observation/2:final")

		w.put("Observation", "3", observation("b", "final"))
		w.expect(k, "of someone who is not there yet", "a Observation/2:final")
		w.put("Patient", "b", "")
		w.expect(k, "who then comes", "a Observation/2:final; b Observation/3:final")
		w.put("Observation", "2", observation("b", "final"))
		w.expect(k, "it was another's", "a; b Observation/2:final Observation/3:final")
		w.put("Observation", "2", observation("a", "final"))

		w.put("Organization", "gp", `,"active":true,"name":"x","partOf":{"reference":"Organization/n1"}`)
		w.expect(k, "the practice joins a network", "a@n1 Observation/2:final; b Observation/3:final")

		w.put("Patient", "a", registered+nhs("9434765919"))
		w.put("Patient", "b", nhs("9434765919"))
		w.expect(k, "they are one", "a@n1 Observation/2:final Observation/3:final")
		w.put("Observation", "4", observation("b", "final"))
		w.expect(k, "more of the other", "a@n1 Observation/2:final Observation/3:final Observation/4:final")
		if err := k.Save(w.Context()); err != nil {
			w.Fatal(err)
		}
		w.put("Patient", "b", "")
		if err := k.Close(w.Context()); err != nil { // parted while nobody follows
			w.Fatal(err)
		}
		k = w.keeper("story")
		w.expect(k, "they are not", "a@n1 Observation/2:final; b Observation/3:final Observation/4:final")

		w.put("Patient", "b", `,"link":[{"type":"replaced-by","other":{"reference":"Patient/a"}}]`)
		w.expect(k, "the other was replaced", "a@n1 Observation/2:final")
		w.remove("Observation", "2")
		w.remove("Patient", "a")
		w.expect(k, "nobody is left", "")
	})
}

// TestRebuilt: after any history, the timelines that were kept up are byte for
// byte those that are built anew, also when the keeper stopped in between.
func TestRebuilt(t *testing.T) {
	onBoth(t, func(w *world) {
		r := mathrand.New(mathrand.NewPCG(1, 2))
		numbers := []string{"", nhs("9434765919"), nhs("9000000009")}
		pick := func(of ...string) string { return of[r.IntN(len(of))] }
		there := map[[2]string]bool{}
		k := w.keeper("kept")
		for round := range 6 {
			for range 12 {
				patient := pick("a", "b", "c", "d", "e")
				typ, id := pick("Patient", "Observation", "Observation", "Observation", "Organization"), pick("1", "2", "3", "4", "5", "6")
				switch typ {
				case "Patient":
					id = patient
				case "Organization":
					id = pick("gp", "gp2")
				}
				switch {
				case r.IntN(6) == 0 && there[[2]string{typ, id}] && typ != "Organization":
					w.remove(typ, id)
					there[[2]string{typ, id}] = false
					continue
				case typ == "Patient":
					w.put(typ, id, numbers[r.IntN(3)]+pick("", registered, `,"link":[{"type":"replaced-by","other":{"reference":"Patient/z"}}]`))
				case typ == "Organization":
					w.put(typ, id, `,"name":"x"`+pick("", `,"partOf":{"reference":"Organization/n1"}`, `,"partOf":{"reference":"Organization/n2"}`))
				default:
					w.put(typ, id, observation(patient, pick("final", "amended", "entered-in-error")))
				}
				there[[2]string{typ, id}] = true
			}
			switch round % 3 {
			case 0:
				w.step(k)
			case 1:
				if err := k.Close(w.Context()); err != nil {
					w.Fatal(err)
				}
				k = w.keeper("kept")
			}
			w.step(k)
			w.anew(k, round)
		}
	})
}

// anew compares a keeper with one that begins from nothing.
func (w *world) anew(k *timelines.Keeper, round int) {
	w.Helper()
	fresh := w.keeper(fmt.Sprint("fresh", round))
	if got, want := w.says(k), w.says(fresh); got != want {
		w.Fatalf("round %d:\nkept  %s\nfresh %s", round, got, want)
	}
	for _, one := range []*timelines.Keeper{k, fresh} {
		if err := one.Save(w.Context()); err != nil {
			w.Fatal(err)
		}
	}
	kept, err := os.ReadFile(filepath.Join(w.dir, "kept"))
	if err != nil {
		w.Fatal(err)
	}
	built, err := os.ReadFile(filepath.Join(w.dir, fmt.Sprint("fresh", round)))
	if err != nil {
		w.Fatal(err)
	}
	if !bytes.Equal(kept, built) {
		w.Fatalf("round %d: what was kept and what is built anew differ in their bytes", round)
	}
}

// TestAnotherFile: a file of another record, or of another time of this one, is
// made anew and not believed.
func TestAnotherFile(t *testing.T) {
	one, two := open(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db")), open(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	two.dir = one.dir
	one.put("Patient", "a", "")
	two.put("Patient", "b", "")
	k := one.keeper("kept")
	one.put("Observation", "1", observation("a", "final"))
	early, err := os.ReadFile(filepath.Join(one.dir, "kept"))
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	two.expect(two.keeper("kept"), "a file of another record", "b")
	if err := os.WriteFile(filepath.Join(one.dir, "kept"), early, 0o600); err != nil {
		t.Fatal(err)
	}
	one.put("Observation", "2", observation("a", "final"))
	one.expect(one.keeper("kept"), "a file from before", "a Observation/1:final Observation/2:final")
}

// TestOneKeeper: of one name there is one keeper, until it lets go or falls
// silent; only a system may be one.
func TestOneKeeper(t *testing.T) {
	onBoth(t, func(w *world) {
		first := w.keeper("one")
		o := timelines.Options{Log: leaks.Log(), Path: filepath.Join(w.dir, "other"), Name: "one"}
		if _, err := timelines.Open(w.Context(), w.view(everything), o); !timelines.IsTaken(err) {
			w.Errorf("a second keeper: %v", err)
		}
		if err := first.Close(w.Context()); err != nil {
			w.Error(err)
		}
		second := w.keeper("one")
		w.now = w.now.Add(2 * time.Minute)
		third := w.keeper("one") // the second fell silent
		w.put("Patient", "a", "")
		w.step(third)
		w.now = w.now.Add(time.Second)
		if err := second.Save(w.Context()); fault.KindOf(err) != fault.Conflict {
			w.Errorf("who lost the lease saves: %v", err)
		}
		patient, err := access.NewPatient(access.Who{Client: "app"}, "a")
		if err != nil {
			w.Fatal(err)
		}
		if _, err := timelines.Open(w.Context(), w.rec.As(patient), o); fault.KindOf(err) != fault.Denied {
			w.Errorf("a patient keeps timelines: %v", err)
		}
	})
}

// TestRights: a keeper has in its timelines what its subject may see.
func TestRights(t *testing.T) {
	onBoth(t, func(w *world) {
		w.put("Patient", "a", "")
		w.put("Observation", "1", observation("a", "final"))
		w.put("Observation", "2", `,"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]}`+observation("a", "final"))
		for scopes, want := range map[string]string{
			"system/*.rs": "a Observation/1:final Observation/2:final", "system/Patient.rs system/Observation.rs": "a Observation/1:final", "system/Patient.rs": "a", "system/Observation.rs": "",
		} {
			name := strings.NewReplacer("/", "-", " ", "-", "*", "all").Replace(scopes)
			k, err := timelines.Open(w.Context(), w.view(scopes), timelines.Options{Log: leaks.Log(), Path: filepath.Join(w.dir, name), Name: name})
			if err != nil {
				w.Fatal(err)
			}
			w.expect(k, scopes, want)
			w.put("Observation", "1", observation("a", "final"))
			w.put("Observation", "2", `,"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]}`+observation("a", "final"))
			w.expect(k, scopes+", followed", want)
		}
	})
}

// TestRun: changes are told of as they come, and the file is there for the next
// start.
func TestRun(t *testing.T) {
	w := open(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	k := w.keeper("run")
	w.put("Patient", "a", "")
	w.put("Observation", "1", observation("a", "final"))
	ctx, cancel := context.WithCancel(t.Context())
	ticks := make(chan time.Time, 1)
	ticks <- w.now
	var told []int64
	err := k.Run(ctx, ticks, func(_ context.Context, changed []int64) error {
		told = append(told, changed...)
		cancel()
		return nil
	})
	if err != nil || len(told) != 1 {
		t.Fatalf("told of %v, %v", told, err)
	}
	if _, ok := k.Person(told[0]); !ok {
		t.Error("who was told of is not there")
	}
	if err := k.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.expect(w.keeper("run"), "started again", "a Observation/1:final")
}

// TestRunSaves: the file is written while the log is followed on, and neither
// what came before that nor what came meanwhile is lost.
func TestRunSaves(t *testing.T) {
	w := open(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	w.put("Patient", "a", "")
	k := w.keeper("kept")
	file := filepath.Join(w.dir, "kept")
	first, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2_100 { // more transactions than it takes
		w.put("Observation", fmt.Sprint(i%50), observation("a", "final"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ticks := make(chan time.Time, 1)
	ticks <- w.now
	limit := time.Now().Add(time.Minute)
	err = k.Run(ctx, ticks, func(context.Context, []int64) error {
		w.now = w.now.Add(time.Second)
		select {
		case ticks <- w.now:
		default:
		}
		now, err := os.ReadFile(file)
		if err == nil && (!bytes.Equal(first, now) || time.Now().After(limit)) {
			w.put("Observation", "late", observation("a", "final"))
			cancel()
		}
		return err
	})
	if err != nil || time.Now().After(limit) {
		t.Fatalf("the file was not written: %v", err)
	}
	w.step(k)
	w.anew(k, 0)
	if err := k.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestWait: whoever waits for a place of the log gets on when it is dealt with,
// and not before; and what changed while nobody ran is told of first.
func TestWait(t *testing.T) {
	w := open(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	w.put("Patient", "a", "")
	w.put("Observation", "1", observation("nobody", "final"))
	k := w.keeper("wait")
	before := k.At()
	if err := k.Wait(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	w.put("Observation", "2", observation("a", "final"))
	if err := k.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := k.Wait(short, before+1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a place that is not reached: %v", err)
	}
	k = w.keeper("wait")
	waited := make(chan error, 1)
	go func() { waited <- k.Wait(t.Context(), before+2) }()
	w.put("Observation", "3", observation("a", "final"))
	ctx, end := context.WithCancel(t.Context())
	ticks := make(chan time.Time, 1)
	ticks <- w.now
	var told []int64
	err := k.Run(ctx, ticks, func(_ context.Context, changed []int64) error {
		if told = append(told, changed...); len(changed) == 0 {
			end()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Error(err)
	}
	if len(told) != 1 {
		t.Errorf("told of %v, want a alone, once", told)
	}
	if err := k.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(w.dir, "wait")); err != nil {
		t.Fatal(err)
	}
	k = w.keeper("wait") // made anew
	ctx, end = context.WithCancel(t.Context())
	ticks <- w.now
	told = nil
	if err := k.Run(ctx, ticks, func(_ context.Context, changed []int64) error {
		told = append(told, changed...)
		end()
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 {
		t.Errorf("after making anew, told of %v, want of the person who has no Patient", told)
	}
	if _, ok := k.Person(told[0]); ok {
		t.Error("who has no Patient has a timeline")
	}
}
