package pages

import (
	"bytes"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"joinery/fault"
	"joinery/written"
)

// Site is whose pages these are, how they look, and what their record does not
// hold. What it leaves empty is Joinery's own. An organisation answers itself for
// its right to what it brings: Joinery ships no one's logo, letters, typeface or
// colours but its own.
//
// A site is a look, and no more: what is said of unchecked words, unreviewed models
// and people's safety it can neither change nor hide.
type Site struct {
	Organisation string   // its name, at the top of each page
	Help         string   // whom to ring, in words: shown at the foot of each page
	Colour       string   // of the band at the top, as #rrggbb, dark enough for white text
	Accent       string   // of what can be pressed, likewise
	Logo         []byte   // an SVG; empty: Joinery's mark
	Font         []byte   // a typeface as WOFF2; empty: that of the browser's system
	LogoText     string   // what a logo says, for who does not see it
	NotHere      []string // systems whose records are not in this one, in words
	Exit         string   // where somebody is led who leaves a page quickly: an address of another site that tells of nothing
}

const (
	maxLogo = 64 << 10
	maxFont = 512 << 10
)

// ReadSite reads a site from a YAML file:
//
//	organisation: Elmgreen Community Trust
//	help: Ring 020 7946 0000, every day from 8 to 8.
//	colour: "#3b1f4e"
//	accent: "#5a2a78"
//	logo: elmgreen.svg      # beside the file
//	logo-text: Elmgreen Community Trust
//	font: elmgreen.woff2    # beside the file; served from here, never fetched from elsewhere
//	not-here: [social care records of the council, the ambulance service]
//	exit: https://www.example.org/weather   # where somebody is led who leaves quickly
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
		s.NotHere, s.Exit = f.Texts("not-here"), f.Text("exit")
		beside := func(key, kind string) []byte {
			name := f.Text(key)
			if name == "" {
				return nil
			}
			data, err := os.ReadFile(filepath.Join(filepath.Dir(file), filepath.Base(name)))
			if err != nil {
				r.Wrong(f.Key(key), "the %s is not beside this file: write the name of %s that is", key, kind)
			}
			return data
		}
		s.Logo = beside("logo", "an SVG")
		s.Font = beside("font", "a WOFF2 file")
		f.Done("A site")
	}
	if len(problems) > 0 {
		return nil, problems.Tidy()
	}
	return s, s.check()
}

// livePicture is what a picture has no need of: scripts, and what is fetched.
var livePicture = regexp.MustCompile(`(?i)<script|<foreignobject|\son[a-z]+\s*=|javascript:|href\s*=\s*["']\s*(https?:|//)|url\(\s*["']?\s*(https?:|//)|@import`)

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
	if what := livePicture.Find(s.Logo); what != nil {
		return fault.New(fault.Invalid, fmt.Sprintf("The site's logo has %q in it: it may hold no script, and nothing of other sites. Save it as a plain SVG.", what))
	}
	if len(s.Font) > 0 && (len(s.Font) > maxFont || !bytes.HasPrefix(s.Font, []byte("wOF2"))) {
		return fault.New(fault.Invalid, "The site's typeface must be a WOFF2 file of at most 512 KB.")
	}
	if len(s.Logo) > 0 && s.LogoText == "" {
		return fault.New(fault.Invalid, "Say in logo-text what the site's logo says, for those who do not see it.")
	}
	if s.Exit != "" && !plainAddress(s.Exit) {
		return fault.New(fault.Invalid, "The site's exit is the address of a page that tells of nothing, such as https://www.example.org/weather.")
	}
	return nil
}

// plainAddress reports whether a text is the address of a page of another site, and
// nothing that a header could be misread by.
func plainAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && !strings.ContainsAny(text, " ;,\"'\\")
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

// typeface has all of a page in the site's typeface, which lies beside the style.
const typeface = `@font-face{font-family:"site";src:url("site.woff2") format("woff2");font-display:swap}
body,button,input,select,textarea,[class*="nhsuk-"]{font-family:"site",arial,"Noto Sans",sans-serif}
`

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
		colours := rules.String()
		rules.Reset()
		rules.WriteString(":root{" + colours + "}\n")
	}
	if len(s.Logo) > 0 {
		out["logo.svg"] = s.Logo
	}
	if len(s.Font) > 0 {
		out["site.woff2"] = s.Font
		rules.WriteString(typeface)
	}
	if rules.Len() > 0 {
		out["theme.css"] = rules.Bytes()
	}
	return out
}
