-- +goose Up

-- What imports refused, without what was sent: where it stood and why. place is a digest of the source's name; mended says when a later run took what stands there, 0: none did. Milliseconds.
CREATE TABLE import_run (
  run     INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  who     TEXT NOT NULL,
  refused INTEGER NOT NULL
) STRICT;

CREATE TABLE refusal (
  run    INTEGER NOT NULL,
  n      INTEGER NOT NULL,
  place  BLOB NOT NULL,
  file   TEXT NOT NULL,
  line   INTEGER NOT NULL,
  entry  INTEGER NOT NULL,
  reason TEXT NOT NULL,
  mended INTEGER NOT NULL,
  PRIMARY KEY (run, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX refusal_open ON refusal (place) WHERE mended = 0;
