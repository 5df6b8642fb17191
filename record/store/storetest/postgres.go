package storetest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// cluster is the one temporary PostgreSQL of a test process.
type cluster struct {
	dir    string
	socket string
	err    error
}

var (
	startOnce sync.Once
	started   cluster
	databases atomic.Int64
)

// Postgres returns the address of a new, empty database of a temporary
// PostgreSQL, which is made from the installed binaries at the first call and
// stopped by StopPostgres. Without PostgreSQL the test is skipped, saying so;
// when the environment has CI=true it fails.
func Postgres(t testing.TB) string {
	t.Helper()
	startOnce.Do(func() { started = startCluster() })
	if started.err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("PostgreSQL is needed here: %v", started.err)
		}
		t.Skipf("without PostgreSQL: %v", started.err)
	}
	ctx := context.Background()
	admin, err := pgx.Connect(ctx, started.url("postgres"))
	if err != nil {
		t.Fatalf("connect to the temporary PostgreSQL: %v", err)
	}
	defer admin.Close(ctx)
	name := "t" + strconv.FormatInt(databases.Add(1), 10)
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"); err != nil {
		t.Fatalf("create a database: %v", err)
	}
	return started.url(name)
}

// StopPostgres stops the temporary PostgreSQL, if there is one. A TestMain that
// uses Postgres calls it last.
func StopPostgres() {
	if started.dir == "" {
		return
	}
	stop := command(filepath.Join(binaries(), "pg_ctl"), "-D", filepath.Join(started.dir, "data"), "-m", "immediate", "-w", "stop")
	if out, err := stop.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "stop the temporary PostgreSQL: %v\n%s", err, out)
	}
	_ = os.RemoveAll(started.dir)
}

func (c *cluster) url(database string) string {
	return "postgres://postgres@/" + database + "?host=" + c.socket
}

// binaries returns where the newest installed PostgreSQL is.
func binaries() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		if path, err := exec.LookPath("initdb"); err == nil {
			return filepath.Dir(path)
		}
		return ""
	}
	slices.SortFunc(found, func(a, b string) int { return len(a) - len(b) })
	return filepath.Dir(found[len(found)-1])
}

func startCluster() cluster {
	bin := binaries()
	if bin == "" {
		return cluster{err: fmt.Errorf("no initdb in /usr/lib/postgresql or the path; Debian has it in the package postgresql")}
	}
	dir, err := os.MkdirTemp("", "joinery-pg-")
	if err != nil {
		return cluster{err: err}
	}
	c := cluster{dir: dir, socket: dir}
	data := filepath.Join(dir, "data")
	if uid, gid, ok := unprivileged(); ok {
		if err := os.Chown(dir, uid, gid); err != nil {
			return cluster{err: err}
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return cluster{err: err}
	}
	var out bytes.Buffer
	init := command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--data-checksums", "--no-sync")
	init.Stdout, init.Stderr = &out, &out
	if err := init.Run(); err != nil {
		_ = os.RemoveAll(dir)
		return cluster{err: fmt.Errorf("initdb: %w: %s", err, out.Bytes())}
	}
	if err := c.serve(bin, data); err != nil {
		_ = os.RemoveAll(dir)
		return cluster{err: err}
	}
	return c
}

// serve starts the server and waits until it answers. The server ends with the
// thread that started it, so that one is kept for as long as the process lives.
func (c *cluster) serve(bin, data string) error {
	server := command(filepath.Join(bin, "postgres"), "-D", data, "-k", c.dir, "-c", "listen_addresses=",
		"-c", "max_connections=200", "-c", "shared_buffers=256MB", "-c", "max_wal_size=4GB", "-c", "log_min_messages=fatal")
	server.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	began := make(chan error)
	go func() {
		runtime.LockOSThread()
		began <- server.Start()
		_ = server.Wait() // it is stopped by a signal
	}()
	if err := <-began; err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	var err error
	for range 600 {
		var conn *pgx.Conn
		if conn, err = pgx.Connect(context.Background(), c.url("postgres")); err == nil {
			return conn.Close(context.Background())
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("wait for postgres: %w", err)
}

// command makes a command that runs as someone without privileges: PostgreSQL
// refuses to run as root. On Linux it ends when the test does.
func command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if uid, gid, ok := unprivileged(); ok {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	return cmd
}

// unprivileged returns whom to run as; ok is false when the test is not root.
func unprivileged() (uid, gid int, ok bool) {
	if runtime.GOOS == "windows" || os.Getuid() != 0 {
		return 0, 0, false
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil {
			return uid, gid, true
		}
	}
	return 65534, 65534, true
}
