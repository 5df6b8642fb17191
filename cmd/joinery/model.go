package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"joinery/care/model"
	"joinery/definitions"
	"joinery/fault"
	"joinery/packs"
	"joinery/written"
)

// modelCommand groups what is done with models of care.
type modelCommand struct {
	New    modelNew    `cmd:"" help:"Make the folder of a new model of care, which passes its check."`
	Check  modelCheck  `cmd:"" help:"Read models of care and say what is wrong with them."`
	List   modelList   `cmd:"" help:"List the models of care that are shipped, and those in folders."`
	Show   modelShow   `cmd:"" help:"Show what a model of care says, on a page."`
	Diff   modelDiff   `cmd:"" help:"Show what differs between two versions of a model."`
	Export modelExport `cmd:"" help:"Write a model as FHIR resources."`
	Adopt  modelAdopt  `cmd:"" help:"Make a local copy of a model, which tracks it and sets what it may."`
	Plan   modelPlan   `cmd:"" help:"Say what models would reach, cost and cause, before anything happens."`

	Apply    modelApply    `cmd:"" help:"Put a version in force, from a day on."`
	Rollback modelRollback `cmd:"" help:"Put the version before in force again."`
	Status   modelStatus   `cmd:"" help:"Show which versions of a model are in force, and who decided it."`
}

type modelNew struct {
	ID string `arg:"" help:"The id of the model, and the folder to make."`
}

// Help is shown by joinery model new --help.
func (modelNew) Help() string {
	return `The folder holds an example with every part that a model has, to be changed line by line. docs/writing-models.md goes through it.

    joinery model new winter-walks
    joinery model check winter-walks`
}

// Run is the command.
func (c *modelNew) Run(a *app) error {
	if !written.IsID(c.ID) {
		return fault.New(fault.Invalid, fmt.Sprintf("%q is no id; use small letters, digits and single hyphens, as in winter-walks.", c.ID))
	}
	if _, err := os.Stat(c.ID); err == nil {
		return fault.New(fault.Conflict, fmt.Sprintf("There is a folder %s already; choose another id.", c.ID))
	}
	if err := writePack(c.ID, model.Starter(c.ID)); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "Made %s. Change %s line by line, and run: joinery model check %s\n", c.ID, filepath.Join(c.ID, "model.yaml"), c.ID)
	return nil
}

// writePack writes the files of a pack into a folder.
func writePack(folder string, files []written.File) error {
	for _, f := range files {
		name := filepath.Join(folder, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			return fault.Wrap(fault.Invalid, fmt.Sprintf("The folder %s cannot be made.", filepath.Dir(name)), err)
		}
		if err := os.WriteFile(name, f.Data, 0o640); err != nil { //nolint:gosec // a model is read by colleagues
			return fault.Wrap(fault.Invalid, fmt.Sprintf("The file %s cannot be written.", name), err)
		}
	}
	return nil
}

// readPack reads a model by its folder or by the id of a shipped one.
func readPack(arg string) (*model.Model, error) {
	files, folder, err := packFiles(arg)
	if err != nil {
		return nil, err
	}
	m, problems := model.Read(folder, files, definitions.Shipped())
	if len(problems) > 0 {
		return nil, problems
	}
	return m, nil
}

// packFiles returns the files of a model, and what messages call its folder.
func packFiles(arg string) (files []written.File, folder string, err error) {
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir():
		files, err = folderFiles(arg)
		return files, named0(absolute(arg)), err
	case err == nil && filepath.Base(arg) == "model.yaml":
		return packFiles(filepath.Dir(arg))
	case err == nil:
		return nil, "", fault.New(fault.Invalid, fmt.Sprintf("%s is a file; name the folder of the model.", arg))
	}
	if files, ok := packs.Pack(arg); ok {
		return files, "packs/" + arg, nil
	}
	return nil, "", fault.New(fault.NotFound, fmt.Sprintf("There is no folder %s, and no model of that name is shipped%s", arg, strings.TrimSuffix(written.Meant(arg, packs.IDs()), "?")+"."))
}

func absolute(name string) string {
	if whole, err := filepath.Abs(name); err == nil {
		return whole
	}
	return name
}

// Limits of a pack in a folder.
const (
	maxPackFiles = 500
	maxPackBytes = 8 << 20
)

// folderFiles returns the files of a folder by their names within it.
func folderFiles(folder string) ([]written.File, error) {
	var out []written.File
	size := 0
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != folder && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(folder, name)
		if size += len(data); size > maxPackBytes || len(out) == maxPackFiles {
			return errors.New("too large")
		}
		out = append(out, written.File{Name: filepath.ToSlash(inside), Data: data})
		return err
	})
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, fmt.Sprintf("The folder %s cannot be read as a model: it may hold %d files and %d MB.", folder, maxPackFiles, maxPackBytes>>20), err)
	}
	return out, nil
}

type modelCheck struct {
	Models []string `arg:"" name:"path" help:"Folders of models, or ids of shipped ones."`
}

// Help is shown by joinery model check --help.
func (modelCheck) Help() string {
	return `Every fault is named with its file, its line and what to write instead. Of a local copy it is checked too that nothing but the permitted parameters was changed.

    joinery model check winter-walks
    joinery model check escape-pain falls-response-car`
}

// modelLine is what lists and checks say of a model.
type modelLine struct {
	ID      string   `json:"id"`
	Version string   `json:"version"`
	Title   string   `json:"title"`
	Layer   string   `json:"layer"`
	Area    string   `json:"area"`
	Base    string   `json:"base,omitempty"` // of a local copy: id|version|hash
	Hash    string   `json:"hash"`
	Marks   []string `json:"marks,omitempty"`
}

func lineOf(m *model.Model) modelLine {
	l := modelLine{ID: m.ID, Version: m.Version, Title: m.Title, Layer: m.Layer, Area: m.Area.Name, Hash: m.Hash, Marks: m.Marks()}
	if m.Base != nil {
		l.Base = m.Base.ID + "|" + m.Base.Version + "|" + m.Base.Hash
	}
	return l
}

// Run is the command.
func (c *modelCheck) Run(a *app) error {
	var problems written.Problems
	var all []*model.Model
	for _, arg := range c.Models {
		m, err := readPack(arg)
		var found written.Problems
		switch {
		case errors.As(err, &found):
			problems = append(problems, found...)
		case err != nil:
			return err
		default:
			all = append(all, m)
		}
	}
	if len(problems) > 0 {
		return problems
	}
	if a.flags.JSON {
		var lines []modelLine
		for _, m := range all {
			lines = append(lines, lineOf(m))
		}
		return a.printJSON(lines)
	}
	for _, m := range all {
		fmt.Fprintf(a.out, "%s %s is well formed: %d criteria, %d roles, %d activities, %d measures; hash %.12s\n",
			m.ID, m.Version, len(m.Eligible)+len(m.Exclusions), len(m.Team), len(m.Activities), len(m.Measures), m.Hash)
		for _, mark := range m.Marks() {
			fmt.Fprintf(a.out, "  %s\n", mark)
		}
	}
	return nil
}

type modelList struct {
	Folders []string `arg:"" optional:"" name:"folder" help:"Folders whose models are listed too, such as models."`
}

// Help is shown by joinery model list --help.
func (modelList) Help() string {
	return `    joinery model list
    joinery model list models`
}

// Run is the command.
func (c *modelList) Run(a *app) error {
	args := packs.IDs()
	for _, folder := range c.Folders {
		beneath, err := filepath.Glob(filepath.Join(folder, "*", "model.yaml"))
		if err != nil {
			return fmt.Errorf("look for models: %w", err)
		}
		slices.Sort(beneath)
		for _, name := range beneath {
			args = append(args, filepath.Dir(name))
		}
	}
	var lines []modelLine
	for _, arg := range args {
		m, err := readPack(arg)
		if err != nil {
			return err
		}
		lines = append(lines, lineOf(m))
	}
	if a.flags.JSON {
		return a.printJSON(lines)
	}
	t := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "id\tversion\tarea\tlayer\treviewed\ttitle")
	for _, l := range lines {
		reviewed := "yes"
		if len(l.Marks) > 0 && strings.HasPrefix(l.Marks[0], "unreviewed") {
			reviewed = "no"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", l.ID, l.Version, l.Area, l.Layer, reviewed, l.Title)
	}
	return t.Flush() //nolint:wrapcheck // of writing to standard output
}

type modelDiff struct {
	Was string `arg:"" help:"A folder, or the id of a shipped model."`
	Is  string `arg:"" help:"The other."`
}

// Help is shown by joinery model diff --help.
func (modelDiff) Help() string {
	return `What differs as the models run: a local copy with what it sets, and changes of the definitions and questionnaires that a model uses. Nothing is printed where they run alike.

    joinery model diff escape-pain escape-pain-bexley`
}

// Run is the command.
func (c *modelDiff) Run(a *app) error {
	was, err := readPack(c.Was)
	if err != nil {
		return err
	}
	is, err := readPack(c.Is)
	if err != nil {
		return err
	}
	changes := model.Diff(was, is)
	if a.flags.JSON {
		return a.printJSON(changes)
	}
	for _, d := range changes {
		switch {
		case d.Was == "":
			fmt.Fprintf(a.out, "+ %s: %s\n", d.Path, d.Is)
		case d.Is == "":
			fmt.Fprintf(a.out, "- %s: %s\n", d.Path, d.Was)
		default:
			fmt.Fprintf(a.out, "  %s: %s -> %s\n", d.Path, d.Was, d.Is)
		}
	}
	for _, s := range is.Set {
		if s.Wider {
			fmt.Fprintf(a.out, "! %s goes to the riskier side of the model's own value, %s\n", s.Parameter, s.Was)
		}
	}
	return nil
}
