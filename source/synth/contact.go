package synth

import "strings"

// reach decides how a person can be reached and spoken with: language,
// interpreter, accessible information, telephone, e-mail.
func (d *District) reach(p *Person) {
	luck := roll(d.Seed, "contact", p.Number)
	age := ageOn(p.Born, d.Until)
	d.senses(luck, p, age)
	d.contact(luck, p, age)
}

// state decides what the record knows of a person's ethnic group. It comes
// after their life, in which the group itself had its part.
func (d *District) state(p *Person) {
	luck := roll(d.Seed, "stated", p.Number)
	switch u := luck.uniform(); {
	case u < assumed["ethnicity not stated"]:
		p.Ethnicity = "Z"
	case u < assumed["ethnicity not stated"]+assumed["ethnicity not known"]:
		p.Ethnicity = "99"
	}
}

// speak decides the language of somebody of a community, and whether they need
// an interpreter.
func speak(luck dice, p *Person, c *community, age int) {
	main, help := c.main, c.help
	switch {
	case !p.BornAbroad && age < 18:
		main *= 0.3 // at school in English, at home not
	case !p.BornAbroad:
		main *= 0.04
	case p.Arrived != NotYet:
		main, help = min(1, main*1.2), help*1.4
	}
	if age >= 65 {
		help *= 1.8
	}
	if c.main == 0 || !luck.chance(main) {
		return
	}
	p.Language = anyOf(luck, c.language)
	p.Interpreter = p.BornAbroad && age >= 5 && luck.chance(min(help, 0.9))
}

// Accessible information needs. Source of the codes: NHS England's value set of
// reasonable adjustments (RA-FlagCode 0.1.0, draft of February 2024); Easyread
// is in NHS Digital's API documentation as well.
var (
	needsEasyRead  = Concept{snomed, "796161000000101", "Requires information in Easyread", Verified}
	needsBSL       = Concept{snomed, "204331000000107", "British Sign Language interpreter needed", SeenOnce}
	usesHearingAid = Concept{snomed, "285055002", "Does use hearing aid", SeenOnce}
	lipReads       = Concept{snomed, "441092009", "Does lip read", SeenOnce}
	needsBraille   = Concept{snomed, "936661000000109", "Requires information in contracted (Grade 2) Braille", SeenOnce}
	needsAudio     = Concept{snomed, "936601000000105", "Requires information in electronic audio format", SeenOnce}
	needsLarge     = Concept{snomed, "957331000000109", "Requires written information in at least 20 point sans serif font", SeenOnce}
	needsVerbal    = Concept{snomed, "367741000000102", "Requires information verbally", SeenOnce}
)

// senses gives accessible information needs to people who don't hear or see
// well. Assumptions after RNID (one in five adults has hearing loss, about
// 0.15% use British Sign Language) and RNIB (some 3% live with sight loss, six
// in ten of these over 75); a need is written down for a part of them.
func (d *District) senses(luck dice, p *Person, age int) {
	hearing, sight := 0.002, 0.0012
	switch {
	case age >= 85:
		hearing, sight = 0.3, 0.12
	case age >= 75:
		hearing, sight = 0.16, 0.045
	case age >= 65:
		hearing, sight = 0.06, 0.012
	case age >= 50:
		hearing, sight = 0.015, 0.004
	}
	if age >= 3 && luck.chance(hearing) {
		p.Needs = append(p.Needs, &usesHearingAid)
		if luck.chance(0.1) {
			p.Needs = append(p.Needs, &lipReads)
		}
	}
	if age >= 3 && luck.chance(0.0013) {
		p.Needs = append(p.Needs, &needsBSL)
	}
	if age >= 6 && luck.chance(sight) {
		p.Needs = append(p.Needs, [...]*Concept{&needsLarge, &needsAudio, &needsVerbal, &needsBraille}[luck.among([]float64{70, 14, 12, 4})])
	}
}

// easyRead notes for half of the people on a practice's register of learning
// disability that they need information in Easyread. Assumption.
func easyRead(d *District, p *Person) {
	if roll(d.Seed, "easyread", p.Number).chance(0.5) {
		p.Needs = append(p.Needs, &needsEasyRead)
	}
}

// contact gives a person numbers and addresses that nobody has: telephone
// numbers of Ofcom's ranges for drama, and e-mail at a domain kept for examples.
func (d *District) contact(luck dice, p *Person, age int) {
	if age < 14 {
		if p.Mother != nil && p.Mother.Household == p.Household && p.Mother.Phone != "" {
			p.Phone = p.Mother.Phone
		}
		return
	}
	mobile := 0.96
	if age >= 75 {
		mobile = 0.6
	}
	if p.Household.CareHome == nil && luck.chance(mobile) {
		p.Phone = "07700 900" + threeDigits(luck)
	} else if p.Household.Home != NoFixedAbode {
		p.Phone = "020 7946 0" + threeDigits(luck)
	}
	if name := p.Names[0]; age >= 16 && age < 90 && luck.chance(0.6) && len(name.Given) > 0 {
		p.Email = lettersOf(name.Given[0]) + "." + lettersOf(name.Family) + string('0'+rune(luck.between(0, 9))) + "@example.com"
	}
}

func threeDigits(luck dice) string {
	return string([]byte{byte('0' + luck.between(0, 9)), byte('0' + luck.between(0, 9)), byte('0' + luck.between(0, 9))})
}

// lettersOf returns the letters of a name that an e-mail address can have.
func lettersOf(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		if letter, ok := folded[r]; ok {
			return letter
		}
		return -1
	}, name)
}

// folded are the letters that stand for others where only the alphabet's do;
// others are left out.
var folded = func() map[rune]rune {
	all := map[rune]rune{}
	for _, pair := range []struct{ to, from string }{
		{"a", "áàâãäåăąạảấầẩẫậắằẳẵặÁÀÂÃÄÅĂĄẤẬ"},
		{"e", "éèêëęėếềệễểẹÉÈÊËĖÉ"},
		{"i", "íìîïıịĩÍÌÎÏİ"},
		{"o", "óòôõöőøơốộồớợọÓÒÔÕÖØ"},
		{"u", "úùûüűụūưừứựỳÚÙÛÜŪỦủỗ"},
		{"y", "ýỹýÝ"},
		{"c", "çćčÇČĆ"},
		{"d", "đĐ"},
		{"g", "ğĞ"},
		{"l", "łŁ"},
		{"n", "ñńňÑ"},
		{"s", "śšşșŚŠŞȘ"},
		{"t", "ťțţȚ"},
		{"z", "źżžŹŻŽ"},
	} {
		for _, r := range pair.from {
			all[r] = rune(pair.to[0])
		}
	}
	return all
}()
