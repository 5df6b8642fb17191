package synth

import "joinery/fault"

// Options are what a district is made from.
type Options struct {
	Seed    uint64
	Until   Day      // the last day of the lives
	Without []string // planted truths to leave out, by their names in Truths
}

// District is a synthetic south east London: its areas and organisations, and
// the rules by which its people are invented. It does not change, so it is
// safe for concurrent use.
type District struct {
	Seed          uint64
	Since, Until  Day // the five years that are told in full: after Since, up to and with Until
	Areas         []Area
	Organisations []*Organisation

	care   *provision
	truths truths
}

// Open returns the district of the options. Open of equal options returns
// equal districts. An Until before 2010 or after 2050 is Invalid: nothing
// published tells of the people of such a day. So is a truth in Without that
// there isn't.
func Open(options Options) (*District, error) {
	if options.Until < dayOf(2010, 1, 1) || options.Until > dayOf(2050, 12, 31) {
		return nil, fault.New(fault.Invalid, "People can be invented up to a day between 2010 and 2050; give such a day as the last one.")
	}
	y, m, day := options.Until.Date()
	d := &District{Seed: options.Seed, Until: options.Until, Since: dayOf(y-5, m, day), Areas: readAreas()}
	d.care = newProvision(d.Seed, d.Areas)
	d.Organisations = d.care.all
	var err error
	if d.truths, err = plant(options, d.care); err != nil {
		return nil, err
	}
	return d, nil
}

// BlockSize is how many people are invented together: whole households, whose
// members know each other. Person k belongs to block k/BlockSize.
const BlockSize = 128

// Person is somebody, with their whole life.
type Person struct {
	Number       int64 // from 0; the same person for the same seed, however many are invented
	NHSNumber    string
	Names        []Name // the present one first
	Sex          Sex
	Born         Day
	Died         Day    // NotYet: alive
	Ethnicity    string // UK Core's letter: A … S, Z; 99
	BornAbroad   bool
	Language     string // BCP 47; "" English
	Interpreter  bool
	Needs        []*Concept // accessible information
	Household    *Household
	Practice     *Organisation // nil: registered nowhere, or outside the district
	Since        Day           // registered there
	Arrived      Day           // came to live in England; NotYet: long ago, or born here
	Left         Day           // moved away, which nobody has told the practice; NotYet: didn't
	NumberStatus string        // of the NHS number, in UK Core's code for England: 01 … 08
	Caring       Care          // looks after somebody unpaid
	Carers       []*Person     // who care for this person
	CaresFor     []*Person
	Mother       *Person // nil: not among the people
	Phone, Email string
	Events       []Event       // ordered by At
	Keeper       *Organisation // who made this record; nil: the practice
	Duplicate    *Person       // a second record of the same person, with what happened where it was made; nil: none

	slips    []string // of a second record: how it differs
	overlay  *overlay // what the record holds of another person; nil: nothing
	overlaid bool     // another record holds something of this person
}

// Care is how many hours a week somebody cares unpaid for somebody else.
type Care uint8

// Hours of caring, as the census asks for them.
const (
	NoCare    Care = iota
	SomeCare       // up to 19
	MuchCare       // 20 to 49
	WholeCare      // 50 and more
)

// NotYet is the Day of what has not happened.
const NotYet Day = -1 << 31

// Sex is administrative gender as FHIR has it.
type Sex uint8

// Sexes.
const (
	Female Sex = iota
	Male
	OtherSex
	UnknownSex
)

// Name is what a person is or was called.
type Name struct {
	Use    string // official, usual, maiden, old, nickname
	Family string
	Given  []string
	Prefix string
	Until  Day // NotYet: still
}

// Household is people under one roof.
type Household struct {
	Home        Home
	Lines       []string
	Town        string
	Postcode    string
	Area        *Area  // nil: outside the district, or no fixed address
	Tenure      string // one of the four of the census, or temporary accommodation; "": not a household's home
	Overcrowded bool
	CareHome    *Site // nil: not a care home
	People      []*Person
}

// Home is what kind of place a household lives in.
type Home uint8

// Homes.
const (
	Private Home = iota
	CareHomeRoom
	OtherCommunal
	NoFixedAbode
	OutsideDistrict
)

// Area is a lower super output area of 2011 with what is published of it.
type Area struct {
	Code, Borough string // ONS codes
	Deprivation   int    // IMD 2019 decile, 1 the most deprived
	Population    int    // residents in mid-2020
	Lat, Lon      float64
	Network       int // 0 to 23: the network whose practices are nearest
}

// Organisation is a body that provides care, or a network of them. All are invented.
type Organisation struct {
	ID, Name, ODS string
	Type          string        // practice, network, trust, community, mentalhealth, pharmacy, carehome, charity, council, ambulance, commissioner
	PartOf        *Organisation // of a practice its network
	Sites         []*Site
	Staff         []*Staff
	Borough       string
	List          int // of a practice: registered people as published, April 2020

	jobs []jobSpan
}

// Site is a place where an organisation works.
type Site struct {
	ID, Name       string
	Of             *Organisation
	Lat, Lon       float64
	Lines          []string
	Town, Postcode string
	Borough        string // ONS code; "": outside the district
	Services       []*Service
}

// Service is what is offered at a site.
type Service struct {
	ID, Name     string
	For          purpose
	Type         *Concept
	At           *Site
	Network      int // of whose people alone it takes; below 0: not bound to one
	Hours        Week
	Holidays     holidayRule
	Capacity     int    // people a week; of a care home its beds; 0: not stated
	Eligible     string // in words
	From, To     int    // ages that it takes, in years; 0 to 0: any, from n to 0: n and over
	Languages    []string
	Access       []string // step-free, hearing loop, …
	SelfReferral bool
	Referral     string // how people come to it, in words
	Phone        string
}

// Week is when something is open: minutes after midnight by weekday, Sunday first.
type Week [7][]Span

// Span is from one minute of the day to before another.
type Span struct{ From, To int16 }

// Staff is somebody who works for an organisation.
type Staff struct {
	ID, Family, Given, Job string
	Role                   *Concept
	Of                     *Organisation
}
