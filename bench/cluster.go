package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cluster is a temporary PostgreSQL made from the installed binaries, with
// fsync on and nothing but its memory changed from the defaults.
type cluster struct {
	bin, dir string
	port     int
	run      func(name string, args ...string) *exec.Cmd
}

// newCluster makes a cluster below dir and starts it. PostgreSQL refuses to run
// as root, so there its own user runs it.
func newCluster(dir string) (*cluster, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return nil, fmt.Errorf("PostgreSQL is not installed below /usr/lib/postgresql")
	}
	c := &cluster{bin: filepath.Dir(found[len(found)-1]), dir: filepath.Join(dir, "pg")}
	attr := &syscall.SysProcAttr{}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, err
	}
	if os.Getuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, fmt.Errorf("looking for a user to run PostgreSQL as: %w", err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(c.dir, uid, gid); err != nil {
			return nil, err
		}
		if err := os.Chmod(dir, 0o711); err != nil {
			return nil, err
		}
	}
	c.run = func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(c.bin, name), args...)
		cmd.SysProcAttr = attr
		cmd.Dir = c.dir
		return cmd
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c.port = free.Addr().(*net.TCPAddr).Port
	free.Close()
	if out, err := c.run("initdb", "-D", c.dir+"/data", "-U", "joinery", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	options := fmt.Sprintf("-p %d -k %s -c listen_addresses=127.0.0.1 -c shared_buffers=1GB -c max_wal_size=4GB -c max_connections=200", c.port, c.dir)
	if out, err := c.run("pg_ctl", "-D", c.dir+"/data", "-w", "-l", c.dir+"/log", "-o", options, "start").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("pg_ctl start: %w: %s", err, out)
	}
	return c, nil
}

func (c *cluster) stop() error {
	out, err := c.run("pg_ctl", "-D", c.dir+"/data", "-w", "-m", "fast", "stop").CombinedOutput()
	if err != nil {
		return fmt.Errorf("pg_ctl stop: %w: %s", err, out)
	}
	return nil
}

// create makes an empty database and gives its address.
func (c *cluster) create(name string) (string, error) {
	if out, err := c.run("psql", "-h", c.dir, "-p", strconv.Itoa(c.port), "-U", "joinery", "-d", "postgres", "-c", "CREATE DATABASE "+name).CombinedOutput(); err != nil {
		return "", fmt.Errorf("creating the database: %w: %s", err, out)
	}
	return fmt.Sprintf("postgres://joinery@127.0.0.1:%d/%s?sslmode=disable", c.port, name), nil
}

// size is what a database takes on disk.
func (c *cluster) size(_ context.Context, db string) (int64, error) {
	out, err := c.run("psql", "-At", db, "-c", "SELECT pg_database_size(current_database())").Output()
	if err != nil {
		return 0, fmt.Errorf("asking for the size of the database: %w", err)
	}
	return strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
}

// settle lets PostgreSQL do what it would otherwise do in the middle of a
// measurement.
func (c *cluster) settle(db string) error {
	out, err := c.run("psql", "-At", db, "-c", "VACUUM (ANALYZE)", "-c", "CHECKPOINT").CombinedOutput()
	if err != nil {
		return fmt.Errorf("VACUUM: %w: %s", err, out)
	}
	time.Sleep(time.Second)
	return nil
}

// processes are the postmaster and its children.
func (c *cluster) processes() []int {
	data, err := os.ReadFile(c.dir + "/data/postmaster.pid")
	if err != nil {
		return nil
	}
	first, _, _ := strings.Cut(string(data), "\n")
	parent, _ := strconv.Atoi(first)
	all := []int{parent}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
	for _, f := range strings.Fields(string(children)) {
		if pid, err := strconv.Atoi(f); err == nil {
			all = append(all, pid)
		}
	}
	return all
}
