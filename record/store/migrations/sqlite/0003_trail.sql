-- +goose Up

-- Whom lines of the audit are about, as far as meta says under "looked".
CREATE TABLE looked (
  person INTEGER NOT NULL,
  n      INTEGER NOT NULL,
  PRIMARY KEY (person, n)
) STRICT, WITHOUT ROWID;

-- Lines of the audit that somebody must look at.
ALTER TABLE audit ADD COLUMN alert INTEGER NOT NULL DEFAULT 0;
CREATE INDEX audit_alert ON audit (n) WHERE alert <> 0;
