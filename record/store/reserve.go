package store

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"joinery/fault"
)

// reserve is a file, made while there is space, that takes the audit of reads
// when the database cannot: the disk is full, or it is in doubt. What it keeps
// is written to the database, in its order and before anything newer, as soon
// as that takes it. When it is spent, nothing can be read any more.
//
// The file has a header (magic, a random name, generation) and then records:
// length, checksum, generation, number, what is kept. Numbers go up for ever; the
// number that the database has is noted there with what was written, so that
// after a crash nothing is written twice. When all is in the database the
// generation goes up, which ends all records at once.
type reserve struct {
	mu         sync.Mutex
	f          *os.File
	clock      func() time.Time
	name       string // of the row in meta
	size, end  int64
	generation uint64
	number     uint64 // of the last record
	waiting    []kept
}

// kept is what the reserve keeps of one call of Audit.
type kept struct {
	number uint64
	audit  []AuditEntry
	pages  []Page
}

const (
	reserveMagic  = "joinery audit reserve 1\n"
	reserveHeader = 64
	recordHeader  = 24
	reserveSize   = 4 << 20
)

// openReserve opens the reserve, or makes it. A nil reserve keeps nothing.
func (s *Store) openReserve() (*reserve, error) {
	if s.opts.Reserve < 0 {
		return nil, nil
	}
	path := ""
	if db, ok := s.db.(*sqliteDB); ok {
		path = db.path + ".reserve"
		if s.opts.StateDir != "" {
			path = filepath.Join(s.opts.StateDir, filepath.Base(db.path)+".reserve")
		}
	} else if s.opts.StateDir != "" {
		path = filepath.Join(s.opts.StateDir, "joinery.reserve")
	}
	if path == "" {
		return nil, nil
	}
	size := s.opts.Reserve
	if size == 0 {
		size = reserveSize
	}
	r := &reserve{clock: s.opts.Clock, size: size}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "The audit reserve cannot be opened; see --state.", err)
	}
	r.f = f
	if err := r.read(s.opts.Rand); err != nil {
		f.Close()
		return nil, fmt.Errorf("open the audit reserve %s: %w", path, err)
	}
	return r, nil
}

// read reads what is kept, or writes the whole file with noughts: space that was
// written to stays usable when the disk is full.
func (r *reserve) read(random io.Reader) error {
	info, err := r.f.Stat()
	if err != nil {
		return err
	}
	header := make([]byte, reserveHeader)
	if _, err := r.f.ReadAt(header, 0); err != nil || string(header[:len(reserveMagic)]) != reserveMagic {
		if info.Size() > 0 && err == nil && string(header[:7]) == "joinery" {
			return errors.New("it is of another version")
		}
		return r.create(random)
	}
	r.size = info.Size()
	r.name = "reserve " + hex.EncodeToString(header[24:32])
	r.generation = binary.BigEndian.Uint64(header[32:])
	r.number = binary.BigEndian.Uint64(header[40:])
	r.end = reserveHeader
	for {
		k, next, ok := r.record(r.end)
		if !ok {
			return nil
		}
		r.waiting = append(r.waiting, k)
		r.end, r.number = next, k.number
	}
}

func (r *reserve) create(random io.Reader) error {
	name := make([]byte, 8)
	if _, err := io.ReadFull(random, name); err != nil {
		return err
	}
	block := make([]byte, 64<<10)
	for at := int64(0); at < r.size; at += int64(len(block)) {
		if _, err := r.f.WriteAt(block[:min(int64(len(block)), r.size-at)], at); err != nil {
			return fault.Wrap(fault.Unavailable, "There is no space for the audit reserve.", err)
		}
	}
	r.name, r.generation, r.end = "reserve "+hex.EncodeToString(name), 1, reserveHeader
	if err := r.f.Sync(); err != nil {
		return err
	}
	return r.writeHeader(name)
}

func (r *reserve) writeHeader(name []byte) error {
	b := make([]byte, reserveHeader)
	copy(b, reserveMagic)
	copy(b[24:], name)
	binary.BigEndian.PutUint64(b[32:], r.generation)
	binary.BigEndian.PutUint64(b[40:], r.number)
	if _, err := r.f.WriteAt(b, 0); err != nil {
		return err
	}
	return r.f.Sync()
}

// record reads the record at an offset, if one of this generation is whole.
func (r *reserve) record(at int64) (k kept, next int64, ok bool) {
	head := make([]byte, recordHeader)
	if _, err := r.f.ReadAt(head, at); err != nil {
		return k, 0, false
	}
	n := int64(binary.BigEndian.Uint32(head))
	if n == 0 || at+recordHeader+n > r.size || binary.BigEndian.Uint64(head[8:]) != r.generation {
		return k, 0, false
	}
	body := make([]byte, n)
	if _, err := r.f.ReadAt(body, at+recordHeader); err != nil || crc32.ChecksumIEEE(append(head[8:], body...)) != binary.BigEndian.Uint32(head[4:]) {
		return k, 0, false
	}
	k.number = binary.BigEndian.Uint64(head[16:])
	if err := k.decode(body); err != nil {
		return k, 0, false
	}
	return k, at + recordHeader + n, true
}

// keep stores what the database does not take, because of cause, and returns nil
// when it is on disk. What it cannot keep is refused with the cause.
func (r *reserve) keep(tx *Tx, cause error) error {
	if r == nil || fault.KindOf(cause) != fault.Unavailable {
		return cause
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.f == nil {
		return cause
	}
	now := r.clock().UTC()
	k := kept{number: r.number + 1, pages: tx.Pages}
	for _, e := range tx.Audit {
		if e.At.IsZero() {
			e.At = now
		}
		k.audit = append(k.audit, e)
	}
	body := k.encode()
	if r.end+recordHeader+int64(len(body)) > r.size {
		return fault.Wrap(fault.Unavailable, "The audit cannot be written and its reserve is spent, so nothing can be shown now.", cause)
	}
	b := make([]byte, recordHeader, recordHeader+len(body))
	binary.BigEndian.PutUint32(b, uint32(len(body)))
	binary.BigEndian.PutUint64(b[8:], r.generation)
	binary.BigEndian.PutUint64(b[16:], k.number)
	b = append(b, body...)
	binary.BigEndian.PutUint32(b[4:], crc32.ChecksumIEEE(b[8:]))
	if _, err := r.f.WriteAt(b, r.end); err != nil {
		return fault.Wrap(fault.Unavailable, "The audit cannot be written.", errors.Join(cause, err))
	}
	if err := r.f.Sync(); err != nil {
		_ = r.f.Close() // what is on disk is not known; nothing more is kept
		r.f = nil
		return fault.Wrap(fault.Unavailable, "The audit cannot be written.", errors.Join(cause, err))
	}
	r.end += int64(len(b))
	r.number = k.number
	r.waiting = append(r.waiting, k)
	return nil
}

// kept returns what waits to be written to the database.
func (r *reserve) kept() []kept {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.waiting[:len(r.waiting):len(r.waiting)]
}

// clear forgets what the database now has.
func (r *reserve) clear(done []kept) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = r.waiting[len(done):]
	if len(r.waiting) > 0 || r.f == nil {
		return
	}
	r.generation++
	r.end = reserveHeader
	name, err := hex.DecodeString(r.name[len("reserve "):])
	if err == nil {
		err = r.writeHeader(name)
	}
	if err != nil { // the records stay, and the database knows that it has them
		_ = r.f.Close()
		r.f = nil
	}
}

func (r *reserve) close() {
	if r == nil || r.f == nil {
		return
	}
	_ = r.f.Close()
	r.f = nil
}

// page finds a page that is still in the reserve.
func (r *reserve) page(handle []byte) (Page, bool) {
	if r == nil {
		return Page{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.waiting {
		for _, p := range k.pages {
			if string(p.Handle) == string(handle) {
				return p, true
			}
		}
	}
	return Page{}, false
}

// drainReserve writes what a process before left in the reserve.
func (s *Store) drainReserve(ctx context.Context) error {
	waiting := s.reserve.kept()
	if len(waiting) == 0 {
		return nil
	}
	has := uint64(0)
	err := s.db.read(ctx, func(c conn) error {
		return c.query(ctx, "SELECT value FROM meta WHERE name = ?", []any{s.reserve.name}, func(r *row) error {
			if b := r.bytes(0); len(b) == 8 {
				has = binary.BigEndian.Uint64(b)
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("look what is in the reserve: %w", err)
	}
	done := 0
	for done < len(waiting) && waiting[done].number <= has {
		done++
	}
	if done > 0 {
		s.reserve.clear(waiting[:done])
	}
	if done == len(waiting) {
		return nil
	}
	_, err = s.writer.submit(ctx, &Tx{}) // takes the reserve along
	if fault.KindOf(err) == fault.Unavailable {
		return nil // it is tried again with every audit
	}
	return err
}

// addKept adds what the reserve kept to the group.
func (g *group) addKept(k kept) error {
	for _, e := range k.audit {
		g.addLine(0, e)
	}
	for _, p := range k.pages {
		g.pages.add([]int64{p.Expires.UnixMilli()}, p.Handle, p.Owner, p.Data)
	}
	number := binary.BigEndian.AppendUint64(nil, k.number)
	if err := g.c.later(g.ctx, "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", g.s.reserve.name, number); err != nil {
		return fmt.Errorf("note what was in the reserve: %w", err)
	}
	return nil
}

func (k *kept) encode() []byte {
	var b []byte
	bytes := func(v []byte) { b = append(binary.AppendUvarint(b, uint64(len(v))), v...) }
	b = binary.AppendUvarint(b, uint64(len(k.audit)))
	for _, e := range k.audit {
		b = binary.AppendVarint(b, e.At.UnixMilli())
		b = binary.AppendVarint(b, int64(e.Person))
		bytes(e.Entry)
	}
	b = binary.AppendUvarint(b, uint64(len(k.pages)))
	for _, p := range k.pages {
		b = binary.AppendVarint(b, p.Expires.UnixMilli())
		bytes(p.Handle)
		bytes(p.Owner)
		bytes(p.Data)
	}
	return b
}

var errRecord = errors.New("a record of the reserve is damaged")

func (k *kept) decode(b []byte) error {
	bad := false
	unsigned := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			bad, b = true, nil
			return 0
		}
		b = b[n:]
		return v
	}
	signed := func() int64 {
		v, n := binary.Varint(b)
		if n <= 0 {
			bad, b = true, nil
			return 0
		}
		b = b[n:]
		return v
	}
	bytes := func() []byte {
		n := unsigned()
		if n > uint64(len(b)) {
			bad = true
			return nil
		}
		v := b[:n:n]
		b = b[n:]
		return v
	}
	for n := unsigned(); n > 0 && !bad; n-- {
		k.audit = append(k.audit, AuditEntry{At: time.UnixMilli(signed()).UTC(), Person: Person(signed()), Entry: bytes()})
	}
	for n := unsigned(); n > 0 && !bad; n-- {
		k.pages = append(k.pages, Page{Expires: time.UnixMilli(signed()).UTC(), Handle: bytes(), Owner: bytes(), Data: bytes()})
	}
	if bad {
		return errRecord
	}
	return nil
}
