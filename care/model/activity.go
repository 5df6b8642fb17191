package model

// Activity is something that is done with or for a person.
type Activity struct {
	ID, Title string
	By        []string // ids of the roles that do it, all of them together
	When      Timing
	For       Wait   // how long one that comes again goes on; zero: as long as the model
	Due       *Due   // when one that is done once is to be done; nil: in the order
	Hours     *Hours // the times of day between which it is done; nil: any
	Place     string // one of Places
	Minutes   int
	Group     int      // how many people share one, in a group; 0: one alone
	After     []string // ids of the activities that come before
	Needs     []string // what must be so, in words
	Asks      []string // ids of the questionnaires that are asked
	Attended  float64  // the share of its times that counts as having gone through it; 0: nothing is asked
	Expected  float64  // times a person, where the timing is a limit; 0: as the timing says
	Kinds     []string // what it is, in words that models share: home-visit, strength-exercise
	Against   []string // what it does not go with: kinds, ids of models, or model/activity
	Assesses  []string // what it assesses, in words that models share
	Line      int
}

// Limit is how much of a kind a person may have in a day or a week, of all models
// together.
type Limit struct {
	ID, Says string
	Kinds    []string
	Most     int
	Each     Unit // Day or Week
	Line     int
}

// Places are where activities may happen.
var Places = []string{
	"home", "where the person is", "practice", "clinic", "hospital", "community venue", "care home", "school", "phone", "video",
}

// Repeat is how an activity comes again.
type Repeat uint8

// How an activity comes again.
const (
	Once       Repeat = iota
	AtWeeks           // at certain weeks from the start
	Recurring         // so many times every day, week or month
	WhenNeeded        // without a plan
)

// Timing is when an activity is done.
type Timing struct {
	Repeat Repeat
	Weeks  []int // AtWeeks, from 0
	Times  int   // Recurring: how often in each Every units
	Every  int
	Unit   Unit // Day, Week or Month
	UpTo   bool // whether Times is a limit, not a plan
	Text   string
}

func (t Timing) String() string { return t.Text }

// Due is until when something is to be done.
type Due struct {
	Within Wait
	Of     string // one of Points
}

// Points are the moments from which time is reckoned.
var Points = []string{"referral", "acceptance", "start", "invitation", "end", "the one before"}
