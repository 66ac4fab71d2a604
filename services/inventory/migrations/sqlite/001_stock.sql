-- One row a SKU. The database itself keeps promise P2: nothing below zero, nothing lost.
CREATE TABLE item (
  id        TEXT NOT NULL PRIMARY KEY,
  version   INTEGER NOT NULL CHECK (version > 0),
  name      TEXT NOT NULL,
  price     INTEGER NOT NULL CHECK (price > 0),
  currency  TEXT NOT NULL CHECK (length(currency) = 3),
  listing   INTEGER NOT NULL CHECK (listing > 0),
  received  INTEGER NOT NULL,
  available INTEGER NOT NULL CHECK (available >= 0),
  reserved  INTEGER NOT NULL CHECK (reserved >= 0),
  sold      INTEGER NOT NULL CHECK (sold >= 0),
  CHECK (received = available + reserved + sold)
) STRICT, WITHOUT ROWID;

-- What each order holds, or why it holds nothing.
CREATE TABLE reservation (
  id       BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  version  INTEGER NOT NULL CHECK (version > 0),
  status   TEXT NOT NULL CHECK (status IN ('held', 'rejected', 'sold', 'released', 'shut')),
  reason   TEXT CHECK ((reason IS NOT NULL) = (status = 'rejected')),
  sku      TEXT,
  lines    TEXT NOT NULL,
  at       INTEGER NOT NULL,
  deadline INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE receipt (
  id       BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  version  INTEGER NOT NULL CHECK (version > 0),
  sku      TEXT NOT NULL,
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
