package main

import (
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"joinery/leaks"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"joinery": searched, "joinery-played": played})
}

// searched is the program as it is, but for its standard error, which is kept to
// be searched.
func searched() { os.Exit(start(leaks.Keep(os.Stderr), time.Now)) }

func scripts(t *testing.T, dir string, setup func(*testscript.Env) error) {
	t.Helper()
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("JOINERY_OPERATOR", "tester")
			env.Setenv(leaks.Folder, os.Getenv(leaks.Folder))
			if setup != nil {
				return setup(env)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"private":     private,
			"waitfor":     waitFor,
			"until":       until,
			"endsWith":    endsWith,
			"flip":        flip,
			"firstTask":   firstTask,
			"firstNotice": firstNotice,
		},
	})
}

func TestScripts(t *testing.T) { scripts(t, "testdata/script", nil) }

// TestScriptsOnPostgres runs the script of testdata/postgres on a new
// database.
func TestScriptsOnPostgres(t *testing.T) {
	db := postgresDB(t)
	scripts(t, "testdata/postgres", func(env *testscript.Env) error {
		env.Setenv("JOINERY_DB", db)
		return nil
	})
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
