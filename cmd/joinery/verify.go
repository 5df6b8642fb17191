package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"joinery/record/access"
	"joinery/record/store"
)

type verifyCommand struct{}

// Help is shown by joinery verify --help.
func (verifyCommand) Help() string {
	return `Reads every stored version, computes its hash again, follows the chain of transactions and that of the audit, and names the first row that is wrong. Nothing is changed. When something is wrong the exit status is 10.

    joinery verify
    joinery verify --json --db postgres://joinery@db/joinery`
}

// verified is what verify found.
type verified struct {
	Versions     int64    `json:"versions"`
	Transactions int64    `json:"transactions"`
	Audit        int64    `json:"audit"`
	Damage       []string `json:"damage"` // the first that shows, in words; empty when all is well
}

// Run is the command.
func (verifyCommand) Run(ctx context.Context, a *app) error {
	desk, err := a.reach(ctx, "verify", access.Administration)
	if err != nil {
		return err
	}
	defer desk.close()
	var v verified
	if err := desk.do(ctx, http.MethodPost, "/verify", nil, nil, &v); err != nil {
		return err
	}
	if a.flags.JSON {
		err = a.printJSON(v)
	} else {
		for _, d := range v.Damage {
			fmt.Fprintf(a.out, "%s\n", d)
		}
		if len(v.Damage) == 0 {
			fmt.Fprintf(a.out, "%d versions in %d transactions and %d entries of the audit: all is as it was written.\n", v.Versions, v.Transactions, v.Audit)
		}
	}
	if err == nil && len(v.Damage) > 0 {
		return &outcome{exitDamaged, "damage was found"}
	}
	return err
}

type reindexCommand struct{}

// Help is shown by joinery reindex --help.
func (reindexCommand) Help() string {
	return `Drops the search indexes and builds them from the stored versions. Answers must be the same before and after; it helps after a fault in the indexing was mended.

    joinery reindex`
}

// Run is the command.
func (reindexCommand) Run(ctx context.Context, a *app) error {
	desk, err := a.reach(ctx, "reindex", access.Administration)
	if err != nil {
		return err
	}
	defer desk.close()
	var done struct {
		Resources int64 `json:"resources"`
	}
	if err := desk.do(ctx, http.MethodPost, "/reindex", nil, nil, &done); err != nil {
		return err
	}
	if a.flags.JSON {
		return a.printJSON(done)
	}
	fmt.Fprintf(a.out, "%d resources were indexed again.\n", done.Resources)
	return nil
}

// verify checks the whole record.
func (d *desk) verify(_ http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	found, err := view.Verify(r.Context())
	v := verified{Versions: found.Versions, Transactions: found.Transactions, Audit: found.Audited, Damage: []string{}}
	var bad *store.Damaged
	if errors.As(err, &bad) {
		v.Damage, err = append(v.Damage, bad.Error()), nil
	}
	return v, err
}

// reindex builds the indexes again.
func (d *desk) reindex(_ http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	rows, err := view.Reindex(r.Context())
	return map[string]int64{"resources": rows}, err
}
