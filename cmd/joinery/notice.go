package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"joinery/care/notice"
	"joinery/care/workflow/clock"
	"joinery/fault"
	"joinery/fhir"
)

// noticeCommand groups what is done with notices at the desk.
type noticeCommand struct {
	List  noticeList  `cmd:"" help:"List what people are told, and what somebody has to do about it."`
	Show  noticeShow  `cmd:"" help:"Show a notice; of a letter, print it."`
	Send  noticeSend  `cmd:"" help:"Send a notice that waits now, or note that they were told by hand."`
	Retry noticeRetry `cmd:"" help:"Put a notice that was not done in line again."`
	Stop  noticeStop  `cmd:"" help:"End a notice that was not sent, or the link in one that was."`
}

type noticeList struct {
	ByHand  bool   `help:"Only those that somebody has to do something about." xor:"which"`
	Waiting bool   `help:"Only those that are to be sent." xor:"which"`
	Patient string `help:"About this Patient." placeholder:"ID"`
}

// Help is shown by joinery notice list --help.
func (noticeList) Help() string {
	return `What could not be sent stands here with the reason until somebody tells the person in another way and notes it, or puts it in line again. It is a list to look through every day.

    joinery notice list --by-hand --purpose TREAT
    joinery notice list --patient p1 --purpose TREAT`
}

// noticesTold is how a desk tells of notices.
type noticesTold struct {
	Notices []*notice.Notice `json:"notices"`
	More    bool             `json:"more"`
}

// Run is the command.
func (c *noticeList) Run(ctx context.Context, a *app) error {
	var told noticesTold
	if err := a.tell(ctx, "notice", "/notice/list", notice.List{ByHand: c.ByHand, Waiting: c.Waiting, Patient: fhir.ID(c.Patient)}, &told); err != nil {
		return err
	}
	if a.flags.JSON {
		return a.printJSON(told)
	}
	for _, n := range told.Notices {
		fmt.Fprintln(a.out, noticeLine(n))
	}
	switch {
	case len(told.Notices) == 0:
		fmt.Fprintln(a.out, "There is nothing.")
	case told.More:
		fmt.Fprintln(a.out, "There are more than are listed: name a patient, or deal with these first.")
	}
	return nil
}

// media are the names of media.
var media = map[notice.Medium]string{notice.Letter: "letter", notice.Email: "e-mail", notice.Text: "text", notice.Spoken: "to be said"}

// noticeLine is a line of a list of notices.
func noticeLine(n *notice.Notice) string {
	return fmt.Sprintf("%s  %-10s %-11s %-9s to %s  about Patient/%s  Communication/%s", n.Written.In(clock.London).Format("2006-01-02 15:04"), media[n.Medium], n.Format, n.Text, n.To, n.Patient, n.ID) + "\n  " + noticeStands(n)
}

// noticeStands says how a notice stands.
func noticeStands(n *notice.Notice) string {
	says := string(n.Status)
	switch n.Status {
	case notice.Preparation:
		says = "is to be sent"
		if n.ByHand {
			says = "somebody is to tell them, and note it"
		} else if !n.Next.IsZero() {
			says += " at " + n.Next.In(clock.London).Format("2006-01-02 15:04")
		}
	case notice.InProgress:
		says = "is being sent"
	case notice.Completed:
		says = "was sent " + n.Sent.In(clock.London).Format("2006-01-02 15:04")
		if n.Told != "" {
			says = "they were told " + n.Sent.In(clock.London).Format("2006-01-02 15:04") + ": " + n.Told
		}
	case notice.NotDone:
		says = "NOT DONE: " + n.Why()
		if n.ByHand {
			says += "; somebody is to tell them, and note it"
		}
	}
	if n.Failures > 0 {
		says += fmt.Sprintf(" (failed %d times)", n.Failures)
	}
	if n.Link != nil {
		says += fmt.Sprintf("; its link holds until %s, %d uses are left", n.Link.Until.In(clock.London).Format("2006-01-02 15:04"), n.Link.Uses)
	}
	return says
}

type noticeShow struct {
	ID   string `arg:"" help:"Id of the Communication."`
	HTML bool   `name:"html" help:"Print a letter as a page for the printer."`
}

// Help is shown by joinery notice show --help.
func (noticeShow) Help() string {
	return `Of a letter, the address is that of now. Of an e-mail with a link, the link is not shown: nobody has kept it.

    joinery notice show 0190… --purpose TREAT
    joinery notice show 0190… --html --purpose TREAT > letter.html`
}

// noticeShown is how a desk shows a notice.
type noticeShown struct {
	Notice *notice.Notice `json:"notice"`
	Letter *notice.Page   `json:"letter,omitempty"` // as it would be printed now
}

// Run is the command.
func (c *noticeShow) Run(ctx context.Context, a *app) error {
	var shown noticeShown
	if err := a.tell(ctx, "notice", "/notice/show", noticeDoing{ID: noticeID(c.ID)}, &shown); err != nil {
		return err
	}
	switch {
	case a.flags.JSON:
		return a.printJSON(shown)
	case c.HTML && shown.Letter == nil:
		return fault.New(fault.Conflict, "This is no letter that can go by post.")
	case c.HTML:
		html, err := shown.Letter.HTML()
		if err != nil {
			return err //nolint:wrapcheck // it says what it was doing
		}
		_, err = a.out.Write(html)
		return err //nolint:wrapcheck // to the terminal
	}
	fmt.Fprintf(a.out, "%s\n\n", noticeLine(shown.Notice))
	if shown.Letter != nil {
		fmt.Fprint(a.out, shown.Letter.Plain())
		return nil
	}
	fmt.Fprintln(a.out, strings.Join(shown.Notice.Words, "\n\n"))
	return nil
}

// noticeDoing is what a desk is told to do with a notice.
type noticeDoing struct {
	ID   fhir.ID `json:"id"`
	Do   string  `json:"do,omitempty"` // send, told, retry or stop
	Told string  `json:"told,omitempty"`
}

func noticeID(text string) fhir.ID { return fhir.ID(strings.TrimPrefix(text, "Communication/")) }

// handle has a desk do something with a notice, and says how it stands then.
func (a *app) handle(ctx context.Context, do noticeDoing) error {
	var shown noticeShown
	if err := a.tell(ctx, "notice", "/notice/do", do, &shown); err != nil {
		return err
	}
	if a.flags.JSON {
		return a.printJSON(shown)
	}
	fmt.Fprintln(a.out, noticeLine(shown.Notice))
	return nil
}

type noticeSend struct {
	ID   string `arg:"" help:"Id of the Communication."`
	Told string `help:"They were told by hand: say how." placeholder:"TEXT"`
}

// Help is shown by joinery notice send --help.
func (noticeSend) Help() string {
	return `joinery serve sends it within a second, if it may be sent. With --told nothing is sent: somebody told them, and that is kept.

    joinery notice send 0190… --purpose TREAT
    joinery notice send 0190… --told "Rang her at ten" --purpose TREAT`
}

// Run is the command.
func (c *noticeSend) Run(ctx context.Context, a *app) error {
	do := noticeDoing{ID: noticeID(c.ID), Do: "send", Told: c.Told}
	if c.Told != "" {
		do.Do = "told"
	}
	return a.handle(ctx, do)
}

type noticeRetry struct {
	ID string `arg:"" help:"Id of the Communication."`
}

// Help is shown by joinery notice retry --help.
func (noticeRetry) Help() string {
	return `For when what was in the way is mended: an address was put right, a mail server is back. Whether it may be sent is looked at anew.

    joinery notice retry 0190… --purpose TREAT`
}

// Run is the command.
func (c *noticeRetry) Run(ctx context.Context, a *app) error {
	return a.handle(ctx, noticeDoing{ID: noticeID(c.ID), Do: "retry"})
}

type noticeStop struct {
	ID string `arg:"" help:"Id of the Communication."`
}

// Help is shown by joinery notice stop --help.
func (noticeStop) Help() string {
	return `What was not sent will not be. A link that was sent opens nothing from this moment.

    joinery notice stop 0190… --purpose TREAT`
}

// Run is the command.
func (c *noticeStop) Run(ctx context.Context, a *app) error {
	return a.handle(ctx, noticeDoing{ID: noticeID(c.ID), Do: "stop"})
}

func (d *desk) noticeList(_ http.ResponseWriter, r *http.Request) (any, error) {
	var of notice.List
	at, err := d.notices(r, &of)
	if err != nil {
		return nil, err
	}
	all, more, err := at.List(r.Context(), of)
	if all == nil {
		all = []*notice.Notice{}
	}
	return noticesTold{all, more}, err //nolint:wrapcheck // it is fit to be shown
}

func (d *desk) noticeShow(_ http.ResponseWriter, r *http.Request) (any, error) {
	var of noticeDoing
	at, err := d.notices(r, &of)
	if err != nil {
		return nil, err
	}
	n, page, err := at.Show(r.Context(), of.ID)
	return noticeShown{n, page}, err //nolint:wrapcheck // it is fit to be shown
}

func (d *desk) noticeDo(_ http.ResponseWriter, r *http.Request) (any, error) {
	var do noticeDoing
	at, err := d.notices(r, &do)
	if err != nil {
		return nil, err
	}
	var n *notice.Notice
	switch do.Do {
	case "send":
		n, err = at.Send(r.Context(), do.ID)
	case "told":
		n, err = at.Told(r.Context(), do.ID, do.Told)
	case "retry":
		n, err = at.Retry(r.Context(), do.ID)
	case "stop":
		n, err = at.Stop(r.Context(), do.ID)
	default:
		err = fault.New(fault.Invalid, "Nothing of this name is done with notices.")
	}
	return noticeShown{Notice: n}, err //nolint:wrapcheck // it is fit to be shown
}

// notices returns notices as the operator of a request sees them, and reads what
// the command says.
func (d *desk) notices(r *http.Request, what any) (*notice.Desk, error) {
	view, err := d.reads(r, what)
	if err != nil {
		return nil, err
	}
	return notice.At(view, d.clock), nil
}
