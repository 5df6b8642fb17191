package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"joinery/fault"
)

const configFile = "joinery.yaml"

// configuration is what joinery.yaml says: settings by the name of their flag.
// It is the resolver of flags that neither the command line nor the environment
// sets.
type configuration struct {
	parser *kong.Kong
	file   string
	values map[string]setting
}

type setting struct {
	value string
	line  int
}

// find reads the file that the flag --config or JOINERY_CONFIG names, or
// joinery.yaml when there is one here.
func (c *configuration) find(args []string) error {
	named := os.Getenv("JOINERY_CONFIG")
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--config="); ok {
			named = value
		} else if arg == "--config" && i+1 < len(args) {
			named = args[i+1]
		}
	}
	c.file = named
	if named == "" {
		c.file = configFile
	}
	data, err := os.ReadFile(c.file)
	if errors.Is(err, fs.ErrNotExist) && named == "" {
		c.file = ""
		return nil
	}
	if err != nil {
		return fault.Wrap(fault.Invalid, fmt.Sprintf("The configuration %s cannot be read.", c.file), err)
	}
	if c.values, err = parseConfig(string(data)); err != nil {
		return fault.Wrap(fault.Invalid, fmt.Sprintf("%s, %v", c.file, err), err)
	}
	known := settings(c.parser.Model.Node)
	for name, s := range c.values {
		if !slices.ContainsFunc(known, func(f *kong.Flag) bool { return f.Name == name }) {
			return fault.New(fault.Invalid, fmt.Sprintf("%s, line %d: there is no setting %q. There are %s.", c.file, s.line, name, settingNames(known)))
		}
	}
	return nil
}

// Validate is part of kong.Resolver.
func (c *configuration) Validate(*kong.Application) error { return nil }

// Resolve gives the file's value of a flag, unless the environment has one.
func (c *configuration) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	s, ok := c.values[flag.Name]
	if !ok || len(flag.Envs) == 0 || inEnvironment(flag) {
		return nil, nil //nolint:nilnil // kong's way to say: nothing here
	}
	return s.value, nil
}

func inEnvironment(flag *kong.Flag) bool {
	return slices.ContainsFunc(flag.Envs, func(name string) bool { _, ok := os.LookupEnv(name); return ok })
}

// settings returns the flags that may be set by the environment and the file,
// each once, in the order of the help.
func settings(n *kong.Node) []*kong.Flag {
	var out []*kong.Flag
	for _, f := range n.Flags {
		if len(f.Envs) > 0 && f.Name != "config" {
			out = append(out, f)
		}
	}
	for _, child := range n.Children {
		for _, f := range settings(child) {
			if !slices.ContainsFunc(out, func(o *kong.Flag) bool { return o.Name == f.Name }) {
				out = append(out, f)
			}
		}
	}
	return out
}

func settingNames(known []*kong.Flag) string {
	var names []string
	for _, f := range known {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// parseConfig reads the part of YAML that settings need: one "name: value" a
// line, values plain or in quotes, comments after #. Anything else (nesting,
// lists, anchors) is refused, so that nothing is read in two ways.
func parseConfig(text string) (map[string]setting, error) {
	values := map[string]setting{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, " \t\r")
		if trimmed := strings.TrimLeft(line, " \t"); trimmed == "" || trimmed[0] == '#' || line == "---" {
			continue
		}
		name, rest, ok := strings.Cut(line, ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t\"'-{[&*!") && !isName(name) || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
			return nil, fmt.Errorf("line %d: settings are written one a line, as in db: sqlite:joinery.db", i+1)
		}
		value, err := configValue(strings.TrimSpace(rest))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		if first, twice := values[name]; twice {
			return nil, fmt.Errorf("line %d: %s was set before, in line %d", i+1, name, first.line)
		}
		values[name] = setting{value, i + 1}
	}
	return values, nil
}

func isName(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c != '-' && (c < 'a' || c > 'z') }) < 0 && s[0] != '-'
}

func configValue(s string) (string, error) {
	switch {
	case s == "":
		return "", errors.New("the value is missing")
	case s[0] == '\'' || s[0] == '"':
		end := strings.IndexByte(s[1:], s[0])
		if end < 0 {
			return "", errors.New("the quote is not closed")
		}
		rest := strings.TrimSpace(s[end+2:])
		if rest != "" && rest[0] != '#' || s[0] == '"' && strings.Contains(s[1:end+1], `\`) {
			return "", errors.New("a quoted value ends the line and has no escapes")
		}
		return s[1 : end+1], nil
	case strings.ContainsRune("[{&*!|>%@`", rune(s[0])):
		return "", errors.New("a value is plain text; put it in quotes when it begins with a sign")
	}
	value, _, _ := strings.Cut(s, " #")
	return strings.TrimSpace(value), nil
}

// configCommand groups what looks at the configuration.
type configCommand struct {
	Check configCheck `cmd:"" help:"Show every setting and where it comes from, and whether it can work."`
}

type configCheck struct{}

func (configCheck) Help() string {
	return `Nothing is opened or changed. Passwords in addresses are not shown.

    joinery config check
    joinery config check --json`
}

// shown is a setting as config check prints it.
type shown struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	From  string `json:"from"`
}

// Run is the command.
func (configCheck) Run(a *app, k *kong.Context, c *configuration) error {
	var all []shown
	for _, f := range settings(k.Model.Node) {
		s := shown{Name: f.Name, Value: f.Default, From: "default"}
		switch value, ok := environment(f); {
		case onCommandLine(k, f):
			s.Value, s.From = k.FlagValue(f).(string), "command line"
		case ok:
			s.Value, s.From = value, f.Envs[0]
		case c.values[f.Name].line > 0:
			s.Value, s.From = c.values[f.Name].value, fmt.Sprintf("%s, line %d", c.file, c.values[f.Name].line)
		}
		if err := checkSetting(s.Name, s.Value); err != nil {
			return misuse{fault.Wrap(fault.Invalid, fmt.Sprintf("%s (from %s): %s", s.Name, s.From, fault.MessageOf(err)), err)}
		}
		s.Value = withoutPassword(s.Value)
		all = append(all, s)
	}
	if a.flags.JSON {
		return a.printJSON(all)
	}
	for _, s := range all {
		if s.Value == "" {
			s.Value = "(not set)"
		}
		fmt.Fprintf(a.out, "%-10s %-34s from %s\n", s.Name, s.Value, s.From)
	}
	return nil
}

func environment(f *kong.Flag) (string, bool) {
	for _, name := range f.Envs {
		if v, ok := os.LookupEnv(name); ok {
			return v, true
		}
	}
	return "", false
}

func onCommandLine(k *kong.Context, f *kong.Flag) bool {
	return slices.ContainsFunc(k.Path, func(p *kong.Path) bool { return p.Flag != nil && p.Flag.Name == f.Name && !p.Resolved })
}
