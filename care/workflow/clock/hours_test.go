package clock

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

var someHours = []string{
	"08:00 to 20:00 every day", "09:00 to 17:00 working days", "09:00 to 17:00 Monday to Friday", "10:00 to 14:00 Saturday and Sunday",
	"00:00 to 24:00 every day", "00:30 to 03:30 every day", "22:00 to 24:00 Friday to Monday", "12:00 to 12:01 Wednesday",
}

func hoursOf(t interface{ Fatal(...any) }, text string) *During {
	h, err := ParseDuring(text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestHoursAreKept: a limit within hours ends within them, when just so much of
// them has gone by; whoever comes later is never due earlier; and hours that never
// end are no hours.
func TestHoursAreKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := hoursOf(t, rapid.SampledFrom(someHours).Draw(t, "hours"))
		at := func(name string) time.Time {
			base := rapid.SampledFrom([]string{"2026-03-27 20:00", "2026-10-23 20:00", "2026-12-23 09:00", "2028-02-27 09:00"}).Draw(t, name)
			from, err := time.ParseInLocation("2006-01-02 15:04", base, London)
			if err != nil {
				t.Fatal(err)
			}
			return from.Add(time.Duration(rapid.IntRange(0, 10_000).Draw(t, name+" later")) * time.Minute)
		}
		l := rapid.SampledFrom([]Limit{{1, Minutes}, {45, Minutes}, {2, Hours}, {5, Hours}, {30, Hours}, {1, Days}, {2, WorkingDays}, {1, Weeks}}).Draw(t, "limit")
		one, two := at("one"), at("two")
		if two.Before(one) {
			one, two = two, one
		}
		due := h.After(l, one)
		if due.Before(one) {
			t.Fatalf("%s after %s during %s is %s", l, one, h, due)
		}
		if later := h.After(l, two); later.Before(due) {
			t.Fatalf("%s during %s: from %s due %s, from %s, which is later, due %s", l, h, one, due, two, later)
		}
		if l.Unit.civil() {
			if want := l.After(h.Next(one)); !due.Equal(want) {
				t.Fatalf("%s after the hours begin is %s, want %s", l, due, want)
			}
			return
		}
		if got := h.Between(one, due); got != l.elapsed() {
			t.Fatalf("%s after %s during %s is %s, of which %s is within", l, one, h, due, got)
		}
		if open := h.Next(due.Add(-time.Nanosecond)); open.After(due) {
			t.Fatalf("%s is not within %s", due, h)
		}
		if back := h.Before(l, due); h.Between(back, due) != l.elapsed() || back.Before(one) {
			t.Fatalf("%s before %s during %s is %s, before %s", l, due, h, back, one)
		}
		if h.Text == "00:00 to 24:00 every day" && !due.Equal(l.After(one)) {
			t.Fatalf("at all hours %s after %s is %s, want %s", l, one, due, l.After(one))
		}
	})
}

// TestHoursAreReadAsWritten: what is no hours is refused.
func TestHoursAreReadAsWritten(t *testing.T) {
	for _, text := range someHours {
		if got := hoursOf(t, text).String(); got != text {
			t.Errorf("%q is read as %q", text, got)
		}
	}
	for _, text := range []string{"", "08:00", "08:00 to 08:00", "20:00 to 08:00", "08:00 to 24:30", "08:60 to 10:00", "8:00 to 20:00", "08:00 to 20:00 weekdays", "08:00 to 20:00 Mon to Fri", "25:00 to 26:00"} {
		if h, err := ParseDuring(text); err == nil {
			t.Errorf("ParseDuring(%q) = %+v, want a refusal", text, h)
		}
	}
}
