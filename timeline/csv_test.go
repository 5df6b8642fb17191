package timeline

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"joinery/fault"
)

const ownNames = `{
	"people": {"columns": {"person": "person", "id": "id", "born": "born", "died": "died", "registered": "registered", "sex": "sex", "ethnicity": "ethnicity",
		"practice": "practice", "borough": "borough", "deprivation": "deprivation", "resident": "resident"}, "codes": {"sex": {"M": "male", "F": "female"}}},
	"events": {"columns": {"person": "person", "kind": "kind", "system": "system", "code": "code", "status": "status", "at": "at", "until": "until",
		"recorded": "recorded", "value": "value", "unit": "unit", "organisation": "organisation"}, "separator": ";",
		"dates": ["DD/MM/YYYY hh:mm", "DD/MM/YYYY", "MM/YYYY", "YYYY"]}}`

func mapping(t testing.TB, text string) *Mapping {
	t.Helper()
	m, err := ReadMapping([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// written writes a day as the mapping above has it.
func written(d Day, minute int16) string {
	if d == NoDay {
		return ""
	}
	year, month, day := d.Date()
	switch minute {
	case YearOnly:
		return fmt.Sprintf("%04d", year)
	case MonthOnly:
		return fmt.Sprintf("%02d/%04d", month, year)
	case DayOnly:
		return fmt.Sprintf("%02d/%02d/%04d", day, month, year)
	}
	return fmt.Sprintf("%02d/%02d/%04d %02d:%02d", day, month, year, minute/60, minute%60)
}

// TestLoadCSV: the same people give the same bytes by CSV as by Builder, and so
// as by Parquet, in whatever order the lines are.
func TestLoadCSV(t *testing.T) {
	m := mapping(t, ownNames)
	rapid.Check(t, func(t *rapid.T) {
		people, events := drawPeople(t, 30)
		flatten(events)
		rows := [][]string{}
		for _, p := range people {
			decile := ""
			if p.Deprivation > 0 {
				decile = strconv.Itoa(p.Deprivation)
			}
			sex := map[string]string{"": "", "male": "M", "female": "F"}[p.Sex]
			rows = append(rows, []string{fmt.Sprint(p.Key), string(p.ID), p.Born.String(), p.Died.String(), p.Registered.String(), sex, p.Ethnicity, p.Practice, p.Borough, decile, fmt.Sprint(p.Resident)})
		}
		var lines [][]string
		for key, list := range events {
			for _, e := range list {
				var code Code
				if len(e.Codes) > 0 {
					code = e.Codes[0]
				}
				value := ""
				if e.HasValue {
					value = strconv.FormatFloat(e.Value, 'g', -1, 64)
				}
				lines = append(lines, []string{
					fmt.Sprint(key), e.Kind, code.System, code.Code, e.Status, written(e.Day, e.Minute), written(e.End, DayOnly), written(e.Recorded, DayOnly),
					value, e.Unit, e.Organisation,
				})
			}
		}
		peopleFile := csvTable(',', "person,id,born,died,registered,sex,ethnicity,practice,borough,deprivation,resident", rapid.Permutation(rows).Draw(t, "people order"))
		eventsFile := csvTable(';', "person,kind,system,code,status,at,until,recorded,value,unit,organisation", rapid.Permutation(lines).Draw(t, "order"))
		got, refused, err := LoadCSV(strings.NewReader("\ufeff"+peopleFile), strings.NewReader(eventsFile), m)
		if err != nil || refused.Count > 0 {
			t.Fatalf("%v, refused %+v", err, refused)
		}
		if d := cmp.Diff(build(t, people, events), got, columns); d != "" {
			t.Fatalf("CSV gave another set (-builder +CSV):\n%s", d)
		}
	})
}

func csvTable(separator rune, header string, rows [][]string) string {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma = separator
	_ = w.Write(strings.Split(header, ",")) // to memory
	_ = w.WriteAll(rows)
	return b.String()
}

const simple = `{"people": {"columns": {"person": "who", "born": "born", "deprivation": "imd", "resident": "here"}},
	"events": {"columns": {"person": "who", "at": "when", "value": "result", "until": "end"}, "constants": {"kind": "Observation"}}}`

func TestCSVRefuses(t *testing.T) {
	people := "who,born,imd,here\nx,1950,,\ny,1960-02-30,,\n,1950,,\nx,1950,,\nz z,,,\nb,,11,\nc,,,maybe\nd,1950\na,,,\n\"e,\n"
	events := "who,when,result,end\nx,2020,7.1,\nx,2020-01-02,\"7,1\",\nnobody,2020,,\nx,,,\nx,2020-01-02,,soon\na,2021,NaN,\na,2021-02-03T10:00:00Z,3,2021\n"
	set, refused, err := LoadCSV(strings.NewReader(people), strings.NewReader(events), mapping(t, simple))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range refused.First {
		got = append(got, fmt.Sprint(r.File, " ", r.Line, ": ", r.Reason))
	}
	want := []string{
		`people 3: The date in the column for "born" is in none of the mapping's formats.`,
		"people 4: The line names no person.",
		"people 5: The person is there already, in a line before.",
		"people 6: The id is not one that a resource can have: up to 64 letters, digits, - and full stops.",
		"people 7: The deprivation decile is not a number from 1 to 10.",
		"people 8: Whether the person is resident must be true or false.",
		"people 9: The line has 2 fields; the header has 4.",
		"people 11: The line is not CSV: quotes do not match.",
		"events 3: The value is not a number. Write 7.1, without a thousands separator or a unit.",
		"events 4: The line is of a person who is not in the file of people.",
		"events 5: The date of the event is missing, or in none of the mapping's formats.",
		"events 6: The end of the event is in none of the mapping's date formats.",
		"events 7: The value is not a number. Write 7.1, without a thousands separator or a unit.",
	}
	if d := cmp.Diff(want, got); d != "" || refused.Count != len(want) {
		t.Errorf("%d refused (-want +got):\n%s", refused.Count, d)
	}
	if set.Len() != 2 || set.Person(0).ID() != "a" || set.Person(1).ID() != "x" || set.Events() != 2 {
		t.Errorf("%d people with %d events are left", set.Len(), set.Events())
	}
}

func TestMappingRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{`:               "The mapping cannot be read",
		`{"persons": {}}`: "unknown field",
		`{"people": {"columns": {"person": "a", "name": "b"}}}`: `names a field "name"`,
		`{"people": {}}`: `does not say where "person" is`,
		`{"people": {"columns": {"person": "a"}, "dates": ["DD/MM"]}}`:                           `The date format "DD/MM"`,
		`{"people": {"columns": {"person": "a"}, "dates": ["YYYY-MM-DD hh"]}}`:                   "The date format",
		`{"people": {"columns": {"person": "a"}, "separator": "ab"}}`:                            "must be one character",
		`{"people": {"columns": {"person": "a"}, "codes": {"gender": {}}}}`:                      `codes for a field "gender"`,
		`{"people": {"columns": {"person": "a"}}, "events": {"columns": {"person": "a"}}}`:       `does not say where "kind" is`,
		`{"people": {"columns": {"person": "a"}, "constants": {"x": "y"}}}`:                      `names a field "x"`,
		`{"people": {"columns": {"person": "a"}, "dates": ["2006-MM-DD"]}, "events": {}}`:        "The date format",
		`{"people": {"columns": {"person": "a"}, "dates": ["YYYY-MM-DD YYYY"]}, "events": null}`: "The date format",
	} {
		if _, err := ReadMapping([]byte(text)); !strings.Contains(fault.MessageOf(err), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	_, _, err := LoadCSV(strings.NewReader("who,born\n"), strings.NewReader(""), mapping(t, simple))
	if !strings.Contains(fault.MessageOf(err), "The file of people has no column") {
		t.Errorf("a column that is not there: %v", err)
	}
}

// FuzzCSV: whatever mapping and files hold, they end in a Set or a refusal, and
// every line is an event, a person, or refused.
func FuzzCSV(f *testing.F) {
	f.Add(simple, "who,born,imd,here\nx,1950,,\n", "who,when,result,end\nx,2020,7.1,\n")
	f.Add(ownNames, "person,id\n1,a\n", "person;kind\n1;Condition\n")
	f.Add(`{"people":{"columns":{"person":"a"},"separator":"\t"},"events":{"columns":{"person":"a","kind":"b","at":"c"},"dates":["YYYYMMDD"]}}`, "a\n\"\"\n", "a,b,c\n\"\n1,\"Flag\",20200101\n")
	f.Fuzz(func(t *testing.T, text, people, events string) {
		m, err := ReadMapping([]byte(text))
		if err != nil {
			return
		}
		set, refused, err := LoadCSV(strings.NewReader(people), strings.NewReader(events), m)
		if err != nil {
			if fault.MessageOf(err) == "" {
				t.Fatalf("an error that says nothing: %v", err)
			}
			return
		}
		lines := strings.Count(people, "\n") + strings.Count(events, "\n") + strings.Count(people, "\r") + strings.Count(events, "\r") + 2
		if n := set.Len() + set.Events() + refused.Count; n > lines {
			t.Fatalf("%d people, %d events and %d refused, of %d lines", set.Len(), set.Events(), refused.Count, lines)
		}
	})
}
