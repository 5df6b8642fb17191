package web

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// closedWithin reports how long the server kept a connection on which the test
// goes on sending a byte now and then.
func closedWithin(t *testing.T, c net.Conn, most time.Duration, drip string) bool {
	t.Helper()
	start := time.Now()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, c)
	}()
	for time.Since(start) < most {
		select {
		case <-gone:
			return true
		case <-time.After(500 * time.Millisecond):
			_, _ = io.WriteString(c, drip)
		}
	}
	return false
}

func TestSlowClientsAreCutOff(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for deadlines")
	}
	s, _ := server(t)
	s.Handle("POST /", echo(s, 1<<20))
	gaveUp := make(chan error, 1)
	s.Handle("GET /long", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, err := w.Write(make([]byte, 64<<20))
		gaveUp <- err
	}))
	address := listen(t, s)
	var all sync.WaitGroup
	slow := func(name, request, drip string) {
		all.Go(func() {
			c := dial(t, address)
			fmt.Fprint(c, request)
			if !closedWithin(t, c, 11*time.Second, drip) {
				t.Errorf("%s: still connected after 11 s, want cut off within 10", name)
			}
		})
	}
	slow("a header that does not end", "GET /livez HTTP/1.1\r\nHost: x\r\nX-A: ", "a")
	slow("a body a byte at a time", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", "a")
	slow("a body that nobody reads", "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", "a")
	slow("chunks without end", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n")
	all.Go(func() {
		c := dial(t, address)
		fmt.Fprint(c, "GET /long HTTP/1.1\r\nHost: x\r\n\r\n") // and reads nothing
		select {
		case err := <-gaveUp:
			if err == nil {
				t.Error("an answer that nobody took was sent whole")
			}
		case <-time.After(11 * time.Second):
			t.Error("an answer that nobody takes: still being sent after 11 s, want cut off within 10")
		}
	})
	for range 20 { // meanwhile others are served
		res, err := http.Get("http://" + address + "/livez")
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	all.Wait()
}

func TestSmuggling(t *testing.T) {
	s, _ := server(t)
	s.Handle("POST /", echo(s, 1<<20))
	address := listen(t, s)
	for _, c := range []struct {
		name, request string
		answers       int // how many answers come
		status        string
	}{
		{"length and chunks, with a request behind", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n", 1, ""},
		{"chunks, with a request behind", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n", 1, "200"},
		{"an unknown transfer coding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\nContent-Length: 3\r\n\r\nabc", 1, "501"},
		{"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 1, "400"},
		{"a signed length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc", 1, "400"},
		{"a space before the colon", "GET /livez HTTP/1.1\r\nHost : x\r\n\r\n", 1, "400"},
		{"two hosts", "GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 1, "400"},
		{"no host", "GET /livez HTTP/1.1\r\n\r\n", 1, "400"},
		{"too much header", "GET /livez HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 200<<10) + "\r\n\r\n", 1, "431"},
		{"too many headers", "GET /livez HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", 100_000) + "\r\n", 1, "431"},
		{"an upgrade to h2c", "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", 1, "200"},
	} {
		conn := dial(t, address)
		go func() { _, _ = io.WriteString(conn, c.request) }()
		_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
		raw, _ := io.ReadAll(bufio.NewReader(conn)) // until it closes or is quiet
		if got := strings.Count(string(raw), "HTTP/1.1 "); got != c.answers {
			t.Errorf("%s: %d answers, want %d:\n%s", c.name, got, c.answers, raw)
		}
		if !strings.HasPrefix(string(raw), "HTTP/1.1 "+c.status) {
			t.Errorf("%s: answered %.40q, want %s", c.name, raw, c.status)
		}
		_ = conn.Close()
	}
}

func TestShutdownFinishesWhatIsUnderWay(t *testing.T) {
	s, _ := server(t)
	begun, proceed := make(chan struct{}), make(chan struct{})
	s.Handle("GET /slow", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-proceed
		if err := r.Context().Err(); err != nil {
			t.Errorf("context of a request under way = %v, want none", err)
		}
		plain(w, 200, "done\n")
	}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	answered := make(chan string, 1)
	go func() {
		res, err := http.Get("http://" + l.Addr().String() + "/slow")
		if err != nil {
			answered <- err.Error()
			return
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		answered <- string(b)
	}()
	<-begun
	stop()
	for !s.leaving.Load() {
		time.Sleep(time.Millisecond)
	}
	if w := do(s, "GET", "/readyz", nil); w.Code != 503 {
		t.Errorf("readyz while leaving = %d, want 503", w.Code)
	}
	close(proceed)
	if got := <-answered; got != "done\n" {
		t.Errorf("the request under way got %q, want its answer", got)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve = %v, want no error", err)
	}
}
