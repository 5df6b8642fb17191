// Package cluster makes a temporary PostgreSQL from the installed binaries, for
// tests and measurements. fsync stays on, and the rest is as PostgreSQL comes
// but for its memory.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// ErrMissing is returned by New where PostgreSQL is not installed.
var ErrMissing = errors.New("PostgreSQL is not installed below /usr/lib/postgresql")

// Cluster is one running PostgreSQL with a folder of its own.
type Cluster struct {
	bin, dir string
	port     int
	attr     *syscall.SysProcAttr
}

// New makes a cluster in a new folder and starts it. PostgreSQL refuses to run
// as root, so there it runs as the user postgres. Stop ends it and removes the
// folder.
func New(ctx context.Context) (*Cluster, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return nil, ErrMissing
	}
	dir, err := os.MkdirTemp("", "joinery-pg-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: filepath.Dir(found[len(found)-1]), dir: dir, attr: &syscall.SysProcAttr{}}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	if os.Getuid() == 0 {
		if err := c.giveAway(); err != nil {
			return fmt.Errorf("giving the cluster to a user who may run it: %w", err)
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c.port = free.Addr().(*net.TCPAddr).Port
	free.Close()
	if _, err := c.run(ctx, "initdb", "-D", c.dir+"/data", "-U", "joinery", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums"); err != nil {
		return err
	}
	options := fmt.Sprintf("-p %d -k %s -c listen_addresses=127.0.0.1 -c shared_buffers=1GB -c max_wal_size=4GB -c max_connections=200", c.port, c.dir)
	_, err = c.run(ctx, "pg_ctl", "-D", c.dir+"/data", "-w", "-l", c.dir+"/log", "-o", options, "start")
	return err
}

func (c *Cluster) giveAway() error {
	u, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	c.attr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return os.Chown(c.dir, uid, gid)
}

// run runs one of PostgreSQL's programs as the cluster's user.
func (c *Cluster) run(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, name), args...)
	cmd.SysProcAttr, cmd.Dir = c.attr, c.dir
	if name == "pg_ctl" { // the server keeps what it is given, and must not keep ours open
		if err := cmd.Run(); err != nil {
			log, _ := os.ReadFile(c.dir + "/log")
			return "", fmt.Errorf("pg_ctl: %w; the log ends %q", err, log[max(0, len(log)-600):])
		}
		return "", nil
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// Stop ends the cluster and removes all of it.
func (c *Cluster) Stop() error {
	_, err := c.run(context.Background(), "pg_ctl", "-D", c.dir+"/data", "-w", "-m", "immediate", "stop")
	return errors.Join(err, os.RemoveAll(c.dir))
}

// Create makes an empty database and returns its address.
func (c *Cluster) Create(ctx context.Context, name string) (string, error) {
	if _, err := c.Query(ctx, c.address("postgres"), "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	return c.address(name), nil
}

func (c *Cluster) address(name string) string {
	return fmt.Sprintf("postgres://joinery@127.0.0.1:%d/%s?sslmode=disable", c.port, name)
}

// Query runs statements one by one and returns what they print, columns
// separated by bars.
func (c *Cluster) Query(ctx context.Context, db string, statements ...string) (string, error) {
	args := []string{"-At", "-v", "ON_ERROR_STOP=1", db}
	for _, s := range statements {
		args = append(args, "-c", s)
	}
	return c.run(ctx, "psql", args...)
}

// Processes are the ids of the server and of all its children.
func (c *Cluster) Processes() []int {
	data, err := os.ReadFile(c.dir + "/data/postmaster.pid")
	if err != nil {
		return nil
	}
	first, _, _ := strings.Cut(string(data), "\n")
	parent, err := strconv.Atoi(first)
	if err != nil {
		return nil
	}
	all := []int{parent}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
	for _, f := range strings.Fields(string(children)) {
		if pid, err := strconv.Atoi(f); err == nil {
			all = append(all, pid)
		}
	}
	return all
}
