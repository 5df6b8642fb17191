package notice_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"joinery/care/notice"
	"joinery/care/workflow"
)

// mailServer is a small SMTP server of its own, on loopback.
type mailServer struct {
	tls    *tls.Config         // offered by STARTTLS when set
	login  string              // user and password that it wants, as "user:password"
	answer func(string) string // to a command; empty: as usual

	address string
	mu      sync.Mutex
	mails   []string // as they came
	wire    bytes.Buffer
	secured int // of these over TLS
}

func newMailServer(t *testing.T, m *mailServer) *mailServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	m.address = l.Addr().String()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go m.serve(conn)
		}
	}()
	return m
}

func (m *mailServer) received() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.wire.Bytes()
}

func (m *mailServer) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.mails)
}

// serve speaks with one client.
func (m *mailServer) serve(conn net.Conn) {
	defer conn.Close()
	secure, signed := false, m.login == ""
	in := bufio.NewReader(conn)
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 here")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		m.mu.Lock()
		m.wire.WriteString(line + "\n")
		m.mu.Unlock()
		verb := strings.ToUpper(strings.Fields(line + " x")[0])
		if m.answer != nil {
			if said := m.answer(verb); said != "" {
				say(said)
				continue
			}
		}
		switch verb {
		case "EHLO":
			fmt.Fprint(conn, "250-here\r\n")
			if m.tls != nil && !secure {
				fmt.Fprint(conn, "250-STARTTLS\r\n")
			}
			say("250 AUTH PLAIN")
		case "STARTTLS":
			say("220 go on")
			conn = tls.Server(conn, m.tls)
			in, secure = bufio.NewReader(conn), true
		case "AUTH":
			text, _ := base64.StdEncoding.DecodeString(strings.Fields(line)[2])
			if string(text) != "\x00"+strings.Replace(m.login, ":", "\x00", 1) {
				say("535 not you")
				continue
			}
			signed = true
			say("235 welcome")
		case "MAIL":
			if !signed {
				say("530 sign in first")
				continue
			}
			say("250 ok")
		case "DATA":
			say("354 go on")
			var body strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if strings.TrimRight(line, "\r\n") == "." {
					break
				}
				body.WriteString(line)
			}
			m.mu.Lock()
			m.mails = append(m.mails, body.String())
			m.wire.WriteString(body.String())
			if plain, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(body.String()))); err == nil {
				m.wire.Write(plain)
			}
			if secure {
				m.secured++
			}
			m.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// certificate is one for localhost, and the pool that trusts it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

var hello = &notice.Message{ID: "n1", At: time.Date(2026, 2, 3, 9, 10, 0, 0, time.UTC), To: "amina@example.com", Words: []string{"A message from us", "There is a letter for you. Größe.", "Ring us"}}

func TestMailBySTARTTLS(t *testing.T) {
	server, pool := certificate(t)
	s := newMailServer(t, &mailServer{tls: server, login: "joinery:secret"})
	send := func(o notice.MailOptions) error {
		m, err := notice.NewMail(o)
		if err != nil {
			t.Fatal(err)
		}
		return m.Send(t.Context(), hello)
	}
	o := notice.MailOptions{Server: "smtp://joinery@" + s.address, From: "Care network <letters@network.example>", Secret: "secret", TLS: &tls.Config{RootCAs: pool}}
	if err := send(o); err != nil {
		t.Fatal(err)
	}
	got, err := mail.ReadMessage(strings.NewReader(s.mails[0]))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(got.Body))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"From": `"Care network" <letters@network.example>`, "To": "<amina@example.com>", "Subject": "A message from us", "Message-Id": "<n1@network.example>", "Auto-Submitted": "auto-generated",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
		}
	}
	if want := "There is a letter for you. Größe.\r\n\r\nRing us\r\n"; string(body) != want {
		t.Errorf("it says %q, want %q", body, want)
	}
	if s.secured != 1 {
		t.Error("it did not come over TLS")
	}
	var rejected *notice.Rejection
	o.Secret = "wrong"
	if err := send(o); err == nil || errors.As(err, &rejected) {
		t.Errorf("a wrong password: %v, want a failure that is tried again: it is ours to put right", err)
	}
	o.Secret, o.TLS = "secret", nil
	if err := send(o); err == nil || errors.As(err, &rejected) || s.count() != 1 {
		t.Errorf("a server that nobody vouches for: %v, want a failure, and nothing sent", err)
	}
}

// TestMailNeverLeavesPlain: a server that is not by its address this machine, and
// offers no TLS, is not spoken to. 0.0.0.0 is no loopback address, and leads to one.
func TestMailNeverLeavesPlain(t *testing.T) {
	s := newMailServer(t, &mailServer{})
	_, port, _ := net.SplitHostPort(s.address)
	m, err := notice.NewMail(notice.MailOptions{Server: "smtp://0.0.0.0:" + port, From: "letters@network.example"})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(t.Context(), hello); err == nil || !strings.Contains(err.Error(), "offers no TLS") || s.count() != 0 {
		t.Errorf("it left without TLS: %v", err)
	}
}

func TestWhatTheMailServerSays(t *testing.T) {
	for answer, want := range map[string]bool{"550 no such mailbox": true, "450 later": false, "421 closing": false} {
		s := newMailServer(t, &mailServer{answer: func(verb string) string {
			if verb == "RCPT" {
				return answer
			}
			return ""
		}})
		m, err := notice.NewMail(notice.MailOptions{Server: "smtp://" + s.address, From: "letters@network.example"})
		if err != nil {
			t.Fatal(err)
		}
		var rejected *notice.Rejection
		if err := m.Send(t.Context(), hello); err == nil || errors.As(err, &rejected) != want {
			t.Errorf("%s: %v, for good = %v, want %v", answer, err, !want, want)
		}
	}
	for _, o := range []notice.MailOptions{
		{Server: "http://x", From: "a@b.example"}, {Server: "smtp://u:p@x", From: "a@b.example"}, {Server: "smtp://x", From: "nobody"}, {Server: "", From: "a@b.example"},
	} {
		if _, err := notice.NewMail(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	m, err := notice.NewMail(notice.MailOptions{Server: "smtp://127.0.0.1:1", From: "a@b.example"})
	if err != nil {
		t.Fatal(err)
	}
	bad := *hello
	bad.To = "amina@example.com\r\nBcc: all@example.com"
	var rejected *notice.Rejection
	if err := m.Send(t.Context(), &bad); !errors.As(err, &rejected) {
		t.Errorf("an address with a line break: %v", err)
	}
}

// textsPort is a port of text messages, on loopback.
type textsPort struct {
	*httptest.Server
	mu   sync.Mutex
	wire bytes.Buffer
	got  []map[string]string
	keys []string
	auth []string
}

func (p *textsPort) received() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wire.Bytes()
}

func (p *textsPort) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.got)
}

func newTextsPort(t *testing.T, status func() int) *textsPort {
	t.Helper()
	p := &textsPort{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.wire.Write(body)
		var m map[string]string
		if json.Unmarshal(body, &m) != nil || r.Header.Get("Content-Type") != "application/json" {
			rw.WriteHeader(400)
			return
		}
		p.got, p.keys, p.auth = append(p.got, m), append(p.keys, r.Header.Get("Idempotency-Key")), append(p.auth, r.Header.Get("Authorization"))
		if status != nil {
			rw.WriteHeader(status())
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func TestTexts(t *testing.T) {
	status := 200
	p := newTextsPort(t, func() int { return status })
	port, err := notice.NewTexts(p.URL, "key")
	if err != nil {
		t.Fatal(err)
	}
	m := &notice.Message{ID: "n1", To: "+447700900123", Words: []string{"A message from us", "Ring us"}}
	for _, c := range []struct {
		status    int
		ok, never bool
	}{{200, true, false}, {202, true, false}, {409, true, false}, {429, false, false}, {500, false, false}, {401, false, false}, {400, false, true}, {302, false, true}} {
		status = c.status
		err := port.Send(t.Context(), m)
		var rejected *notice.Rejection
		if (err == nil) != c.ok || errors.As(err, &rejected) != c.never {
			t.Errorf("%d: %v, want taken %v, never %v", c.status, err, c.ok, c.never)
		}
	}
	if got := p.got[0]; got["id"] != "n1" || got["to"] != "+447700900123" || got["text"] != "A message from us. Ring us" || len(got) != 3 || p.keys[0] != "n1" || p.auth[0] != "Bearer key" {
		t.Errorf("it came as %v, key %q, %q", got, p.keys[0], p.auth[0])
	}
	for _, bad := range []string{"http://texts.example/", "ftp://127.0.0.1/", "https://u:p@texts.example/", ""} {
		if _, err := notice.NewTexts(bad, ""); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestLettersInAFolder: as HTML and as text, for their owner alone, in the folder of
// their format; and a letter that comes again replaces itself.
func TestLettersInAFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "letters")
	folder, err := notice.NewFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	w := onSQLite(t)
	w.box = w.outbox(func(o *notice.Options) { o.Letters = folder })
	w.somebody("amina", `,"name":[{"given":["<b>Amina"],"family":"O'Neill & Co"}],"extension":[{"url":"https://joinery.example/fhir/StructureDefinition/accessible-information","valueCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"957331000000109"}]}}]`)
	w.refer(workflow.Asking{Patient: "amina"})
	w.settle()
	files, err := filepath.Glob(filepath.Join(dir, "large-print", "2026-02-03-*"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%v %v", files, err)
	}
	html, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<body class="large-print">`, `<html lang="en">`, "&lt;b&gt;Amina O&#39;Neill &amp; Co<br>", "12 Elm Road<br>", "<h1>You have been referred to Falls car</h1>", "<p>Dear &lt;b&gt;Amina", "@page", "3 February 2026"} {
		if !bytes.Contains(html, []byte(want)) {
			t.Errorf("the page does not have %q:\n%s", want, html)
		}
	}
	text, err := os.ReadFile(files[1])
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "<b>Amina O'Neill & Co\n12 Elm Road\nLondon\nZZ9 9ZZ\n\n3 February 2026\n\nYou have been referred to Falls car\n\nDear") {
		t.Errorf("the text is:\n%s", text)
	}
	for line := range strings.Lines(string(text)) {
		if len([]rune(line)) > 73 {
			t.Errorf("a line is longer than 72: %q", line)
		}
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f, info.Mode(), err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "*.part")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
