package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"joinery": main, "joinery-played": played})
}

func scripts(t *testing.T, dir string, setup func(*testscript.Env) error) {
	t.Helper()
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("JOINERY_OPERATOR", "tester")
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
