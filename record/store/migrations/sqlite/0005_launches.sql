-- +goose Up

-- Links by which other systems open a person's page. hash is that of the link's secret, which also opens data; until, in milliseconds.
CREATE TABLE launch (
  hash  BLOB PRIMARY KEY,
  until INTEGER NOT NULL,
  data  BLOB NOT NULL
) STRICT, WITHOUT ROWID;
