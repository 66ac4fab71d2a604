CREATE TABLE counter (
  id      BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  version INTEGER NOT NULL,
  count   INTEGER NOT NULL CHECK (count <= 1000000),
  label   TEXT,
  open    INTEGER,
  peer    BLOB    CHECK (length(peer) = 16),
  body    TEXT    NOT NULL
) STRICT;

CREATE TABLE account (
  id      TEXT    NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  balance INTEGER NOT NULL CHECK (balance >= 0)
) STRICT;

CREATE TABLE transfer (
  id      BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  version INTEGER NOT NULL,
  body    TEXT    NOT NULL
) STRICT;
