package storetest_test

import (
	"path/filepath"
	"testing"

	"joinery/record/store/storetest"
)

func TestLawsOnSQLite(t *testing.T) {
	storetest.Run(t, func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "record.db") })
}

func TestLawsOnPostgreSQL(t *testing.T) {
	storetest.Run(t, storetest.Postgres)
}
