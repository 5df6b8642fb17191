package plan

// boroughs are the names of London's boroughs by their codes (ONS, local
// authority districts, December 2021); other codes are shown as they are.
var boroughs = map[string]string{
	"E09000001": "City of London", "E09000002": "Barking and Dagenham", "E09000003": "Barnet", "E09000004": "Bexley", "E09000005": "Brent",
	"E09000006": "Bromley", "E09000007": "Camden", "E09000008": "Croydon", "E09000009": "Ealing", "E09000010": "Enfield",
	"E09000011": "Greenwich", "E09000012": "Hackney", "E09000013": "Hammersmith and Fulham", "E09000014": "Haringey", "E09000015": "Harrow",
	"E09000016": "Havering", "E09000017": "Hillingdon", "E09000018": "Hounslow", "E09000019": "Islington", "E09000020": "Kensington and Chelsea",
	"E09000021": "Kingston upon Thames", "E09000022": "Lambeth", "E09000023": "Lewisham", "E09000024": "Merton", "E09000025": "Newham",
	"E09000026": "Redbridge", "E09000027": "Richmond upon Thames", "E09000028": "Southwark", "E09000029": "Sutton", "E09000030": "Tower Hamlets",
	"E09000031": "Waltham Forest", "E09000032": "Wandsworth", "E09000033": "Westminster",
}

// ethnicities are the NHS's ethnic categories by their letters (UK Core,
// EthnicCategoryEngland).
var ethnicities = map[string]string{
	"A": "White British", "B": "White Irish", "C": "other White", "D": "White and Black Caribbean", "E": "White and Black African",
	"F": "White and Asian", "G": "other mixed", "H": "Indian", "J": "Pakistani", "K": "Bangladeshi", "L": "other Asian", "M": "Caribbean",
	"N": "African", "P": "other Black", "R": "Chinese", "S": "any other", "Z": "not stated", "99": "not known",
}

// Named returns a group's name as people read it.
func Named(by, name string) string {
	known := map[string]map[string]string{"borough": boroughs, "ethnicity": ethnicities}[by]
	switch {
	case name == "":
		return "not known"
	case known[name] != "":
		return known[name]
	case by == "deprivation" && name == "1":
		return "1 (most deprived)"
	}
	return name
}
