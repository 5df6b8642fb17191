-- +goose Up

-- What imports refused, without what was sent: where it stood and why. place is a digest of the source's name; mended says when a later run took what stands there, 0: none did. Milliseconds.
CREATE TABLE import_run (
  run     BIGINT PRIMARY KEY,
  at      BIGINT NOT NULL,
  who     TEXT NOT NULL,
  refused BIGINT NOT NULL
);

CREATE TABLE refusal (
  run    BIGINT NOT NULL,
  n      BIGINT NOT NULL,
  place  BYTEA NOT NULL,
  file   TEXT NOT NULL,
  line   BIGINT NOT NULL,
  entry  BIGINT NOT NULL,
  reason TEXT NOT NULL,
  mended BIGINT NOT NULL,
  PRIMARY KEY (run, n)
);
CREATE INDEX refusal_open ON refusal (place) WHERE mended = 0;
