// Package definitions holds the definitions that Joinery ships: whom a model of
// care is for, and what a measure counts, as files of the criteria language.
//
// It is data and no logic. Each definition stands in a file of its own, its code
// sets in codes, and what it should say of people that a clinician can picture
// in cases; a test runs the cases. Every definition names its sources, its marks
// say what is not verified, and none has a reviewer's name until a clinician has
// given it.
package definitions

import (
	"embed"
	"io/fs"

	"joinery/criteria/language"
)

// Files are all files, laid out as in the folder.
//
//go:embed *.yaml codes/*.yaml cases/*.txt
var Files embed.FS

// Shipped returns the files of the language: definitions and code sets.
func Shipped() []language.File {
	var out []language.File
	for _, pattern := range []string{"*.yaml", "codes/*.yaml"} {
		names, err := fs.Glob(Files, pattern)
		if err != nil {
			panic(err) // the patterns are constant
		}
		for _, name := range names {
			data, err := Files.ReadFile(name)
			if err != nil {
				panic(err) // they are compiled in
			}
			out = append(out, language.File{Name: "definitions/" + name, Data: data})
		}
	}
	return out
}
