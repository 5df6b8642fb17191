package pages

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
)

// TestTheDemonstration is the whole way of one person in a browser: found by a
// model, invited, says yes, booked, visited; seen at once by the practice, by the
// carer as far as she lets him, by herself as who looked, and by the network lead as
// numbers that move.
func TestTheDemonstration(t *testing.T) {
	w := newWorld(t)
	for line := range strings.Lines(someone) { // a name that is fit for pictures
		if strings.Contains(line, `"Patient","id":"amina"`) {
			w.store(strings.ReplaceAll(line, "Amin-Canary", "Amin"))
		}
	}
	w.walks("amina")
	w.people["coordinator"] = w.ofTeam("Sam Mensah", "mensah")
	b := newBrowser(t, w)
	b.funnel("0")

	b.visit("finder", "/candidates/walks", 1280, "1 person was found", "fell in the past year")
	b.click(`form:has(input[value="invite"]) button`)
	b.loaded("on the list of those to be asked")

	b.visit("patient", "/me", 320, "You are invited")
	b.click(`a[href^="/me/invitations/"]`)
	b.loaded("By saying yes you agree to this")
	b.tour("invited")
	b.click(`input[name="service"]`)
	b.click(`button[value="yes"]`)
	b.loaded("You said yes")

	b.visit("coordinator", "/work", 1280, "AMIN, Amina Hodan", "sent, not looked at yet")
	b.tour("work")
	b.click(`main a[href^="/referrals/"]`)
	b.loaded("What you can do now")
	b.move("accept")
	b.move("book", "day", "10", "month", "2", "year", "2026", "clock", "10:30")
	room := b.scriptText(`location.pathname`)

	w.now = w.now.Add(7*24*time.Hour + 80*time.Minute)
	b.visit("nurse", room, 1280, "Has a date")
	b.move("start")
	b.open("/work", 1280)
	b.loaded("First visit, aims and score")
	b.script(`[...document.querySelectorAll('main a[href^="/referrals/"]')].find(a => a.innerText.includes('First visit')).click()`)
	b.loaded("Note that it could not be done")
	b.move("done", "says", "Walked to the gate and back")

	b.visit("gp", "/people/amina", 1280, "Walking and talking, The base", "under way", "Community team – Walking and talking")
	b.tour("summary")
	b.visit("gp", "/people/amina/plan", 1280, "People are steadier and in company")
	b.visit("carer", "/me", 320, "You are acting for Mrs Amina Hodan Amin", "They are helping you now")
	b.keeps(t, "Sealed-Canary", "penicillin", "Metformin", "diabetes", "HbA1c")
	b.visit("carer", "/me/record", 320, "You are acting for")
	b.keeps(t, "Sealed-Canary", "penicillin", "Metformin", "diabetes", "HbA1c")
	b.visit("patient", "/me/looked", 320, "Nurse Obi", "Community team", "Dr Ann Gray", "Finder")
	b.tour("looked")
	b.funnel("1 to 7")
	b.tour("funnel")
}

// ofTeam is one more member of the community team.
func (w *world) ofTeam(name, practitioner string) Visitor {
	w.Helper()
	s, err := access.NewStaff(access.Who{Client: "session-" + practitioner, Name: name, Purpose: access.Treatment}, access.Member{Practitioner: fhir.ID(practitioner), Organization: "team"})
	if err != nil {
		w.Fatal(err)
	}
	return Visitor{s, record.Grant{Role: "staff", Practitioner: fhir.ID(practitioner), Organization: "team"}}
}

// visit opens a page as somebody and waits for what must be on it.
func (b *browser) visit(as, path string, width int64, texts ...string) {
	b.Helper()
	b.enter(as)
	b.open(path, width)
	for _, text := range texts {
		b.loaded(text)
	}
}

// move makes a move in the room that is open, with what is filled in, and waits
// until it is done.
func (b *browser) move(name string, fields ...string) {
	b.Helper()
	form := "#move-" + name
	b.script(`document.querySelector('` + form + `').open = true; document.querySelector('.nhsuk-notification-banner')?.remove()`)
	for i := 0; i+1 < len(fields); i += 2 {
		b.typeIn(form+` [name="`+fields[i]+`"]`, fields[i+1])
	}
	b.click(form + " button")
	b.loaded("It is done. This is how it stands now.")
}

// funnel opens the model's page as the network lead, who sees how many began.
func (b *browser) funnel(began string) {
	b.Helper()
	b.visit("lead", "/models/walks", 1280, "From found to completed")
	row := `[...document.querySelectorAll('tr')].find(r => r.cells[0].textContent.trim() === 'Began')`
	if told := b.scriptText(row + `.cells[1].textContent.trim()`); told != began {
		b.Errorf("of those who began the lead sees %q, want %q", told, began)
	}
}

// keeps fails the test where the page that is open says what is not opened.
func (b *browser) keeps(t *testing.T, closed ...string) {
	t.Helper()
	page := b.scriptText(`document.documentElement.outerHTML`)
	for _, text := range closed {
		if strings.Contains(page, text) {
			t.Errorf("the page says %s, which is not opened", text)
		}
	}
}

// tour keeps a picture for the README's tour in the folder that JOINERY_TOUR names.
func (b *browser) tour(name string) {
	b.Helper()
	dir := os.Getenv("JOINERY_TOUR")
	if dir == "" {
		return
	}
	full, err := png.Decode(bytes.NewReader(b.shot()))
	if err != nil {
		b.Fatal(err)
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, fewColours(full)); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), out.Bytes(), 0o644); err != nil { //nolint:gosec // a picture for everybody
		b.Fatal(err)
	}
}

// fewColours is a picture in the 256 colours that it has most of: pages have few,
// and so it takes a fifth of the room.
func fewColours(full image.Image) *image.Paletted {
	often := map[color.NRGBA]int{}
	each := func(do func(x, y int, c color.NRGBA)) {
		for y := full.Bounds().Min.Y; y < full.Bounds().Max.Y; y++ {
			for x := full.Bounds().Min.X; x < full.Bounds().Max.X; x++ {
				do(x, y, color.NRGBAModel.Convert(full.At(x, y)).(color.NRGBA))
			}
		}
	}
	each(func(_, _ int, c color.NRGBA) { often[c]++ })
	colours := slices.SortedFunc(maps.Keys(often), func(a, b color.NRGBA) int {
		if often[a] != often[b] {
			return often[b] - often[a]
		}
		return bytes.Compare([]byte{a.R, a.G, a.B, a.A}, []byte{b.R, b.G, b.B, b.A})
	})
	var palette color.Palette
	for _, c := range colours[:min(256, len(colours))] {
		palette = append(palette, c)
	}
	out := image.NewPaletted(full.Bounds(), palette)
	nearest := map[color.NRGBA]uint8{}
	each(func(x, y int, c color.NRGBA) {
		i, ok := nearest[c]
		if !ok {
			i = uint8(palette.Index(c)) //nolint:gosec // a palette has 256 colours at most
			nearest[c] = i
		}
		out.SetColorIndex(x, y, i)
	})
	return out
}
