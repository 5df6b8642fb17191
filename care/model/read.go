package model

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"joinery/criteria/language"
	"joinery/timeline"
	"joinery/written"
)

// Read reads a pack: its files, by their names within its folder, and the
// definitions and code sets that are shipped. folder is what messages call the
// folder; "" for none. Files that people alone read (README.md, cases) are
// passed over. The Model is usable only when there are no problems.
func Read(folder string, files, shipped []written.File) (*Model, written.Problems) {
	p := &pack{folder: folder, shipped: shipped}
	for _, f := range files {
		p.sort(f)
	}
	if p.model == nil {
		p.problems.Add(written.Place{File: p.shown("model.yaml")}, "There is no model.yaml, so this is no model of care; make one with \"joinery model new\".")
		return &Model{}, p.problems
	}
	p.library()
	m := p.read()
	return m, p.problems.Tidy()
}

// pack is a folder being read.
type pack struct {
	folder   string
	model    *written.File
	local    *written.File
	criteria []written.File // definitions and code sets of its own
	asked    []written.File // questionnaires
	shipped  []written.File
	problems written.Problems
	lib      *language.Library
	unsure   bool // whether the definitions have problems

	localFile *localFile // nil when this is no local copy
}

// shown is a file's name as messages show it.
func (p *pack) shown(name string) string { return path.Join(p.folder, name) }

// sort puts a file where it belongs.
func (p *pack) sort(f written.File) {
	kind, _, deep := strings.Cut(f.Name, "/")
	switch {
	case f.Name == "model.yaml":
		p.model = &f
	case f.Name == "local.yaml":
		p.local = &f
	case f.Name == "README.md", deep && kind == "cases", strings.HasPrefix(path.Base(f.Name), "."):
	case !strings.HasSuffix(f.Name, ".yaml"):
		p.problems.Add(written.Place{File: p.shown(f.Name)}, "The file has no place in a model; a pack has model.yaml, README.md and the folders criteria, codes, questions and cases.")
	case kind == "criteria" || kind == "codes":
		p.criteria = append(p.criteria, f)
	case kind == "questions":
		p.asked = append(p.asked, f)
	default:
		p.problems.Add(written.Place{File: p.shown(f.Name)}, "The file has no place in a model%s", written.Meant(f.Name, []string{"model.yaml", "local.yaml", "criteria", "codes", "questions", "cases"}))
	}
}

// library reads the definitions that the model may name.
func (p *pack) library() {
	named := func(files []written.File) []written.File {
		out := slices.Clone(files)
		for i := range out {
			out[i].Name = p.shown(out[i].Name)
		}
		return out
	}
	lib, problems := language.Load(named(p.criteria), p.shipped)
	p.problems = append(p.problems, problems...)
	p.lib, p.unsure = lib, len(problems) > 0
}

// read reads model.yaml, what stands beside it, and checks the whole.
func (p *pack) read() *Model {
	r := &reader{pack: p, Reader: p.reader(p.model.Name, modelLanguage)}
	m := &Model{Definitions: p.lib}
	r.m = m
	for _, f := range p.asked {
		if q := p.questionnaire(f); q != nil {
			if m.Questionnaire(q.ID) != nil {
				p.problems.Add(q.Place, "The questionnaire %q stands twice; give this one another id.", q.ID)
			}
			m.Questions = append(m.Questions, q)
		}
	}
	slices.SortFunc(m.Questions, func(a, b *Questionnaire) int { return cmp.Compare(a.ID, b.ID) })
	doc := r.Document(p.model.Data)
	if doc == nil {
		return m
	}
	if first := doc.Content; len(first) == 0 || first[0].Value != "model" {
		r.Wrong(doc, "A model begins with \"model: an-id\".")
		return m
	}
	r.doc = doc
	if p.localFile = p.readLocal(); p.localFile != nil {
		p.localFile.patch(r)
	}
	r.model(doc)
	m.leaves = map[string]string{}
	flatten(m.leaves, "", doc)
	r.check()
	p.seal(r)
	return m
}

func (p *pack) reader(name string, l written.Language) *written.Reader {
	return &written.Reader{File: p.shown(name), Problems: &p.problems, Language: l}
}

var modelLanguage = written.Language{
	Is:    "model of care",
	Begin: "begin with \"model: an-id\"",
	Reuse: "write it out where it belongs",
}

// reader reads model.yaml.
type reader struct {
	*written.Reader
	*pack
	m     *Model
	doc   *yaml.Node
	later []func() // what can be looked up only once all is read
}

// model reads the keys of a model, in the order in which they are best written.
func (r *reader) model(doc *yaml.Node) {
	f := r.Fields(doc, "a model of care")
	m := r.m
	m.Place = r.Place(doc)
	m.ID = r.ID(f.Take("model"), "model")
	r.about(f)
	r.people(f)
	r.referral(f)
	r.work(f)
	r.learning(f)
	r.safety(f)
	f.Done("A model")
}

// about reads what a model says of itself.
func (r *reader) about(f *written.Fields) {
	m := r.m
	m.Version = r.version(f)
	m.Title = f.Required("title", "Falls response car")
	m.Purpose = f.Required("purpose", "what the model is for, in plain words")
	m.Residents = f.Required("for residents", "what it means for you, in plain words")
	m.Owner = f.Required("owner", "who answers for it")
	m.Reviewer = f.Text("reviewer")
	m.Review = r.day(f, "review", "the date by which the model is to be looked at again, as in \"review: 2027-03-31\"")
	m.Unverified = f.Texts("unverified")
	if n := f.Take("sources"); n == nil {
		r.Wrong(f.Node, "sources is missing; write where the model and its numbers come from.")
	} else {
		m.Sources = r.Texts(n, "sources")
	}
	m.Layer = r.oneOf(f, "layer", Layers)
	if n := f.Take("area"); n == nil {
		r.Wrong(f.Node, "area is missing; write \"area: {name: Greenwich, codes: [E09000011]}\".")
	} else {
		m.Area = readArea(r.Reader, n)
	}
}

func (r *reader) version(f *written.Fields) string {
	n := f.Take("version")
	if n == nil {
		r.Wrong(f.Node, "version is missing; write \"version: 1.0.0\".")
		return ""
	}
	v := r.Text(n, "version")
	parts := strings.Split(v, ".")
	ok := len(parts) == 3
	for _, p := range parts {
		x, err := strconv.Atoi(p)
		ok = ok && err == nil && x >= 0
	}
	if !ok {
		r.Wrong(n, "%q is no version; write three numbers, as in 1.0.0, and raise them with every change.", v)
	}
	return v
}

// readArea reads where a model is in use.
func readArea(r *written.Reader, n *yaml.Node) Area {
	f := r.Fields(n, "a name and codes")
	if f == nil {
		return Area{}
	}
	a := Area{Name: f.Required("name", "Greenwich")}
	if n := f.Take("codes"); n != nil {
		for _, code := range r.Texts(n, "codes") {
			if len(code) != 9 || !strings.HasPrefix(code, "E0") {
				r.Wrong(n, "%q is no code of a borough or district; write it as E09000011.", code)
			}
			a.Codes = append(a.Codes, code)
		}
	}
	f.Done("An area")
	return a
}

// day reads a date.
func (r *reader) day(f *written.Fields, key, example string) timeline.Day {
	n := f.Take(key)
	if n == nil {
		r.Wrong(f.Node, "%s is missing; write %s.", key, example)
		return timeline.NoDay
	}
	d, err := timeline.ParseDay(r.Text(n, key))
	if err != nil {
		r.Wrong(n, "%s: %q is not a date; write it as 2027-03-31.", key, n.Value)
	}
	return d
}

// oneOf reads a key that must be one of a few words.
func (r *reader) oneOf(f *written.Fields, key string, known []string) string {
	n := f.Take(key)
	if n == nil {
		r.Wrong(f.Node, "%s is missing; write one of: %s.", key, strings.Join(known, ", "))
		return ""
	}
	w := r.Text(n, key)
	if !slices.Contains(known, w) {
		r.Wrong(n, "%s cannot be %q; there are: %s.", key, w, strings.Join(known, ", "))
	}
	return w
}

// each calls read with every entry of a list under a key; missing is said when
// there is none, and "" when there need not be one.
func (r *reader) each(f *written.Fields, key, what, missing string, read func(*written.Fields)) {
	n := f.Take(key)
	if n == nil {
		if missing != "" {
			r.Wrong(f.Node, "%s is missing; %s.", key, missing)
		}
		return
	}
	for _, entry := range r.List(n, key) {
		if e := r.Fields(entry, what); e != nil {
			read(e)
			e.Done("An entry of " + key)
		}
	}
}

// id reads the id by which an entry is named; key is what the entry is.
func (r *reader) id(f *written.Fields, key, example string) string {
	n := f.Take(key)
	if n == nil {
		r.Wrong(f.Node, "The entry has no name; begin it with \"%s: %s\".", key, example)
		return ""
	}
	return r.ID(n, key)
}

// whole reads a whole number of at least low. missing is said when it is not
// there, and "" when it need not be.
func (r *reader) whole(f *written.Fields, key string, low int, missing string) int {
	n := f.Take(key)
	if n == nil {
		r.lacks(f, missing)
		return 0
	}
	v, err := strconv.Atoi(r.Text(n, key))
	if err != nil || v < low {
		r.Wrong(n, "%s: %q is not understood; write a whole number, %d or more.", key, n.Value, low)
		return 0
	}
	return v
}

// lacks reports what a group lacks, if anything is said of it.
func (r *reader) lacks(f *written.Fields, missing string) {
	if missing != "" {
		r.Wrong(f.Node, "%s", missing)
	}
}

// number reads a number, or a share such as 40%; nil when it is not there.
func (r *reader) number(f *written.Fields, key string) *float64 {
	n := f.Take(key)
	if n == nil {
		return nil
	}
	return r.numberOf(n, key)
}

func (r *reader) numberOf(n *yaml.Node, key string) *float64 {
	text, percent := strings.CutSuffix(r.Text(n, key), "%")
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v != v || v > 1e12 || v < -1e12 {
		r.Wrong(n, "%s: %q is not a number; write 12, 3.5 or 40%%.", key, n.Value)
		return nil
	}
	if percent {
		v /= 100
	}
	return &v
}

// share reads a share from 0% to 100%; missing is as for whole.
func (r *reader) share(f *written.Fields, key, missing string) float64 {
	n := f.Take(key)
	if n == nil {
		r.lacks(f, missing)
		return 0
	}
	v := r.numberOf(n, key)
	if v == nil {
		return 0
	}
	if *v < 0 || *v > 1 || !strings.HasSuffix(n.Value, "%") {
		r.Wrong(n, "%s: %q is no share; write it from 0%% to 100%%, as in 40%%.", key, n.Value)
	}
	return *v
}

// wait reads a length of time, the zero Wait when it is not there; missing is
// as for whole.
func (r *reader) wait(f *written.Fields, key, missing string) Wait {
	n := f.Take(key)
	if n == nil {
		r.lacks(f, missing)
		return Wait{}
	}
	w, ok := parseWait(r.Text(n, key))
	if !ok {
		r.Wrong(n, "%s: %q is not understood; write a length of time, as in \"60 minutes\", \"2 working days\" or \"12 weeks\".", key, n.Value)
	}
	return w
}

// refs reads ids under a key that must name something, to be looked up by check.
func (r *reader) refs(f *written.Fields, key string) []string {
	if n := f.Take(key); n != nil {
		return r.Texts(n, key)
	}
	return nil
}
