package model

import "slices"

// Channel is a way to be reached, or to refer.
type Channel string

// The channels. A model that can be reached by digital ones alone is refused.
const (
	Phone    Channel = "phone"
	InPerson Channel = "in person"
	Letter   Channel = "letter"
	Email    Channel = "e-mail"
	Form     Channel = "web form"
	Text     Channel = "text message"
	System   Channel = "system" // from one program to another
)

var channels = []string{string(Phone), string(InPerson), string(Letter), string(Email), string(Form), string(Text), string(System)}

// Digital reports whether the channel needs a device.
func (c Channel) Digital() bool {
	return c == Email || c == Form || c == Text || c == System
}

// digitalOnly reports whether all channels need a device.
func digitalOnly(all []Channel) bool {
	return !slices.ContainsFunc(all, func(c Channel) bool { return !c.Digital() })
}

// From is who refers.
type From string

// Who may refer: the person, somebody who cares for them, one who works for a
// service, or the service as a whole.
const (
	FromPerson       From = "person"
	FromCarer        From = "carer"
	FromProfessional From = "professional"
	FromService      From = "service"
)

var froms = []string{string(FromPerson), string(FromCarer), string(FromProfessional), string(FromService)}

// Referrer is somebody who may refer to the model.
type Referrer struct {
	ID, Title string
	From      From
	By        []Channel
	Through   string // the id of the role at a hub that takes these referrals in; "" when the team does
	Line      int
}

// Outcome is a way in which somebody's time in the model ends.
type Outcome struct {
	ID, Title string
	Completed bool // whether it counts as having gone through the model
	Onward    bool // whether somebody else must have taken the person on
	Line      int
}

// Flow is what the author expects of every hundred on their way in: shares of
// the stage before, each with its source.
type Flow struct {
	Arrivals  float64 // of every 1000 eligible people a year, who come unasked; 0 where candidates are invited alone
	Invited   float64 // of those eligible who are sought out, in a year
	Consented float64 // of those invited, or who came
	Active    float64 // of those who agreed
	Completed float64 // of those who began
	Sources   []string
	Places    map[string]int // line of each, by key
}
