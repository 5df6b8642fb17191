package notice

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"joinery/fault"
)

// Texts is a Sender of text messages by an HTTP port: it posts
//
//	{"id": "0190…", "to": "+447700900123", "text": "…"}
//
// with Idempotency-Key: the id, and Authorization: Bearer SECRET when there is one.
// 2xx and 409 (it came before) are taken as sent; 429 and 5xx, and silence, as not
// now; any other as never. Most senders of texts need a few lines between: this is
// the port, docs/notices.md says its shape.
type Texts struct {
	url    string
	secret string
	client *http.Client
}

// NewTexts returns a sender of text messages. The address must be https, but on this
// very machine.
func NewTexts(address, secret string) (*Texts, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !local(u.Hostname())) {
		return nil, fault.New(fault.Invalid, "The port of text messages is an https address without a password, or an http one on this machine.")
	}
	return &Texts{address, secret, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

// local reports whether a host is by its address this very machine.
func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Send is part of Sender.
func (t *Texts) Send(ctx context.Context, m *Message) error {
	if m.To == "" {
		return &Rejection{errors.New("there is no number")}
	}
	body, err := json.Marshal(map[string]string{"id": string(m.ID), "to": m.To, "text": strings.Join(m.Words, ". ")})
	if err != nil {
		return fmt.Errorf("write a text message: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("send a text message: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", string(m.ID))
	if t.secret != "" {
		r.Header.Set("Authorization", "Bearer "+t.secret)
	}
	answer, err := t.client.Do(r)
	if err != nil {
		return fmt.Errorf("send a text message: %w", err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // so that the connection can be used again
	switch code := answer.StatusCode; {
	case code < 300, code == http.StatusConflict:
		return nil
	case code == http.StatusTooManyRequests, code >= 500, code == http.StatusUnauthorized, code == http.StatusForbidden:
		return fmt.Errorf("the port of text messages answers %d", code)
	default:
		return &Rejection{fmt.Errorf("the port of text messages answers %d", code)}
	}
}
