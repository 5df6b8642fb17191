package store

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"joinery/fhir"
	"joinery/record/access"
	"joinery/record/search"
)

// shared are people of whom every other has a practice that shares, and what is
// of several of them at once.
func shared(t testing.TB, rng *rand.Rand) []resource0 {
	t.Helper()
	const people = 12
	var all []resource0
	add := func(format string, args ...any) {
		doc, err := fhir.Parse(fmt.Appendf(nil, format, args...))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, resource0{doc.Root().Get("resourceType").Text(), fhir.ID(doc.Root().Get("id").Text()), doc})
	}
	person := func() string { return fmt.Sprintf(`{"reference":"Patient/p%d"}`, rng.IntN(people)) }
	pick := func(from ...string) string { return from[rng.IntN(len(from))] }
	for i := range people {
		add(`{"resourceType":"Patient","id":"p%d","gender":"%s"}`, i, pick("male", "female"))
	}
	mark := func() string {
		return pick("", "", "", `"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]},`)
	}
	for i := range 120 {
		var others []string
		for range 1 + rng.IntN(3) {
			others = append(others, `{"status":"accepted","actor":`+person()+`}`)
		}
		add(`{"resourceType":"Appointment","id":"a%d",%s"status":"%s","start":"2026-01-%02dT10:00:00Z","participant":[%s]}`,
			i, mark(), pick("booked", "arrived"), 1+rng.IntN(9), strings.Join(others, ","))
		add(`{"resourceType":"Encounter","id":"e%d",%s"status":"%s","class":{"code":"AMB"},"subject":%s,"appointment":[{"reference":"Appointment/a%d"}]}`,
			i, mark(), pick("finished", "planned"), person(), rng.IntN(120))
		if i%3 > 0 {
			continue
		}
		add(`{"resourceType":"Communication","id":"c%d",%s"status":"completed","subject":%s,"recipient":[%s,%s],"sent":"2026-01-%02d"}`,
			i, mark(), person(), person(), person(), 1+rng.IntN(9))
	}
	return practice(t, all)
}

// sharedSearches find what shared has, by each way there is to it.
var sharedSearches = map[string][]string{
	"Appointment": {
		"", "status=booked", "_sort=date", "_sort=-date", "_sort=status,-date", "patient=p1,p2,p3", "patient=p4", "patient._id=p1,p2,p3,p4",
		"patient.gender=female", "date=gt2026-01-04", "_id=a1,a2,a3,a4,a5,a6", "_has:Encounter:appointment:status=finished",
		"_has:Encounter:appointment:status=planned&_sort=date", "_has:Encounter:appointment:patient.gender=male", "status:not=booked&_sort=-_lastUpdated", "_sort=_id",
	},
	"Communication": {"", "recipient=p2", "subject.gender=male&_sort=sent", "recipient:Patient.gender=female", "sent=lt2026-01-05", "_sort=-sent", "patient=p2,p6"},
	"Encounter":     {"", "appointment.status=booked", "appointment.patient=p2,p4,p6", "_sort=status"},
	"":              {"_type=Appointment,Communication", "_type=Communication,Encounter&_sort=_lastUpdated", "_type=Patient,Appointment"},
}

// paged is a search by someone, by pages of a size.
type paged struct {
	as, within, typ, raw string
	count                int
}

func (p paged) query(t *testing.T, count int) *search.Query {
	t.Helper()
	raw := strings.TrimPrefix(fmt.Sprintf("%s&_count=%d", p.raw, count), "&")
	if p.within == "" {
		return query(t, p.typ, raw)
	}
	pairs, err := search.Pairs(raw)
	if err != nil {
		t.Fatal(err)
	}
	q, err := search.ParseCompartment("Patient", fhir.ID(p.within), p.typ, pairs, search.Options{Strict: true, Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// drawPaged draws who asks for each search of shared, whole or in the compartment
// of p2, and by how many.
func drawPaged(rng *rand.Rand) []paged {
	var out []paged
	for _, typ := range slices.Sorted(maps.Keys(sharedSearches)) {
		for _, raw := range sharedSearches[typ] {
			p := paged{as: []string{"everyone", "staff", "feed"}[rng.IntN(3)], typ: typ, raw: raw, count: 2 + rng.IntN(9)}
			out = append(out, p)
			if rng.IntN(4) == 0 {
				p.within, p.as = "p2", []string{"staff", "patient"}[rng.IntN(2)]
				out = append(out, p)
			}
		}
	}
	return out
}

// testPagesAreOneOrder holds that the pages of a search, put together, are what
// one page of it would be: nothing twice, nothing lost, in the same order, also
// when what they show was changed or deleted in between.
func testPagesAreOneOrder(t *testing.T, empty backend) {
	w := newWorld(t, empty, shared(t, rand.New(rand.NewPCG(1, 5))))
	subjects := subjectsOfShared(t)
	all, at := drawPaged(rand.New(rand.NewPCG(3, 7))), w.now(t)
	whole, several := make([][]string, len(all)), 0
	for i, p := range all {
		if whole[i], _, _ = w.pages(t, subjects[p.as], p.query(t, 1000), 0); len(whole[i]) > p.count {
			several++
		}
	}
	if several*2 < len(all) {
		t.Errorf("%d of %d searches have several pages: this proves too little", several, len(all))
	}
	holds := func(when string, at int64) {
		for i, p := range all {
			if got, _, _ := w.pages(t, subjects[p.as], p.query(t, p.count), at); !slices.Equal(got, whole[i]) {
				t.Errorf("%s: %+v gives\n%v, want\n%v", when, p, got, whole[i])
			}
		}
	}
	holds("unchanged", 0)
	w.disturb(t, rand.New(rand.NewPCG(2, 6)))
	holds("as it was before changes", at)
}

// subjectsOfShared are who sees all, some people's, one's, and some types.
func subjectsOfShared(t *testing.T) map[string]Rights {
	t.Helper()
	staff, err := access.NewStaff(access.Who{Client: "ward", Purpose: access.Treatment}, access.Member{Practitioner: "d1", Organization: "gp"})
	if err != nil {
		t.Fatal(err)
	}
	self, err := access.NewPatient(access.Who{}, "p2")
	if err != nil {
		t.Fatal(err)
	}
	scopes, err := access.ParseScopes("system/Appointment.rs system/Communication.rs system/Patient.rs")
	if err != nil {
		t.Fatal(err)
	}
	feed, err := access.NewSystem(access.Who{Client: "feed", Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]Rights{"everyone": everyone(t), "staff": rightsOf(staff), "patient": rightsOf(self), "feed": rightsOf(feed)}
}

// now is the record's t.
func (w *world) now(t *testing.T) (at int64) {
	t.Helper()
	if err := w.View(t.Context(), func(n *Snap) (err error) { at, err = n.T(); return err }); err != nil {
		t.Fatal(err)
	}
	return at
}

// disturb changes most of what is there, and deletes a few: never whose it
// is, nor its marks, by which who may see it now would be others.
func (w *world) disturb(t *testing.T, rng *rand.Rand) {
	t.Helper()
	var changed []resource0
	for _, r := range slices.Clone(w.all) {
		switch k := rng.IntN(12); {
		case r.typ == "Patient" || r.typ == "Organization" || r.typ == "Consent":
		case k == 0:
			w.drop(t, r)
		case k < 10:
			text := strings.NewReplacer(`"booked"`, `"arrived"`, `"arrived"`, `"booked"`, `"finished"`, `"planned"`, "2026-01-0", "2026-01-1").Replace(string(r.doc.Bytes()))
			doc, err := fhir.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			changed = append(changed, resource0{r.typ, r.id, doc})
		}
	}
	w.put(t, changed...)
}
