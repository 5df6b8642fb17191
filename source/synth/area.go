package synth

import (
	_ "embed"
	"iter"
	"strconv"
	"strings"
)

// Boroughs are the ONS codes of the district's boroughs, in the order of the
// tables: Bexley, Bromley, Greenwich, Lambeth, Lewisham, Southwark.
var Boroughs = [6]string{"E09000004", "E09000006", "E09000011", "E09000022", "E09000023", "E09000028"}

//go:embed params/areas.tsv
var areasTable string

// readAreas returns the areas of the district, in the order of their codes.
func readAreas() []Area {
	var areas []Area
	for row := range rows(areasTable) {
		areas = append(areas, Area{
			Code: row[0], Borough: row[1], Deprivation: whole(row[2]), Population: whole(row[3]),
			Lat: number(row[4]), Lon: number(row[5]), Network: whole(row[6]),
		})
	}
	return areas
}

// rows yields the rows of a table of the package's own: lines with fields
// between tabs, and lines of remarks that begin with #.
func rows(table string) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for line := range strings.Lines(table) {
			line = strings.TrimRight(line, "\n")
			if line == "" || line[0] == '#' {
				continue
			}
			if !yield(strings.Split(line, "\t")) {
				return
			}
		}
	}
}

// whole returns the whole number in a field of a table. The tables are part of
// the program, so that one which cannot be read is a mistake in it.
func whole(field string) int {
	n, err := strconv.Atoi(field)
	if err != nil {
		panic("synth: table holds " + strconv.Quote(field) + " where a whole number belongs")
	}
	return n
}

// number returns the number in a field of a table.
func number(field string) float64 {
	x, err := strconv.ParseFloat(field, 64)
	if err != nil {
		panic("synth: table holds " + strconv.Quote(field) + " where a number belongs")
	}
	return x
}
