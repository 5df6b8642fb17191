package synth

import (
	"fmt"
	"strings"
)

// jobSpan is which of an organisation's staff do a job.
type jobSpan struct {
	job      string
	from, to int
}

// hire gives every organisation its staff, by the table: so many for its
// people or its beds, at least one, or a fixed number.
func (p *provision) hire(seed uint64) {
	var given, family []string
	for _, row := range table("staff-names") {
		if row[0] == "given" {
			given = strings.Fields(row[1])
		} else {
			family = strings.Fields(row[1])
		}
	}
	posts := table("staff")
	roles := make([]*Concept, len(posts))
	for i, row := range posts {
		if row[2] != "-" {
			roles[i] = &Concept{System: snomed, Code: row[2], Display: row[1], Mark: Unverified}
		}
	}
	hired := 0
	for k, o := range p.all {
		d := roll(seed, "staff", int64(k))
		for i, row := range posts {
			if row[0] != o.Type {
				continue
			}
			from := len(o.Staff)
			for range o.posts(row) {
				hired++
				o.Staff = append(o.Staff, &Staff{
					ID: fmt.Sprintf("sel-staff-%05d", hired), Given: anyOf(d, given), Family: anyOf(d, family),
					Job: row[1], Role: roles[i], Of: o,
				})
			}
			o.jobs = append(o.jobs, jobSpan{row[1], from, len(o.Staff)})
		}
	}
}

// posts returns how many do the job of a row of the table.
func (o *Organisation) posts(row []string) int {
	per, fixed := whole(row[3]), whole(row[4])
	if per == 0 {
		return fixed
	}
	size := o.List
	if o.Type == "carehome" {
		home := o.Sites[0].Services[0]
		if size = home.Capacity; row[1] == "Nurse" && home.For != nursingCare {
			return 0
		}
	}
	return max(1, (size+per/2)/per)
}

// somebody draws one of an organisation's staff who does a job; nil: nobody does.
func (o *Organisation) somebody(d dice, job string) *Staff {
	for _, s := range o.jobs {
		if s.job == job && s.from < s.to {
			return o.Staff[d.between(s.from, s.to-1)]
		}
	}
	return nil
}
