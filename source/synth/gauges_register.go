package synth

import "slices"

// registerGauges hold the registers of long-term conditions to their published
// prevalence in each borough, by the diagnoses on people's records.
func registerGauges(*District) []gauge {
	g := gauge{
		title: "Registers of long-term conditions", unit: "% of the list from the register's age", scale: 100,
		source: "QOF 2019/20, NHS Digital, by local authority (House of Commons Library)",
	}
	type register struct {
		from  int
		least int // age from which somebody counts as on it
		of    []*Concept
	}
	var registers []register
	for row := range rows(qofTable) {
		if row[1] == "-" || row[1] == "palliative" {
			continue
		}
		r := register{from: whole(row[2]), of: namesOf(illnessNamed(row[1]))}
		if row[0] == "AST" {
			r.least = 6
		}
		registers = append(registers, r)
		for b, code := range Boroughs {
			g.cells = append(g.cells, figure{row[0] + ", " + boroughNames[code], number(row[3+b]), 0.1})
		}
	}
	g.count = func(d *District, p *Person, add func(int, int64, int64)) {
		b := boroughOf(p)
		if b < 0 || !isRegistered(p) {
			return
		}
		age := ageOn(p.Born, d.Until)
		for i, r := range registers {
			if age >= r.from {
				add(i*len(Boroughs)+b, whetherOne(age >= r.least && diagnosed(p, r.of)), 1)
			}
		}
	}
	return []gauge{g}
}

// namesOf returns the diagnoses by which a condition stands on the record.
func namesOf(i illness) []*Concept {
	names := []*Concept{conditions[i].concept}
	for _, v := range variants[i] {
		names = append(names, v.what)
	}
	switch i { //nolint:exhaustive // the others have their own name alone
	case type2: // the register is of diabetes
		names = append(names, namesOf(type1)...)
	case cancer: // each by its site
		for k := range tumourKinds {
			names = append(names, tumourKinds[k].what)
		}
	}
	return names
}

// diagnosed reports whether one of some diagnoses stands on the record and is
// not resolved.
func diagnosed(p *Person, names []*Concept) bool {
	for i := range p.Events {
		e := &p.Events[i]
		if e.Kind == Condition && e.Status == "active" && slices.Contains(names, e.What) {
			return true
		}
	}
	return false
}
