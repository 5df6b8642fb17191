package web

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"joinery/fault"
)

// A compressed body may unfold to inflated bytes whatever its ratio; beyond
// that, to at most ratio times what was sent.
const (
	inflated = 1 << 20
	ratio    = 100
)

// Body reads the body of a request that this Server serves, at most limit
// bytes of it once unfolded, gzip included. The bytes are the caller's.
//
// Errors are classified: TooLarge, Unavailable when all requests together hold
// too much, and Refusals for an encoding that is not gzip and for a body that
// comes too slowly or not whole.
func (s *Server) Body(w http.ResponseWriter, r *http.Request, limit int) ([]byte, error) {
	if r.ContentLength > int64(limit) {
		return nil, tooLarge(limit)
	}
	sent := &paced{r: r.Body, control: http.NewResponseController(w), clock: s.Clock, started: s.Clock()}
	from := io.Reader(sent)
	expect := int(r.ContentLength)
	switch encoding := strings.ToLower(strings.TrimSpace(strings.Join(r.Header["Content-Encoding"], ","))); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(sent)
		if err != nil {
			return nil, broken(err)
		}
		from, expect = &unfolded{z: z, sent: sent}, -1
	default:
		w.Header().Set("Accept-Encoding", "gzip")
		return nil, &Refusal{http.StatusUnsupportedMediaType, "not-supported", "The body's Content-Encoding is not one we read: send it plain or as gzip."}
	}
	return s.readAll(from, expect, limit, Of(r))
}

// first is the most that is set aside on the word of a Content-Length.
const first = 1 << 20

func (s *Server) readAll(from io.Reader, expect, limit int, e *Event) ([]byte, error) {
	size := 8 << 10
	if expect >= 0 {
		size = min(expect, first)
	}
	body := make([]byte, 0, size+1) // one more, so that the end shows without growing
	if err := s.hold(e, cap(body)); err != nil {
		return nil, err
	}
	for {
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case len(body) > limit:
			return nil, tooLarge(limit)
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return nil, broken(err)
		}
		if len(body) < cap(body) {
			continue
		}
		size = 2 * cap(body)
		if expect >= size {
			size = expect
		}
		size = min(size, limit) + 1
		if err := s.hold(e, size-cap(body)); err != nil {
			return nil, err
		}
		larger := make([]byte, len(body), size)
		copy(larger, body)
		body = larger
	}
}

// hold notes that a request holds n bytes more, until it ends.
func (s *Server) hold(e *Event, n int) error {
	if s.held.Add(int64(n)) > s.Bodies {
		s.held.Add(-int64(n))
		return fault.New(fault.Unavailable, "Too much is being sent to us at once. Try again in a few seconds.")
	}
	e.held += int64(n)
	return nil
}

func tooLarge(limit int) error {
	return fault.New(fault.TooLarge, fmt.Sprintf("The body is larger than the %s that we take at once. Send less at a time.", size(limit)))
}

func size(bytes int) string {
	if bytes >= 1<<20 {
		return fmt.Sprintf("%d MB", bytes>>20)
	}
	return fmt.Sprintf("%d KB", bytes>>10)
}

var errBomb = errors.New("the body unfolds to much more than was sent")

// broken says why a body could not be read.
func broken(err error) error {
	switch {
	case errors.Is(err, errBomb):
		return fault.Wrap(fault.TooLarge, fmt.Sprintf("The compressed body unfolds to more than %d times what was sent. Send it plain.", ratio), err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &Refusal{http.StatusRequestTimeout, "timeout", "The body did not arrive in time. Try again over a faster connection or send less at a time."}
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		return &Refusal{http.StatusBadRequest, "structure", "The body says it is gzip and is not whole gzip."}
	}
	return &Refusal{http.StatusBadRequest, "incomplete", "The body did not arrive whole. Send it again."}
}

// paced reads a body from its connection and moves the connection's deadline
// along as long as bytes come at the pace asked for.
type paced struct {
	r       io.Reader
	control *http.ResponseController
	clock   func() time.Time
	started time.Time
	got     int64
	marked  int64 // got when the deadline was last moved
}

func (p *paced) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.got += int64(n)
	if p.got-p.marked >= pace {
		p.marked = p.got
		allowed := grace + time.Duration(p.got)*time.Second/pace
		_ = p.control.SetReadDeadline(p.started.Add(allowed)) // an error: no connection to bound, as in a test
	}
	return n, err
}

// unfolded reads what gzip unfolds to and stops at a bomb.
type unfolded struct {
	z    *gzip.Reader
	sent *paced
	out  int64
}

func (u *unfolded) Read(b []byte) (int, error) {
	n, err := u.z.Read(b)
	u.out += int64(n)
	if u.out > inflated && u.out > ratio*u.sent.got {
		return 0, errBomb
	}
	return n, err
}
