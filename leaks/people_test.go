package leaks

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"joinery/source/synth"
)

// people is what is looked for: everything by which somebody can be told from
// others, in one form of writing each.
type people struct {
	count     int
	names     map[string]bool // single words of names, small
	numbers   map[string]bool // NHS numbers, digits alone
	phones    map[string]bool // digits alone, from the 0 on
	mails     map[string]bool // small
	streets   map[string]bool // lines of addresses, small
	postcodes map[string]bool // capitals, no space
	born      map[string]bool // 2006-01-02
	longest   int             // words of a street
}

func nobody() *people {
	return &people{
		names: map[string]bool{}, numbers: map[string]bool{}, phones: map[string]bool{}, mails: map[string]bool{},
		streets: map[string]bool{}, postcodes: map[string]bool{}, born: map[string]bool{},
	}
}

func (p *people) String() string {
	return fmt.Sprintf("%d people: %d words of names, %d NHS numbers, %d telephone numbers, %d e-mail addresses, %d streets, %d postcodes, %d birth dates",
		p.count, len(p.names), len(p.numbers), len(p.phones), len(p.mails), len(p.streets), len(p.postcodes), len(p.born))
}

// join adds others.
func (p *people) join(others *people) {
	p.count += others.count
	p.longest = max(p.longest, others.longest)
	maps.Copy(p.names, others.names)
	maps.Copy(p.numbers, others.numbers)
	maps.Copy(p.phones, others.phones)
	maps.Copy(p.mails, others.mails)
	maps.Copy(p.streets, others.streets)
	maps.Copy(p.postcodes, others.postcodes)
	maps.Copy(p.born, others.born)
}

// invented are the people that synthetic districts of tests have: those of the
// demonstration, until the number that it grows to, and of other seeds the first.
func invented(t testing.TB) *people {
	p := nobody()
	until := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	for seed, n := range map[uint64]int64{1: 20_000, 2: synth.BlockSize, 11: synth.BlockSize} {
		d, err := synth.Open(synth.Options{Seed: seed, Until: synth.Day(until.Unix() / 86400)})
		if err != nil {
			t.Fatal(err)
		}
		p.addAll(t.Context(), d, n)
	}
	return p
}

// addAll adds so many people of a district, and their second records.
func (p *people) addAll(ctx context.Context, d *synth.District, n int64) {
	blocks := make(chan int64)
	var all sync.WaitGroup
	var mu sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for b := range blocks {
				block := d.Block(b)
				mu.Lock()
				for _, one := range synth.Records(block) {
					p.addPerson(one)
				}
				mu.Unlock()
			}
		})
	}
	for b := int64(0); b*synth.BlockSize < n && ctx.Err() == nil; b++ {
		blocks <- b
	}
	close(blocks)
	all.Wait()
}

func (p *people) addPerson(one *synth.Person) {
	p.count++
	for _, n := range one.Names {
		p.addName(append([]string{n.Family}, n.Given...)...)
	}
	p.numbers[one.NHSNumber] = true
	p.addPhone(one.Phone)
	p.addMail(one.Email)
	if h := one.Household; h != nil && h.CareHome == nil && h.Home != synth.NoFixedAbode {
		p.addAddress(h.Postcode, h.Lines...)
	}
	y, m, d := one.Born.Date()
	p.born[fmt.Sprintf("%04d-%02d-%02d", y, m, d)] = true
}

func (p *people) addName(names ...string) {
	for _, n := range names {
		for _, w := range words(n) {
			if len([]rune(w.text)) > 1 { // an initial is anybody's
				p.names[w.text] = true
			}
		}
	}
}

func (p *people) addPhone(s string) {
	if s = digits(s); len(s) >= 9 {
		p.phones[s] = true
	}
}

func (p *people) addMail(s string) {
	if strings.Contains(s, "@") {
		p.mails[strings.ToLower(s)] = true
	}
}

// addAddress adds a postcode and the lines of an address that say a street: of one
// word, such as a house's name, they say too little to be looked for.
func (p *people) addAddress(postcode string, lines ...string) {
	if postcode = strings.ToUpper(strings.ReplaceAll(postcode, " ", "")); postcode != "" {
		p.postcodes[postcode] = true
	}
	for _, l := range lines {
		if n := len(strings.Fields(l)); n > 1 {
			p.streets[strings.ToLower(strings.Join(strings.Fields(l), " "))] = true
			p.longest = max(p.longest, n)
		}
	}
}

// resource is as much of a FHIR resource as says who somebody is.
type resource struct {
	Identifier []struct{ Value string }
	Name       []struct {
		Text, Family string
		Given        []string
	}
	Telecom []struct{ System, Value string }
	Address []struct {
		Line       []string
		PostalCode string
	}
	BirthDate string
}

var aboutSomeone = regexp.MustCompile(`\{"resourceType": ?"(Patient|RelatedPerson|Person)"`)

// addWritten adds whoever stands in a text as FHIR JSON, such as in a test.
func (p *people) addWritten(text string) {
	for _, at := range aboutSomeone.FindAllStringIndex(text, -1) {
		var r resource
		if json.NewDecoder(strings.NewReader(text[at[0]:])).Decode(&r) != nil {
			continue // a test of what is no JSON
		}
		p.count++
		for _, i := range r.Identifier {
			if d := digits(i.Value); len(d) == 10 {
				p.numbers[d] = true
			}
		}
		for _, n := range r.Name {
			p.addName(append([]string{n.Text, n.Family}, n.Given...)...)
		}
		for _, c := range r.Telecom {
			p.addPhone(c.Value)
			p.addMail(c.Value)
		}
		for _, a := range r.Address {
			p.addAddress(a.PostalCode, a.Line...)
		}
		if _, err := time.Parse(time.DateOnly, r.BirthDate); err == nil {
			p.born[r.BirthDate] = true
		}
	}
}
