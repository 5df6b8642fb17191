package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"joinery/fault"
)

// Migrations go forward only, in pairs of one number for both databases. A file
// that was released never changes: migrations.sum has their hashes.
//
//go:embed migrations
var migrations embed.FS

// migrate brings a schema up to date, on PostgreSQL under a lock.
func migrate(ctx context.Context, db *sql.DB, d *dialect) error {
	dialect, folder := goose.DialectSQLite3, "migrations/sqlite"
	opts := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithTableName("schema_version")}
	if d.postgres {
		dialect, folder = goose.DialectPostgres, "migrations/postgres"
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
		if err != nil {
			return fmt.Errorf("make the migration lock: %w", err)
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return fmt.Errorf("open the migrations: %w", err)
	}
	p, err := goose.NewProvider(dialect, db, files, opts...)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	now, newest, err := p.GetVersions(ctx)
	if err != nil {
		return fault.Wrap(fault.Unavailable, "The database cannot be read.", err)
	}
	if now > newest {
		return fault.New(fault.Unsupported, fmt.Sprintf("This database was made by a newer Joinery (schema %d; this one knows %d). Use that one.", now, newest))
	}
	if now == newest {
		return nil
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate from %d to %d: %w", now, newest, err)
	}
	return nil
}
