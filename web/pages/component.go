package pages

// The views of components.html. A component is one of nhsuk-frontend's, in the
// part of it that pages here use; component_test.go holds each to the package's
// own fixtures, and says what is left out and why.

// Tag is a status in a word or two.
type Tag struct{ Text, Colour string }

func newTag(text string, colour ...string) Tag {
	t := Tag{Text: text}
	if len(colour) > 0 {
		t.Colour = colour[0]
	}
	return t
}

// Button sends a form.
type Button struct {
	Text, Kind, Name, Value string
	Small                   bool
}

func newButton(text string, named ...string) Button { return buttonOf("", text, named) }

func secondaryButton(text string, named ...string) Button { return buttonOf("secondary", text, named) }

func warningButton(text string, named ...string) Button { return buttonOf("warning", text, named) }

func buttonOf(kind, text string, named []string) Button {
	b := Button{Text: text, Kind: kind}
	if len(named) == 2 {
		b.Name, b.Value = named[0], named[1]
	}
	return b
}

// Link leads somewhere.
type Link struct{ Href, Text string }

// Hidden is a field that nobody sees.
type Hidden struct{ Name, Value string }

// Field is what all that can be filled in has in common.
type Field struct {
	ID, Name    string // equal unless said otherwise
	Label       string // or the legend of a list
	Size        string // of the label: s, m, l
	Heading     bool   // the label is the page's heading
	Hint, Error string
	Value       string
}

// Input is a line that is filled in.
type Input struct {
	Field
	Type         string // text when empty
	Mode         string // of the keyboard on a phone
	Autocomplete string
	Width        string // "10": for ten characters
}

// Area is several lines that are filled in.
type Area struct {
	Field
	Rows         int // 5 when 0
	Autocomplete string
}

// Choice is a list of which one, or some, are chosen.
type Choice struct {
	Field
	Options []Option
}

// Option is one of a list.
type Option struct {
	Value, Text, Hint string
	Chosen            bool
	Recorded          bool // the text is the record's, not the page's
}

// Date is a day, month and year that are filled in.
type Date struct {
	Field
	Day, Month, Year string
	Words            [3]string // "Day", "Month", "Year"
}

// DatePart is one of the three fields of a Date.
type DatePart struct{ Name, Text, Value, Width string }

// Parts returns the fields.
func (d Date) Parts() []DatePart {
	return []DatePart{{"day", d.Words[0], d.Day, "2"}, {"month", d.Words[1], d.Month, "2"}, {"year", d.Words[2], d.Year, "4"}}
}

// Row is one line of a summary list.
type Row struct {
	Key, Value string
	Lines      []string
}

// Details are opened by who wants them.
type Details struct{ Summary, Text string }

// Pagination leads to the page before and the page after.
type Pagination struct{ Previous, Next Link }

// Care is a care card: what to do, and when. At most one of a kind is on a page.
type Care struct {
	Kind    string // emergency, urgent or non-urgent
	Heading string // "Call 999 if:"
	Lines   []string
}
