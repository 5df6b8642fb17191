package store

import (
	"context"
	"fmt"
	"time"

	"joinery/fault"
)

// Account is somebody who signs in by a name.
type Account struct {
	Name   string // as it is compared
	Stamp  int64  // grows with every change that ends the sessions of before
	Step   int64  // of the last one-time code that was taken
	Made   time.Time
	Rights string // the caller's
	Data   []byte // the caller's

	n int64 // of changes
}

const accountColumns = "a.name, a.n, a.stamp, a.step, a.made, a.rights, a.data"

func scanAccount(r *row, from int) Account {
	return Account{
		Name: r.text(from), n: r.int(from + 1), Stamp: r.int(from + 2), Step: r.int(from + 3), Made: moment(r.int(from + 4)),
		Rights: r.text(from + 5), Data: r.copy(from + 6),
	}
}

var errNoAccount = fault.New(fault.NotFound, "There is no account of this name.")

// AddAccount keeps a new account. The fault is Conflict when there is one of the
// name.
func (s *Store) AddAccount(ctx context.Context, a Account) error {
	made := s.opts.Clock().UnixMilli()
	err := s.db.note(ctx, func(c conn) error {
		n, err := c.exec(ctx, "INSERT INTO account (name, n, stamp, step, made, rights, data) VALUES (?, 1, 1, 0, ?, ?, ?) ON CONFLICT DO NOTHING",
			a.Name, made, a.Rights, a.Data)
		if err == nil && n == 0 {
			return fault.New(fault.Conflict, "There is an account of this name. Choose another.")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("keep an account: %w", err)
	}
	return nil
}

// Account returns the account of a name. The fault is NotFound when there is
// none.
func (s *Store) Account(ctx context.Context, name string) (Account, error) {
	return s.oneAccount(ctx, "SELECT "+accountColumns+" FROM account a WHERE a.name = ?", name)
}

// LinkedAccount returns the account that is known elsewhere as who. The fault is
// NotFound when there is none.
func (s *Store) LinkedAccount(ctx context.Context, who []byte) (Account, error) {
	return s.oneAccount(ctx, "SELECT "+accountColumns+" FROM account_link l JOIN account a ON a.name = l.account WHERE l.who = ?", who)
}

func (s *Store) oneAccount(ctx context.Context, sql string, key any) (Account, error) {
	var found []Account
	err := s.db.read(ctx, func(c conn) error {
		return c.query(ctx, sql, []any{key}, func(r *row) error { found = append(found, scanAccount(r, 0)); return nil })
	})
	switch {
	case err != nil:
		return Account{}, fmt.Errorf("look up an account: %w", err)
	case len(found) == 0:
		return Account{}, errNoAccount
	}
	return found[0], nil
}

// Accounts returns all accounts in the order of their names.
func (s *Store) Accounts(ctx context.Context) ([]Account, error) {
	var all []Account
	err := s.db.read(ctx, func(c conn) error {
		return c.query(ctx, "SELECT "+accountColumns+" FROM account a ORDER BY a.name", nil, func(r *row) error {
			all = append(all, scanAccount(r, 0))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the accounts: %w", err)
	}
	return all, nil
}

// changeTries is how often a change of an account is made again because another
// came between.
const changeTries = 10

// ChangeAccount has change alter an account: its stamp, rights and data; and
// keeps it, when change returns no error. change may be called again with the
// account as somebody else has changed it meanwhile.
func (s *Store) ChangeAccount(ctx context.Context, name string, change func(*Account) error) error {
	for range changeTries {
		a, err := s.Account(ctx, name)
		if err != nil {
			return err
		}
		if err := change(&a); err != nil {
			return err
		}
		var kept int64
		err = s.db.note(ctx, func(c conn) error {
			kept, err = c.exec(ctx, "UPDATE account SET n = n + 1, stamp = ?, rights = ?, data = ? WHERE name = ? AND n = ?", a.Stamp, a.Rights, a.Data, a.Name, a.n)
			return err
		})
		if err != nil {
			return fmt.Errorf("change an account: %w", err)
		}
		if kept > 0 {
			return nil
		}
	}
	return fault.New(fault.Conflict, "This account is being changed by somebody else. Try again.")
}

// TakeStep notes that the one-time code of a step was taken, and reports false
// when that one or a later one was before, on whichever node.
func (s *Store) TakeStep(ctx context.Context, name string, step int64) (bool, error) {
	var n int64
	err := s.db.note(ctx, func(c conn) error {
		var err error
		n, err = c.exec(ctx, "UPDATE account SET step = ? WHERE name = ? AND step < ?", step, name, step)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("note a one-time code: %w", err)
	}
	return n > 0, nil
}

// LinkAccount says by whom an account is known elsewhere. The fault is Conflict
// when it is another's.
func (s *Store) LinkAccount(ctx context.Context, who []byte, account string) error {
	err := s.db.note(ctx, func(c conn) error {
		n, err := c.exec(ctx, "INSERT INTO account_link (who, account) SELECT ?, a.name FROM account a WHERE a.name = ? ON CONFLICT DO NOTHING", who, account)
		if err == nil && n == 0 {
			return fault.New(fault.Conflict, "There is no such account, or another account is linked so already.")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("link an account: %w", err)
	}
	return nil
}

// Session is one sign-in. Only the hash of its secret is kept.
type Session struct {
	Hash    []byte // SHA-256 of the secret
	ID      string // by which it is listed and ended
	Account string
	Stamp   int64 // of the account, when it began
	Began   time.Time
	Seen    time.Time     // last; see SeeSession
	Idle    time.Duration // how long it may be left alone
	Until   time.Time     // when it ends whatever is done
	Data    []byte        // the caller's
}

const sessionColumns = "s.hash, s.id, s.account, s.stamp, s.began, s.seen, s.idle, s.until, s.data"

func scanSession(r *row) Session {
	return Session{
		Hash: r.copy(0), ID: r.text(1), Account: r.text(2), Stamp: r.int(3), Began: moment(r.int(4)), Seen: moment(r.int(5)),
		Idle: time.Duration(r.int(6)) * time.Millisecond, Until: moment(r.int(7)), Data: r.copy(8),
	}
}

// AddSession keeps a new session, and forgets those whose time is over.
func (s *Store) AddSession(ctx context.Context, n Session) error {
	now := n.Began.UnixMilli()
	err := s.db.note(ctx, func(c conn) error {
		if _, err := c.exec(ctx, "DELETE FROM session WHERE until <= ? OR seen + idle <= ?", now, now); err != nil {
			return err
		}
		_, err := c.exec(ctx, "INSERT INTO session (hash, id, account, stamp, began, seen, idle, until, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			n.Hash, n.ID, n.Account, n.Stamp, now, now, n.Idle.Milliseconds(), n.Until.UnixMilli(), n.Data)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a session: %w", err)
	}
	return nil
}

var errNoSession = fault.New(fault.NotFound, "There is no such session.")

// Session returns the session with a hash that holds at a moment, and its
// account as it is now. It is asked of the database each time, so that what ends
// a session on one node ends it on all. The fault is NotFound when there is none,
// its time is over, or the account changed so that it ended.
func (s *Store) Session(ctx context.Context, hash []byte, now time.Time) (Session, Account, error) {
	var found Session
	var account Account
	ok := false
	at := now.UnixMilli()
	err := s.db.read(ctx, func(c conn) error {
		return c.query(ctx, "SELECT "+sessionColumns+", "+accountColumns+" FROM session s JOIN account a ON a.name = s.account AND a.stamp = s.stamp"+
			" WHERE s.hash = ?1 AND s.until > ?2 AND s.seen + s.idle > ?2", []any{hash, at}, func(r *row) error {
			found, account, ok = scanSession(r), scanAccount(r, 9), true
			return nil
		})
	})
	switch {
	case err != nil:
		return Session{}, Account{}, fmt.Errorf("look up a session: %w", err)
	case !ok:
		return Session{}, Account{}, errNoSession
	}
	return found, account, nil
}

// SeeSession notes that a session is in use, and its data.
func (s *Store) SeeSession(ctx context.Context, hash []byte, now time.Time) error {
	return s.noteSession(ctx, "UPDATE session SET seen = ? WHERE hash = ? AND seen < ?1", now.UnixMilli(), hash)
}

// SetSession keeps what the caller says of a session.
func (s *Store) SetSession(ctx context.Context, hash, data []byte) error {
	return s.noteSession(ctx, "UPDATE session SET data = ? WHERE hash = ?", data, hash)
}

// EndSession ends the session with a hash.
func (s *Store) EndSession(ctx context.Context, hash []byte) error {
	return s.noteSession(ctx, "DELETE FROM session WHERE hash = ?", hash)
}

func (s *Store) noteSession(ctx context.Context, sql string, args ...any) error {
	err := s.db.note(ctx, func(c conn) error {
		_, err := c.exec(ctx, sql, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("note what became of a session: %w", err)
	}
	return nil
}

// EndSessionOf ends a session of an account by its id. The fault is NotFound when
// the account has none of this id.
func (s *Store) EndSessionOf(ctx context.Context, account, id string) error {
	err := s.db.note(ctx, func(c conn) error {
		n, err := c.exec(ctx, "DELETE FROM session WHERE account = ? AND id = ?", account, id)
		if err == nil && n == 0 {
			return errNoSession
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}

// Sessions returns the sessions of an account that hold at a moment, the oldest
// first.
func (s *Store) Sessions(ctx context.Context, account string, now time.Time) ([]Session, error) {
	var all []Session
	err := s.db.read(ctx, func(c conn) error {
		return c.query(ctx, "SELECT "+sessionColumns+" FROM session s JOIN account a ON a.name = s.account AND a.stamp = s.stamp"+
			" WHERE s.account = ?1 AND s.until > ?2 AND s.seen + s.idle > ?2 ORDER BY s.began, s.id", []any{account, now.UnixMilli()}, func(r *row) error {
			all = append(all, scanSession(r))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the sessions of an account: %w", err)
	}
	return all, nil
}
