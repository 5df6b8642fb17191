package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"joinery/criteria/language"
	"joinery/fault"
	"joinery/written"
)

// archive is the form of the canonical bytes.
type archive struct {
	Joinery string        `json:"joinery"`
	Files   []archiveFile `json:"files"` // by name
}

type archiveFile struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

const archiveKind = "model 1"

// ReadCanonical reads a model from its canonical bytes, as the record keeps
// them. What they need is in them, so that what is shipped with a later program
// changes nothing. The error is of the kind fault.Invalid.
func ReadCanonical(data []byte) (*Model, error) {
	var a archive
	if err := json.Unmarshal(data, &a); err != nil || a.Joinery != archiveKind {
		return nil, fault.Wrap(fault.Invalid, "These bytes are not a model of care as this program keeps it.", err)
	}
	var files []written.File
	for _, f := range a.Files {
		files = append(files, written.File{Name: f.Name, Data: []byte(f.Text)})
	}
	m, problems := Read("", files, nil)
	if len(problems) > 0 {
		return nil, problems
	}
	return m, nil
}

// used returns the names of the files of all definitions and code sets that the
// model uses.
func (r *reader) used() []string {
	var ds []*language.Definition
	for _, c := range append(slices.Clone(r.m.Eligible), r.m.Exclusions...) {
		if c.Meets != nil {
			ds = append(ds, c.Meets)
		}
	}
	for _, x := range r.m.Measures {
		if d, ok := r.lib.Definitions[x.Definition]; ok {
			ds = append(ds, d)
		}
	}
	return r.lib.Files(ds...)
}

// seal gives the model its canonical bytes and hash, and makes it the local
// copy that it is, if it is one.
func (p *pack) seal(r *reader) {
	if len(p.problems) > 0 && (p.localFile == nil || p.unsure) {
		return
	}
	files := []archiveFile{{p.model.Name, plain(p.model.Data)}}
	used := r.used()
	for _, f := range p.criteria {
		if slices.Contains(used, p.shown(f.Name)) {
			files = append(files, archiveFile{f.Name, plain(f.Data)})
		}
	}
	for _, f := range p.shipped {
		if slices.Contains(used, f.Name) {
			folder := "criteria"
			if path.Base(path.Dir(f.Name)) == "codes" {
				folder = "codes"
			}
			files = append(files, archiveFile{path.Join(folder, path.Base(f.Name)), plain(f.Data)})
		}
	}
	for _, f := range p.asked {
		files = append(files, archiveFile{f.Name, plain(f.Data)})
	}
	p.leaves(r)
	r.m.files = files
	r.m.canon, r.m.Hash = archived(files)
	if l := p.localFile; l != nil {
		l.apply(r, r.m.Hash)
		files = append(files, archiveFile{p.local.Name, plain(p.local.Data)})
		r.m.canon, r.m.Hash = archived(files)
	}
}

// leaves adds to the texts of the model those of what it uses.
func (p *pack) leaves(r *reader) {
	m := r.m
	for _, q := range m.Questions {
		maps.Copy(m.leaves, q.leaves)
	}
	for _, c := range append(slices.Clone(m.Eligible), m.Exclusions...) {
		if c.Meets != nil {
			m.leaves["criteria/"+c.Meets.ID] = fmt.Sprintf("%s, hash %.12s", c.Meets.Version, c.Meets.Hash)
		}
	}
	for _, x := range m.Measures {
		if d, ok := p.lib.Definitions[x.Definition]; ok {
			m.leaves["criteria/"+d.ID] = fmt.Sprintf("%s, hash %.12s", d.Version, d.Hash)
		}
	}
	if l := p.localFile; l != nil {
		m.leaves["model"], m.leaves["version"], m.leaves["owner"] = l.id, l.version, l.owner
		m.leaves["area/name"], m.leaves["area/codes"] = l.area.Name, strings.Join(l.area.Codes, "; ")
	}
}

// archived returns files in one form, and its hash.
func archived(files []archiveFile) ([]byte, string) {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b archiveFile) int { return strings.Compare(a.Name, b.Name) })
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(archive{archiveKind, files}); err != nil {
		panic(err) // texts and names are always written
	}
	sum := sha256.Sum256(b.Bytes())
	return b.Bytes(), hex.EncodeToString(sum[:])
}

// plain returns a text without what editors add: carriage returns, blanks at
// the ends of lines, a byte order mark, missing or more newlines at its end.
func plain(data []byte) string {
	text := strings.TrimPrefix(strings.ReplaceAll(string(data), "\r\n", "\n"), "\ufeff")
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

// Marks returns what must be shown wherever the model is: that nobody has
// reviewed it, and what is not verified. No setting takes them away.
func (m *Model) Marks() []string {
	var marks []string
	if m.Reviewer == "" {
		marks = append(marks, "unreviewed: no clinician has put their name to this model")
	}
	for _, u := range m.Unverified {
		marks = append(marks, "unverified: "+u)
	}
	seen := map[string]bool{}
	for _, c := range append(slices.Clone(m.Eligible), m.Exclusions...) {
		if c.Meets == nil || seen[c.Meets.ID] {
			continue
		}
		seen[c.Meets.ID] = true
		for _, mark := range c.Meets.Marks() {
			marks = append(marks, c.Meets.ID+": "+mark)
		}
	}
	return marks
}
