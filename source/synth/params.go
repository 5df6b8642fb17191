package synth

import (
	"embed"
	"slices"
)

// careTables are the tables that the organisations are made by. Each says
// where its figures come from, or that they are an assumption.
//
//go:embed params/bank-holidays.tsv params/boroughs.tsv params/emergency-shares.tsv
//go:embed params/networks.tsv params/practices.tsv params/trusts.tsv params/hours.tsv
//go:embed params/charities.tsv params/pharmacy-hours.tsv params/places.tsv
//go:embed params/services.tsv params/staff.tsv params/staff-names.tsv params/spellings.tsv
var careTables embed.FS

// table returns the rows of a table of the organisations' parameters.
func table(name string) [][]string {
	text, err := careTables.ReadFile("params/" + name + ".tsv")
	if err != nil {
		panic("synth: " + err.Error())
	}
	return slices.Collect(rows(string(text)))
}
