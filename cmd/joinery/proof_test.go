package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"joinery/bench/cluster"
	"joinery/leaks"
)

// The proofs start the built program as its users do and know nothing of its
// insides: they talk HTTP and run commands.

var long = flag.Bool("long", false, "run the proofs at full length: 50 kills, 200 flipped bytes, the reserve spent")

var released = flag.String("binary", "", "the program to prove, instead of the one built from here")

// built is the program, built once for all proofs.
var built = sync.OnceValues(func() (string, error) {
	if *released != "" {
		return filepath.Abs(*released)
	}
	bin, err := filepath.Abs("../../bin/proof/joinery")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-o", bin, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building joinery: %w\n%s", err, out)
	}
	return bin, nil
})

func binary(t testing.TB) string {
	t.Helper()
	bin, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// shared gives a file of the reference data beside the project.
func shared(t testing.TB, path string) string {
	t.Helper()
	full, err := filepath.Abs(filepath.Join("../../../shared/data", path))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(full); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the reference data is missing: %v", err)
		}
		t.Skipf("the reference data is not beside the project: %v", err)
	}
	return full
}

// skipUnlessCI passes a proof over that this machine cannot run, but not in CI.
func skipUnlessCI(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// postgres is a cluster for all proofs; it is stopped when the last test that
// uses it is done, and made again when another needs it.
var postgres struct {
	sync.Mutex
	*cluster.Cluster
	users, made int
}

func postgresDB(t testing.TB) string {
	t.Helper()
	postgres.Lock()
	defer postgres.Unlock()
	if postgres.users == 0 {
		c, err := cluster.New(t.Context())
		if errors.Is(err, cluster.ErrMissing) {
			skipUnlessCI(t, err.Error())
		}
		if err != nil {
			t.Fatal(err)
		}
		postgres.Cluster = c
	}
	postgres.users++
	t.Cleanup(func() {
		postgres.Lock()
		defer postgres.Unlock()
		if postgres.users--; postgres.users == 0 {
			if err := postgres.Stop(); err != nil {
				t.Error(err)
			}
		}
	})
	postgres.made++
	db, err := postgres.Create(t.Context(), fmt.Sprintf("proof%d", postgres.made))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// folder is a temporary folder with a short path: the local socket beside a
// database must fit into 107 characters.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "proof")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// sqliteDB is the address of a new database.
func sqliteDB(t testing.TB) string { return "sqlite:" + filepath.Join(folder(t), "record.db") }

// onBoth runs a proof on each kind of database.
func onBoth(t *testing.T, prove func(t *testing.T, db string)) {
	t.Run("SQLite", func(t *testing.T) { prove(t, sqliteDB(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { prove(t, postgresDB(t)) })
}

// server is one running `joinery serve`.
type server struct {
	t       testing.TB
	db      string
	args    []string // of serve, beside the database and the address
	address string
	log     string // the file with all it printed
	cmd     *exec.Cmd
	ended   chan error
	took    time.Duration // from its start to its first answer
	client  *http.Client
	watch   func(request string, a answer) // sees every answer, when set
}

// serve starts a server on a database and waits until it answers.
func serve(t testing.TB, db string, args ...string) *server {
	t.Helper()
	s := &server{t: t, db: db, args: args, log: filepath.Join(t.TempDir(), "server.log")}
	s.client = &http.Client{
		Timeout:       60 * time.Second,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(func() {
		s.kill()
		text, _ := os.ReadFile(s.log)
		_, _ = leaks.Keep(io.Discard).Write(text) // whole, once it is
		if t.Failed() {
			t.Logf("the server's log ends:\n%s", text[max(0, len(text)-3000):])
		}
	})
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *server) start() error {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.address = free.Addr().String()
	free.Close()
	out, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	s.cmd = exec.Command(binary(s.t), append([]string{"serve", "--db", s.db, "--listen", s.address}, s.args...)...)
	s.cmd.Stdout, s.cmd.Stderr = out, out
	s.cmd.Dir = filepath.Dir(s.log)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("starting the server: %w", err)
	}
	ended := make(chan error, 1)
	s.ended = ended
	go func(cmd *exec.Cmd) { ended <- cmd.Wait() }(s.cmd)
	for time.Since(began) < 30*time.Second {
		resp, err := s.client.Get("http://" + s.address + "/fhir/metadata")
		if err == nil {
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode == 200 {
				s.took = time.Since(began)
				return nil
			}
		}
		select {
		case err := <-ended:
			ended <- err
			text, _ := os.ReadFile(s.log)
			return fmt.Errorf("the server ended before it answered: %v\n%s", err, text[max(0, len(text)-3000):])
		case <-time.After(5 * time.Millisecond):
		}
	}
	return errors.New("the server did not answer within 30 seconds")
}

// kill ends the server as a power cut would, and waits until it is gone.
func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Kill()
	<-s.ended
	s.cmd = nil
}

// stop ends the server as a service manager would.
func (s *server) stop() error {
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-s.ended:
		s.cmd = nil
		return err
	case <-time.After(20 * time.Second):
		s.kill()
		return errors.New("the server did not stop within 20 seconds of SIGTERM")
	}
}

// worked is how long the server has had a processor. Unlike the time of day it
// does not depend on what else the machine does, so limits can be held to it.
func (s *server) worked() time.Duration {
	s.t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(data), ") ") // the name of a program may hold anything
	fields := strings.Fields(after)
	var user, system int
	fmt.Sscan(fields[11], &user)
	fmt.Sscan(fields[12], &system)
	return time.Duration(user+system) * 10 * time.Millisecond // a hundredth of a second each, on every Linux
}

// run runs another command of the program on the same database.
func run(t testing.TB, db string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.Command(binary(t), append(args, "--db", db)...)
	cmd.Dir = t.TempDir()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, leaks.Keep(&errs)
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// token makes a token; the arguments are those of `joinery token create`.
func token(t testing.TB, db string, args ...string) string {
	t.Helper()
	out, errs, err := run(t, db, append([]string{"token", "create"}, args...)...)
	if err != nil {
		t.Fatalf("joinery token create %s: %v\n%s", strings.Join(args, " "), err, errs)
	}
	text := strings.TrimSuffix(out, "\n")
	if text == "" || strings.ContainsAny(text, " \n") {
		t.Fatalf("joinery token create printed %q, want the token alone", out)
	}
	return text
}

// admin makes a token that may do everything.
func admin(t testing.TB, db string) string {
	t.Helper()
	return token(t, db, "--name", "proof admin", "--scope", "system/*.cruds")
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends one request; headers are name, value, name, value. It gives an error
// only when no whole answer came.
func (s *server) do(token, method, path string, body []byte, headers ...string) (answer, error) {
	req, err := http.NewRequest(method, "http://"+s.address+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/fhir+json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		return a, err
	}
	if s.watch != nil {
		s.watch(method+" "+path, a)
	}
	return a, nil
}

// must sends a request that has to be answered with this status.
func (s *server) must(status int, token, method, path string, body []byte, headers ...string) answer {
	s.t.Helper()
	a, err := s.do(token, method, path, body, headers...)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	if a.status != status {
		s.t.Fatalf("%s %s: status %d, want %d\n%.600s", method, path, a.status, status, a.body)
	}
	return a
}

// create stores a resource and gives its "Type/id".
func (s *server) create(token, resource string) string {
	s.t.Helper()
	var head struct{ ResourceType string }
	if err := json.Unmarshal([]byte(resource), &head); err != nil {
		s.t.Fatalf("%v in %s", err, resource)
	}
	a := s.must(http.StatusCreated, token, "POST", "/fhir/"+head.ResourceType, []byte(resource))
	return named(s.t, a.body)
}

// named gives the "Type/id" of a resource.
func named(t testing.TB, body []byte) string {
	t.Helper()
	var r struct{ ResourceType, ID string }
	if err := json.Unmarshal(body, &r); err != nil || r.ID == "" {
		t.Fatalf("not a stored resource: %v: %.300s", err, body)
	}
	return r.ResourceType + "/" + r.ID
}

// reply is an answer with entries, a Bundle.
type reply struct {
	ResourceType, Type string
	Total              *int
	Link               []struct{ Relation, URL string }
	Entry              []struct {
		FullURL  string
		Resource json.RawMessage
		Search   struct{ Mode string }
		Response struct{ Status, Location, Etag string }
	}
}

func (b *reply) next() string {
	for _, l := range b.Link {
		if l.Relation == "next" {
			return l.URL
		}
	}
	return ""
}

func readBundle(t testing.TB, body []byte) *reply {
	t.Helper()
	b := &reply{}
	if err := json.Unmarshal(body, b); err != nil || b.ResourceType != "Bundle" {
		t.Fatalf("not a bundle: %v: %.300s", err, body)
	}
	return b
}

// created gives the "Type/id" of a location.
func created(location string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(path(location), "/fhir/"), "/_history")
	return name
}

// path is the path and query of an address of this server.
func path(url string) string {
	if i := strings.Index(url, "/fhir"); i >= 0 {
		return url[i:]
	}
	return url
}

// all follows a search to its last page and gives the names of what it found
// and of what came with it, in their order.
func (s *server) all(token, query string) (hits, included []string, total *int) {
	s.t.Helper()
	seen := map[string]bool{}
	for page, at := 0, "/fhir/"+query; at != ""; page++ {
		if page > 2000 {
			s.t.Fatalf("%s does not end", query)
		}
		b := readBundle(s.t, s.must(http.StatusOK, token, "GET", at, nil).body)
		if page == 0 {
			total = b.Total
		}
		for _, e := range b.Entry {
			name := named(s.t, e.Resource)
			switch e.Search.Mode {
			case "match":
				if seen[name] {
					s.t.Errorf("%s gives %s twice", query, name)
				}
				seen[name] = true
				hits = append(hits, name)
			case "include":
				included = append(included, name)
			case "outcome":
			default:
				s.t.Errorf("%s: an entry of search mode %q", query, e.Search.Mode)
			}
		}
		at = path(b.next())
	}
	return hits, included, total
}

// verify runs `joinery verify`.
func verify(t testing.TB, db string) (string, error) {
	t.Helper()
	out, errs, err := run(t, db, "verify")
	return out + errs, err
}
