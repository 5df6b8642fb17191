package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"joinery/fault"
)

// Locked is the error of opening a SQLite file that another process has.
type Locked struct {
	Path   string
	Holder string // who has it: process, host, since when
}

func (e *Locked) Error() string { return fmt.Sprintf("%s is in use by %s", e.Path, e.Holder) }

// FaultKind makes it a passing failure.
func (e *Locked) FaultKind() fault.Kind { return fault.Unavailable }

// FaultMessage names who has the file.
func (e *Locked) FaultMessage() string {
	return fmt.Sprintf("The database is in use by %s. Stop that first, or let it do the work.", e.Holder)
}

// lockFile keeps other processes away from a SQLite file. The kernel lets go of
// it when the process ends, however it ends.
type lockFile struct{ f *os.File }

func takeLock(path, holder string, now time.Time) (*lockFile, error) {
	if err := refuseNetwork(path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "The folder of the database is not there, or cannot be written to.", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
		}
		said, _ := io.ReadAll(io.LimitReader(f, 1024)) // it may be empty for a moment
		who := strings.TrimSpace(string(said))
		if who == "" {
			who = "another process"
		}
		return nil, &Locked{Path: path, Holder: who}
	}
	host, err := os.Hostname()
	if err != nil {
		host = "this host"
	}
	line := fmt.Sprintf("process %d on %s since %s", os.Getpid(), host, now.UTC().Format(time.RFC3339))
	if holder != "" {
		line = holder + " (" + line + ")"
	}
	if err := errors.Join(f.Truncate(0), writeAt(f, line+"\n")); err != nil {
		f.Close()
		return nil, fmt.Errorf("write %s: %w", f.Name(), err)
	}
	return &lockFile{f}, nil
}

func writeAt(f *os.File, line string) error {
	_, err := f.WriteAt([]byte(line), 0)
	return err
}

// release lets go of the lock. The file stays: taking it away could let two
// processes hold a lock each.
func (l *lockFile) release() {
	_ = l.f.Truncate(0)
	_ = l.f.Close()
}

// Network file systems, whose locks and syncs cannot be relied on.
var networkFS = map[int64]string{0x6969: "NFS", 0x517B: "SMB", 0xFF534D42: "CIFS", 0xFE534D42: "SMB2"}

func refuseNetwork(path string) error {
	dir := "."
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		dir = path[:i]
	} else if i == 0 {
		dir = "/"
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return fault.Wrap(fault.Invalid, "The folder of the database is not there; make it first.", err)
	}
	if name, ok := networkFS[fs.Type&0xFFFFFFFF]; ok {
		return fault.New(fault.Unsupported, "A SQLite database on a network file system ("+name+") can be damaged by it. Put it on a local disk, or use PostgreSQL.")
	}
	return nil
}
