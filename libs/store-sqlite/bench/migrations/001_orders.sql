CREATE TABLE orders (
  id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  version    INTEGER NOT NULL,
  customer   TEXT    NOT NULL,
  status     TEXT    NOT NULL CHECK (status IN ('placed', 'confirmed', 'cancelled')),
  created_at INTEGER NOT NULL,
  total      INTEGER NOT NULL CHECK (total >= 0),
  body       TEXT    NOT NULL
) STRICT;

CREATE INDEX orders_of_customer ON orders (customer, created_at, id);
