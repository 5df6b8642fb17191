package notice

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"joinery/care/directory"
	"joinery/care/workflow"
	"joinery/care/workflow/clock"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
)

// event is a move that somebody may have to be told of.
type event struct {
	*Occasion
	key       string // of the move
	step      workflow.Step
	res       fhir.Value // the ServiceRequest, or the Task of an invitation
	of        string     // it, as others refer to it
	patient   fhir.ID
	requester string
	service   *directory.Service // at which it was made; nil: of none
	next      *directory.Service // to which it goes on; nil: to none
	onlyTo    bool               // the service alone: the person is told by the move before
	where     string             // an appointment is; empty: not known
}

// tell writes the notices of every move that a resource tells of.
func (o *Outbox) tell(ctx context.Context, typ string, res fhir.Value) error {
	of := "referral"
	if typ == "Task" {
		if of = workflow.Kind(res); of != workflow.KindInvite {
			return nil
		}
	} else if access.Labels(res)&access.Workflow == 0 {
		return nil // it came from a feed, and is not moved here
	}
	id := typ + "/" + res.Get("id").Text()
	steps := workflow.History(res)
	for i := min(o.told[id], len(steps)); i < len(steps); i++ {
		s := steps[i]
		if s.At.Before(o.began) {
			continue
		}
		if s.Reason == "died" {
			if err := o.stop(ctx, id, Died); err != nil {
				return err
			}
			continue
		}
		e := &event{Occasion: occasion(s.Move, of), key: fmt.Sprintf("%s/%d", id, i), step: s, res: res, of: id}
		if e.Occasion == nil || stays(steps[:i+1]) {
			continue
		}
		e.onlyTo = s.Move == "send" && i > 0 && passes(steps[i-1].Move)
		if i+1 < len(steps) && steps[i+1].Move == "send" && passes(s.Move) {
			e.next = &directory.Service{ID: steps[i+1].Service}
		}
		if err := o.write(ctx, e); err != nil {
			return err
		}
	}
	if len(o.told) >= remembered {
		clear(o.told)
	}
	o.told[id] = len(steps)
	return nil
}

// stays reports whether the last of some moves leaves somebody where they were: on a
// waiting list, where only their place was looked at anew.
func stays(steps []workflow.Step) bool {
	last := len(steps) - 1
	if steps[last].Move != "wait" {
		return false
	}
	for i := last - 1; i >= 0; i-- {
		switch steps[i].Move {
		case "defer":
		case "wait":
			return true
		default:
			return false
		}
	}
	return false
}

// passes reports whether a move may send somebody on to another service, which is
// the step after it.
func passes(move string) bool {
	switch move {
	case "decline", "reroute", "forward", "fail":
		return true
	}
	return false
}

// write writes the notices of a move, all or none, and once. What cannot be written
// at all is logged: it would fail again and hold everybody else up.
func (o *Outbox) write(ctx context.Context, e *event) error {
	notices, err := o.notices(ctx, e)
	var ops []record.Op
	for _, n := range notices {
		op, bad := n.op()
		err = errors.Join(err, bad)
		ops = append(ops, op)
	}
	if err == nil && len(ops) > 0 {
		receipt := sha256.Sum256([]byte("notice " + e.key))
		if _, _, err = o.view.Import(ctx, receipt[:], ops); err == nil {
			o.scan = true
		}
	}
	switch kind := fault.KindOf(err); {
	case err == nil:
		return nil
	case kind == fault.Invalid, kind == fault.NotFound, kind == fault.Gone, kind == fault.Denied:
		o.opts.Log.ErrorContext(ctx, "a notice cannot be written", slog.String("move", e.step.Move), slog.Any("error", err))
		return nil
	}
	return fmt.Errorf("write a notice: %w", err)
}

// notices returns whom a move tells what.
func (o *Outbox) notices(ctx context.Context, e *event) ([]*Notice, error) {
	if err := o.about(ctx, e); err != nil {
		return nil, err
	}
	p, err := o.person(ctx, e.patient)
	if err != nil || p == nil { // of whom there is no Patient any more, nobody is told
		return nil, err
	}
	var out []*Notice
	asked := e.requester == "Patient/"+string(p.id)
	switch text := e.Person; {
	case text == "" || e.onlyTo:
	case text == "referred" && asked:
		out = append(out, o.toPerson(e, p, "requested")...)
	default:
		out = append(out, o.toPerson(e, p, text)...)
	}
	switch {
	case e.Referrer == "question" && asked:
		out = append(out, o.toPerson(e, p, e.Referrer)...)
	case e.Referrer == "question" && strings.HasPrefix(e.requester, "RelatedPerson/"):
		out = append(out, o.question(e, p)...)
	case e.Referrer != "" && strings.HasPrefix(e.requester, "Organization/") && (e.Referrer == "question" || e.next == nil):
		n, err := o.toOrganisation(ctx, e, p)
		if err != nil {
			return nil, err
		}
		out = append(out, n...)
	}
	if e.Service != "" && e.service != nil && e.service.ByEmail {
		n, err := o.toService(ctx, e, p)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

// about looks up what a move was of.
func (o *Outbox) about(ctx context.Context, e *event) error {
	reference, _, _ := strings.Cut(strings.TrimPrefix(e.res.At("subject", "reference").Text()+e.res.At("for", "reference").Text(), "Patient/"), "/")
	e.patient = fhir.ID(reference)
	e.requester = e.res.At("requester", "reference").Text()
	if e.Of == workflow.KindInvite {
		owner := e.res.At("owner", "reference").Text()
		e.service = &directory.Service{Name: e.res.At("code", "text").Text(), Organization: owner}
		return nil
	}
	for _, s := range []struct {
		into **directory.Service
		id   fhir.ID
	}{{&e.service, e.step.Service}, {&e.next, idOf(e.next)}} {
		if s.id == "" {
			continue
		}
		found, err := directory.Find(ctx, o.view, s.id)
		if err != nil {
			return err //nolint:wrapcheck // it says what it was doing
		}
		*s.into = found
	}
	if e.service == nil {
		return fault.New(fault.Invalid, "a move at no service")
	}
	if e.step.When.IsZero() || len(e.service.Sites) == 0 {
		return nil
	}
	var err error
	e.where, err = o.site(ctx, e.service.Sites[0])
	return err
}

// site returns where a Location is, in words.
func (o *Outbox) site(ctx context.Context, location string) (string, error) {
	v, err := o.view.Read(ctx, "Location", fhir.ID(trim(location, "Location/")))
	if err != nil {
		return "", fmt.Errorf("look up a site: %w", err)
	}
	doc, err := v.Doc()
	if err != nil {
		return "", fmt.Errorf("look up a site: %w", err)
	}
	parts := linesOf(doc.Root().Get("address"))
	if name := doc.Root().Get("name").Text(); name != "" {
		parts = append([]string{name}, parts...)
	}
	return strings.Join(parts, ", "), nil
}

func idOf(s *directory.Service) fhir.ID {
	if s == nil {
		return ""
	}
	return s.ID
}

// draft returns a notice without words.
func (o *Outbox) draft(e *event, p *person, to, text string, m Medium) *Notice {
	n := &Notice{
		Patient: p.id, To: to, Of: []string{e.of}, Text: text, Medium: m, Format: p.format, Language: p.language,
		Status: Preparation, Written: e.step.At, key: strings.Join([]string{e.key, to, text, string(m)}, " "), security: marksOf(e.res), tags: p.tags,
	}
	if o.opts.Clock().Sub(e.step.At) > freshness {
		n.fail(TooLate)
	}
	return n
}

// fail says that a notice will not be sent. Somebody has to do something about it,
// unless nobody is left to be told.
func (n *Notice) fail(reason string) {
	n.Status, n.Reason, n.Next = NotDone, reason, time.Time{}
	n.ByHand = reason != Died && reason != Stopped
}

// toPerson returns the letter to the person, what goes beside it, and the copies of
// it to their carers.
func (o *Outbox) toPerson(e *event, p *person, text string) []*Notice {
	main := o.draft(e, p, "Patient/"+string(p.id), text, Letter)
	main.Words = o.letterWords(e, p, text, nil)
	out := []*Notice{main}
	switch reason := p.unreachable(Letter); {
	case main.Status == NotDone:
		return out
	case access.Labels(e.res)&(access.ThirdParty|access.Taboo|access.Shared) != 0:
		main.fail(NotByLetter)
		return out
	case reason == Died, reason == Protected, p.flagged(NoContact):
		main.fail(reason)
		return out
	case reason != "":
		main.fail(reason)
		if nudge := o.nudge(e, p, "ring"); nudge != nil { // what can be sent says that they should ring
			main.ByHand = false
			out = append(out, nudge)
		}
		return out
	case p.format == Voice:
		main.Medium, main.ByHand = Spoken, true
	}
	if e.Nudge {
		if nudge := o.nudge(e, p, "coming"); nudge != nil && p.format != Voice {
			out = append(out, nudge)
		}
	}
	return append(out, o.copies(e, p, text)...)
}

// copies returns copies of a letter for carers, unless what it tells of is hidden
// from them.
func (o *Outbox) copies(e *event, p *person, text string) []*Notice {
	if access.Labels(e.res)&(access.Sensitive|access.NoProxy) != 0 || p.flagged(NoCarers) {
		return nil
	}
	var out []*Notice
	for i := range p.carers {
		out = append(out, o.copy(e, p, &p.carers[i], text))
	}
	return out
}

func (o *Outbox) copy(e *event, p *person, c *carer, text string) *Notice {
	n := o.draft(e, p, c.reference, text, Letter)
	n.Format, n.Language = Standard, ""
	n.Words = o.letterWords(e, p, text, c)
	return n
}

// question returns the letter to a carer who asked.
func (o *Outbox) question(e *event, p *person) []*Notice {
	for i := range p.carers {
		if p.carers[i].reference == e.requester {
			return []*Notice{o.copy(e, p, &p.carers[i], "question")}
		}
	}
	n := o.copy(e, p, &carer{reference: e.requester}, "question")
	n.fail(NoWay)
	return []*Notice{n}
}

// nudge returns the text or e-mail to somebody, nil where none can go.
func (o *Outbox) nudge(e *event, p *person, short string) *Notice {
	for _, m := range []Medium{Text, Email} {
		if o.sender(m) == nil || p.unreachable(m) != "" {
			continue
		}
		n := o.draft(e, p, "Patient/"+string(p.id), short, m)
		n.Format, n.Words = Standard, o.shortWords(p.language, short, "")
		return n
	}
	return nil
}

func (o *Outbox) sender(m Medium) Sender {
	switch m {
	case Letter:
		return o.opts.Letters
	case Email:
		return o.opts.Mail
	case Text:
		return o.opts.Texts
	case Spoken:
	}
	return nil
}

// unreachable says why somebody cannot be reached by a medium, empty when they can.
func (p *person) unreachable(m Medium) string {
	flags := map[Medium]string{Letter: NoPost, Email: NoEmail, Text: NoText}
	to := map[Medium]bool{Letter: len(p.address) > 0, Email: p.email != "", Text: p.mobile != "", Spoken: true}
	switch {
	case p.died:
		return Died
	case p.protected:
		return Protected
	case p.flagged(NoContact), p.flagged(flags[m]), m != Letter && m != Spoken && p.age >= 0 && p.age < ownMessages:
		return NotWanted
	case !to[m]:
		return NoWay
	}
	return ""
}

// toOrganisation returns the e-mail to an organisation that asked, which says that
// something is on its list; none to one that names no contact for notices.
func (o *Outbox) toOrganisation(ctx context.Context, e *event, p *person) ([]*Notice, error) {
	if o.opts.Mail == nil {
		return nil, nil
	}
	email, err := o.organisationEmail(ctx, e.requester)
	if err != nil || email == "" {
		return nil, err
	}
	n := o.draft(e, p, e.requester, e.Referrer, Email)
	n.Format, n.Language, n.Words = Standard, "", o.shortWords("", e.Referrer, "")
	return []*Notice{n}, nil
}

// contactPurpose marks the contact of an Organization that is told of what happens.
const contactPurpose = "urn:joinery:contact-purpose"

func (o *Outbox) organisationEmail(ctx context.Context, organisation string) (string, error) {
	v, err := o.view.Read(ctx, "Organization", fhir.ID(trim(organisation, "Organization/")))
	if err != nil {
		return "", fmt.Errorf("look up an organisation: %w", err)
	}
	doc, err := v.Doc()
	if err != nil {
		return "", fmt.Errorf("look up an organisation: %w", err)
	}
	for c := range doc.Root().Get("contact").Items() {
		for _, code := range codes(c.Get("purpose"), contactPurpose) {
			for t := range c.Get("telecom").Items() {
				if code == "notices" && t.Get("system").Is("email") {
					return t.Get("value").Text(), nil
				}
			}
		}
	}
	return "", nil
}

// toService returns the e-mail with a link to a service that has only e-mail.
func (o *Outbox) toService(ctx context.Context, e *event, p *person) (*Notice, error) {
	n := o.draft(e, p, e.service.Reference(), e.Service, Email)
	n.Format, n.Language, n.Words = Standard, "", o.shortWords("", e.Service, linkPlace)
	task, err := o.taskAt(ctx, e)
	if err != nil {
		return nil, err
	}
	if task != "" {
		n.Of = append(n.Of, "Task/"+string(task))
	}
	n.Link = &LinkState{Until: o.opts.Clock().Add(linkHolds), Uses: linkUses}
	if n.Status == NotDone {
		return n, nil
	}
	switch bound, err := o.bound(ctx, n); {
	case err != nil:
		return nil, err
	case o.opts.Mail == nil || o.opts.Links == "" || task == "":
		n.fail(NoWay)
	case !bound:
		n.fail(Unbound)
	}
	return n, nil
}

// taskAt returns the Task of a referral at the service of a move.
func (o *Outbox) taskAt(ctx context.Context, e *event) (fhir.ID, error) {
	page, err := find(ctx, o.view, o.opts.Clock(), "Task", "focus", e.of, "_count", "100")
	if err != nil {
		return "", err
	}
	for i := range page.Entries {
		doc, err := page.Entries[i].Version.Doc()
		if err != nil {
			return "", fmt.Errorf("look for a Task: %w", err)
		}
		if workflow.At(doc.Root()) == e.service.ID && workflow.Kind(doc.Root()) == workflow.KindReferral {
			return page.Entries[i].Version.ID, nil
		}
	}
	return "", nil
}

// londonTime writes a moment as people say it.
func londonTime(t time.Time) string {
	return t.In(clock.London).Format("Monday 2 January 2006 at 15:04")
}

// stop ends what still waits to be sent of a referral.
func (o *Outbox) stop(ctx context.Context, of, reason string) error {
	page, err := find(ctx, o.view, o.opts.Clock(), "Communication", "based-on", of, "_tag", QueueTag+"|"+waiting, "_count", "100")
	if err != nil {
		return err
	}
	for i := range page.Entries {
		n, err := read(&page.Entries[i].Version)
		if err != nil {
			return err
		}
		n.fail(reason)
		if _, err := o.keep(ctx, n); err != nil {
			return err
		}
	}
	return nil
}
