package directory

import (
	"slices"
	"strings"
	"testing"
	"time"

	"joinery/care/workflow/clock"
	"joinery/fhir"
)

const car = `{"resourceType":"HealthcareService","id":"car","active":true,"name":"Falls car","providedBy":{"reference":"Organization/falls"},
"location":[{"reference":"Location/north"},{"reference":"http://elsewhere/Location/x"}],"type":[{"coding":[{"code":"falls"}],"text":"Falls response"}],
"characteristic":[{"coding":[{"system":"urn:joinery:referrer","code":"person"},{"system":"urn:joinery:standard","code":"falls-response"}]},{"coding":[{"system":"urn:joinery:role","code":"hub"},{"system":"urn:other","code":"person"}]}],
"eligibility":[{"comment":"Aged 65 or over"}],
"extension":[{"url":"urn:joinery:capacity","extension":[{"url":"site","valueReference":{"reference":"Location/north"}},{"url":"starts-a-week","valuePositiveInt":20},{"url":"at-once","valuePositiveInt":4}]}],
"availableTime":[{"daysOfWeek":["mon","tue"],"availableStartTime":"08:00:00","availableEndTime":"20:00:00"},{"daysOfWeek":["sat"],"allDay":true}],
"notAvailable":[{"description":"Bank holidays of England"},{"description":"Moving house","during":{"start":"2026-02-10","end":"2026-02-10"}}]}`

func service(t *testing.T, text string) *Service {
	t.Helper()
	doc, err := fhir.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return Of(doc.Root())
}

func TestAServiceIsRead(t *testing.T) {
	s := service(t, car)
	if s.ID != "car" || !s.Active || s.Organization != "Organization/falls" || !s.Hub || s.Eligible != "Aged 65 or over" ||
		!slices.Equal(s.Sites, []string{"Location/north"}) || !slices.Equal(s.Standards, []string{"falls-response"}) || !slices.Equal(s.Types, []string{"falls", "Falls response"}) {
		t.Errorf("read %+v", s)
	}
	if want := []Capacity{{"Location/north", 20, 4}}; !slices.Equal(s.Capacity, want) {
		t.Errorf("capacity %v, want %v", s.Capacity, want)
	}
	if !s.Takes(FromPerson) || s.Takes(FromProfessional) {
		t.Error("it says that it takes people themselves, and nobody else")
	}
	if quiet := service(t, `{"resourceType":"HealthcareService","id":"q"}`); quiet.Takes(FromPerson) || quiet.Takes(FromCarer) || !quiet.Takes(FromProfessional) || !quiet.Takes(FromService) {
		t.Error("a service that does not say who may refer takes professionals and services")
	}
}

func TestWhenItIsOpen(t *testing.T) {
	s := service(t, car)
	for at, want := range map[string]bool{
		"2026-02-03 07:59": false, // a Tuesday
		"2026-02-03 08:00": true,
		"2026-02-03 19:59": true,
		"2026-02-03 20:00": false,
		"2026-02-04 12:00": false, // Wednesday
		"2026-02-07 00:00": true,  // Saturday, all day
		"2026-02-07 23:59": true,
		"2026-02-10 12:00": false, // they move house
		"2026-04-06 12:00": false, // Easter Monday
		"2026-06-29 08:30": true,  // in summer time
	} {
		moment, err := time.ParseInLocation("2006-01-02 15:04", at, clock.London)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Open(moment.UTC()); got != want {
			t.Errorf("open at %s = %v, want %v", at, got, want)
		}
	}
	if !service(t, `{"resourceType":"HealthcareService","id":"q"}`).Open(time.Unix(0, 0)) {
		t.Error("a service that says nothing of its hours is open")
	}
}

func TestWhoCanBeSentSomebody(t *testing.T) {
	for text, want := range map[string]string{
		car: "",
		strings.Replace(car, `"active":true`, `"active":false`, 1):                              "closed",
		strings.Replace(car, `"reference":"Organization/falls"`, `"display":"some charity"`, 1): "which organisation",
	} {
		err := service(t, text).Usable()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("Usable = %v, want %q", err, want)
		}
	}
}
