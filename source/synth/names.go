package synth

import (
	_ "embed"
	"slices"
	"strings"
)

// community is people who name their children alike.
type community struct {
	name     string
	language []string // BCP 47
	main     float64  // part of those born abroad whose main language this is
	help     float64  // part of these who need an interpreter
	english  float64  // part of those born here with an English first name
	abroad   float64  // part of those born abroad with one

	families []string
	given    [2][]generation // women's and men's
	second   [2][]string
	own      []string // of people without family names: names of fathers
}

// lately is the year around which names were given of which no year is said.
const lately = 1990

// generation is names that were given around a year.
type generation struct {
	year  int
	names []string
}

//go:embed params/names.tsv
var namesTable string

//go:embed params/communities.tsv
var communitiesTable string

//go:embed params/belonging.tsv
var belongingTable string

// communities are all that have names, in the order of their table.
var communities = readCommunities()

func readCommunities() []*community {
	var all []*community
	for row := range rows(communitiesTable) {
		all = append(all, &community{
			name: row[0], language: strings.Split(row[1], "|"), main: number(row[2]), help: number(row[3]),
			english: number(row[4]), abroad: number(row[5]),
		})
	}
	for row := range rows(namesTable) {
		c := all[slices.IndexFunc(all, func(c *community) bool { return c.name == row[0] })]
		c.add(row[1], strings.Fields(row[2]))
	}
	return all
}

// add takes in a list of names.
func (c *community) add(list string, names []string) {
	for i := range names {
		names[i] = strings.ReplaceAll(names[i], "_", " ")
	}
	sex, kind := Female, strings.TrimPrefix(list, "female")
	if kind == list {
		sex, kind = Male, strings.TrimPrefix(list, "male")
	}
	switch {
	case list == "family":
		c.families = names
	case list == "names":
		c.own = names
		c.given[Male] = append(c.given[Male], generation{lately, names})
	case kind == "2":
		c.second[sex] = names
	case kind == "":
		c.given[sex] = append(c.given[sex], generation{lately, names})
	default:
		c.given[sex] = append(c.given[sex], generation{whole(kind), names})
	}
}

// The communities that others draw on.
var english = communities[0]

// belonging holds, by ethnic group and borough, the communities and how many
// of the group's people are of each.
var belonging = func() (all [len(letters)][len(Boroughs)][]membership) {
	for row := range rows(belongingTable) {
		c := communities[slices.IndexFunc(communities, func(c *community) bool { return c.name == row[1] })]
		for b := range Boroughs {
			at := &all[strings.Index(letters, row[0])][b]
			sum := number(row[2+b])
			if n := len(*at); n > 0 {
				sum += (*at)[n-1].upTo
			}
			*at = append(*at, membership{sum, c})
		}
	}
	return all
}()

// membership is a community with how many people are of it, or of those before it.
type membership struct {
	upTo float64
	of   *community
}

// communityOf draws the community of somebody of an ethnic group in a borough.
func communityOf(luck dice, letter byte, borough string) *community {
	all := belonging[strings.IndexByte(letters, letter)][slices.Index(Boroughs[:], borough)]
	at := luck.uniform() * all[len(all)-1].upTo
	for _, s := range all {
		if at < s.upTo {
			return s.of
		}
	}
	return all[0].of
}

// common draws one of a list, the first more often than the last, as names are.
func common(luck dice, list []string) string {
	u := luck.uniform()
	return list[int(float64(len(list))*u*(0.35+0.65*u))]
}

// spelled draws one of the spellings of a name.
func spelled(luck dice, name string) string {
	if strings.IndexByte(name, '/') < 0 {
		return name
	}
	all := strings.Split(name, "/")
	if luck.chance(0.55) {
		return all[0]
	}
	return anyOf(luck, all[1:])
}

// familyName draws a family name, as a man of the family bears it in the list:
// with a star where it depends on the sex.
func (c *community) familyName(luck dice) string {
	switch {
	case c.name == "english" && luck.chance(0.3):
		return anyOf(luck, placeBegin) + anyOf(luck, placeEnd)
	case c.name == "yoruba" && luck.chance(0.3):
		return anyOf(luck, yorubaBegin) + anyOf(luck, yorubaEnd)
	case len(c.families) == 0:
		return spelled(luck, common(luck, c.own))
	}
	return spelled(luck, common(luck, c.families))
}

// givenName draws a first name for somebody born in a year: of the generation
// that is nearest, more or less, as fashions overlap.
func (c *community) givenName(luck dice, sex Sex, year int) string {
	lists := c.given[sex]
	near := 0
	if len(lists) > 1 {
		year += luck.between(-8, 8)
		for i, g := range lists {
			if abs(g.year-year) < abs(lists[near].year-year) {
				near = i
			}
		}
	}
	return spelled(luck, common(luck, lists[near].names))
}

func abs(n int) int { return max(n, -n) }

var (
	placeBegin = strings.Fields(`Ash Beck Brad Bram Bran Burn Char Clay Col Cran Crom Dal Den Earn El Fair Farn Gar Hal Ham Hart Har Hather
		Hazel Hen Hol Horn Hux Kem Ken Kirk Lang Lin Long Mar Mel Mid Mil Nor Oak Old Pen Pem Quen Rad Rams Red Ring Row Sel Shel Stan Stock
		Sut Swin Thorn Tol Under Wal War Wel West Whit Win Wood Wool`)
	placeEnd    = strings.Fields(`ton ton ley ley ford well ham worth by field combe den wick stead bourne brook more dale hurst land`)
	yorubaBegin = strings.Fields(`Ade Olu Ola Ayo Oye Aki Ogun Oyin Ige Fa Odu Ode Awo Oluwa Ere Omo`)
	yorubaEnd   = strings.Fields(`bayo yemi leke sanya folarin rinde wole tayo sina goke gbola jobi moye kunle bode niyi lana biyi tokun femi sola dipe yinka remi`)
)
