package synth

import "strings"

// lineage is what somebody has of their parents that goes into their name.
type lineage struct {
	of          *community
	name        string // the father's family name, as a man bears it
	second      string // the mother's, where people have both
	father      string // the father's first name, where people have that
	grandfather string
}

// newLineage invents the parents of somebody whose parents are not among the
// people.
func newLineage(luck dice, c *community) lineage {
	l := lineage{of: c, name: c.familyName(luck)}
	switch c.name {
	case "spanish", "latin":
		l.second = c.familyName(luck)
	case "portuguese", "brazilian":
		if second := c.familyName(luck); second != l.name && luck.chance(0.6) {
			l.second = second
		}
	case "somali", "eritrean", "tamil", "arabic":
		l.father, l.grandfather = c.givenName(luck, Male, 1955), c.givenName(luck, Male, 1930)
	}
	return l
}

// heir returns the lineage of children of a father and a mother.
func heir(father lineage, fathersName string, mother lineage) lineage {
	child := lineage{of: father.of, name: father.name}
	switch father.of.name {
	case "spanish", "latin":
		child.second = strings.TrimSuffix(mother.name, "*")
	case "portuguese", "brazilian":
		if child.second = strings.TrimSuffix(mother.name, "*"); child.second == child.name {
			child.second = ""
		}
	case "somali", "eritrean", "tamil", "arabic":
		child.father, child.grandfather = fathersName, father.father
		if child.grandfather == "" {
			child.grandfather = father.name
		}
	}
	return child
}

// family returns the family name of somebody of a lineage who bears no
// other's, and what stands between it and their first name.
func (l lineage) family(sex Sex, married bool) (family string, between string) {
	switch l.of.name {
	case "spanish", "latin":
		return l.name + " " + l.second, ""
	case "portuguese", "brazilian":
		if l.second == "" {
			return l.name, ""
		}
		return l.second + " " + l.name, ""
	case "somali":
		return l.grandfather, l.father
	case "eritrean", "tamil":
		return l.father, ""
	case "arabic":
		return l.name, l.father
	}
	return l.ending(sex, married), ""
}

// ending is the family name with the ending that it has for a sex.
func (l lineage) ending(sex Sex, married bool) string {
	stem, changes := strings.CutSuffix(l.name, "*")
	if !changes {
		return stem
	}
	switch l.of.name {
	case "polish":
		if sex == Female {
			return stem + "a"
		}
		return stem + "i"
	case "lithuanian":
		switch {
		case sex != Female:
			return stem + "as"
		case married:
			return stem + "ienė"
		}
		return stem + "aitė"
	case "greek":
		if sex == Female {
			return stem + "ou"
		}
		return stem + "os"
	}
	if sex == Female {
		return stem + "a"
	}
	return stem
}

// given draws the given names of somebody: their first name and those that the
// customs of their community put beside it.
func (l lineage) given(luck dice, sex Sex, born Day, abroad bool) []string {
	c := l.of
	year, _, _ := born.Date()
	names := make([]string, 1, 3)
	part := c.english
	if abroad {
		part = c.abroad
	}
	anglo := luck.chance(part)
	if anglo && c.name != "english" {
		names[0] = english.givenName(luck, sex, year)
	} else {
		names[0] = c.givenName(luck, sex, year)
	}
	if second := l.beside(luck, names[0], sex, born, anglo); second != "" && lettersOf(second) != lettersOf(names[0]) {
		names = append(names, second)
	}
	if _, between := l.family(sex, false); between != "" {
		names = append(names, between)
	}
	return names
}

// beside returns the second of the given names; "": none.
func (l lineage) beside(luck dice, first string, sex Sex, born Day, anglo bool) string {
	c := l.of
	year, _, _ := born.Date()
	switch c.name {
	case "english", "irish", "anglo", "caribbean":
		if luck.chance(0.72) {
			return c.givenName(luck, sex, year-20)
		}
	case "ghanaian":
		if luck.chance(0.6) {
			return spelled(luck, dayNames[sex][born.Weekday()])
		}
	case "yoruba", "igbo", "sierraleonean", "eastafrican", "congolese":
		if luck.chance(0.6) {
			if anglo || luck.chance(0.7) {
				return c.givenName(luck, sex, year)
			}
			return english.givenName(luck, sex, year)
		}
	case "punjabi":
		if luck.chance(0.75) && l.name != "Singh" && l.name != "Kaur" {
			return [...]string{"Kaur", "Singh"}[sex]
		}
	case "pakistani", "bangladeshi":
		second := c.second[sex]
		switch {
		case sex == Female && luck.chance(0.3+0.4*float64(min(max(2000-year, 0), 40))/40):
			return spelled(luck, anyOf(luck, second))
		case sex == Male && len(second) > 0 && luck.chance(0.5):
			return spelled(luck, anyOf(luck, second))
		case sex == Male && strings.HasPrefix(first, "M"):
			return c.givenName(luck, sex, year)
		}
	case "vietnamese":
		if sex == Female {
			return spelled(luck, anyOf(luck, []string{"Thị/Thi", "Thị/Thi", "Ngọc/Ngoc", "Kim", "Thu"}))
		}
		return spelled(luck, anyOf(luck, []string{"Văn/Van", "Văn/Van", "Minh", "Quốc/Quoc", "Đức/Duc"}))
	case "latin", "spanish", "portuguese", "brazilian", "filipino":
		if luck.chance(0.55) && !strings.Contains(first, " ") {
			if second := c.second[sex]; len(second) > 0 {
				return spelled(luck, anyOf(luck, second))
			}
			return c.givenName(luck, sex, year)
		}
	default:
		if len(c.own) == 0 && luck.chance(0.2) && c.name != "chinese" && c.name != "tamil" && c.name != "nepali" {
			return c.givenName(luck, sex, year)
		}
	}
	return ""
}

// dayNames are the Akan names of people by sex and the day of the week on which
// they were born, Sunday first.
var dayNames = [2][7]string{
	{"Akosua/Esi", "Adwoa/Adjoa", "Abena/Araba", "Akua/Ekua", "Yaa/Aba", "Afua/Efua/Efia", "Ama"},
	{"Kwasi/Kwesi", "Kwadwo/Kojo/Kwadjo", "Kwabena/Kobina/Ebo", "Kwaku/Kweku", "Yaw", "Kofi", "Kwame/Kwamena"},
}

// takesName returns how likely a woman of a community takes her husband's name
// on marrying in a year. Assumptions, but that nine in ten did in Britain late
// in the last century.
func (c *community) takesName(year int) float64 {
	switch c.name {
	case "spanish", "latin", "somali", "eritrean", "arabic", "italian", "afghan":
		return 0.04
	case "chinese", "vietnamese", "kurdish", "portuguese":
		return 0.15
	case "pakistani", "bangladeshi":
		return 0.3
	case "punjabi":
		return 0.5
	}
	switch {
	case year < 1975:
		return 0.97
	case year < 1995:
		return 0.88
	case year < 2010:
		return 0.75
	}
	return 0.6
}

// married returns how likely somebody of an age who lives with a partner has
// married them. Source: Census 2021, ONS, rounded.
func married(age int) float64 {
	switch {
	case age < 25:
		return 0.12
	case age < 30:
		return 0.35
	case age < 35:
		return 0.58
	case age < 50:
		return 0.75
	case age < 65:
		return 0.83
	}
	return 0.95
}

// title returns how somebody is addressed; "": without.
func title(luck dice, sex Sex, age int, wed bool) string {
	switch {
	case luck.chance(0.25):
		return ""
	case age >= 28 && luck.chance(0.012):
		return "Dr"
	case age < 16 && sex == Male:
		return "Master"
	case sex == Male:
		return "Mr"
	case wed && luck.chance(0.85):
		return "Mrs"
	case !wed && age < 30 || !wed && luck.chance(0.5):
		return "Miss"
	}
	return "Ms"
}

// year returns the year of a day.
func (d Day) year() int {
	y, _, _ := d.Date()
	return y
}

// usual are short forms of first names by which people go.
var usual = map[string]string{
	"William": "Bill", "Robert": "Bob", "Richard": "Dick", "James": "Jim", "Thomas": "Tom", "Michael": "Mick", "Anthony": "Tony",
	"Edward": "Ted", "Charles": "Charlie", "Frederick": "Fred", "Albert": "Bert", "Kenneth": "Ken", "Ronald": "Ron", "Leslie": "Les",
	"Christopher": "Chris", "Nicholas": "Nick", "Matthew": "Matt", "Benjamin": "Ben", "Samuel": "Sam", "Alexander": "Alex",
	"Margaret": "Peggy", "Elizabeth": "Liz", "Kathleen": "Kath", "Patricia": "Pat", "Dorothy": "Dot", "Barbara": "Babs", "Susan": "Sue",
	"Christine": "Chris", "Jacqueline": "Jackie", "Deborah": "Debbie", "Samantha": "Sam", "Victoria": "Vicky", "Rebecca": "Becky",
	"Katherine": "Kate", "Catherine": "Cathy", "Jennifer": "Jenny", "Abigail": "Abi", "Florence": "Flo", "Matilda": "Tilly", "Isabella": "Bella",
	"Krzysztof": "Krzysiek", "Małgorzata": "Gosia", "Katarzyna": "Kasia", "Francisco": "Paco", "José": "Pepe", "Oluwaseun": "Seun",
	"Chukwuemeka": "Emeka", "Oluwatobi": "Tobi", "Folasade": "Sade", "Babatunde": "Tunde", "Olufemi": "Femi", "Siobhán": "Shiv",
}
