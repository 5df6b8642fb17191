-- +goose Up

-- Who signs in by name. n counts changes; stamp grows with each that ends sessions; step is that of the last one-time code taken.
CREATE TABLE account (
  name   TEXT PRIMARY KEY,
  n      INTEGER NOT NULL,
  stamp  INTEGER NOT NULL,
  step   INTEGER NOT NULL,
  made   INTEGER NOT NULL,
  rights TEXT NOT NULL,
  data   BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- By whom an account is known elsewhere: the hash of an issuer and a subject.
CREATE TABLE account_link (
  who     BLOB PRIMARY KEY,
  account TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Who is signed in. A session holds while its stamp is its account's. Milliseconds; idle is how long it may be left alone.
CREATE TABLE session (
  hash    BLOB PRIMARY KEY,
  id      TEXT NOT NULL,
  account TEXT NOT NULL,
  stamp   INTEGER NOT NULL,
  began   INTEGER NOT NULL,
  seen    INTEGER NOT NULL,
  idle    INTEGER NOT NULL,
  until   INTEGER NOT NULL,
  data    BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_account ON session (account);

-- How often somebody tried to sign in in vain; who is a hash of what is counted.
CREATE TABLE attempt (
  who   BLOB PRIMARY KEY,
  n     INTEGER NOT NULL,
  at    INTEGER NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
