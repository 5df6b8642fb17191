-- +goose Up

-- How far each chain has come. what: 0 the log (n is t), 1 the audit, 2 persons (n is the last number given).
CREATE TABLE tip (
  what INTEGER PRIMARY KEY,
  n    INTEGER NOT NULL,
  at   INTEGER NOT NULL,
  hash BLOB NOT NULL
) STRICT;
INSERT INTO tip (what, n, at, hash) VALUES (0, 0, 0, x''), (1, 0, 0, x''), (2, 0, 0, x'');

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The newest version of each resource, one row a person. rk = person<<30 | type<<22 | seq.
-- method: 1 POST, 2 PUT, 3 PATCH, 4 DELETE, 5 erased, 9 no longer this person's.
-- home: the rk of the row that holds the body; in that row itself, its own rk.
CREATE TABLE res (
  rk     INTEGER PRIMARY KEY,
  id     BLOB NOT NULL,
  ver    INTEGER NOT NULL,
  t      INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  method INTEGER NOT NULL,
  lbl    INTEGER NOT NULL,
  home   INTEGER NOT NULL,
  hash   BLOB NOT NULL,
  body   BLOB
) STRICT;

-- Every rk that a resource has or had. A row with no res row keeps a person's number for a Patient to come.
CREATE TABLE ids (
  id  BLOB NOT NULL,
  typ INTEGER NOT NULL,
  rk  INTEGER NOT NULL,
  PRIMARY KEY (id, typ, rk)
) STRICT, WITHOUT ROWID;

-- What each live row is found by.
CREATE TABLE head (
  rk   INTEGER PRIMARY KEY,
  t    INTEGER NOT NULL,
  at   INTEGER NOT NULL,
  lbl  INTEGER NOT NULL,
  home INTEGER NOT NULL,
  keys BLOB NOT NULL
) STRICT;

-- Candidates of a search. p = type<<16 | parameter. who: a person, or for what is nobody's, minus the rk.
CREATE TABLE gx (
  p   INTEGER NOT NULL,
  k   INTEGER NOT NULL,
  who INTEGER NOT NULL,
  PRIMARY KEY (p, k, who)
) STRICT, WITHOUT ROWID;

-- Versions that were replaced. n = until<<20 | position, where until is the t that replaced it.
CREATE TABLE hist (
  n      INTEGER PRIMARY KEY,
  rk     INTEGER NOT NULL,
  id     BLOB NOT NULL,
  ver    INTEGER NOT NULL,
  t      INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  method INTEGER NOT NULL,
  lbl    INTEGER NOT NULL,
  home   INTEGER NOT NULL,
  hash   BLOB NOT NULL,
  body   BLOB
) STRICT;
CREATE INDEX hist_rk ON hist (rk, ver);

-- One row a transaction; what says which versions it made.
CREATE TABLE log (
  t    INTEGER PRIMARY KEY,
  at   INTEGER NOT NULL,
  what BLOB NOT NULL,
  hash BLOB NOT NULL
) STRICT;

-- Who stands in which relation to whom; src is the row that says so. Milliseconds, until is not included.
CREATE TABLE rel (
  actor  INTEGER NOT NULL,
  person INTEGER NOT NULL,
  basis  INTEGER NOT NULL,
  src    INTEGER NOT NULL,
  since  INTEGER NOT NULL,
  until  INTEGER NOT NULL,
  PRIMARY KEY (actor, person, basis, src, since)
) STRICT, WITHOUT ROWID;
CREATE INDEX rel_src ON rel (src);
CREATE INDEX rel_person ON rel (person);

-- Persons who are one; a row holds from t to until, and the newest has the greatest until there is.
CREATE TABLE person_link (
  person INTEGER NOT NULL,
  root   INTEGER NOT NULL,
  t      INTEGER NOT NULL,
  until  INTEGER NOT NULL,
  basis  INTEGER NOT NULL,
  PRIMARY KEY (person, t)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_link_root ON person_link (root);

-- Verified NHS numbers of living rows.
CREATE TABLE nhs_number (
  number INTEGER NOT NULL,
  person INTEGER NOT NULL,
  PRIMARY KEY (number, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX nhs_number_person ON nhs_number (person);

CREATE TABLE audit (
  n      INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  person INTEGER NOT NULL,
  t      INTEGER NOT NULL,
  entry  BLOB NOT NULL,
  hash   BLOB NOT NULL
) STRICT;

CREATE TABLE token (
  hash    BLOB PRIMARY KEY,
  name    TEXT NOT NULL UNIQUE,
  scope   TEXT NOT NULL,
  made    INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  revoked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE page (
  handle  BLOB PRIMARY KEY,
  owner   BLOB NOT NULL,
  expires INTEGER NOT NULL,
  data    BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX page_expires ON page (expires);

CREATE TABLE follower (
  name  TEXT PRIMARY KEY,
  t     INTEGER NOT NULL,
  owner TEXT NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE erased (
  rk     INTEGER NOT NULL,
  ver    INTEGER NOT NULL,
  t      INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (rk, ver)
) STRICT, WITHOUT ROWID;

-- Names of transactions that are not to be written twice.
CREATE TABLE receipt (
  name BLOB PRIMARY KEY,
  t    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
