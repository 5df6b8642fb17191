package main

import (
	"strings"

	"github.com/alecthomas/kong"

	"joinery/source/synth"
)

// flags are those that every command has. The ones with a variable of the
// environment may also stand in joinery.yaml, under the flag's name.
type flags struct {
	Config   string `help:"Read settings from this file (default: joinery.yaml, when there is one)." placeholder:"FILE" env:"JOINERY_CONFIG" group:"Everywhere"`
	DB       string `name:"db" help:"The database: sqlite:PATH, or postgres://USER@HOST/NAME." default:"sqlite:joinery.db" placeholder:"WHERE" env:"JOINERY_DB" group:"Everywhere"`
	State    string `help:"Folder for what is kept beside the database, such as the audit reserve (default: where a SQLite file lies; needed for PostgreSQL)." placeholder:"FOLDER" env:"JOINERY_STATE" group:"Everywhere"`
	Operator string `help:"Who runs this command, for the audit (default: your user name on this machine)." placeholder:"NAME" env:"JOINERY_OPERATOR" group:"Everywhere"`
	Purpose  string `help:"Why, for the audit: a purpose of use such as TREAT, HOPERAT or HRESCH (default: HOPERAT, operations; export has none)." placeholder:"CODE" env:"JOINERY_PURPOSE" group:"Everywhere"`
	JSON     bool   `name:"json" help:"Print what is meant for scripts, as JSON." group:"Everywhere"`
}

// commands is the command line.
type commands struct {
	flags

	Import    importCommand    `cmd:"" help:"Take bundles, NDJSON, folders, .gz and .zip into the record."`
	Export    exportCommand    `cmd:"" help:"Write the record out as NDJSON."`
	Serve     serveCommand     `cmd:"" help:"Serve the FHIR API."`
	Synth     synthCommand     `cmd:"" help:"Invent people with whole lives, write, show or measure them."`
	Demo      demoCommand      `cmd:"" help:"Make a small synthetic record to try things on, and tokens for it."`
	Token     tokenCommand     `cmd:"" help:"Make, list and revoke the tokens that clients sign in with."`
	Account   accountCommand   `cmd:"" help:"Make, list and end the accounts that people sign in with."`
	Verify    verifyCommand    `cmd:"" help:"Check every stored version and the chain of the audit."`
	Reindex   reindexCommand   `cmd:"" help:"Build the search indexes again from the stored versions."`
	Criteria  criteriaCommand  `cmd:"" help:"Check definitions of whom models are for, ask them of everybody, explain them."`
	Model     modelCommand     `cmd:"" help:"Write, check, compare and plan models of care."`
	Referral  referralCommand  `cmd:"" help:"Refer people to services, and move referrals."`
	Task      taskCommand      `cmd:"" help:"List and do tasks."`
	Careplan  careplanCommand  `cmd:"" help:"Show and write people's care plans."`
	Candidate candidateCommand `cmd:"" help:"Invite the people whom a model found."`
	Notice    noticeCommand    `cmd:"" help:"See what people are told of referrals, and tell those who cannot be written to."`
	Measure   measureCommand   `cmd:"" help:"Count how it goes with a model's people."`
	Cfg       configCommand    `cmd:"" name:"config" help:"Look at the configuration."`
	Version   versionCommand   `cmd:"" help:"Say which joinery this is."`
}

const description = `Joinery is a shared care record: FHIR R4 on SQLite or PostgreSQL, with every access decided and audited.

A first try, with invented people:

    joinery demo
    joinery serve

Settings are flags over the environment (JOINERY_DB and so on) over joinery.yaml; "joinery config check" shows where each comes from.`

// newParser returns the parser of the command line, and the configuration that
// it reads from joinery.yaml.
func newParser(c *commands, options ...kong.Option) (*kong.Kong, *configuration, error) {
	config := &configuration{}
	options = append([]kong.Option{
		kong.Name("joinery"),
		kong.Description(description),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Resolvers(config),
		kong.Vars{"version": version, "truths": strings.Join(synth.Truths[:], ", ")},
	}, options...)
	parser, err := kong.New(c, options...)
	config.parser = parser
	return parser, config, err
}
