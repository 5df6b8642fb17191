package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"joinery/care/workflow/script"
	"joinery/leaks"
)

// playedClock is the variable that names the file of the time at which a case is.
const playedClock = "JOINERY_PLAYED_CLOCK"

// played is the program as searched is, but for its clock: it has the time of a
// case.
func played() {
	os.Exit(start(leaks.Keep(os.Stderr), func() time.Time {
		text, err := os.ReadFile(os.Getenv(playedClock))
		if err != nil {
			panic(err)
		}
		at, err := time.Parse(time.RFC3339, string(text))
		if err != nil {
			panic(err)
		}
		return at
	}))
}

// kills is how often a case is interrupted, and after how long a request is cut off
// each time: before it comes in, in its midst, and after its end.
var kills = []time.Duration{0, time.Millisecond, 3 * time.Millisecond, 8 * time.Millisecond, 40 * time.Millisecond, 250 * time.Millisecond}

// killed is a theatre whose server is a process of its own, which is killed.
type killed struct {
	*theatre
	clockFile, letters, log string
	address                 string
	process                 *exec.Cmd
	posts                   int
	after                   map[int]time.Duration // by the number of a post
}

func playKilled(t *testing.T, url string, p casting, want string) {
	k := &killed{theatre: newTheatre(t, url, p), letters: t.TempDir(), after: map[int]time.Duration{}}
	k.theatre.close()
	dir := t.TempDir()
	k.clockFile, k.log = filepath.Join(dir, "clock"), filepath.Join(dir, "log")
	k.set(k.now)
	acts := 0
	for _, s := range p.story.Steps {
		if !s.Expect {
			acts++
		}
	}
	for i, delay := range kills {
		k.after[1+i*(acts-1)/(len(kills)-1)] = delay
	}
	if *long {
		for i := range acts {
			k.after[1+i] = kills[i%len(kills)]
		}
	}
	t.Cleanup(func() {
		if k.process != nil {
			k.kill()
		}
		if t.Failed() {
			text, _ := os.ReadFile(k.log)
			t.Logf("the server's log ends:\n%s", text[max(0, len(text)-3000):])
		}
	})
	k.start()
	run := script.Start(p.book, p.story, script.Stage{Ask: k.ask, Set: k.set, Settle: k.settle})
	for done := false; !done; {
		var wrong string
		if wrong, done = run.Step(); wrong != "" {
			t.Errorf("%s: %s", p.story.Name, wrong)
		}
	}
	k.finish(strings.Count(want, `"resourceType":"Communication"`))
	k.open()
	defer k.close()
	if got := k.left(true); got != want {
		t.Errorf("killed %d times and gone on with, it left another record:\n%s", len(k.after), firstDifference(got, want))
	}
	t.Logf("killed %d times", len(k.after))
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "got  " + g[i] + "\nwant " + w[i]
		}
	}
	return fmt.Sprintf("%d resources, want %d", len(g), len(w))
}

// settle waits a little, and lets as little time pass: the lease of who was killed
// runs out by it.
func (k *killed) settle() {
	time.Sleep(100 * time.Millisecond)
	k.set(k.now.Add(time.Second))
}

// set makes it a moment, all at once.
func (k *killed) set(at time.Time) {
	k.theatre.mu.Lock()
	k.now = at
	k.theatre.mu.Unlock()
	if err := os.WriteFile(k.clockFile+".new", []byte(at.Format(time.RFC3339)), 0o600); err != nil {
		k.Fatal(err)
	}
	if err := os.Rename(k.clockFile+".new", k.clockFile); err != nil {
		k.Fatal(err)
	}
}

func (k *killed) start() {
	k.Helper()
	k.address = freeAddress(k.T)
	out, err := os.OpenFile(k.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		k.Fatal(err)
	}
	defer out.Close()
	k.process = exec.Command("joinery-played", "serve", "--db", k.url, "--listen", k.address, "--state", filepath.Dir(k.log),
		"--letters", k.letters, "--contact", "020 7946 0100", "--sender", "Care network")
	k.process.Env = append(os.Environ(), playedClock+"="+k.clockFile)
	k.process.Stdout, k.process.Stderr = out, out
	if err := k.process.Start(); err != nil {
		k.Fatal(err)
	}
	waitReady(k.T, k.address)
}

// kill ends the server as a power cut would.
func (k *killed) kill() {
	_ = k.process.Process.Kill()
	_ = k.process.Wait() // it was killed
	k.process = nil
}

// ask sends a request; where it is to be, the server is killed while it is under way
// and started anew, and the same request is sent again, as whoever was cut off would.
func (k *killed) ask(role *script.Role, method, path, body, version string) (int, []byte) {
	if method == http.MethodPost {
		k.posts++
		if delay, ok := k.after[k.posts]; ok {
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_, _, _ = k.send(role, method, path, body, version) // whatever comes of it
			}()
			time.Sleep(delay)
			k.kill()
			<-ended
			k.start()
		}
	}
	status, answer, err := k.send(role, method, path, body, version)
	if _, cut := k.after[k.posts]; cut && method == http.MethodPost && status == http.StatusNotFound {
		// It was made, and ended what they may see of the person: the desk tells them.
		status, answer, err = k.send(nil, method, path, body, version)
	}
	if err != nil {
		k.Fatal(err)
	}
	return status, answer
}

func (k *killed) send(role *script.Role, method, path, body, version string) (int, []byte, error) {
	name := ""
	if role != nil {
		name = role.Name
	}
	r, err := http.NewRequestWithContext(k.Context(), method, "http://"+k.address+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	r.Header.Set("Authorization", "Bearer "+k.tokens[name])
	if version != "" {
		r.Header.Set("If-Match", version)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, text, err
}

// finish waits until all letters are sent, and stops the server as a service manager
// would. The lease of who was killed last runs out meanwhile.
func (k *killed) finish(letters int) {
	k.Helper()
	k.set(k.now.Add(time.Minute))
	for range 600 {
		_, all, err := k.send(nil, "GET", "/fhir/Communication?_count=1000", "", "")
		if err != nil {
			k.Fatal(err)
		}
		if strings.Count(string(all), `"resourceType":"Communication"`) >= letters && !strings.Contains(string(all), `"code":"waiting"`) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	files, err := filepath.Glob(filepath.Join(k.letters, "*", "*.html"))
	if err != nil {
		k.Fatal(err)
	}
	slices.Sort(files)
	if len(files) != letters || len(slices.Compact(files)) != letters {
		k.Errorf("%d letters lie in the folder, want %d: one for each notice, however often it was sent", len(files), letters)
	}
	if err := k.process.Process.Signal(syscall.SIGTERM); err != nil {
		k.Fatal(err)
	}
	var exit *exec.ExitError
	if err := k.process.Wait(); errors.As(err, &exit) {
		k.Errorf("the server ended with %v", err)
	}
	k.process = nil
}
