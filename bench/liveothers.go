package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
)

// others are changes that decide nothing the bench looks for at once, though
// definitions may well find people by them: what the district holds already, of
// other people.
type others struct {
	templates map[string][][]byte // by type; the Patient is left open

	mu   sync.Mutex
	made []string // "Type/id" of what was created, to be updated
}

// anyone stands in a template for the id of a Patient.
const anyone = "bench-anyone"

// templatesATime is how many resources of a type are taken, from all over the
// district.
const templatesATime = 500

// readOthers takes resources of the district as templates.
func readOthers(folder string) (*others, error) {
	o := &others{templates: map[string][][]byte{}}
	for typ, skip := range map[string]int{"Observation": 17, "Condition": 7, "Encounter": 13} {
		n := 0
		err := eachLine(filepath.Join(folder, typ+".ndjson"), func(line []byte) error {
			n++
			if n%skip != 0 || len(o.templates[typ]) == templatesATime || bytes.Contains(line, []byte(`"EMER"`)) {
				return nil
			}
			t, err := template(line)
			o.templates[typ] = append(o.templates[typ], t)
			return err
		})
		if err == nil && len(o.templates[typ]) == 0 {
			err = fmt.Errorf("the district has no %s to go by", typ)
		}
		if err != nil {
			return nil, err
		}
	}
	return o, nil
}

// template makes a resource of the district one that can be of anyone.
func template(line []byte) ([]byte, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(line, &m); err != nil {
		return nil, err
	}
	for _, drop := range []string{"id", "encounter", "identifier", "basedOn", "partOf", "hospitalization", "diagnosis", "episodeOfCare", "appointment", "performer", "recorder"} {
		delete(m, drop)
	}
	m["subject"] = json.RawMessage(`{"reference":"Patient/` + anyone + `"}`)
	return json.Marshal(m)
}

// change creates the i-th resource, or updates one that was created; with
// onlyNew it creates always.
func (o *others) change(l *live, c *client, rng *rand.Rand, i int, onlyNew bool) error {
	if !onlyNew && i%10 < 4 {
		if name, ok := o.one(rng); ok {
			return o.update(l, c, rng, name)
		}
	}
	typ := [...]string{"Observation", "Condition", "Observation", "Encounter", "Observation", "Condition"}[i%6]
	id, err := post(c, typ, o.body(l, rng, typ, ""))
	if err != nil {
		return err
	}
	l.created.Add(1)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.made = append(o.made, typ+"/"+id)
	return nil
}

// one picks something that was made, and takes it out until it is put back, so
// that no two updates of one resource meet.
func (o *others) one(rng *rand.Rand) (string, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.made) == 0 {
		return "", false
	}
	k, last := rng.IntN(len(o.made)), len(o.made)-1
	name := o.made[k]
	o.made[k], o.made = o.made[last], o.made[:last]
	return name, true
}

func (o *others) update(l *live, c *client, rng *rand.Rand, name string) error {
	typ, id, _ := strings.Cut(name, "/")
	status, answer, err := c.do("PUT", "/fhir/"+name, o.body(l, rng, typ, id))
	o.mu.Lock()
	o.made = append(o.made, name)
	o.mu.Unlock()
	if err != nil {
		return err
	}
	return expect(status, 200, answer)
}

// body makes a resource of anyone: by another template, an update changes what
// it is and whose.
func (o *others) body(l *live, rng *rand.Rand, typ, id string) []byte {
	all := o.templates[typ]
	someone := l.people.people[rng.IntN(len(l.people.people))].patients[0]
	body := bytes.Replace(all[rng.IntN(len(all))], []byte(anyone), []byte(someone), 1)
	if id == "" {
		return body
	}
	return append([]byte(`{"id":"`+id+`",`), body[1:]...)
}
