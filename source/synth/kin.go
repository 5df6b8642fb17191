package synth

// kin finds who is whose mother: of children the woman of their household, of
// the head of three generations the grandmother, and of some grown people a
// woman of another household.
func (b *block) kin() {
	for i, f := range b.drafts {
		b.mothers(i)
		if f.standing == resident && b.people[f.first].Sex == Female && f.cast[0].age >= 45 && b.older(f) {
			b.daughterOrSon(i)
		}
	}
}

// older reports whether the household of a draft is one of an older woman who
// may have grown children elsewhere.
func (b *block) older(f draft) bool {
	switch templates[f.template].kind {
	case womanAlone, couple, loneMother:
		return true
	case manAlone, family, loneFather, threeGenerations, sharers, kinds:
	}
	return false
}

// mothers links the children of a draft to their mother.
func (b *block) mothers(i int) {
	f := b.drafts[i]
	mother := b.people[f.first]
	if mother.Sex != Female {
		mother = nil
	}
	for k, m := range f.cast {
		switch p := b.people[f.first+k]; {
		case m.role == asChild:
			p.Mother = mother
		case m.role == asGrandparent && m.sex == Female:
			b.people[f.first].Mother = p
		}
	}
}

// grownChildren is how often an older woman has a grown child among the some
// fifty households of her block. Assumption: in life they live in one borough
// as often, though not as near.
const grownChildren = 0.45

// daughterOrSon looks for a grown child of the woman at the head of a draft.
func (b *block) daughterOrSon(i int) {
	mother := b.people[b.drafts[i].first]
	luck := roll(b.d.Seed, "kin", mother.Number)
	if !luck.chance(grownChildren) {
		return
	}
	start := luck.between(0, len(b.people)-1)
	for k := range b.people {
		p := b.people[(start+k)%len(b.people)]
		if b.couldBe(mother, p) {
			p.Mother = mother
			return
		}
	}
}

// couldBe reports whether a person could be a grown child of a woman.
func (b *block) couldBe(mother, p *Person) bool {
	f := b.drafts[b.home[p.Number-b.first]]
	role := f.cast[int(p.Number-b.first)-f.first].role
	gap := int(p.Born-mother.Born) / 365
	return p.Mother == nil && !b.of[b.home[mother.Number-b.first]].mixed && p.Household != mother.Household && role <= asPartner && f.standing == resident &&
		p.Ethnicity == mother.Ethnicity && gap >= 18 && gap <= 42
}
