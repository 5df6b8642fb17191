// Package packs holds the models of care that Joinery ships, each a folder that
// package care/model reads.
//
// It is data and no logic. Every figure names its source or says that it is an
// assumption; results that showed no benefit stay in; no model has a reviewer's
// name until a clinician has given it. The text of licensed questionnaires is
// not here: only their total is asked for.
package packs

import (
	"embed"
	"io/fs"
	"path"
	"strings"

	"joinery/written"
)

// Files are all files, laid out as in the folder.
//
//go:embed all:falls-response-car all:living-well-network all:escape-pain
var Files embed.FS

// IDs returns the ids of the models that are shipped, in order.
func IDs() []string {
	entries, err := fs.ReadDir(Files, ".")
	if err != nil {
		panic(err) // they are compiled in
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// Pack returns the files of a shipped model by their names within its folder;
// ok is false when there is no such model.
func Pack(id string) (files []written.File, ok bool) {
	if !fs.ValidPath(id) || strings.Contains(id, "/") || id == "." {
		return nil, false
	}
	err := fs.WalkDir(Files, id, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := Files.ReadFile(name)
		files = append(files, written.File{Name: strings.TrimPrefix(path.Clean(name), id+"/"), Data: data})
		return err
	})
	return files, err == nil
}
