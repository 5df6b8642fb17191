-- +goose Up

-- Whom lines of the audit are about, as far as meta says under "looked".
CREATE TABLE looked (
  person BIGINT NOT NULL,
  n      BIGINT NOT NULL,
  PRIMARY KEY (person, n)
);

-- Lines of the audit that somebody must look at.
ALTER TABLE audit ADD COLUMN alert SMALLINT NOT NULL DEFAULT 0;
CREATE INDEX audit_alert ON audit (n) WHERE alert <> 0;
