package store

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"joinery/fault"
)

// The secrets from which accounts' one-time codes are made cannot be kept as a
// hash. They are encrypted with a key that does not lie in the database: who
// steals a copy of that alone can make no code. The key is a file beside the
// database, or in the state folder; the database has a hash of it, so that a
// node with another key, or none, says so instead of making one.

const (
	accountKeySize = 32
	accountKeyMeta = "account key"
)

// AccountKey returns the key of what accounts keep encrypted, making it in a
// record that never had one. The fault is Unavailable when the file is not there,
// or is of another record.
func (s *Store) AccountKey(ctx context.Context) ([]byte, error) {
	s.accountKey.mu.Lock()
	defer s.accountKey.mu.Unlock()
	if s.accountKey.key != nil {
		return s.accountKey.key, nil
	}
	path := s.accountKeyPath()
	if path == "" {
		return nil, fault.New(fault.Unavailable, "Accounts need a folder for their key: say one with --state.")
	}
	known, err := s.accountKeyHash(ctx)
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && known == nil:
		if key, err = s.makeAccountKey(path); err != nil {
			return nil, err
		}
		if known, err = s.keepAccountKeyHash(ctx, key); err != nil {
			return nil, err
		}
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.New(fault.Unavailable, fmt.Sprintf("The key of the accounts is not there: copy %s from the machine where the first account was made.", filepath.Base(path)))
	case err != nil:
		return nil, fault.Wrap(fault.Unavailable, "The key of the accounts cannot be read.", err)
	case known == nil:
		if known, err = s.keepAccountKeyHash(ctx, key); err != nil {
			return nil, err
		}
	}
	hash := sha256.Sum256(key)
	if len(key) != accountKeySize || subtle.ConstantTimeCompare(hash[:], known) != 1 {
		return nil, fault.New(fault.Unavailable, fmt.Sprintf("%s is not the key of this record's accounts: copy the one from the machine where the first account was made.", filepath.Base(path)))
	}
	s.accountKey.key = key
	return key, nil
}

// accountKeyPath is where the key lies: like the audit reserve.
func (s *Store) accountKeyPath() string {
	name := "joinery.key"
	folder := s.opts.StateDir
	if db, ok := s.db.(*sqliteDB); ok {
		name = strings.TrimSuffix(filepath.Base(db.path), ".db") + ".key"
		if folder == "" {
			folder = filepath.Dir(db.path)
		}
	}
	if folder == "" {
		return ""
	}
	return filepath.Join(folder, name)
}

func (s *Store) makeAccountKey(path string) ([]byte, error) {
	key := make([]byte, accountKeySize)
	if _, err := io.ReadFull(s.opts.Rand, key); err != nil {
		return nil, fmt.Errorf("make the key of the accounts: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "The key of the accounts cannot be written; see --state.", err)
	}
	_, err = f.Write(key)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "The key of the accounts cannot be written.", err)
	}
	return key, nil
}

func (s *Store) accountKeyHash(ctx context.Context) (hash []byte, err error) {
	err = s.db.read(ctx, func(c conn) error {
		return c.query(ctx, "SELECT value FROM meta WHERE name = ?", []any{accountKeyMeta}, func(r *row) error { hash = r.copy(0); return nil })
	})
	if err != nil {
		return nil, fmt.Errorf("look up the key of the accounts: %w", err)
	}
	return hash, nil
}

// keepAccountKeyHash keeps the hash of a key unless there is one, and returns the
// one that is kept.
func (s *Store) keepAccountKeyHash(ctx context.Context, key []byte) ([]byte, error) {
	hash := sha256.Sum256(key)
	err := s.db.note(ctx, func(c conn) error {
		_, err := c.exec(ctx, "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", accountKeyMeta, hash[:])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("keep the hash of the accounts' key: %w", err)
	}
	return s.accountKeyHash(ctx)
}
