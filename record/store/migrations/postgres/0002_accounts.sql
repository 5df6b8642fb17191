-- +goose Up

-- Who signs in by name. n counts changes; stamp grows with each that ends sessions; step is that of the last one-time code taken.
CREATE TABLE account (
  name   TEXT COLLATE "C" PRIMARY KEY,
  n      BIGINT NOT NULL,
  stamp  BIGINT NOT NULL,
  step   BIGINT NOT NULL,
  made   BIGINT NOT NULL,
  rights TEXT COLLATE "C" NOT NULL,
  data   BYTEA NOT NULL
);

-- By whom an account is known elsewhere: the hash of an issuer and a subject.
CREATE TABLE account_link (
  who     BYTEA PRIMARY KEY,
  account TEXT COLLATE "C" NOT NULL
);

-- Who is signed in. A session holds while its stamp is its account's. Milliseconds; idle is how long it may be left alone.
CREATE TABLE session (
  hash    BYTEA PRIMARY KEY,
  id      TEXT COLLATE "C" NOT NULL,
  account TEXT COLLATE "C" NOT NULL,
  stamp   BIGINT NOT NULL,
  began   BIGINT NOT NULL,
  seen    BIGINT NOT NULL,
  idle    BIGINT NOT NULL,
  until   BIGINT NOT NULL,
  data    BYTEA NOT NULL
);
CREATE INDEX session_account ON session (account);

-- How often somebody tried to sign in in vain; who is a hash of what is counted.
CREATE TABLE attempt (
  who   BYTEA PRIMARY KEY,
  n     BIGINT NOT NULL,
  at    BIGINT NOT NULL,
  until BIGINT NOT NULL
);
