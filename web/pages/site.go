package pages

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"joinery/fault"
	"joinery/written"
)

// Site is whose pages these are, how they look, and what their record does not
// hold. What it leaves empty is Joinery's own. An organisation answers itself for
// its right to what it brings: Joinery ships no one's logo, letters, typeface or
// colours but its own.
type Site struct {
	Organisation string   // its name, at the top of each page
	Help         string   // whom to ring, in words: shown at the foot of each page
	Colour       string   // of the band at the top, as #rrggbb, dark enough for white text
	Accent       string   // of what can be pressed, likewise
	Logo         []byte   // an SVG; empty: Joinery's mark
	LogoText     string   // what a logo says, for who does not see it
	NotHere      []string // systems whose records are not in this one, in words
}

const maxLogo = 64 << 10

// ReadSite reads a site from a YAML file:
//
//	organisation: Elmgreen Community Trust
//	help: Ring 020 7946 0000, every day from 8 to 8.
//	colour: "#3b1f4e"
//	accent: "#5a2a78"
//	logo: elmgreen.svg      # beside the file
//	logo-text: Elmgreen Community Trust
//	not-here: [social care records of the council, the ambulance service]
//
// The error is Invalid and says what is wrong where.
func ReadSite(file string) (*Site, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "The file of the site cannot be read: "+filepath.Base(file)+".", err)
	}
	var problems written.Problems
	r := &written.Reader{File: filepath.Base(file), Problems: &problems}
	s := &Site{}
	if doc := r.Document(data); doc != nil {
		f := r.Fields(doc, "a site")
		s.Organisation, s.Help = f.Text("organisation"), f.Text("help")
		s.Colour, s.Accent, s.LogoText = f.Text("colour"), f.Text("accent"), f.Text("logo-text")
		s.NotHere = f.Texts("not-here")
		if logo := f.Text("logo"); logo != "" {
			if s.Logo, err = os.ReadFile(filepath.Join(filepath.Dir(file), filepath.Base(logo))); err != nil {
				r.Wrong(f.Key("logo"), "the logo is not beside this file: write the name of an SVG that is")
			}
		}
		f.Done("A site")
	}
	if len(problems) > 0 {
		return nil, problems.Tidy()
	}
	return s, s.check()
}

// check refuses colours that not everyone could read, and what is no logo.
func (s *Site) check() error {
	for _, c := range []struct{ what, colour string }{{"colour", s.Colour}, {"accent", s.Accent}} {
		if c.colour == "" {
			continue
		}
		light, ok := luminance(c.colour)
		if !ok {
			return fault.New(fault.Invalid, "The site's "+c.what+" is written as #rrggbb, such as #00544d.")
		}
		if contrast := 1.05 / (light + 0.05); contrast < 4.5 {
			return fault.New(fault.Invalid, fmt.Sprintf("White text on the site's %s has a contrast of %.1f to 1; it must be at least 4.5. Choose a darker colour.", c.what, contrast))
		}
	}
	if len(s.Logo) > 0 && (len(s.Logo) > maxLogo || !bytes.Contains(s.Logo, []byte("<svg"))) {
		return fault.New(fault.Invalid, "The site's logo must be an SVG of at most 64 KB.")
	}
	if len(s.Logo) > 0 && s.LogoText == "" {
		return fault.New(fault.Invalid, "Say in logo-text what the site's logo says, for those who do not see it.")
	}
	return nil
}

// luminance returns the relative luminance of a colour. Source: WCAG 2.2.
func luminance(colour string) (float64, bool) {
	if len(colour) != 7 || colour[0] != '#' {
		return 0, false
	}
	n, err := strconv.ParseUint(colour[1:], 16, 32)
	if err != nil {
		return 0, false
	}
	part := func(shift uint) float64 {
		v := float64(n>>shift&0xff) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0), true
}

// files are the assets of a site.
func (s *Site) files() map[string][]byte {
	out := map[string][]byte{}
	var rules bytes.Buffer
	for _, c := range []struct{ name, colour string }{{"--brand", s.Colour}, {"--accent", s.Accent}} {
		if c.colour != "" {
			fmt.Fprintf(&rules, "%s:%s;", c.name, c.colour)
		}
	}
	if rules.Len() > 0 {
		out["theme.css"] = []byte(":root{" + rules.String() + "}\n")
	}
	if len(s.Logo) > 0 {
		out["logo.svg"] = s.Logo
	}
	return out
}
