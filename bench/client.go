package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// client speaks just enough HTTP/1.1 over one kept connection to ask a server
// things without taking the processor time that the server should have. It is
// for one goroutine.
type client struct {
	address string
	token   string
	conn    net.Conn
	in      *bufio.Reader
	out     []byte
	body    []byte
	took    time.Duration // by the last request, from its first byte sent to its answer's last
}

func newClient(address, token string) *client { return &client{address: address, token: token} }

func (c *client) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// get asks for a path. The body is good until the next call.
func (c *client) get(path string) (status int, body []byte, err error) {
	return c.do("GET", path, nil)
}

// do sends one request and reads its answer. The body is good until the next
// call.
func (c *client) do(method, path string, body []byte) (int, []byte, error) {
	if c.conn == nil {
		conn, err := net.DialTimeout("tcp", c.address, 5*time.Second)
		if err != nil {
			return 0, nil, err
		}
		c.conn, c.in = conn, bufio.NewReaderSize(conn, 64<<10)
	}
	c.out = append(c.out[:0], method...)
	c.out = append(c.out, ' ')
	c.out = append(c.out, path...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: "...)
	c.out = append(c.out, c.address...)
	if c.token != "" {
		c.out = append(c.out, "\r\nAuthorization: Bearer "...)
		c.out = append(c.out, c.token...)
	}
	if body != nil {
		c.out = append(c.out, "\r\nContent-Type: application/fhir+json\r\nContent-Length: "...)
		c.out = strconv.AppendInt(c.out, int64(len(body)), 10)
	}
	c.out = append(c.out, "\r\n\r\n"...)
	c.out = append(c.out, body...)
	began := time.Now()
	if _, err := c.conn.Write(c.out); err != nil {
		c.close()
		return 0, nil, fmt.Errorf("sending %s %s: %w", method, path, err)
	}
	status, err := c.answer()
	if err != nil {
		c.close()
		return 0, nil, fmt.Errorf("reading the answer to %s %s: %w", method, path, err)
	}
	c.took = time.Since(began)
	return status, c.body, nil
}

var (
	lengthHeader  = []byte("content-length:")
	chunkedHeader = []byte("transfer-encoding: chunked")
	closeHeader   = []byte("connection: close")
)

func (c *client) answer() (int, error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, errors.New("no status line")
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, fmt.Errorf("status line %q", line)
	}
	length, chunked, last := 0, false, false
	for {
		line, err = c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		switch {
		case hasFold(line, lengthHeader):
			length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(lengthHeader):])))
			if err != nil {
				return 0, fmt.Errorf("content length %q", line)
			}
		case hasFold(line, chunkedHeader):
			chunked = true
		case hasFold(line, closeHeader):
			last = true
		}
	}
	c.body = c.body[:0]
	if chunked {
		err = c.chunks()
	} else {
		err = c.read(length)
	}
	if last {
		c.close()
	}
	return status, err
}

func hasFold(line, prefix []byte) bool {
	return len(line) >= len(prefix) && bytes.EqualFold(line[:len(prefix)], prefix)
}

func (c *client) read(n int) error {
	from := len(c.body)
	if cap(c.body) < from+n {
		grown := make([]byte, from, 2*(from+n))
		copy(grown, c.body)
		c.body = grown
	}
	c.body = c.body[:from+n]
	_, err := io.ReadFull(c.in, c.body[from:])
	return err
}

func (c *client) chunks() error {
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return fmt.Errorf("chunk size %q", line)
		}
		if err := c.read(int(n)); err != nil {
			return err
		}
		if _, err := c.in.Discard(2); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
	}
}
