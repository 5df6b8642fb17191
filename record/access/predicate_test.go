package access

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"joinery/bench/cluster"
	"joinery/fhir/r4"
)

// database runs SQL for the tests.
type database struct {
	dialect Dialect
	exec    func(t fataler, query string)
	query   func(t fataler, query string, args []any) []int64
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

const schema = `
	CREATE TABLE head (rk BIGINT PRIMARY KEY, lbl BIGINT NOT NULL);
	CREATE TABLE rel (actor BIGINT NOT NULL, person BIGINT NOT NULL, basis SMALLINT NOT NULL, since BIGINT NOT NULL, until BIGINT NOT NULL);`

func openSQLite(t *testing.T) database {
	t.Helper()
	conn, err := sqlite.OpenConn(":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return database{
		dialect: SQLite,
		exec: func(t fataler, query string) {
			t.Helper()
			if err := sqlitex.ExecuteScript(conn, query, nil); err != nil {
				t.Fatalf("%s: %v", query, err)
			}
		},
		query: func(t fataler, query string, args []any) []int64 {
			t.Helper()
			var out []int64
			err := sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args, ResultFunc: func(s *sqlite.Stmt) error {
				out = append(out, s.ColumnInt64(0))
				return nil
			}})
			if err != nil {
				t.Fatalf("%s %v: %v", query, args, err)
			}
			return out
		},
	}
}

func openPostgreSQL(t *testing.T) database {
	t.Helper()
	ctx := context.Background()
	c, err := cluster.New(ctx)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("no PostgreSQL to test with: %v", err)
	}
	t.Cleanup(func() { _ = c.Stop() })
	address, err := c.Create(ctx, "access")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(ctx) })
	return database{
		dialect: PostgreSQL,
		exec: func(t fataler, query string) {
			t.Helper()
			if _, err := conn.Exec(ctx, query); err != nil {
				t.Fatalf("%s: %v", query, err)
			}
		},
		query: func(t fataler, query string, args []any) []int64 {
			t.Helper()
			rows, err := conn.Query(ctx, query, args...)
			if err != nil {
				t.Fatalf("%s %v: %v", query, args, err)
			}
			out, err := pgx.CollectRows(rows, pgx.RowTo[int64])
			if err != nil && !errors.Is(err, pgx.ErrNoRows) {
				t.Fatalf("%s %v: %v", query, args, err)
			}
			return out
		},
	}
}

// stored is one row of head.
type stored struct {
	rk  int64
	lbl Label
}

func (s stored) person() int64 { return s.rk >> personShift }
func (s stored) typ() int      { return int(s.rk >> typeShift & typeMask) }

// drawWorld draws rows and relations, and gives the SQL that stores them.
// Persons are few, types those that rules tell apart, instants lie about noon so
// that ends meet it.
func drawWorld(t *rapid.T, actors []Actor) ([]stored, string) {
	types := []string{"Patient", "Observation", "Condition", "Consent", "RiskAssessment", "Organization", "Practitioner", "AuditEvent", "Binary", "VisionPrescription"}
	persons := []int64{0, 1, 2, 5, glassPerson, 1 << 32}
	used := map[int64]int64{}
	var rows []stored
	for range rapid.IntRange(1, 30).Draw(t, "rows") {
		n, _ := r4.TypeNumber(rapid.SampledFrom(types).Draw(t, "type"))
		at := rapid.SampledFrom(persons).Draw(t, "person")<<personShift | int64(n)<<typeShift
		used[at]++
		var lbl Label
		for range rapid.IntRange(0, 2).Draw(t, "labels") {
			lbl |= rapid.SampledFrom(singleLabels()).Draw(t, "label")
		}
		rows = append(rows, stored{at + used[at], lbl})
	}
	var b strings.Builder
	b.WriteString("DELETE FROM head; DELETE FROM rel;\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "INSERT INTO head VALUES (%d, %d);\n", r.rk, int64(r.lbl))
	}
	instants := []int64{0, noon.UnixMilli() - 1, noon.UnixMilli(), noon.UnixMilli() + 1, Forever}
	for range rapid.IntRange(0, 30).Draw(t, "relations") {
		typ := 0
		if rapid.Bool().Draw(t, "confined") {
			typ, _ = r4.TypeNumber(rapid.SampledFrom(types).Draw(t, "of"))
		}
		fmt.Fprintf(&b, "INSERT INTO rel VALUES (%d, %d, %d, %d, %d);\n",
			rapid.SampledFrom(actors).Draw(t, "actor"), rapid.SampledFrom(persons).Draw(t, "with"),
			Relation{Basis: Basis(rapid.IntRange(1, len(basisNames)-1).Draw(t, "basis")), Type: typ}.Stored(),
			rapid.SampledFrom(instants).Draw(t, "since"), rapid.SampledFrom(instants).Draw(t, "until"))
	}
	return rows, b.String()
}

// TestPredicateSaysWhatAllowsSays holds the SQL form of every rule to its Go
// form, on every row of random databases, and both to Persons, All and None.
func TestPredicateSaysWhatAllowsSays(t *testing.T) {
	for _, backend := range []struct {
		name string
		open func(*testing.T) database
	}{{"SQLite", openSQLite}, {"PostgreSQL", openPostgreSQL}} {
		t.Run(backend.name, func(t *testing.T) {
			db := backend.open(t)
			db.exec(t, schema)
			players := cast(t)
			var actors []Actor
			for _, p := range players {
				if p.subject.subject != nil {
					actors = append(append(actors, p.subject.actors...), p.subject.orgs...)
				}
			}
			slices.Sort(actors)
			actors = append(slices.Compact(actors), ActorKey("Practitioner/other"))
			rapid.Check(t, func(t *rapid.T) {
				rows, script := drawWorld(t, actors)
				db.exec(t, script)
				who := rapid.SampledFrom(players).Draw(t, "who")
				for _, a := range rapid.SliceOfNDistinct(rapid.SampledFrom(Actions()), 3, 3, rapid.ID).Draw(t, "actions") {
					agree(t, db, Shipped().Filter(who.subject, a, noon), rows, 0)
					agree(t, db, Shipped().Filter(who.subject, a, noon), rows, rows[0].typ())
				}
			})
		})
	}
}

// agree checks one filter, asked for one type or for all.
func agree(t *rapid.T, db database, f *Filter, rows []stored, typ int) {
	t.Helper()
	var want []int64
	for _, r := range rows {
		if typ != 0 && r.typ() != typ {
			continue
		}
		row := Row{Person: r.person(), Type: r.typ(), Labels: r.lbl}
		if query, args := f.HeldQuery(db.dialect, r.person(), 1); query != "" {
			row.Held = HeldOf(r.typ(), db.query(t, query, args)...)
		}
		if reason, ok := f.Allows(row); ok {
			want = append(want, r.rk)
			if reason.Rule == "" {
				t.Fatalf("row %x is allowed for no reason", r.rk)
			}
		} else if f.All(typ) {
			t.Fatalf("All(%d) = true, and row %x is not allowed", typ, r.rk)
		}
	}
	slices.Sort(want)
	want = slices.Compact(want)
	if f.None(typ) && len(want) > 0 {
		t.Fatalf("None(%d) = true, and %x are allowed", typ, want)
	}
	place := "?1"
	if db.dialect == PostgreSQL {
		place = "$1::bigint"
	}
	condition, args := f.Predicate(db.dialect, "h", typ, 2)
	got := db.query(t, fmt.Sprintf("SELECT h.rk FROM head AS h WHERE (%s = 0 OR (h.rk >> 22 & 255) = %[1]s) AND %s ORDER BY h.rk", place, condition),
		append([]any{int64(typ)}, args...))
	if diff := cmp.Diff(want, got); !slices.Equal(want, got) {
		t.Fatalf("%s of type %d: Allows and Predicate differ (-Allows +Predicate):\n%s\n%s", f.action, typ, diff, condition)
	}
	if f.None(typ) {
		return
	}
	checkPersons(t, db, f, want, typ)
}

// checkPersons checks that whose rows are allowed are among Persons.
func checkPersons(t *rapid.T, db database, f *Filter, allowed []int64, typ int) {
	t.Helper()
	p := f.Persons(db.dialect, typ, 1)
	var persons []int64
	if p.Query != "" {
		persons = db.query(t, p.Query, p.Args)
	}
	if slices.Contains(persons, 0) {
		t.Fatalf("Persons gives person 0: %s", p.Query)
	}
	for _, rk := range allowed {
		person := rk >> personShift
		if person == 0 && !p.Nobody || person != 0 && !p.Every && !slices.Contains(persons, person) {
			t.Fatalf("row %x is allowed, and person %d is not among Persons %v", rk, person, persons)
		}
	}
}

func TestPredicateIsCheapWhereItCanBe(t *testing.T) {
	observation, _ := r4.TypeNumber("Observation")
	organization, _ := r4.TypeNumber("Organization")
	subject := must[Subject](t)
	for _, c := range []struct {
		name string
		s    Subject
		typ  int
		want string
	}{
		{"a system with every scope", system(t, "system/*.rs"), observation, "1=1"},
		{"a system with every scope, any type", system(t, "system/*.rs"), 0, "1=1"},
		{"a system without the scope", system(t, "system/Patient.rs"), observation, "1=0"},
		{"a system with a scope", system(t, "system/Observation.rs"), observation, "((1=1 AND (r.lbl & ?3) = 0))"},
		{"a system with a narrow scope", system(t, "system/Observation.rs?category=laboratory label/*"), observation, "(((r.lbl & ?3) <> 0))"},
		{"the public", subject(NewPublic(Who{})), organization, "((1=1 AND (r.lbl & ?3) = 0 AND r.rk < 1073741824))"},
		{
			"a patient", subject(NewPatient(Who{}, "p")), observation,
			"((1=1 AND (r.lbl & ?3) = 0 AND r.rk >= 1073741824 AND EXISTS (SELECT 1 FROM rel AS g WHERE g.person = (r.rk >> 30) AND g.actor IN (?4) AND +g.basis IN (256) AND g.since <= ?5 AND g.until > ?6 LIMIT 1 OFFSET 0)))",
		},
	} {
		got, _ := Shipped().Filter(c.s, Search, noon).Predicate(SQLite, "r", c.typ, 3)
		if got != c.want {
			t.Errorf("%s: Predicate = %s, want %s", c.name, got, c.want)
		}
	}
}

func TestTextOfAPredicateDoesNotDependOnWhoAsks(t *testing.T) {
	a, _ := Shipped().Filter(staff(t, Treatment, 0, ""), Search, noon).Predicate(SQLite, "r", 0, 1)
	other := must[Subject](t)(NewStaff(Who{Purpose: Treatment}, Member{Practitioner: "d2", Role: "x", Organization: "b"}))
	b, _ := Shipped().Filter(other, Search, noon.Add(time.Hour)).Predicate(SQLite, "r", 0, 1)
	if a != b {
		t.Errorf("two members of staff have two texts:\n%s\n%s", a, b)
	}
}

func BenchmarkFilter(b *testing.B) {
	s := staff(b, Treatment, 0, "")
	observation, _ := r4.TypeNumber("Observation")
	p := Shipped()
	for b.Loop() {
		f := p.Filter(s, Search, noon)
		f.Predicate(SQLite, "r", observation, 1)
		f.Allows(Row{Person: 1, Type: observation, Held: 1<<Practice | 1<<Agreement})
	}
}
