package language

import "joinery/written"

// What is said of files is said in the words of package written.
type (
	// File is a file of the language by its name.
	File = written.File
	// Place is where something stands in a file.
	Place = written.Place
	// Problem is one mistake: where it is, and what to write instead.
	Problem = written.Problem
	// Problems is every mistake found, in the order of the files and lines.
	Problems = written.Problems
)
