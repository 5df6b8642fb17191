package main

type synthShow struct {
	district
	Person int64 `help:"The person's number, from 0." required:"" placeholder:"K"`
}

// Help is shown by joinery synth show --help.
func (synthShow) Help() string {
	return `Tells who an invented person is, with whom they live, who cares for them, what they have and take, and then their life by date: what happened, where, with which values.

    joinery synth show --person 17
    joinery synth show --person 17 --seed 7 | less`
}

// Run is the command.
func (c *synthShow) Run(a *app) error {
	d, err := c.open()
	if err != nil {
		return err
	}
	p, err := d.Person(c.Person)
	if err != nil {
		return misuse{err}
	}
	return d.Tell(a.out, p) //nolint:wrapcheck // nothing to add
}
