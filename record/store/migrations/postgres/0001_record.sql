-- +goose Up

-- How far each chain has come. what: 0 the log (n is t), 1 the audit, 2 persons (n is the last number given).
CREATE TABLE tip (
  what SMALLINT PRIMARY KEY,
  n    BIGINT NOT NULL,
  at   BIGINT NOT NULL,
  hash BYTEA NOT NULL
);
INSERT INTO tip (what, n, at, hash) VALUES (0, 0, 0, ''), (1, 0, 0, ''), (2, 0, 0, '');

CREATE TABLE meta (
  name  TEXT COLLATE "C" PRIMARY KEY,
  value BYTEA NOT NULL
);

-- The newest version of each resource, one row a person. rk = person<<30 | type<<22 | seq.
-- method: 1 POST, 2 PUT, 3 PATCH, 4 DELETE, 5 erased, 9 no longer this person's.
-- home: the rk of the row that holds the body; in that row itself, its own rk.
CREATE TABLE res (
  rk     BIGINT PRIMARY KEY,
  id     BYTEA NOT NULL,
  ver    INT NOT NULL,
  t      BIGINT NOT NULL,
  at     BIGINT NOT NULL,
  method SMALLINT NOT NULL,
  lbl    BIGINT NOT NULL,
  home   BIGINT NOT NULL,
  hash   BYTEA NOT NULL,
  body   BYTEA
);

-- Every rk that a resource has or had. A row with no res row keeps a person's number for a Patient to come.
CREATE TABLE ids (
  id  BYTEA NOT NULL,
  typ SMALLINT NOT NULL,
  rk  BIGINT NOT NULL,
  PRIMARY KEY (id, typ, rk)
);

-- What each live row is found by.
CREATE TABLE head (
  rk   BIGINT PRIMARY KEY,
  t    BIGINT NOT NULL,
  at   BIGINT NOT NULL,
  lbl  BIGINT NOT NULL,
  home BIGINT NOT NULL,
  keys BYTEA NOT NULL
);

-- Candidates of a search. p = type<<16 | parameter. who: a person, or for what is nobody's, minus the rk.
CREATE TABLE gx (
  p   INT NOT NULL,
  k   BIGINT NOT NULL,
  who BIGINT NOT NULL,
  PRIMARY KEY (p, k, who)
);

-- Versions that were replaced. n = until<<20 | position, where until is the t that replaced it.
CREATE TABLE hist (
  n      BIGINT PRIMARY KEY,
  rk     BIGINT NOT NULL,
  id     BYTEA NOT NULL,
  ver    INT NOT NULL,
  t      BIGINT NOT NULL,
  at     BIGINT NOT NULL,
  method SMALLINT NOT NULL,
  lbl    BIGINT NOT NULL,
  home   BIGINT NOT NULL,
  hash   BYTEA NOT NULL,
  body   BYTEA
);
CREATE INDEX hist_rk ON hist (rk, ver);

-- One row a transaction; what says which versions it made.
CREATE TABLE log (
  t    BIGINT PRIMARY KEY,
  at   BIGINT NOT NULL,
  what BYTEA NOT NULL,
  hash BYTEA NOT NULL
);

-- Who stands in which relation to whom; src is the row that says so. Milliseconds, until is not included.
CREATE TABLE rel (
  actor  BIGINT NOT NULL,
  person BIGINT NOT NULL,
  basis  SMALLINT NOT NULL,
  src    BIGINT NOT NULL,
  since  BIGINT NOT NULL,
  until  BIGINT NOT NULL,
  PRIMARY KEY (actor, person, basis, src, since)
);
CREATE INDEX rel_src ON rel (src);
CREATE INDEX rel_person ON rel (person);

-- Persons who are one; a row holds from t to until, and the newest has the greatest until there is.
CREATE TABLE person_link (
  person BIGINT NOT NULL,
  root   BIGINT NOT NULL,
  t      BIGINT NOT NULL,
  until  BIGINT NOT NULL,
  basis  SMALLINT NOT NULL,
  PRIMARY KEY (person, t)
);
CREATE INDEX person_link_root ON person_link (root);

-- Verified NHS numbers of living rows.
CREATE TABLE nhs_number (
  number BIGINT NOT NULL,
  person BIGINT NOT NULL,
  PRIMARY KEY (number, person)
);
CREATE INDEX nhs_number_person ON nhs_number (person);

CREATE TABLE audit (
  n      BIGINT PRIMARY KEY,
  at     BIGINT NOT NULL,
  person BIGINT NOT NULL,
  t      BIGINT NOT NULL,
  entry  BYTEA NOT NULL,
  hash   BYTEA NOT NULL
);

CREATE TABLE token (
  hash    BYTEA PRIMARY KEY,
  name    TEXT COLLATE "C" NOT NULL UNIQUE,
  scope   TEXT COLLATE "C" NOT NULL,
  made    BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  revoked BIGINT NOT NULL
);

CREATE TABLE page (
  handle  BYTEA PRIMARY KEY,
  owner   BYTEA NOT NULL,
  expires BIGINT NOT NULL,
  data    BYTEA NOT NULL
);
CREATE INDEX page_expires ON page (expires);

CREATE TABLE follower (
  name  TEXT COLLATE "C" PRIMARY KEY,
  t     BIGINT NOT NULL,
  owner TEXT COLLATE "C" NOT NULL,
  until BIGINT NOT NULL
);

CREATE TABLE erased (
  rk     BIGINT NOT NULL,
  ver    INT NOT NULL,
  t      BIGINT NOT NULL,
  reason TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (rk, ver)
);

-- Names of transactions that are not to be written twice.
CREATE TABLE receipt (
  name BYTEA PRIMARY KEY,
  t    BIGINT NOT NULL
);

-- Bodies are compressed already.
ALTER TABLE res ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE hist ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE head ALTER COLUMN keys SET STORAGE MAIN;
