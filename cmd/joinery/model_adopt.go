package main

import (
	"fmt"
	"os"
	"strings"

	"joinery/care/model"
	"joinery/definitions"
	"joinery/fault"
	"joinery/written"
)

type modelAdopt struct {
	Model string   `arg:"" help:"The model to take over: a folder, or the id of a shipped one."`
	As    string   `help:"The id of the local copy, and the folder to make (default: the model's id and the area's name)." placeholder:"ID"`
	Area  string   `help:"Where: a name with codes of boroughs, as in Bexley=E09000004." required:"" placeholder:"NAME=CODE,…"`
	Owner string   `help:"Who answers for it here (default: the operator)." placeholder:"NAME"`
	Set   []string `help:"A parameter with its value, as in starts=20; may stand more than once." placeholder:"KEY=VALUE" sep:"none"`
}

// Help is shown by joinery model adopt --help.
func (modelAdopt) Help() string {
	return `The copy holds the model as it is, and local.yaml: which version it was made from, by its hash, and what the place sets. Only what the model lists under parameters can be set; any other change is found by joinery model check.

    joinery model adopt escape-pain --area Bexley=E09000004 --set starts-leisure=20
    joinery model diff escape-pain escape-pain-bexley`
}

// Run is the command.
func (c *modelAdopt) Run(a *app) error {
	m, err := readPack(c.Model)
	if err != nil {
		return err
	}
	files, _, err := packFiles(c.Model)
	if err != nil {
		return err
	}
	local, err := c.local(a, m)
	if err != nil {
		return err
	}
	if _, err := os.Stat(local.ID); err == nil {
		return fault.New(fault.Conflict, fmt.Sprintf("There is a folder %s already; choose another id with --as.", local.ID))
	}
	if files, err = m.Adopt(files, local); err != nil {
		return err //nolint:wrapcheck // it is fit to be shown
	}
	made, problems := model.Read(local.ID, files, definitions.Shipped())
	if len(problems) > 0 {
		return problems
	}
	if err := writePack(local.ID, files); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "Made %s, a local copy of %s %s (hash %.12s) for %s.\n", made.ID, m.ID, m.Version, m.Hash, made.Area.Name)
	for _, s := range made.Set {
		fmt.Fprintf(a.out, "  sets %s to %s (was %s)\n", s.Parameter, s.Value, s.Was)
		if s.Wider {
			fmt.Fprintf(a.out, "  ! %s goes to the riskier side of the model's own value\n", s.Parameter)
		}
	}
	return nil
}

// local reads what the place says.
func (c *modelAdopt) local(a *app, m *model.Model) (model.Local, error) {
	name, codes, _ := strings.Cut(c.Area, "=")
	l := model.Local{ID: c.As, Owner: c.Owner, Area: model.Area{Name: name}}
	if codes != "" {
		l.Area.Codes = strings.Split(codes, ",")
	}
	if l.ID == "" {
		l.ID = m.ID + "-" + strings.ToLower(strings.Join(strings.Fields(name), "-"))
	}
	if !written.IsID(l.ID) {
		return l, fault.New(fault.Invalid, fmt.Sprintf("%q is no id; give one with --as, in small letters, digits and single hyphens.", l.ID))
	}
	if l.Owner == "" {
		l.Owner = a.flags.Operator
	}
	if l.Owner == "" {
		return l, misuse{fault.New(fault.Invalid, "Say who answers for the copy: --owner NAME.")}
	}
	for _, s := range c.Set {
		key, value, ok := strings.Cut(s, "=")
		if !ok || key == "" || value == "" {
			return l, misuse{fault.New(fault.Invalid, fmt.Sprintf("--set %q is not understood; write it as starts=20.", s))}
		}
		l.Set = append(l.Set, [2]string{key, value})
	}
	return l, nil
}
