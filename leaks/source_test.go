package leaks

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// source is what the module's source says of its logs.
type source struct {
	messages map[string]bool
	keys     map[string]bool
	routes   map[string]bool             // parts of addresses, in literals of the program and in what tests register
	phrases  map[string][]*regexp.Regexp // literals of the program, by each of their words
	loggers  []string                    // packages that log
	keepers  []string                    // packages whose tests keep what is logged
	said     []string                    // each message and attribute that is given to a log, in the order of the source
	faults   []string                    // what is said to a log otherwise than is allowed
	ids      map[string]bool             // of models and definitions, and what is named in them
	typed    map[string]bool             // what scripts of tests type on the command line
	people   *people                     // whom tests write down
}

// read reads the module in a folder.
func read(t testing.TB, root string) *source {
	t.Helper()
	s := &source{messages: map[string]bool{}, keys: map[string]bool{"time": true, "level": true, "msg": true}, routes: map[string]bool{}, phrases: map[string][]*regexp.Regexp{}, people: nobody(), ids: map[string]bool{}, typed: map[string]bool{}}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && file != root && (name == "node_modules" || strings.HasPrefix(name, ".") || name == "leaks") {
			return fs.SkipDir
		}
		if d.IsDir() || !slices.Contains([]string{".go", ".txtar", ".ndjson", ".yaml", ".txt"}, filepath.Ext(file)) {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		test := strings.HasSuffix(file, "_test.go") || strings.Contains(file, "testdata")
		if test {
			s.people.addWritten(string(text))
		}
		if filepath.Ext(file) == ".yaml" && !test {
			s.addIDs(string(text))
		}
		if filepath.Ext(file) == ".txt" && !test {
			s.addTable(string(text))
		}
		if filepath.Ext(file) == ".txtar" {
			s.addTyped(string(text))
		}
		if filepath.Ext(file) != ".go" || strings.Contains(file, "testdata") {
			return nil
		}
		pkg, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		return s.readGo(filepath.ToSlash(pkg), file, text, test)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, phrase := range libraries {
		s.addPhrases(phrase)
	}
	for _, pkgs := range []*[]string{&s.loggers, &s.keepers} {
		slices.Sort(*pkgs)
		*pkgs = slices.Compact(*pkgs)
	}
	return s
}

var method = regexp.MustCompile(`^[A-Z]+ `)

func (s *source) readGo(pkg, file string, text []byte, test bool) error {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, text, 0)
	if err != nil {
		return err
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				literal, _ := strconv.Unquote(n.Value) // it was parsed
				if !test {
					s.addRoute(literal)
					s.addPhrases(literal)
				}
			}
		case *ast.CallExpr:
			if of, ok := n.Fun.(*ast.SelectorExpr); ok && test {
				s.testCall(pkg, set, of, n)
			} else if ok {
				s.call(pkg, set, of, n)
			}
		}
		return true
	})
	return nil
}

// libraries are phrases of the errors of libraries, which are no source of ours.
var libraries = []string{"json: cannot unmarshal", "into Go struct field", "must be one of", "(short flag); perhaps try"}

var (
	verb   = regexp.MustCompile(`%[-+# 0-9.*\[\]]*[a-zA-Z%]`)
	levels = []string{"DebugContext", "InfoContext", "WarnContext", "ErrorContext", "Log", "LogAttrs"}
	onALog = regexp.MustCompile(`(?i)log$`)
	bare   = []string{"Debug", "Info", "Warn", "Error", "With"}
	plain  = []string{"String", "Int", "Int64", "Uint64", "Float64", "Bool", "Duration", "Time"}
)

var (
	wholeToken = regexp.MustCompile(`[\pL\pN_@.-]+`)
	columns    = regexp.MustCompile(` {2,}`)
	anyDate    = regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}`)
	typing     = regexp.MustCompile(`^(!? ?exec|endsWith [0-9]+|until \S+ \S+) joinery `)
)

// addIDs adds the names with hyphens in a file of data that is shipped.
func (s *source) addIDs(text string) {
	for _, id := range wholeToken.FindAllString(text, -1) {
		if strings.Contains(id, "-") {
			s.ids[id] = true
		}
	}
}

// addTyped adds what a script types behind the name of the program.
func (s *source) addTyped(text string) {
	for line := range strings.Lines(text) {
		if !typing.MatchString(line) {
			continue
		}
		for _, arg := range wholeToken.FindAllString(line, -1) {
			s.typed[arg] = true
		}
	}
}

// addTable adds the words of a table that is part of the program, whose columns are
// set apart by more than one space.
func (s *source) addTable(text string) {
	for line := range strings.Lines(text) {
		for _, column := range columns.Split(strings.TrimSpace(line), -1) {
			s.addPhrases(column)
		}
	}
}

func (s *source) addRoute(literal string) {
	if !strings.Contains(literal, "/") {
		return
	}
	for part := range strings.SplitSeq(method.ReplaceAllString(literal, ""), "/") {
		s.routes[part] = true
	}
}

// addPhrases adds the parts of a literal that stand between the verbs of a format,
// where they have more words than one. A number may stand among them.
func (s *source) addPhrases(literal string) {
	for _, phrase := range verb.Split(strings.ReplaceAll(literal, "%d", "\x00"), -1) {
		phrase = strings.TrimSpace(phrase)
		if len(strings.Fields(phrase)) < 2 {
			continue
		}
		shape := regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(phrase), "\x00", "-?[0-9]+"))
		seen := map[string]bool{}
		for _, w := range words(phrase) {
			seen[w.text] = true
		}
		for _, day := range anyDate.FindAllString(phrase, -1) {
			seen[day] = true
		}
		for part := range seen {
			s.phrases[part] = append(s.phrases[part], shape)
		}
	}
}

// testCall notes where a test keeps what is logged. Every test that makes a handler
// keeps what it writes, but that of the handler itself, which is given what must not
// be written.
func (s *source) testCall(pkg string, set *token.FileSet, of *ast.SelectorExpr, n *ast.CallExpr) {
	on, name := printed(set, of.X), of.Sel.Name
	switch {
	case name == "Handle" || name == "HandleFunc":
		if literal, ok := n.Args[0].(*ast.BasicLit); ok {
			text, _ := strconv.Unquote(literal.Value) // it was parsed
			s.addRoute(text)
		}
	case on == "leaks" && (name == "Keep" || name == "Log"):
		s.keepers = append(s.keepers, pkg)
	case on != "slog" && name != "NewLogHandler" || name == "New" && strings.Contains(printed(set, n), "leaks.Keep("):
	case pkg == "web" && strings.Contains(printed(set, n), "NewLogHandler(&withheld, "):
	case name == "New" || name == "NewJSONHandler" || name == "NewTextHandler" || name == "NewLogHandler":
		if len(n.Args) == 0 || !strings.HasPrefix(printed(set, n.Args[0]), "leaks.Keep(") {
			s.faults = append(s.faults, fmt.Sprintf("%s: what is logged here is not kept: use leaks.Keep or leaks.Log", set.Position(n.Pos())))
		}
	}
}

// call notes a call of the program that has to do with logs.
func (s *source) call(pkg string, set *token.FileSet, of *ast.SelectorExpr, n *ast.CallExpr) {
	on := printed(set, of.X)
	switch name := of.Sel.Name; {
	case on == "slog" && slices.Contains(append(plain, "Any", "Group"), name):
		s.attribute(pkg, set, name, n)
	case slices.Contains(levels, name) && onALog.MatchString(on), slices.Contains(bare, name) && onALog.MatchString(on):
		s.loggers = append(s.loggers, pkg)
		s.message(pkg, set, name, n)
	}
}

// message notes what a line is called: a constant, after the context and the level.
func (s *source) message(pkg string, set *token.FileSet, name string, n *ast.CallExpr) {
	at := map[string]int{"Log": 2, "LogAttrs": 2, "Debug": 0, "Info": 0, "Warn": 0, "Error": 0, "With": 0}
	i, ok := at[name]
	if !ok {
		i = 1
	}
	literal, isLiteral := n.Args[i].(*ast.BasicLit)
	if !isLiteral || name == "With" {
		s.faults = append(s.faults, fmt.Sprintf("%s: the message of a log line is no constant", set.Position(n.Pos())))
		return
	}
	text, _ := strconv.Unquote(literal.Value) // it was parsed
	s.messages[text] = true
	s.said = append(s.said, fmt.Sprintf("%-18s %q", pkg, text))
	for _, arg := range n.Args[i+1:] {
		if call, ok := arg.(*ast.CallExpr); ok && strings.HasPrefix(printed(set, call.Fun), "slog.") || n.Ellipsis.IsValid() {
			continue
		}
		s.faults = append(s.faults, fmt.Sprintf("%s: %s is given to a log otherwise than as an attribute with a kind", set.Position(n.Pos()), printed(set, arg)))
	}
}

// attribute notes a key, and what is given by it.
func (s *source) attribute(pkg string, set *token.FileSet, kind string, n *ast.CallExpr) {
	literal, ok := n.Args[0].(*ast.BasicLit)
	if !ok {
		if pkg == "web" && printed(set, n.Args[0]) == "a.Key" {
			return // the handler, which withholds
		}
		s.faults = append(s.faults, fmt.Sprintf("%s: the key of an attribute is no constant", set.Position(n.Pos())))
		return
	}
	key, _ := strconv.Unquote(literal.Value) // it was parsed
	s.keys[key] = true
	if kind == "Any" && key != "error" || kind == "Group" {
		s.faults = append(s.faults, fmt.Sprintf("%s: %s is given to a log whole", set.Position(n.Pos()), key))
	}
	s.said = append(s.said, fmt.Sprintf("%-18s %-10s %-8s %s", pkg, key, kind, printed(set, n.Args[1])))
}

func printed(set *token.FileSet, n ast.Node) string {
	var b strings.Builder
	_ = printer.Fprint(&b, set, n) // a node that was parsed
	return b.String()
}
