package storetest_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"joinery/record/store/storetest"
)

const migrations = "../migrations"

// TestMigrationsComeInPairsAndNeverChange fails when a migration is missing for
// one database, or when one that was released was edited. For a new pair add
// what the failure prints to migrations.sum.
func TestMigrationsComeInPairsAndNeverChange(t *testing.T) {
	sums := map[string]string{}
	names := map[string][]string{}
	err := fs.WalkDir(os.DirFS(migrations), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".sql") {
			return err
		}
		data, err := os.ReadFile(filepath.Join(migrations, path))
		sums[path] = fmt.Sprintf("%x", sha256.Sum256(data))
		folder, name := filepath.Split(path)
		names[folder] = append(names[folder], name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(names["sqlite/"], names["postgres/"]); diff != "" {
		t.Errorf("migrations are not in pairs (-sqlite +postgres):\n%s", diff)
	}
	listed, err := os.ReadFile(filepath.Join(migrations, "migrations.sum"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for line := range strings.Lines(string(listed)) {
		name, sum, _ := strings.Cut(strings.TrimSpace(line), " ")
		want[name] = sum
	}
	if diff := cmp.Diff(want, sums); diff != "" {
		t.Errorf("a released migration changed, or a new one is not listed (-migrations.sum +files):\n%s", diff)
	}
}

// kinds are the types of columns that mean the same.
var kinds = map[string]string{"bigint": "INTEGER", "integer": "INTEGER", "smallint": "INTEGER", "bytea": "BLOB", "text": "TEXT"}

func TestBothDatabasesHaveTheSameTables(t *testing.T) {
	ctx := context.Background()
	url := storetest.Postgres(t)
	mustOpen(t, url).Close()
	path := filepath.Join(t.TempDir(), "record.db")
	mustOpen(t, "sqlite:"+path).Close()

	var inPostgres []string
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	rows, err := c.Query(ctx, "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'schema_version'")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var table, column, kind, null string
		if err := rows.Scan(&table, &column, &kind, &null); err != nil {
			t.Fatal(err)
		}
		inPostgres = append(inPostgres, fmt.Sprintf("%s.%s %s null %s", table, column, kinds[kind], null))
	}

	var inSQLite []string
	db, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = sqlitex.Execute(db, "SELECT m.name, c.name, c.type, c.\"notnull\" OR c.pk FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> 'schema_version'", &sqlitex.ExecOptions{
		ResultFunc: func(s *sqlite.Stmt) error {
			null := map[bool]string{true: "NO", false: "YES"}[s.ColumnBool(3)]
			inSQLite = append(inSQLite, fmt.Sprintf("%s.%s %s null %s", s.ColumnText(0), s.ColumnText(1), s.ColumnText(2), null))
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(inPostgres)
	slices.Sort(inSQLite)
	if diff := cmp.Diff(inSQLite, inPostgres); diff != "" {
		t.Errorf("tables differ (-sqlite +postgres):\n%s", diff)
	}
}
