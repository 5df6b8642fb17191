package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// person is one invented person of the large population, with one body
// measurement. Practice is the number of the practice they are registered with.
type person struct {
	Family, Given string
	Practice      int
	Code          string
}

const practices = 20

// measured are the codes the population's single observations have.
var measured = []string{"8302-2", "29463-7", "8867-4", "39156-5"}

// population invents n people, the same ones for the same seed.
func population(seed uint64, n int) []person {
	rng := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	people := make([]person, n)
	for i := range people {
		people[i] = person{
			Family:   familyName(rng),
			Given:    givenName(rng),
			Practice: i * practices / n,
			Code:     measured[rng.IntN(len(measured))],
		}
	}
	return people
}

var (
	starts  = []string{"Al", "Bar", "Cor", "Dun", "El", "Far", "Gar", "Hol", "Ing", "Jer", "Kel", "Lan", "Mar", "Nor", "Ol", "Pen", "Quin", "Ros", "Sand", "Tor", "Ul", "Van", "Wes", "Yar", "Zel"}
	middles = []string{"a", "be", "ci", "do", "en", "fi", "go", "ha", "il", "ko", "lu", "me", "na", "or", "pe", "ri", "sa", "te", "ul", "vo"}
	ends    = []string{"by", "combe", "dale", "feld", "ford", "ham", "ley", "man", "more", "ness", "ridge", "sey", "son", "stead", "thorpe", "ton", "wall", "well", "wick", "worth"}
	givens  = []string{"Ada", "Amir", "Bea", "Ben", "Cato", "Cleo", "Dan", "Dora", "Eli", "Esme", "Finn", "Flo", "Gus", "Gwen", "Hal", "Ines", "Ivo", "Jude", "Kai", "Kit", "Leo", "Lila", "Mae", "Max", "Nell", "Noor", "Omar", "Orla", "Pia", "Raj", "Remy", "Sam", "Sol", "Tess", "Theo", "Uma", "Vera", "Wren", "Yara", "Zoe"}
)

func familyName(rng *rand.Rand) string {
	return pick(rng, starts) + pick(rng, middles) + pick(rng, middles) + pick(rng, ends)
}

func givenName(rng *rand.Rand) string { return pick(rng, givens) + pick(rng, middles) }

func pick(rng *rand.Rand, from []string) string { return from[rng.IntN(len(from))] }

// enrolment writes a transaction for people[from:to]: a Patient registered with
// its practice and one Observation each. practice gives a practice's id.
func enrolment(people []person, from, to int, practice []string) []byte {
	var b strings.Builder
	b.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[`)
	for i := from; i < to; i++ {
		if i > from {
			b.WriteByte(',')
		}
		p := people[i]
		fmt.Fprintf(&b, `{"fullUrl":"urn:uuid:00000000-0000-4000-8000-%012d","resource":{"resourceType":"Patient","identifier":[{"system":"https://bench.joinery.example/person","value":"B%08d"}],"name":[{"use":"official","family":"%s","given":["%s"]}],"telecom":[{"system":"phone","value":"01632 %06d"}],"gender":"%s","birthDate":"%04d-%02d-%02d","address":[{"line":["%d %s Street"],"city":"Benchford","postalCode":"BE%d %dXX"}],"generalPractitioner":[{"reference":"Organization/%s"}]},"request":{"method":"POST","url":"Patient"}}`,
			i, i, p.Family, p.Given, i%1000000, []string{"female", "male"}[i%2], 1930+i%90, 1+i%12, 1+i%28, 1+i%199, p.Family, i%90, i%10, practice[p.Practice])
		fmt.Fprintf(&b, `,{"resource":{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"%s"}]},"subject":{"reference":"urn:uuid:00000000-0000-4000-8000-%012d"},"effectiveDateTime":"%04d-%02d-%02dT%02d:30:00+00:00","valueQuantity":{"value":%d.%d,"unit":"cm","system":"http://unitsofmeasure.org","code":"cm"}},"request":{"method":"POST","url":"Observation"}}`,
			p.Code, i, 2010+i%12, 1+i%12, 1+i%28, i%24, 50+i%140, i%10)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}
