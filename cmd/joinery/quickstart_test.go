package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"joinery/leaks"
)

// TestQuickStart does what the first screen of the README says: it runs the
// same commands in the project's folder (with a database and a port of its own)
// and then every request that they print.
func TestQuickStart(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?m)^    (.+)$`).FindAllStringSubmatch(string(readme), -1)
	if len(commands) != 2 || commands[0][1] != "make run" || commands[1][1] != "make test" {
		t.Fatalf("the README's commands are %q, and this test runs make run", commands)
	}
	if _, err := exec.LookPath("make"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("make is not installed")
		}
		t.Skip("passed over: make is not installed")
	}
	address := freeAddress(t)
	requests := makeRun(t, address)
	waitReady(t, address)

	tokens := map[string]string{}
	for _, r := range requests {
		tokens[r.who] = r.token
		status, body := fetch(t, r.url, r.token)
		if status != http.StatusOK || !json.Valid(body) {
			t.Errorf("as %s: %s answers %d %.300s", r.who, r.url, status, body)
		}
		if !strings.Contains(r.url, "_summary=count") && !strings.Contains(string(body), `"entry"`) {
			t.Errorf("as %s: %s finds nothing", r.who, r.url)
		}
	}

	// The table of the README is what the record answers.
	var table strings.Builder
	for _, r := range requests {
		status, body := fetch(t, "http://"+address+"/fhir/Patient?_summary=count", r.token)
		who, _, _ := strings.Cut(r.who, ":")
		if status == http.StatusForbidden {
			fmt.Fprintf(&table, "%-62s %4s\n", who, "none")
			continue
		}
		var bundle struct{ Total json.Number }
		if err := json.Unmarshal(body, &bundle); err != nil || status != http.StatusOK {
			t.Fatalf("as %s: %d %s", r.who, status, body)
		}
		fmt.Fprintf(&table, "%-62s %4s\n", who, bundle.Total)
	}
	if !strings.Contains(string(readme), table.String()) {
		t.Errorf("the README does not have this table:\n%s", table.String())
	}
}

// printed is a request that make run prints.
type printed struct{ who, token, url string }

// seats is how many people and programs make run prints a request of.
const seats = 14

// makeRun starts make run and returns the requests that it prints; the test's
// end stops it.
func makeRun(t *testing.T, address string) []printed {
	t.Helper()
	db := filepath.Join(t.TempDir(), "quick.db")
	cmd := exec.Command("make", "run", "LISTEN="+address, "DB=sqlite:"+db, "GROW=2000", "DAY=2026-11-22", "LETTERS="+filepath.Join(t.TempDir(), "letters"))
	cmd.Dir = "../.."
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd.Stderr = leaks.Keep(&log)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) // it may have ended
		_ = cmd.Wait()                                     // make says that it was interrupted
		if t.Failed() {
			t.Logf("make run said:\n%s", log.String())
		}
	})
	var requests []printed
	var p printed
	in := bufio.NewScanner(out)
	for in.Scan() {
		line := in.Text()
		if who, ok := strings.CutPrefix(line, "# "); ok {
			p.who = who
		}
		if _, after, ok := strings.Cut(line, "Bearer "); ok {
			p.token, _, _ = strings.Cut(after, "'")
		}
		if url, ok := strings.CutPrefix(line, "  'http"); ok {
			p.url = "http" + strings.TrimSuffix(url, "'")
			if requests = append(requests, p); len(requests) == seats {
				go func() { _, _ = io.Copy(io.Discard, out) }()
				return requests
			}
		}
	}
	t.Fatalf("make run printed %d requests and ended: %v", len(requests), in.Err())
	return nil
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func waitReady(t *testing.T, address string) {
	t.Helper()
	for range 200 {
		resp, err := http.Get("http://" + address + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the server is not ready after 10 seconds")
}

func fetch(t *testing.T, url, token string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}
