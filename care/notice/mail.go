package notice

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"joinery/fault"
)

// Mail is a Sender of e-mail by SMTP. It speaks only over TLS, from the first byte
// (smtps) or by STARTTLS (smtp), but to a server on this very machine.
type Mail struct {
	address string // HOST:PORT
	host    string
	tls     bool // from the first byte
	user    string
	secret  string
	from    *mail.Address
	trust   *tls.Config
}

// MailOptions say how e-mail leaves.
type MailOptions struct {
	Server string      // smtp://USER@HOST:PORT or smtps://USER@HOST:PORT
	From   string      // an address, as in: Care network <letters@network.example>
	Secret string      // the user's password
	TLS    *tls.Config // whom to trust; nil: whom the machine trusts
}

// NewMail returns a sender of e-mail. The fault is Invalid when the options cannot
// work.
func NewMail(o MailOptions) (*Mail, error) {
	u, err := url.Parse(o.Server)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" {
		return nil, fault.New(fault.Invalid, "A mail server is smtp://USER@HOST:PORT, or smtps://… for TLS from the first byte.")
	}
	if _, has := u.User.Password(); has {
		return nil, fault.New(fault.Invalid, "The password of the mail server belongs into a file of its own, not into its address.")
	}
	from, err := mail.ParseAddress(o.From)
	if err != nil {
		return nil, fault.New(fault.Invalid, "Say who sends e-mail, as in: Care network <letters@network.example>.")
	}
	m := &Mail{host: u.Hostname(), tls: u.Scheme == "smtps", user: u.User.Username(), secret: o.Secret, from: from, trust: o.TLS}
	port := u.Port()
	if port == "" {
		port = map[string]string{"smtp": "587", "smtps": "465"}[u.Scheme]
	}
	m.address = net.JoinHostPort(m.host, port)
	return m, nil
}

// Send is part of Sender.
func (m *Mail) Send(ctx context.Context, msg *Message) error {
	to, err := mail.ParseAddress(msg.To)
	if err != nil || strings.ContainsAny(to.Address, "\r\n") {
		return &Rejection{errors.New("the address is not one")}
	}
	client, err := m.dial(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	return classified(m.talk(client, to, m.compose(msg, to)))
}

// dial connects, with TLS unless the server is on this machine.
func (m *Mail) dial(ctx context.Context) (*smtp.Client, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", m.address)
	if err != nil {
		return nil, fmt.Errorf("reach the mail server: %w", err)
	}
	if until, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(until) // a connection that has none is cut off by the server
	}
	if m.tls {
		conn = tls.Client(conn, m.config())
	}
	client, err := smtp.NewClient(conn, m.host)
	if err != nil {
		conn.Close()
		return nil, classified(err)
	}
	if m.tls {
		return client, nil
	}
	if offered, _ := client.Extension("STARTTLS"); offered {
		if err := client.StartTLS(m.config()); err != nil {
			client.Close()
			return nil, fmt.Errorf("begin TLS with the mail server: %w", err)
		}
	} else if !local(m.host) {
		client.Close()
		return nil, errors.New("the mail server offers no TLS, and e-mail does not leave without")
	}
	return client, nil
}

func (m *Mail) config() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if m.trust != nil {
		c = m.trust.Clone()
	}
	c.ServerName = m.host
	return c
}

func (m *Mail) talk(client *smtp.Client, to *mail.Address, body []byte) error {
	if m.user != "" {
		if err := client.Auth(smtp.PlainAuth("", m.user, m.secret, m.host)); err != nil {
			return fmt.Errorf("sign in to the mail server: %w", errors.Join(err, errNotTheirs))
		}
	}
	if err := client.Mail(m.from.Address); err != nil {
		return fmt.Errorf("sender: %w", errors.Join(err, errNotTheirs))
	}
	if err := client.Rcpt(to.Address); err != nil {
		return err //nolint:wrapcheck // classified by the caller
	}
	w, err := client.Data()
	if err != nil {
		return err //nolint:wrapcheck // classified by the caller
	}
	if _, err := w.Write(body); err != nil {
		return err //nolint:wrapcheck // classified by the caller
	}
	if err := w.Close(); err != nil {
		return err //nolint:wrapcheck // classified by the caller
	}
	_ = client.Quit() // it was taken, whatever the server says to our leaving
	return nil
}

// errNotTheirs marks a refusal that is our own configuration's fault: it will be
// put right, and the message is kept until then.
var errNotTheirs = errors.New("the mail server does not take us")

// classified makes a Rejection of what the server refuses for good.
func classified(err error) error {
	var said *textproto.Error
	if errors.As(err, &said) && said.Code >= 500 && !errors.Is(err, errNotTheirs) {
		return &Rejection{err}
	}
	return err
}

// compose returns the e-mail. The same message has the same Message-ID each time.
func (m *Mail) compose(msg *Message, to *mail.Address) []byte {
	_, domain, _ := strings.Cut(m.from.Address, "@")
	var b bytes.Buffer
	for _, h := range [][2]string{
		{"From", m.from.String()},
		{"To", (&mail.Address{Address: to.Address}).String()},
		{"Subject", mime.QEncoding.Encode("utf-8", msg.Words[0])},
		{"Date", msg.At.Format(time.RFC1123Z)},
		{"Message-ID", "<" + string(msg.ID) + "@" + domain + ">"},
		{"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(strings.Join(msg.Words[1:], "\r\n\r\n") + "\r\n")) // into memory
	_ = w.Close()
	return b.Bytes()
}
