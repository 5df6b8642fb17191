package synth

// Cast are those of a district through whose eyes a record of its people can be
// tried. Who is not among so few people is nil.
type Cast struct {
	GP        *Staff        // of the practice of the patient, or where most are registered
	Nurse     *Staff        // of the community nurses who look after most people
	Networker *Staff        // of a network: the care coordinator who has most people in a model of care
	Paramedic *Staff        // of the ambulance service
	Supporter *Staff        // of the charity that supports most people
	Lead      *Organisation // the network of that coordinator
	HomeNurse *Staff        // of the care home where most live
	Home      *Site
	Patient   *Person // old, with much on record, and someone who cares for them
	Carer     string  // id of the RelatedPerson whom the patient lets see
	CarerName string
}

// castFrom is from how many people a cast is chosen at most.
const castFrom = 2000

// Cast chooses a cast from so many people, the same each time.
func (d *District) Cast(people int64) Cast {
	practices, nursing, homes := poll[*Organisation]{}, poll[*Organisation]{}, poll[*Site]{}
	var enrolled, supported poll[*Staff]
	nurses := map[*Organisation]*Staff{} // the first of each
	var c Cast
	set := Set{People: min(people, castFrom)}
	for n := range set.blocks() {
		for _, p := range set.people(d, n) {
			if p.Died != NotYet {
				continue
			}
			if p.Practice != nil {
				practices.add(p.Practice)
			}
			if p.Household.CareHome != nil {
				homes.add(p.Household.CareHome)
			}
			if nurse := lookedAfterBy(p); nurse != nil {
				nursing.add(nurse.Of)
				if nurses[nurse.Of] == nil {
					nurses[nurse.Of] = nurse
				}
			}
			if who := lastingWith(p, "Care coordinator"); who != nil {
				enrolled.add(who)
			}
			if who := lastingWith(p, "Support worker"); who != nil {
				supported.add(who)
			}
			if which := d.lets(p); which > 0 && (c.Patient == nil || len(p.Events) > len(c.Patient.Events)) {
				c.Patient, c.Carer, c.CarerName = p, carerID(p, which), p.Carers[which-1].Names[0].String()
			}
		}
	}
	if c.Patient != nil {
		c.GP = c.Patient.Practice.first("General practitioner")
	}
	if most := practices.most; c.GP == nil && most != nil {
		c.GP = most.first("General practitioner")
	}
	c.Nurse = nurses[nursing.most]
	c.Networker, c.Supporter = enrolled.most, supported.most
	if c.Networker != nil {
		c.Lead = c.Networker.Of
	}
	for _, o := range d.Organisations {
		if o.Type == "ambulance" {
			c.Paramedic = o.first("Paramedic")
		}
	}
	if c.Home = homes.most; c.Home != nil {
		c.HomeNurse = c.Home.Of.first("Nurse")
		if c.HomeNurse == nil && len(c.Home.Of.Staff) > 0 {
			c.HomeNurse = c.Home.Of.Staff[0]
		}
	}
	return c
}

// first returns the first of an organisation's staff with a job; nil: there is none.
func (o *Organisation) first(job string) *Staff {
	for _, who := range o.Staff {
		if who.Job == job {
			return who
		}
	}
	return nil
}

// lookedAfterBy returns the community nurse in a person's care team, or who
// manages an episode of theirs, that lasts.
func lookedAfterBy(p *Person) *Staff {
	for i := range p.Events {
		if e := &p.Events[i]; (e.Kind == CareTeam || e.Kind == EpisodeOfCare) && e.Status == "active" && e.Who != nil && e.Who.Job == "Community nurse" {
			return e.Who
		}
	}
	return nil
}

// lastingWith returns who of a job manages an episode of a person that lasts.
func lastingWith(p *Person, job string) *Staff {
	for i := range p.Events {
		if e := &p.Events[i]; e.Kind == EpisodeOfCare && e.Status == "active" && e.Who != nil && e.Who.Job == job {
			return e.Who
		}
	}
	return nil
}

// lets returns which of their carers somebody old lets see their record, from 1;
// 0: none.
func (d *District) lets(p *Person) int {
	if ageOn(p.Born, d.Until) < 70 || p.Practice == nil {
		return 0
	}
	for i, carer := range p.Carers {
		if carer.Died == NotYet && letsSee(d.Seed, p, i+1) {
			return i + 1
		}
	}
	return 0
}

// poll counts things, and knows which has come most often, the first of equals.
type poll[T comparable] struct {
	n    map[T]int
	most T
}

func (t *poll[T]) add(thing T) {
	if t.n == nil {
		t.n = map[T]int{}
	}
	t.n[thing]++
	if t.n[thing] > t.n[t.most] {
		t.most = thing
	}
}
