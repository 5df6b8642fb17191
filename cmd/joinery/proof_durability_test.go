package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
)

// TestProofKill ends the server with SIGKILL at random moments of a load of
// transactions, creates and updates. Whatever was acknowledged must be there,
// whole, and nothing may be there in part.
func TestProofKill(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		killing(t, sqliteDB(t), rounds(5, 50))
	})
	t.Run("PostgreSQL", func(t *testing.T) { killing(t, postgresDB(t), rounds(2, 50)) })
}

func rounds(short, full int) int {
	if *long {
		return full
	}
	return short
}

func killing(t *testing.T, db string, kills int) {
	s := serve(t, db)
	token := admin(t, db)
	const writers = 8
	ledgers := make([]*ledger, writers)
	for w := range ledgers {
		ledgers[w] = &ledger{writer: w, rng: rand.New(rand.NewPCG(1, uint64(w)))}
		ledgers[w].patient = s.create(token, `{"resourceType":"Patient","name":[{"family":"Killproof"}]}`)
		ledgers[w].counter = s.create(token, fmt.Sprintf(`{"resourceType":"Basic","code":{"text":"0"},"subject":{"reference":%q}}`, ledgers[w].patient))
	}
	rng := rand.New(rand.NewPCG(2, 2))
	var acks atomic.Int64
	slowest := s.took
	for round := range kills {
		stop := make(chan struct{})
		var group sync.WaitGroup
		for _, l := range ledgers {
			group.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					before := l.total
					if !l.write(s, token, round) {
						return // the server is gone
					}
					acks.Add(int64(l.total - before))
				}
			})
		}
		for before, until := acks.Load(), time.Now().Add(20*time.Second); acks.Load() == before && time.Now().Before(until); {
			time.Sleep(time.Millisecond) // on a busy machine the first acknowledgement may take a while
		}
		time.Sleep(time.Duration(50+rng.IntN(600)) * time.Millisecond)
		s.kill()
		close(stop)
		group.Wait()
		if err := s.start(); err != nil {
			t.Fatalf("after kill %d: %v", round+1, err)
		}
		slowest = max(slowest, s.took)
		if s.took > 5*time.Second {
			t.Errorf("after kill %d the server was ready after %v, want 5 s at most", round+1, s.took)
		}
		acknowledged := 0
		for _, l := range ledgers {
			acknowledged += len(l.acked)
			l.check(t, s, token, round)
		}
		if acknowledged == 0 {
			t.Errorf("round %d: nothing was acknowledged before the kill, so it proves nothing", round+1)
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	sum, reads := 0, 0
	for _, l := range ledgers {
		sum += l.total
		events, _, _ := s.all(token, "AuditEvent?entity="+l.patient+"&action=R&subtype=read&_count=1000")
		if len(events) < l.reads {
			t.Errorf("%d reads of %s were answered, and %d are in the audit", l.reads, l.patient, len(events))
		}
		reads += l.reads
	}
	t.Logf("%d kills, %d acknowledged transactions all there, %d answered reads all in the audit; ready after %v at most", kills, sum, reads, slowest)
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if out, err := verify(t, db); err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}
}

// ledger is what one writer sent and what was acknowledged.
type ledger struct {
	writer           int
	rng              *rand.Rand
	patient, counter string
	sent             map[string]int  // transactions of this round: how many resources
	acked            map[string]bool // those acknowledged
	total            int
	counted, tried   int // the value of the counter that was acknowledged, and sent
	reads            int // of the patient, that were answered
}

// write does one thing, and says whether the server still answers.
func (l *ledger) write(s *server, token string, round int) bool {
	if l.sent == nil {
		l.sent, l.acked = map[string]int{}, map[string]bool{}
	}
	if l.rng.IntN(3) == 0 {
		a, err := s.do(token, "GET", "/fhir/"+l.patient, nil)
		if err == nil && a.status == 200 {
			l.reads++
		}
		return err == nil
	}
	if l.rng.IntN(4) == 0 {
		l.tried++
		body := fmt.Sprintf(`{"resourceType":"Basic","id":%q,"code":{"text":"%d"},"subject":{"reference":%q}}`,
			l.counter[len("Basic/"):], l.tried, l.patient)
		a, err := s.do(token, "PUT", "/fhir/"+l.counter, []byte(body))
		if err == nil && a.status == 200 {
			l.counted = l.tried
		}
		return err == nil
	}
	n := 1 + l.rng.IntN(12)
	id := fmt.Sprintf("%d-%d-%d", round, l.writer, len(l.sent))
	l.sent[id] = n
	var b strings.Builder
	b.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"resource":{"resourceType":"Observation","meta":{"tag":[{"system":"urn:proof","code":"round-%d-%d"}]},"identifier":[{"system":"urn:proof","value":%q}],"status":"final","code":{"text":"kill"},"subject":{"reference":%q},"valueInteger":%d},"request":{"method":"POST","url":"Observation"}}`,
			round, l.writer, id, l.patient, i)
	}
	b.WriteString(`]}`)
	a, err := s.do(token, "POST", "/fhir", []byte(b.String()))
	if err == nil && a.status == 200 {
		l.acked[id] = true
		l.total++
	}
	return err == nil
}

// check compares what this round wrote with what is there.
func (l *ledger) check(t *testing.T, s *server, token string, round int) {
	t.Helper()
	found := map[string]map[int]bool{}
	for at := fmt.Sprintf("/fhir/Observation?_tag=urn:proof%%7Cround-%d-%d&_count=1000", round, l.writer); at != ""; {
		b := readBundle(t, s.must(200, token, "GET", at, nil).body)
		for _, e := range b.Entry {
			var o struct {
				Identifier   []struct{ Value string }
				ValueInteger int
			}
			if err := json.Unmarshal(e.Resource, &o); err != nil || len(o.Identifier) != 1 {
				t.Fatalf("a stored Observation is damaged: %v: %s", err, e.Resource)
			}
			id := o.Identifier[0].Value
			if found[id] == nil {
				found[id] = map[int]bool{}
			}
			found[id][o.ValueInteger] = true
		}
		at = path(b.next())
	}
	for id, n := range l.sent {
		switch got := len(found[id]); {
		case l.acked[id] && got != n:
			t.Errorf("transaction %s was acknowledged; %d of its %d resources are there", id, got, n)
		case got != 0 && got != n:
			t.Errorf("transaction %s is there in part: %d of %d resources", id, got, n)
		}
	}
	var basic struct{ Code struct{ Text string } }
	a := s.must(200, token, "GET", "/fhir/"+l.counter, nil)
	if err := json.Unmarshal(a.body, &basic); err != nil {
		t.Fatal(err)
	}
	var value int
	fmt.Sscan(basic.Code.Text, &value)
	if value < l.counted || value > l.tried {
		t.Errorf("the counter is %d; %d was acknowledged and %d sent", value, l.counted, l.tried)
	}
	l.counted, l.tried = value, max(l.tried, value)
	l.sent, l.acked = nil, nil
}

// diagnostics is what the first issue of an OperationOutcome says.
func diagnostics(body []byte) string {
	var o struct {
		Issue []struct {
			Diagnostics string
			Details     struct{ Text string }
		}
	}
	if err := json.Unmarshal(body, &o); err != nil || len(o.Issue) == 0 {
		return fmt.Sprintf("%.200s", body)
	}
	return o.Issue[0].Details.Text + o.Issue[0].Diagnostics
}

// TestProofFlippedBytes changes single bytes of a closed database. Each change
// that alters anything the database holds must be found by `joinery verify`;
// one that falls into space that holds nothing is drawn again.
func TestProofFlippedBytes(t *testing.T) {
	zip := shared(t, syntheaZip)
	dir := folder(t)
	file := filepath.Join(dir, "record.db")
	db := "sqlite:" + file
	s := serve(t, db)
	token := admin(t, db)
	var conditions []string
	for _, b := range syntheaBundles(t, zip)[:3] {
		for _, e := range readBundle(t, s.must(200, token, "POST", "/fhir", b).body).Entry {
			if name := created(e.Response.Location); strings.HasPrefix(name, "Condition/") {
				conditions = append(conditions, name)
			}
		}
	}
	for _, name := range conditions[:5] {
		s.must(200, token, "GET", "/fhir/"+name, nil)
		s.must(200, token, "PATCH", "/fhir/"+name, []byte(`[{"op":"add","path":"/note","value":[{"text":"seen"}]}]`), "Content-Type", "application/json-patch+json")
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if out, err := verify(t, db); err != nil {
		t.Fatalf("verify of the undamaged database: %v\n%s", err, out)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	beside, err := filepath.Glob(file + "?*")
	if err != nil {
		t.Fatal(err)
	}
	right, err := contents(file)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(20, 20))
	want, drawn, missed := rounds(20, 200), 0, 0
	for n := 0; n < want; drawn++ {
		at, bit := rng.IntN(len(whole)), byte(1)<<rng.IntN(8)
		damaged := slices.Clone(whole)
		damaged[at] ^= bit
		copied := filepath.Join(folder(t), "record.db")
		if err := os.WriteFile(copied, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if now, err := contents(copied); err == nil && now == right {
			continue // it holds nothing there
		}
		for _, b := range beside {
			if data, err := os.ReadFile(b); err == nil && !strings.HasSuffix(b, "-shm") && !strings.HasSuffix(b, "-wal") {
				if err := os.WriteFile(copied+b[len(file):], data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		n++
		out, err := verify(t, "sqlite:"+copied)
		var exit *exec.ExitError
		switch {
		case !errors.As(err, &exit):
			missed++
			t.Errorf("bit %08b of byte %d (page %d) was flipped, and verify found nothing: %v\n%s", bit, at, at/4096+1, err, out)
		case strings.TrimSpace(out) == "":
			t.Errorf("verify of a damaged database says nothing")
		}
	}
	t.Logf("%d of %d flipped bytes found; %d more fell where nothing is kept", want-missed, want, drawn-want)
}

// contents is a hash over everything an SQLite file holds, row by row.
func contents(path string) (hash [32]byte, err error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return hash, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	sum := sha256.New()
	var tables []string
	if err := each(conn, "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name", sum, &tables); err != nil {
		return hash, err
	}
	if err := each(conn, "PRAGMA integrity_check", sum, nil); err != nil {
		return hash, err
	}
	for _, table := range tables {
		if err := each(conn, `SELECT * FROM "`+table+`"`, sum, nil); err != nil {
			return hash, err
		}
	}
	return [32]byte(sum.Sum(nil)), nil
}

// each writes every row of a query to sum, and the names of tables to names.
func each(conn *sqlite.Conn, query string, sum io.Writer, tables *[]string) (err error) {
	stmt, _, err := conn.PrepareTransient(query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stmt.Finalize()) }()
	for {
		more, err := stmt.Step()
		if err != nil || !more {
			return err
		}
		for i := range stmt.ColumnCount() {
			b := make([]byte, stmt.ColumnLen(i))
			stmt.ColumnBytes(i, b)
			fmt.Fprintf(sum, "%d %d %q;", stmt.ColumnType(i), stmt.ColumnInt64(i), b)
		}
		if tables != nil && stmt.ColumnText(0) == "table" {
			*tables = append(*tables, stmt.ColumnText(1))
		}
	}
}
