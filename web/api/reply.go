package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"joinery/fhir"
	"joinery/record"
	"joinery/web"
)

// reply is what a call is answered with: a version of a resource, a page, or a
// body that is ready.
type reply struct {
	status  int
	version *record.Version
	made    bool // by a change: it has a Location, and Prefer says what to show
	bare    bool // show only what the headers say
	page    *page
	body    []byte
}

// buffers are for bodies on their way out; none of them outlives its request.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

// mostKept is how large a buffer may be for it to be used again.
const mostKept = 1 << 20

// send writes a reply to the client.
func (c *call) send(rep *reply) error {
	buf := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= mostKept {
			buffers.Put(buf)
		}
	}()
	body, err := c.appendBody((*buf)[:0], rep)
	if err != nil {
		return err
	}
	if c.pretty && len(body) > 0 {
		var indented bytes.Buffer
		if err := json.Indent(&indented, body, "", "  "); err != nil {
			return err
		}
		body = append(indented.Bytes(), '\n')
	}
	*buf = body
	c.tag(rep)
	if len(body) == 0 {
		c.w.WriteHeader(rep.status)
		return nil
	}
	web.Write(c.w, rep.status, body)
	return nil
}

// tag sets the headers that a version gives.
func (c *call) tag(rep *reply) {
	if rep.version == nil {
		return
	}
	h := c.w.Header()
	h["Etag"] = []string{rep.version.ETag()}
	h["Last-Modified"] = []string{rep.version.At.UTC().Format(http.TimeFormat)}
	if rep.made {
		location := c.api.base + "/" + versioned(rep.version)
		if rep.status != http.StatusCreated {
			h["Content-Location"] = []string{location}
		}
		if c.r.Method == http.MethodPost || rep.status == http.StatusCreated {
			h["Location"] = []string{location}
		}
	}
}

// versioned is a version's address relative to the base.
func versioned(v *record.Version) string {
	return v.Type + "/" + string(v.ID) + "/_history/" + strconv.Itoa(v.Number)
}

// appendBody appends what a reply shows; nothing when it has no body.
func (c *call) appendBody(dst []byte, rep *reply) ([]byte, error) {
	switch {
	case rep.body != nil:
		return append(dst, rep.body...), nil
	case rep.page != nil:
		return c.appendPage(dst, rep.page)
	case rep.bare || rep.version == nil:
		return dst, nil
	case rep.made && c.returns == "minimal":
		return dst, nil
	case rep.made && c.returns == "OperationOutcome":
		did := "Changed"
		if rep.status == http.StatusCreated {
			did = "Created"
		}
		return append(dst, fhir.Outcome([]fhir.Issue{{
			Severity: fhir.Information, Code: "informational",
			Say: did + " " + versioned(rep.version) + ".",
		}})...), nil
	}
	web.Of(c.r).Count = 1
	return c.shape.append(dst, rep.version)
}

// notModified reports whether the client has said that it knows this version
// already. It is asked only about what the client was allowed to read, and
// after that was audited.
func (c *call) notModified(v *record.Version) bool {
	if tags := c.r.Header["If-None-Match"]; len(tags) > 0 {
		own := strings.TrimPrefix(v.ETag(), "W/")
		for _, line := range tags {
			for tag := range strings.SplitSeq(line, ",") {
				tag = strings.TrimSpace(tag)
				if tag == "*" || strings.TrimPrefix(tag, "W/") == own {
					return true
				}
			}
		}
		return false
	}
	since, err := http.ParseTime(c.r.Header.Get("If-Modified-Since"))
	return err == nil && !v.At.Truncate(time.Second).After(since)
}
