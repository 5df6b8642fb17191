package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"joinery/fault"
)

// Token is a bearer token. Only its hash is kept.
type Token struct {
	Hash    []byte // SHA-256 of the secret
	Name    string // used once
	Scope   string // the caller's
	Made    time.Time
	Expires time.Time // zero: never
	Revoked time.Time // zero: not
}

// tokenCache is all tokens, so that a request need not ask the database.
type tokenCache struct {
	mu     sync.RWMutex
	byHash map[string]Token
	loaded time.Time
}

// tokensFresh is how long PostgreSQL, where another node may revoke a token, is
// not asked again. A SQLite file has one owner, who knows.
const tokensFresh = 500 * time.Millisecond

// AddToken keeps a token. The fault is Conflict when there is or was one of the
// name.
func (s *Store) AddToken(ctx context.Context, t Token) error {
	made := s.opts.Clock().UnixMilli()
	err := s.db.write(ctx, func(c conn) error {
		n, err := c.exec(ctx, "INSERT INTO token (hash, name, scope, made, expires, revoked) SELECT ?, ?, ?, ?, ?, 0 WHERE NOT EXISTS (SELECT 1 FROM token WHERE name = ?2)",
			t.Hash, t.Name, t.Scope, made, unixMilli(t.Expires))
		if err == nil && n == 0 {
			return fault.New(fault.Conflict, "There is or was a token of this name. Choose another.")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a token: %w", err)
	}
	s.tokens.forget()
	return nil
}

// Tokens returns all tokens in the order of their names.
func (s *Store) Tokens(ctx context.Context) ([]Token, error) {
	all, err := s.readTokens(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b Token) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// RevokeToken ends a token on every node within a second. The fault is NotFound
// when there is none in force of the name.
func (s *Store) RevokeToken(ctx context.Context, name string) error {
	now := s.opts.Clock().UnixMilli()
	err := s.db.write(ctx, func(c conn) error {
		n, err := c.exec(ctx, "UPDATE token SET revoked = ? WHERE name = ? AND revoked = 0", now, name)
		if err == nil && n == 0 {
			return fault.New(fault.NotFound, "There is no token of this name in force.")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("revoke a token: %w", err)
	}
	s.tokens.forget()
	return nil
}

// Token returns the token with a hash, be it expired or revoked. The fault is
// NotFound when there is none.
func (s *Store) Token(ctx context.Context, hash []byte) (Token, error) {
	s.tokens.mu.RLock()
	t, ok := s.tokens.byHash[string(hash)]
	fresh := s.tokens.byHash != nil && (s.owner || s.opts.Clock().Sub(s.tokens.loaded) < tokensFresh)
	s.tokens.mu.RUnlock()
	if !fresh {
		if err := s.loadTokens(ctx); err != nil {
			return Token{}, err
		}
		s.tokens.mu.RLock()
		t, ok = s.tokens.byHash[string(hash)]
		s.tokens.mu.RUnlock()
	}
	if !ok {
		return Token{}, fault.New(fault.NotFound, "There is no such token.")
	}
	return t, nil
}

// loadTokens fills the cache. It is held locked meanwhile: who revokes a token
// must not be overtaken by a list from before.
func (s *Store) loadTokens(ctx context.Context) error {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	at := s.opts.Clock()
	all, err := s.readTokens(ctx)
	if err != nil {
		return err
	}
	s.tokens.byHash = make(map[string]Token, len(all))
	for _, t := range all {
		s.tokens.byHash[string(t.Hash)] = t
	}
	s.tokens.loaded = at
	return nil
}

func (c *tokenCache) forget() {
	c.mu.Lock()
	c.byHash = nil
	c.mu.Unlock()
}

func (s *Store) readTokens(ctx context.Context) ([]Token, error) {
	var all []Token
	err := s.db.read(ctx, func(c conn) error {
		return c.query(ctx, "SELECT hash, name, scope, made, expires, revoked FROM token", nil, func(r *row) error {
			all = append(all, Token{r.copy(0), r.text(1), r.text(2), moment(r.int(3)), moment(r.int(4)), moment(r.int(5))})
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the tokens: %w", err)
	}
	return all, nil
}

// unixMilli is 0 for the zero time.
func unixMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
