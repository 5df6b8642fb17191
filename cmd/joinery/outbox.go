package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"joinery/care/notice"
	"joinery/fault"
	"joinery/record"
	"joinery/record/access"
	"joinery/web"
	"joinery/web/link"
)

// noticeFlags say how people are told what was decided. Without a folder for
// letters nobody is told anything.
type noticeFlags struct {
	Letters  string `help:"Tell people what was decided about them: put letters to be printed into this folder." placeholder:"FOLDER" env:"JOINERY_LETTERS" group:"Notices"`
	Contact  string `help:"Whom people can ring or ask about a letter. It stands in each, and in every e-mail and text." placeholder:"TEXT" env:"JOINERY_CONTACT" group:"Notices"`
	Sender   string `help:"Who writes, as people know them. It stands in e-mails and texts: it must not tell what is treated there." default:"Your care network" placeholder:"NAME" env:"JOINERY_SENDER" group:"Notices"`
	Mail     string `help:"Send e-mail by this server: smtp://USER@HOST:PORT (with STARTTLS), or smtps://…" placeholder:"WHERE" env:"JOINERY_MAIL" group:"Notices"`
	MailFrom string `help:"The address that e-mail comes from." placeholder:"ADDRESS" env:"JOINERY_MAIL_FROM" group:"Notices"`
	MailKey  string `help:"File with the password of the mail server." placeholder:"FILE" env:"JOINERY_MAIL_KEY" group:"Notices"`
	Texts    string `help:"Send text messages by posting them here; docs/notices.md says how." placeholder:"URL" env:"JOINERY_TEXTS" group:"Notices"`
	TextsKey string `help:"File with the bearer token of that address." placeholder:"FILE" env:"JOINERY_TEXTS_KEY" group:"Notices"`
}

// How often an outbox looks for what moved, and how soon another may take over from
// a process that was killed: later than one that is sending has given up.
const (
	noticePace  = 200 * time.Millisecond
	noticeLease = 30 * time.Second
)

// notify tells people what was decided, for as long as a server runs. What it
// returns ends that.
func (a *app) notify(ctx context.Context, rec *record.Record, log *slog.Logger, base string, f *noticeFlags) (func(), error) {
	if f.Letters == "" {
		if f.Mail+f.Texts != "" {
			return nil, misuse{fault.New(fault.Invalid, "Whoever gets e-mails or texts gets letters, too: say where these go, with --letters.")}
		}
		return func() {}, nil
	}
	o, err := f.options(a.clock, rec, log, base)
	if err != nil {
		return nil, err
	}
	subject, err := itself("notices", access.Operations)
	if err != nil {
		return nil, err
	}
	box, err := notice.New(ctx, rec.As(subject), o)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(noticePace)
		defer tick.Stop()
		if err := box.Run(ctx, tick.C); err != nil {
			log.ErrorContext(ctx, "notices were not handed over", slog.Any("error", err))
		}
	})
	return func() { stop(); running.Wait() }, nil
}

// options makes the ways by which notices leave.
func (f *noticeFlags) options(clock func() time.Time, rec *record.Record, log *slog.Logger, base string) (notice.Options, error) {
	o := notice.Options{
		Clock: clock, Sender: f.Sender, Contact: f.Contact, Links: strings.TrimSuffix(base, "/fhir") + "/link/",
		As: rec.As, Rand: rand.Reader, Lease: noticeLease, Log: log,
	}
	if strings.TrimSpace(f.Contact) == "" {
		return o, misuse{fault.New(fault.Invalid, "Say whom people can ring about a letter, with --contact.")}
	}
	folder, err := notice.NewFolder(f.Letters)
	if err != nil {
		return o, err //nolint:wrapcheck // it is fit to be shown
	}
	o.Letters = folder
	if f.Mail != "" {
		secret, err := secretIn(f.MailKey)
		if err != nil {
			return o, err
		}
		mail, err := notice.NewMail(notice.MailOptions{Server: f.Mail, From: f.MailFrom, Secret: secret})
		if err != nil {
			return o, misuse{err}
		}
		o.Mail = mail
	}
	if f.Texts != "" {
		secret, err := secretIn(f.TextsKey)
		if err != nil {
			return o, err
		}
		texts, err := notice.NewTexts(f.Texts, secret)
		if err != nil {
			return o, misuse{err}
		}
		o.Texts = texts
	}
	return o, nil
}

// openLinks has a server answer the links that services with only e-mail get.
func (a *app) openLinks(server *web.Server, rec *record.Record) error {
	subject, err := itself("links", access.Treatment)
	if err != nil {
		return err
	}
	link.Register(server, notice.NewLinks(rec.As(subject), rec.As, a.clock), a.clock)
	return nil
}

// secretIn reads the secret that a file holds; without a file there is none.
func secretIn(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, "The file "+file+" with a secret cannot be read.", err)
	}
	return strings.TrimSpace(string(data)), nil
}
