// Package synth invents a small record: a few dozen people of a place that does
// not exist, with the services around them, for people to try Joinery on.
//
// Nothing in it is about anyone. Surnames and organisations come from an
// invented list, NHS numbers from the range that the NHS keeps for tests (they
// begin with 999), telephone numbers from Ofcom's range for drama, postcodes
// from an area that does not exist (ZZ), and every resource carries the tag
// HTEST (test health data) of HL7's v3-ActReason. What happens to the people is
// plausible and proves nothing: no rate in it has a source, and none may be
// quoted.
//
// The same seed and day give the same bytes.
package synth

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Tag is the label on every resource, as a search writes it (_tag=…).
const Tag = actReason + "|HTEST"

const actReason = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

// Names of some resources that the personas of a demonstration are bound to.
// All ids begin with "demo-".
const (
	Practice   = "demo-larkfield"    // Organization: a general practice
	OtherSite  = "demo-quayside"     // Organization: another practice
	CareHome   = "demo-willow-court" // Organization: a care home
	HomePlace  = "demo-willow-place" // Location: the care home's building
	GP         = "demo-dr-sedge"     // Practitioner at Practice
	OtherGP    = "demo-dr-tarn"      // Practitioner at OtherSite
	HomeNurse  = "demo-nurse-vetch"  // Practitioner at CareHome
	Nurse      = "demo-nurse-rill"   // Practitioner: community nurse in care teams
	Community  = "demo-community"    // Organization: the community provider
	FirstOne   = "demo-p01"          // Patient: an older person with a carer and a care team
	CarerOfOne = "demo-carer"        // RelatedPerson of FirstOne
)

// Bundle is a transaction for the record.
type Bundle struct {
	Name      string // what it is about, such as "directory" or a Patient's id
	Resources int
	JSON      []byte // a FHIR transaction of PUTs, so that ids are those that were invented
}

// World invents the services and then people persons, as one Bundle for the
// services and one a person. at decides the ages; its time of day does not
// matter.
func World(seed uint64, people int, at time.Time) []Bundle {
	w := &world{rng: rand.New(rand.NewPCG(seed, 0x6a6f696e657279)), today: day(at)}
	bundles := []Bundle{w.directory()}
	for i := range people {
		bundles = append(bundles, w.person(i))
	}
	return bundles
}

// world is what is being invented.
type world struct {
	rng       *rand.Rand
	today     time.Time
	resources []object
	serial    map[string]int // of the person at hand, by type
	prefix    string
}

func day(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// add puts a resource into the bundle at hand and returns a reference to it.
func (w *world) add(typ, id string, members ...any) object {
	res := obj("resourceType", typ, "id", id, "meta", obj("tag", list(obj(
		"system", actReason, "code", "HTEST", "display", "test health data"))))
	w.resources = append(w.resources, append(res, obj(members...)...))
	return ref(typ, id)
}

// next returns an id for one more resource of the person at hand.
func (w *world) next(kind string) string {
	w.serial[kind]++
	return fmt.Sprintf("%s-%s-%d", w.prefix, kind, w.serial[kind])
}

// secure adds a security label to the resource that was added last.
func (w *world) secure(system, code string) {
	last := w.resources[len(w.resources)-1]
	for i := range last {
		if last[i].name == "meta" {
			last[i].value = append(last[i].value.(object), obj("security", list(obj("system", system, "code", code)))...)
		}
	}
}

// bundle makes a transaction of what was added and begins anew.
func (w *world) bundle(name string) Bundle {
	entries := make([]any, len(w.resources))
	for i, res := range w.resources {
		url := res.text("resourceType") + "/" + res.text("id")
		entries[i] = obj("resource", res, "request", obj("method", "PUT", "url", url))
	}
	b := Bundle{Name: name, Resources: len(entries), JSON: encode(obj("resourceType", "Bundle", "type", "transaction", "entry", entries))}
	w.resources = nil
	return b
}

// days returns the day that lies so many days back.
func (w *world) ago(days int) time.Time { return w.today.AddDate(0, 0, -days) }

// chance is true once in so often.
func (w *world) chance(p float64) bool { return w.rng.Float64() < p }

// between returns a whole number from low to high, both included.
func (w *world) between(low, high int) int { return low + w.rng.IntN(high-low+1) }

func pick[T any](w *world, from []T) T { return from[w.rng.IntN(len(from))] }
