-- +goose Up

-- Links by which other systems open a person's page. hash is that of the link's secret, which also opens data; until, in milliseconds.
CREATE TABLE launch (
  hash  BYTEA PRIMARY KEY,
  until BIGINT NOT NULL,
  data  BYTEA NOT NULL
);
