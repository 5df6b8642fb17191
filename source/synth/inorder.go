package synth

import (
	"context"
	"sync"
)

// inOrder makes the things 0 to n-1 on so many goroutines and takes them in
// order on its own. At most three a goroutine are held at a time.
// It stops at the first error, or when ctx does.
func inOrder[T any](ctx context.Context, workers int, n int64, produce func(int64) (T, error), take func(T) error) error {
	type made struct {
		thing T
		err   error
	}
	type task struct {
		n    int64
		done chan made
	}
	ctx, stop := context.WithCancel(ctx)
	work, order := make(chan task), make(chan task, 2*workers)
	var wait sync.WaitGroup
	defer wait.Wait()
	defer stop()
	for range workers {
		wait.Go(func() {
			for t := range work {
				thing, err := produce(t.n)
				t.done <- made{thing, err}
			}
		})
	}
	wait.Go(func() {
		defer close(order)
		defer close(work)
		for i := range n {
			t := task{i, make(chan made, 1)}
			for _, queue := range []chan task{order, work} {
				select {
				case queue <- t:
				case <-ctx.Done():
					return
				}
			}
		}
	})
	for t := range order {
		var m made
		select {
		case m = <-t.done:
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // it is the caller's own
		}
		if m.err != nil {
			return m.err
		}
		if err := take(m.thing); err != nil {
			return err
		}
	}
	return ctx.Err() //nolint:wrapcheck // it is the caller's own
}
