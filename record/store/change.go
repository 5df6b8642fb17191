package store

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record/access"
	"joinery/record/search"
)

// prepared is what Prepare works out, so that the writer need not.
type prepared struct {
	typ        int
	key        string // type number and packed id: what the writer looks up
	body       []byte // as stored; nil: none
	hash       [sha256.Size]byte
	keys       []byte
	candidates []search.Candidate
	labels     int64
	relations  []relation
	patients   []string // keys of the Patients whose it is
	nhs        int64
	reason     string // of an erasure

	have *resource // what is there of it; the writer's
}

// relation is a row of rel without persons and source.
type relation struct {
	actor, basis, since, until int64
	of                         string // key of the only Patient it concerns; empty: all whose the resource is
}

// maxPatients is how many persons one resource may be of.
const maxPatients = 100

// scratch are buffers that Prepare needs for a moment.
type scratch struct{ body, keys, packed []byte }

var scratches = sync.Pool{New: func() any { return &scratch{body: make([]byte, 0, 8<<10)} }}

// Prepare makes a change that stores doc as the next version of a resource. The
// caller has validated it; its resourceType and id are typ and id, and
// references to this server are relative. What it may set beside, meta.versionId
// and meta.lastUpdated, is replaced.
//
// Prepare needs no store and no lock: call it from as many goroutines as there
// are.
func Prepare(typ string, id fhir.ID, method Method, doc *fhir.Doc) (*Change, error) {
	number, ok := r4.TypeNumber(typ)
	res := doc.Root()
	if !ok || !id.Valid() || !res.Get("resourceType").Is(typ) || !res.Get("id").Is(string(id)) {
		return nil, fmt.Errorf("prepare %s/%s: the document says it is another", typ, id)
	}
	c := &Change{Type: typ, ID: id, Method: method}
	c.typ, c.key = number, resourceKey(number, id)
	b := scratches.Get().(*scratch)
	defer scratches.Put(b)
	b.body = splitBody(b.body[:0], res)
	c.hash = contentHash(typ, id, b.body)
	c.body, b.packed = compress(b.body, b.packed)
	return c, c.describe(res, b)
}

// describe works out all that is derived from a resource.
func (c *Change) describe(res fhir.Value, b *scratch) error {
	c.labels = int64(access.Labels(res))
	c.keys, b.keys = searchKeys(b.keys, c.Type, res)
	c.candidates = search.Keys(c.keys).Candidates(nil, c.Type)
	for _, p := range patientsOf(c.Type, c.ID, res) {
		c.patients = append(c.patients, resourceKey(patientType, p))
	}
	if len(c.patients) > maxPatients {
		return fault.New(fault.TooLarge, fmt.Sprintf("A resource may be about %d patients at most.", maxPatients))
	}
	if c.Type == "Patient" {
		c.nhs = verifiedNHS(res)
	}
	if err := c.relate(res); err != nil {
		return fmt.Errorf("prepare %s/%s: %w", c.Type, c.ID, err)
	}
	return nil
}

// describe works out anew what is derived from a stored version.
func (v *Version) describe(b *scratch) (*Change, error) {
	doc, err := v.parse()
	if err != nil {
		return nil, err
	}
	c := &Change{Type: v.Type, ID: v.ID}
	c.typ, c.key = v.rk.typ(), resourceKey(v.rk.typ(), v.ID)
	return c, c.describe(doc.Root(), b)
}

// relate notes the relations that a resource gives.
func (c *Change) relate(res fhir.Value) error {
	for _, r := range access.Relations(res) {
		rel := relation{actor: int64(r.Actor), basis: r.Stored(), since: r.Since, until: r.Until}
		if r.Of != "" {
			id, ok := patientID([]byte(r.Of))
			if !ok {
				return fmt.Errorf("a relation of %s concerns no patient", c.Type)
			}
			rel.of = resourceKey(patientType, id)
		}
		c.relations = append(c.relations, rel)
	}
	return nil
}

// Deletion makes a change that says that a resource is no more.
func Deletion(typ string, id fhir.ID) (*Change, error) {
	return ending(typ, id, Delete, "")
}

// Erasure makes a change that destroys the content of every version of a
// resource, for a reason that the law gives. What stays is that there was one,
// the hashes, and the reason.
func Erasure(typ string, id fhir.ID, reason string) (*Change, error) {
	if reason == "" {
		return nil, fault.New(fault.Invalid, "An erasure needs a reason.")
	}
	return ending(typ, id, Erase, reason)
}

func ending(typ string, id fhir.ID, method Method, reason string) (*Change, error) {
	number, ok := r4.TypeNumber(typ)
	if !ok || !id.Valid() {
		return nil, fault.New(fault.NotFound, "There is no such resource.")
	}
	c := &Change{Type: typ, ID: id, Method: method, Expect: Something}
	c.typ, c.key, c.reason = number, resourceKey(number, id), reason
	c.hash = contentHash(typ, id, nil)
	return c, nil
}

// patientType is the number of the type Patient.
var patientType, _ = r4.TypeNumber("Patient")

// resourceKey is a type and an id as one string, for maps.
func resourceKey(typ int, id fhir.ID) string {
	return string(append([]byte{byte(typ)}, packID(id)...))
}

func keyParts(key string) (typ int, id []byte) { return int(key[0]), []byte(key[1:]) }
