package synth

import (
	"slices"
	"strings"
)

// name names everybody, the oldest households first, so that who has their
// mother among the people has a name from there.
func (b *block) name() {
	b.bears = make([]lineage, len(b.people))
	b.heirs = make([]lineage, len(b.drafts))
	order := make([]int, len(b.drafts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int {
		return int(b.people[b.drafts[x].first].Born - b.people[b.drafts[y].first].Born)
	})
	for _, i := range order {
		b.nameHousehold(i)
	}
}

// nameHousehold names the people of a draft.
func (b *block) nameHousehold(i int) {
	f, of := b.drafts[i], b.of[i]
	people := b.people[f.first : f.first+len(f.cast)]
	luck := roll(b.d.Seed, "lineage", people[0].Number)
	borough := settle().strata[f.stratum].borough
	ours := communityOf(luck, letters[of.head], borough)
	head := b.descent(luck, people[0], ours)
	b.bears[f.first] = head
	father, mother := head, newLineage(luck, head.of)
	fathersName := ""
	if len(people) > 1 && f.cast[1].role == asPartner {
		theirs := head.of
		if of.head != of.partner || luck.chance(0.07) {
			theirs = communityOf(luck, letters[of.partner], borough)
		}
		b.bears[f.first+1] = b.descent(luck, people[1], theirs)
		father, mother = b.bears[f.first+1], head
		fathersName = b.couple(luck, people[0], people[1], head, father)
	} else {
		fathersName = b.single(luck, people[0], head)
		if people[0].Sex == Female {
			father, mother = b.absent(luck, people[0], head), head
			fathersName = father.of.givenName(luck, Male, people[0].Born.year())
		}
	}
	b.heirs[i] = heir(father, fathersName, mother)
	for k, m := range f.cast {
		b.nameOther(luck, i, k, m, borough)
	}
}

// descent returns what somebody was born with: what their mother's household
// gives to children, if she is among the people.
func (b *block) descent(luck dice, p *Person, c *community) lineage {
	if p.Mother != nil && p.Mother.Household != p.Household {
		if l := b.heirs[b.home[p.Mother.Number-b.first]]; l.of != nil {
			return l
		}
	}
	return newLineage(luck, c)
}

// absent returns the lineage of the father of children who live with their
// mother alone: hers, where they bear her name.
func (b *block) absent(luck dice, mother *Person, hers lineage) lineage {
	l := newLineage(luck, hers.of)
	now := mother.Names[0].Family
	switch {
	case hers.of.name == "somali" || hers.of.name == "eritrean" || hers.of.name == "tamil":
	case len(mother.Names) > 1 || luck.chance(0.55):
		l.name = now // a widow's, a divorced mother's, or her own
		if hers.second != "" || strings.Contains(hers.name, "*") {
			l.name = hers.name
		}
	}
	return l
}

// couple names two who live together, and returns the first name of the man,
// or of the other.
func (b *block) couple(luck dice, one, other *Person, hers, his lineage) string {
	age := ageOn(one.Born, b.d.Until)
	wed := one.Sex != other.Sex && luck.chance(married(age))
	b.call(other, his, wed, nil)
	if !wed {
		b.call(one, hers, false, nil)
		return other.Names[0].Given[0]
	}
	earliest, latest := one.Born+Day(years(19)), min(b.d.Until-30, one.Born+Day(years(42)))
	day := earliest + Day(luck.uniform()*float64(max(latest-earliest, 1)))
	switch takes := luck.chance(hers.of.takesName(day.year())); {
	case takes:
		b.call(one, hers, true, &change{his.wifes(other), day, "maiden"})
	case hers.of.name == "english" && luck.chance(0.2):
		family, _ := hers.family(Female, true)
		b.call(one, hers, true, &change{family + "-" + his.ending(Male, true), day, "maiden"})
	default:
		b.call(one, hers, true, nil)
	}
	return other.Names[0].Given[0]
}

// wifes returns the family name that a man's wife takes.
func (l lineage) wifes(husband *Person) string {
	if l.of.name == "tamil" {
		return husband.Names[0].Given[0]
	}
	if l.second != "" || l.of.name == "somali" || l.of.name == "eritrean" {
		return husband.Names[0].Family
	}
	return l.ending(Female, true)
}

// single names somebody at the head of a household without a partner. Older
// women have mostly been married.
func (b *block) single(luck dice, p *Person, l lineage) string {
	age := ageOn(p.Born, b.d.Until)
	once := 0.0
	switch {
	case age >= 65:
		once = 0.85
	case age >= 45:
		once = 0.55
	case age >= 30:
		once = 0.2
	}
	if p.Sex == Female && luck.chance(once) {
		day := p.Born + Day(years(19+luck.uniform()*min(14, float64(age)-20)))
		if luck.chance(l.of.takesName(day.year())) {
			his := newLineage(luck, l.of)
			family, _ := his.family(Female, true)
			if age < 65 && luck.chance(0.3) { // divorced, and goes by her own name again
				b.call(p, l, false, nil)
				p.Names = append(p.Names, Name{
					Use: "old", Family: family, Given: p.Names[0].Given, Prefix: "Mrs",
					Until: min(b.d.Until-60, day+Day(years(2+luck.wait(8)))),
				})
				return p.Names[0].Given[0]
			}
			b.call(p, l, true, &change{family, day, "maiden"})
			return p.Names[0].Given[0]
		}
	}
	b.call(p, l, false, nil)
	return p.Names[0].Given[0]
}

// nameOther names the k-th of a draft, if its head or partner didn't get a name
// before.
func (b *block) nameOther(luck dice, i, k int, m dweller, borough string) {
	f := b.drafts[i]
	p := b.people[f.first+k]
	switch m.role {
	case asChild:
		b.bears[f.first+k] = b.heirs[i]
		b.nameChild(luck, i, k, m)
	case asGrandparent:
		l := newLineage(luck, b.bears[f.first].of)
		l.name = b.bears[f.first].name
		if m.sex == Female {
			l = newLineage(luck, l.of)
			if luck.chance(l.of.takesName(p.Born.year() + 24)) {
				b.call(p, l, true, &change{b.bears[f.first].ending(Female, true), p.Born + Day(years(24)), "maiden"})
				break
			}
		}
		b.call(p, l, true, nil)
	case asMate:
		b.bears[f.first+k] = newLineage(luck, communityOf(luck, p.Ethnicity[0], borough))
		b.call(p, b.bears[f.first+k], false, nil)
	case asHead, asPartner:
	}
}

// nameChild names the k-th of a draft, a child.
func (b *block) nameChild(luck dice, i, k int, m dweller) {
	f := b.drafts[i]
	p, l := b.people[f.first+k], b.heirs[i]
	b.call(p, l, false, nil)
	first := &p.Names[0].Given[0]
	switch father := b.people[f.first+min(1, len(f.cast)-1)]; {
	case l.of.name == "yoruba" && k+1 < len(f.cast) && f.cast[k+1].twin && luck.chance(0.6):
		*first = "Taiwo"
	case m.twin && l.of.name == "yoruba" && b.people[f.first+k-1].Names[0].Given[0] == "Taiwo":
		*first = "Kehinde"
	case m.sex == Male && father.Sex == Male && f.cast[1].role == asPartner && !m.twin && luck.chance(l.of.namesakes()):
		*first = father.Names[0].Given[0]
	default:
		b.unlike(luck, i, k, l)
	}
	b.newborn(luck, p, f, k)
}

// namesakes returns how often a son has his father's first name. Assumption.
func (c *community) namesakes() float64 {
	switch c.name {
	case "latin", "filipino", "portuguese", "brazilian", "spanish":
		return 0.1
	case "english", "irish", "caribbean", "romanian", "ghanaian":
		return 0.035
	case "punjabi", "tamil", "somali", "eritrean", "chinese", "vietnamese":
		return 0
	}
	return 0.015
}

// unlike gives the k-th of a draft another first name while a brother or sister
// has the same.
func (b *block) unlike(luck dice, i, k int, l lineage) {
	f := b.drafts[i]
	p := b.people[f.first+k]
	for range 4 {
		same := false
		for j := range k {
			same = same || f.cast[j].role == asChild && b.people[f.first+j].Names[0].Given[0] == p.Names[0].Given[0]
		}
		if !same {
			return
		}
		p.Names[0].Given[0] = l.of.givenName(luck, p.Sex, p.Born.year())
	}
}

// newborn gives the name of before registration to who has been born lately:
// their mother's, with Baby for the first.
func (b *block) newborn(luck dice, p *Person, f draft, k int) {
	if p.Mother == nil || p.Born < b.d.Since {
		return
	}
	baby := []string{"Baby"}
	switch {
	case f.cast[k].twin:
		baby = []string{"Twin Two"}
	case k+1 < len(f.cast) && f.cast[k+1].twin:
		baby = []string{"Twin One"}
	case luck.chance(0.3):
		baby = []string{[...]string{"Baby Girl", "Baby Boy"}[p.Sex]}
	}
	named := p.Born + Day(luck.between(3, 42)) // births are registered within 42 days
	before := Name{Use: "official", Family: p.Mother.Names[0].Family, Given: baby, Until: NotYet}
	switch {
	case named > b.d.Until:
		p.Names = []Name{before}
	case luck.chance(0.2):
		before.Use, before.Until = "old", named
		p.Names = append(p.Names, before)
	}
}

// change is how somebody's family name changed.
type change struct {
	to  string
	day Day
	use string // of the name before
}

// call gives a grown person or a child their names.
func (b *block) call(p *Person, l lineage, wed bool, c *change) {
	luck := roll(b.d.Seed, "name", p.Number)
	age := ageOn(p.Born, b.d.Until)
	family, _ := l.family(p.Sex, wed)
	if luck.chance(0.1) { // away from home, endings are often those of men
		family = strings.TrimSuffix(family, "ienė")
		if strings.HasSuffix(l.name, "*") && l.of.name == "polish" && p.Sex == Female {
			family = l.ending(Male, false)
		} else if family == strings.TrimSuffix(l.name, "*") && l.of.name == "lithuanian" {
			family += "as"
		}
	}
	given := l.given(luck, p.Sex, p.Born, p.BornAbroad)
	now := Name{Use: "official", Family: family, Given: given, Prefix: title(luck, p.Sex, age, wed), Until: NotYet}
	p.Names = []Name{now}
	switch {
	case c != nil:
		p.Names[0].Family = c.to
		now.Use, now.Until, now.Prefix = c.use, c.day, ""
		p.Names = append(p.Names, now)
	case age >= 20 && luck.chance(0.004): // by deed poll
		now.Use, now.Until = "old", b.d.Until-Day(luck.between(60, 3000))
		p.Names[0].Family = l.of.familyName(luck)
		if strings.Contains(p.Names[0].Family, "*") {
			p.Names[0].Family = family
			p.Names[0].Given = append([]string{l.of.givenName(luck, p.Sex, p.Born.year())}, given[1:]...)
		}
		p.Names = append(p.Names, now)
	}
	b.known(luck, p, l, age)
	speak(luck, p, l.of, age)
}

// known gives some people the name by which they go.
func (b *block) known(luck dice, p *Person, l lineage, age int) {
	first := p.Names[0].Given[0]
	as := usual[first]
	switch {
	case as != "" && age >= 5 && luck.chance(0.25):
	case (l.of.name == "chinese" || l.of.name == "vietnamese") && age >= 5 && luck.chance(0.3):
		if as = english.givenName(luck, p.Sex, p.Born.year()); as == "Muhammad" { // common in England, but not as theirs
			as = "Michael"
		}
	case len(p.Names[0].Given) > 1 && luck.chance(0.04):
		as = p.Names[0].Given[1]
	default:
		return
	}
	p.Names = append(p.Names, Name{Use: "usual", Family: p.Names[0].Family, Given: []string{as}, Until: NotYet})
}
