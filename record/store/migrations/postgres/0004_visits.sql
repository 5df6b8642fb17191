-- +goose Up

-- When somebody was last at something: who and what are hashes, so that of whom it was says the audit alone. Milliseconds; before is when the visit before this one ended, 0 when there was none.
CREATE TABLE visit (
  who    BYTEA NOT NULL,
  what   BYTEA NOT NULL,
  before BIGINT NOT NULL,
  last   BIGINT NOT NULL,
  PRIMARY KEY (who, what)
);
