package model

import (
	"bytes"
	"embed"
	"io/fs"
	"strings"

	"joinery/written"
)

//go:embed starter
var starter embed.FS

// Starter returns the files of a new model of care with an id, which pass the
// check: an example with every part that a model has.
func Starter(id string) []written.File {
	var out []written.File
	err := fs.WalkDir(starter, "starter", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := starter.ReadFile(name)
		out = append(out, written.File{
			Name: strings.ReplaceAll(strings.TrimPrefix(name, "starter/"), "ID", id),
			Data: bytes.ReplaceAll(data, []byte("ID"), []byte(id)),
		})
		return err
	})
	if err != nil {
		panic(err) // they are compiled in
	}
	return out
}
