package synth

import (
	_ "embed"
	"slices"
	"sort"
)

// stratum is the part of a borough that lies in one fifth of deprivation. The
// people of a stratum are drawn from the same tables.
type stratum struct {
	borough string
	fifth   int // of the indices of deprivation, 1 the most deprived
	decile  int // in the middle of its people
	ages    [91]float64
	groups  [16]float64 // people by ethnic group, in the order of letters
	tenures [4]float64  // households, in the order of tenures
	crowded float64     // part of the households that lack a bedroom
	areas   []int       // places in the district's areas
	sum     []float64   // of the areas' populations

	holding  [][4]float64 // by template: the tenures of its households
	crowding float64      // by which the weights of crowding become chances
	caring   float64      // by which the weights of caring become chances
}

// letters are the ethnic groups of people who state theirs.
const letters = "ABCDEFGHJKLMNPRS"

// tenures are how a household holds its home, in the order of the table.
var tenures = [4]string{"owned outright", "owned with a mortgage", "social rent", "private rent"}

//go:embed params/ages.tsv
var agesTable string

//go:embed params/ethnicity.tsv
var ethnicityTable string

//go:embed params/homes.tsv
var homesTable string

//go:embed params/sexes.tsv
var sexesTable string

//go:embed params/people.tsv
var peopleTable string

// readStrata returns the strata in the order of the tables, with their areas.
func readStrata(areas []Area) []*stratum {
	var strata []*stratum
	for row := range rows(agesTable) {
		s := &stratum{borough: row[0], fifth: whole(row[1])}
		fill(s.ages[:], row[2:])
		strata = append(strata, s)
	}
	i := 0
	for row := range rows(ethnicityTable) {
		fill(strata[i].groups[:], row[2:])
		i++
	}
	i = 0
	for row := range rows(homesTable) {
		s := strata[i]
		fill(s.tenures[:], row[2:6])
		s.crowded = number(row[6]) / total(s.tenures[:])
		i++
	}
	for _, s := range strata {
		s.settle(areas)
	}
	return strata
}

// fill sets numbers from the fields of a table.
func fill(numbers []float64, fields []string) {
	for i := range numbers {
		numbers[i] = number(fields[i])
	}
}

// settle finds the areas of the stratum.
func (s *stratum) settle(areas []Area) {
	var people, deciles float64
	for i := range areas {
		a := &areas[i]
		if a.Borough != s.borough || (a.Deprivation+1)/2 != s.fifth {
			continue
		}
		people += float64(a.Population)
		deciles += float64(a.Population) * float64(a.Deprivation)
		s.areas = append(s.areas, i)
		s.sum = append(s.sum, people)
	}
	s.decile = int(deciles/people + 0.5)
}

// area draws the place of one of the stratum's areas, by their populations.
func (s *stratum) area(luck dice) int {
	at := luck.uniform() * s.sum[len(s.sum)-1]
	return s.areas[min(sort.SearchFloat64s(s.sum, at), len(s.areas)-1)]
}

// overNinety is by how many years on average people of 90 and over are older.
const overNinety = 3

// age draws an age in years from low to below high, by how many people of each
// year there are.
func (s *stratum) age(luck dice, low, high int) float64 {
	if low >= 90 {
		return min(90+luck.wait(overNinety), 107)
	}
	return float64(low+luck.among(s.ages[low:high])) + luck.uniform()
}

// femaleShare returns which part of the people of an age are women or girls.
func femaleShare(age int) float64 {
	i, _ := slices.BinarySearchFunc(sexes, age, func(x sexShare, age int) int { return x.from - age - 1 })
	return sexes[i-1].female
}

type sexShare struct {
	from   int
	female float64
}

var sexes = func() (all []sexShare) {
	for row := range rows(sexesTable) {
		all = append(all, sexShare{whole(row[0]), number(row[1])})
	}
	return all
}()

// assumed are the figures of params/people.tsv by their name.
var assumed = func() map[string]float64 {
	all := map[string]float64{}
	for row := range rows(peopleTable) {
		all[row[0]] = number(row[1])
	}
	return all
}()

func total(list []float64) (sum float64) {
	for _, x := range list {
		sum += x
	}
	return sum
}
