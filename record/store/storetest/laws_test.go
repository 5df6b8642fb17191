package storetest_test

import (
	"os"
	"path/filepath"
	"testing"

	"joinery/record/store/storetest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	storetest.StopPostgres()
	os.Exit(code)
}

func TestLawsOnSQLite(t *testing.T) {
	storetest.Run(t, func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "record.db") })
}

func TestLawsOnPostgreSQL(t *testing.T) {
	storetest.Run(t, storetest.Postgres)
}
