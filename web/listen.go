package web

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Serve answers requests on a listener, which it closes, until ctx ends. Then
// /readyz says no, nothing new is taken, and requests under way have 15 seconds
// to finish. It returns nil when all did.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	// Requests outlive ctx: it says when to stop taking new ones.
	under, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		WriteTimeout:      answerTime,
		MaxHeaderBytes:    maxHeader,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 100},
		BaseContext:       func(net.Listener) context.Context { return under },
		ErrorLog:          log.New(complaints{s.Log, under}, "", 0),
	}
	done := make(chan error, 1)
	go func() {
		<-ctx.Done()
		s.leaving.Store(true)
		limit, cancel := context.WithTimeout(under, shutdownTime)
		defer cancel()
		err := server.Shutdown(limit)
		if err != nil {
			err = errors.Join(err, server.Close())
		}
		done <- err
	}()
	err := server.Serve(&bounded{Listener: l, places: make(chan struct{}, maxConnections)})
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	if err := <-done; err != nil {
		return fmt.Errorf("shut down: %w", err)
	}
	return nil
}

// complaints takes what net/http would log. Its lines may quote a request, so
// only that there was one is told.
type complaints struct {
	log *slog.Logger
	ctx context.Context
}

func (c complaints) Write(line []byte) (int, error) {
	c.log.WarnContext(c.ctx, "connection trouble", slog.Int("count", len(line)))
	return len(line), nil
}

// bounded is a listener that has so many connections open at most; the next
// waits until one closes.
type bounded struct {
	net.Listener
	places chan struct{}
}

func (b *bounded) Accept() (net.Conn, error) {
	b.places <- struct{}{}
	c, err := b.Listener.Accept()
	if err != nil {
		<-b.places
		return nil, err
	}
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetKeepAlivePeriod(30 * time.Second) // the default does too
	}
	return &place{Conn: c, leave: sync.OnceFunc(func() { <-b.places })}, nil
}

type place struct {
	net.Conn
	leave func()
}

func (p *place) Close() error {
	defer p.leave()
	return p.Conn.Close()
}
