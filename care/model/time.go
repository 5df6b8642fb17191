package model

import (
	"fmt"
	"time"
)

// Unit is a unit of waiting.
type Unit uint8

// The units. A working day is neither a weekend nor a bank holiday of England.
const (
	Minute Unit = iota
	Hour
	WorkingDay
	Day
	Week
	Month
)

var unitNames = []string{"minute", "hour", "working day", "day", "week", "month"}

func (u Unit) String() string { return unitNames[u] }

// Wait is a length of time as it was written: "60 minutes", "2 working days",
// "12 weeks". The zero Wait is none.
type Wait struct {
	N    int
	Unit Unit
}

// Days returns the days of a wait, and parts of them; a month counts 30.4375, a
// working day 1.4.
func (w Wait) Days() float64 {
	n := float64(w.N)
	switch w.Unit {
	case Minute:
		return n / (24 * 60)
	case Hour:
		return n / 24
	case WorkingDay:
		return n * 7 / 5
	case Day:
		return n
	case Week:
		return n * 7
	case Month:
		return n * 365.25 / 12
	}
	return 0
}

// String returns the wait as it is written.
func (w Wait) String() string {
	if w.N == 1 {
		return "1 " + w.Unit.String()
	}
	return fmt.Sprintf("%d %ss", w.N, w.Unit)
}

// Hours are times of day on some days of the week, in British time.
type Hours struct {
	From, To int     // minutes from midnight; To may be 1440
	Days     [7]bool // by time.Weekday
	Working  bool    // bank holidays of England are not among the days
	Text     string
}

// Open reports whether a minute of a day of the week lies within the hours.
func (h Hours) Open(day time.Weekday, minute int) bool {
	return h.Days[day] && minute >= h.From && minute < h.To
}

// Week returns the hours' minutes in a week.
func (h Hours) Week() int {
	days := 0
	for _, d := range h.Days {
		if d {
			days++
		}
	}
	return days * (h.To - h.From)
}

func (h Hours) String() string { return h.Text }

// Length is how long somebody may stay in a model.
type Length struct {
	Is      Wait
	Warn    []int  // weeks at which the team is warned
	AtEnd   string // what is done at the end, in words
	Extend  Wait   // by how much it may be extended, with a reason; zero: not
	Extends int    // how many times
	Line    int
}

// Standard is how soon people are answered, and the clock that says so.
type Standard struct {
	ID, Says string
	Clock    string // the id of the shipped clock that it follows or betters, in care/workflow/clock; "" for none
	Starts   string // one of Moments
	Stops    string // one of Moments
	Within   Wait
	During   *Hours  // the hours in which the standard holds; nil: always
	Target   float64 // the share for which it is to be met
	Source   string
	Line     int
}

// Moments are what starts and stops clocks, in the order in which they happen;
// care/workflow/clock says what each is.
var Moments = []string{
	"sent", "received", "accepted", "invited", "answered", "waiting", "booked", "started", "assessed", "treated", "enrolled", "package-ended",
}

// Site is where the model works, and how many people it can take.
type Site struct {
	ID, Title string
	Open      Hours
	Starts    int // people who may begin in a week
	AtOnce    int // people there may be at one time; 0: as many as begin
	Source    string
	Line      int
}

// Waiting is how those wait for whom there is no place yet.
type Waiting struct {
	Order     []string // of WaitingOrders, the first deciding first
	AtMost    Wait
	Meanwhile string // what people are told and offered, in words
	// Exceptions are the only reasons for which somebody goes before others whom
	// the order puts first.
	Exceptions []Exception
	Line       int
}

// Exception is a reason to go before others who wait.
type Exception struct {
	ID, Says string
	Line     int
}

// WaitingOrders are what may decide who is next.
var WaitingOrders = []string{"priority", "longest wait", "nearest target date"}
