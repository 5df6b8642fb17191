package language

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"joinery/fhir/codes"
	"joinery/written"
)

// Mark says how far a code is verified.
type Mark string

// The marks of a code: found in a public code list, in one public repository
// only, or known from practice and not verified.
const (
	Verified   Mark = "V"
	OneSource  Mark = "V1"
	Unverified Mark = "K"
)

// Code is one code of a set.
type Code struct {
	System  string // a URI; "" for a text
	Code    string // or, without a system, the text, in lower case
	Display string
	Mark    Mark
	Begins  bool // whether a text need only begin with Code
}

// CodeSet is a file of codes that mean one thing to a definition.
type CodeSet struct {
	Place
	ID, Version, Title string
	Source             string
	Unit               string // UCUM, of the values; "" when the events have none
	Codes              []Code // after includes and excludes: by system, then code
	Hash               string // of the codes and unit, in hexadecimal

	include, exclude []setRef
	own, drop        []Code
	state            int // of resolving
}

// setRef names another set whose codes are in, or out.
type setRef struct {
	Place
	id string
}

// systems are the short names of code systems.
var systems = map[string]string{
	"snomed":    "http://snomed.info/sct",
	"loinc":     "http://loinc.org",
	"dmd":       "https://dmd.nhs.uk",
	"icd10":     "http://hl7.org/fhir/sid/icd-10",
	"ethnicity": "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland",
}

// codeSet reads a file of codes.
func (r *reader) codeSet(doc *yaml.Node) *CodeSet {
	f := r.Fields(doc, "a code set")
	s := &CodeSet{Place: r.Place(doc), ID: r.ID(f.Take("codes"), "codes")}
	s.Version = f.Required("version", "1.0.0")
	s.Title = f.Required("title", "Blood pressure, systolic")
	s.Source = f.Required("source", "where the codes come from, with its date")
	if n := f.Take("unit"); n != nil {
		if s.Unit = r.Text(n, "unit"); !codes.IsUnit(s.Unit) {
			r.Wrong(n, "%q is not a UCUM unit; write mm[Hg], kg/m2, mmol/mol, or 1 for a plain number.", s.Unit)
			s.Unit = ""
		}
	}
	system := f.Text("system")
	if n := f.Take("include"); n == nil {
		r.Wrong(doc, "The code set has no codes; write them under include, each as \"- {code: 38341003, says: Hypertensive disorder, mark: V}\".")
	} else {
		s.own, s.include = r.codes(n, system, true)
	}
	if n := f.Take("exclude"); n != nil {
		s.drop, s.exclude = r.codes(n, system, false)
	}
	f.Done("A code set")
	return s
}

// codes reads a list of codes and of other sets.
func (r *reader) codes(n *yaml.Node, system string, marked bool) (own []Code, sets []setRef) {
	for _, entry := range r.List(n, "codes") {
		f := r.Fields(entry, "a code")
		if f == nil {
			continue
		}
		if set := f.Take("set"); set != nil {
			sets = append(sets, setRef{r.Place(set), r.ID(set, "set")})
			f.Done("A line that includes another set")
			continue
		}
		if c, ok := r.code(f, system, marked); ok {
			own = append(own, c)
		}
	}
	return own, sets
}

func (r *reader) code(f *written.Fields, system string, marked bool) (Code, bool) {
	if own := f.Text("system"); own != "" {
		system = own
	}
	code, text, begins := f.Text("code"), f.Text("text"), f.Text("begins")
	c := Code{Code: code, Display: f.Text("says"), Mark: Mark(f.Text("mark"))}
	switch {
	case code != "" && text == "" && begins == "":
		if short, ok := systems[system]; ok {
			system = short
		}
		if c.System = system; !strings.Contains(system, ":") {
			r.Wrong(f.Node, "The code %s has no code system; write \"system: snomed\" (or loinc, dmd, icd10, or its URI) at the top or here.", code)
		}
	case code == "" && text != "" && begins == "":
		c.Code = strings.ToLower(text)
	case code == "" && text == "" && begins != "":
		c.Code, c.Begins = strings.ToLower(begins), true
	default:
		r.Wrong(f.Node, "A line has one of code, text (the words of what has no code) and begins (how such words begin).")
		return c, false
	}
	if marked {
		if c.Display == "" {
			r.Wrong(f.Node, "The code %s does not say what it means; add \"says: its description\".", c.Code)
		}
		if c.Mark != Verified && c.Mark != OneSource && c.Mark != Unverified {
			r.Wrong(f.Node, "The code %s has no mark; add \"mark: V\" (in a public code list), V1 (in one public repository) or K (not verified).", c.Code)
		}
	}
	f.Done("A code")
	return c, true
}

// Has reports whether the set holds a code, or, when system is "", a text.
func (s *CodeSet) Has(system, code string) bool {
	if system == "" {
		code = strings.ToLower(code)
	}
	for _, c := range s.Codes {
		if c.System == system && (c.Code == code || c.Begins && strings.HasPrefix(code, c.Code)) {
			return true
		}
	}
	return false
}

// Display returns what the set says a code means, "" when it does not hold it.
func (s *CodeSet) Display(system, code string) string {
	if system == "" {
		code = strings.ToLower(code)
	}
	for _, c := range s.Codes {
		if c.System == system && (c.Code == code || c.Begins && strings.HasPrefix(code, c.Code)) {
			return c.Display
		}
	}
	return ""
}

// Unsure returns how many codes of the set are not verified by more than one
// source.
func (s *CodeSet) Unsure() int {
	n := 0
	for _, c := range s.Codes {
		if c.Mark != Verified {
			n++
		}
	}
	return n
}

// settle sorts the codes, drops those that stand twice, and takes the hash.
func (s *CodeSet) settle() {
	slices.SortFunc(s.Codes, compareCodes)
	s.Codes = slices.CompactFunc(s.Codes, func(a, b Code) bool { return compareCodes(a, b) == 0 })
	h := sha256.New()
	h.Write([]byte(s.Unit))
	for _, c := range s.Codes {
		how := "="
		if c.Begins {
			how = "^"
		}
		h.Write([]byte("\n" + c.System + "|" + how + c.Code))
	}
	s.Hash = hex.EncodeToString(h.Sum(nil))
}

func compareCodes(a, b Code) int {
	if d := strings.Compare(a.System, b.System); d != 0 {
		return d
	}
	if d := strings.Compare(a.Code, b.Code); d != 0 {
		return d
	}
	switch {
	case a.Begins == b.Begins:
		return 0
	case a.Begins:
		return 1
	}
	return -1
}
