package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"joinery/bench/cluster"
)

// server is one running `joinery serve`.
type server struct {
	binary  string
	db      string // as --db takes it
	address string
	log     string
	cmd     *exec.Cmd
	cluster *cluster.Cluster // nil for SQLite
	env     []string
	args    []string // more for serve
}

// start runs the server and waits until it answers; it says how long that took.
func (s *server) start(ctx context.Context) (time.Duration, error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	s.address = free.Addr().String()
	free.Close()
	out, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer out.Close()
	s.cmd = exec.Command(s.binary, append([]string{"serve", "--db", s.db, "--listen", s.address, "--state", filepath.Dir(s.log)}, s.args...)...)
	s.cmd.Env = append(os.Environ(), s.env...)
	s.cmd.Stdout, s.cmd.Stderr = out, out
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting %s: %w", s.binary, err)
	}
	c := newClient(s.address, "")
	defer c.close()
	for time.Since(began) < 60*time.Second && ctx.Err() == nil {
		if status, _, err := c.get("/fhir/metadata"); err == nil && status == 200 {
			return time.Since(began), nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	s.stop()
	tail, _ := os.ReadFile(s.log)
	return 0, fmt.Errorf("the server did not answer within a minute; its log ends %q", tail[max(0, len(tail)-600):])
}

// stop ends the server as a service manager would and waits for it.
func (s *server) stop() error {
	if s.cmd == nil || s.cmd.Process == nil {
		return nil
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	ended := make(chan error, 1)
	go func() { ended <- s.cmd.Wait() }()
	select {
	case err := <-ended:
		s.cmd = nil
		return err
	case <-time.After(30 * time.Second):
		s.cmd.Process.Kill()
		<-ended
		s.cmd = nil
		return errors.New("the server did not stop within 30 seconds")
	}
}

// command runs the binary with other arguments on the same database and gives
// what it printed.
func (s *server) command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.binary, append(args, "--db", s.db)...)
	cmd.Env = append(os.Environ(), s.env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("joinery %s: %w: %s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), nil
}

// token makes a bearer token.
func (s *server) token(ctx context.Context, args ...string) (string, error) {
	out, err := s.command(ctx, append([]string{"token", "create"}, args...)...)
	return strings.TrimSpace(out), err
}

// disk is what the database takes on disk, in bytes: for SQLite the file and
// everything that lies beside it under its name.
func (s *server) disk(ctx context.Context) (int64, error) {
	if s.cluster != nil {
		out, err := s.cluster.Query(ctx, s.db, "SELECT pg_database_size(current_database())")
		if err != nil {
			return 0, fmt.Errorf("asking for the size of the database: %w", err)
		}
		return strconv.ParseInt(out, 10, 64)
	}
	var total int64
	files, err := filepath.Glob(strings.TrimPrefix(s.db, "sqlite:") + "*")
	for _, f := range files {
		// The audit reserve is a fixed file, not a cost a resource.
		if info, err := os.Stat(f); err == nil && info.Mode().IsRegular() && !strings.Contains(f, "reserve") {
			total += info.Size()
		}
	}
	return total, err
}

// usage is processor time in clock ticks, and the server's memory.
type usage struct {
	server, client, busy uint64
	rss                  float64
}

const ticksPerSecond = 100 // USER_HZ on every Linux we build for

// use reads what the server, this process and the whole machine have used.
func (b *bench) use() usage {
	var u usage
	if b.server.cmd != nil {
		u.server += ticks(b.server.cmd.Process.Pid)
		u.rss = rss(b.server.cmd.Process.Pid, "VmRSS:")
	}
	if b.server.cluster != nil {
		for _, pid := range b.server.cluster.Processes() {
			u.server += ticks(pid)
		}
	}
	u.client = ticks(os.Getpid())
	data, _ := os.ReadFile("/proc/stat")
	first, _, _ := strings.Cut(string(data), "\n")
	for i, f := range strings.Fields(first)[1:] {
		if n, err := strconv.ParseUint(f, 10, 64); err == nil && i != 3 && i != 4 && i < 8 { // all but idle and waiting
			u.busy += n
		}
	}
	return u
}

// since gives the memory now and the cores used since before.
func (u usage) since(before usage, wall time.Duration) (mb, server, client, other float64) {
	cores := func(n uint64) float64 { return float64(n) / ticksPerSecond / wall.Seconds() }
	server, client = cores(u.server-before.server), cores(u.client-before.client)
	return u.rss, server, client, max(0, cores(u.busy-before.busy)-server-client)
}

// ticks is the user and system time of a process with its ended children.
func ticks(pid int) uint64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	var sum uint64
	for _, i := range []int{11, 12, 13, 14} {
		if i < len(fields) {
			n, _ := strconv.ParseUint(fields[i], 10, 64)
			sum += n
		}
	}
	return sum
}

// rss is a line of a process's status, in megabytes: VmRSS or VmHWM, its peak.
func rss(pid int, which string) float64 {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, after, ok := strings.Cut(string(data), which)
	if !ok {
		return 0
	}
	n, _ := strconv.ParseFloat(strings.Fields(after)[0], 64)
	return n / 1024
}
