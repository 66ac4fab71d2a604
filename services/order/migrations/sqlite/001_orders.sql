-- One row an order. What is never queried stands in body: lines, e-mail address, payment method.
CREATE TABLE orders (
  id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  version     INTEGER NOT NULL CHECK (version > 0),
  status      TEXT NOT NULL CHECK (status IN ('placed', 'reserved', 'confirmed', 'cancelled')),
  customer    TEXT NOT NULL,
  currency    TEXT NOT NULL CHECK (length(currency) = 3),
  total       INTEGER NOT NULL CHECK (total >= 0),
  created_at  INTEGER NOT NULL,
  deadline    INTEGER NOT NULL CHECK (deadline > created_at),
  ended_at    INTEGER CHECK ((ended_at IS NOT NULL) = (status IN ('confirmed', 'cancelled'))),
  reason      TEXT CHECK ((reason IS NOT NULL) = (status = 'cancelled')),
  payment_due INTEGER CHECK ((payment_due IS NOT NULL) = (status = 'cancelled')),
  body        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A customer's own orders, newest first, by cursor.
CREATE INDEX orders_by_customer ON orders (customer, created_at, id);

-- The price list: a materialised view of what inventory says.
CREATE TABLE price (
  id       TEXT NOT NULL PRIMARY KEY,
  version  INTEGER NOT NULL CHECK (version > 0),
  listing  INTEGER NOT NULL CHECK (listing > 0),
  name     TEXT NOT NULL,
  price    INTEGER NOT NULL CHECK (price >= 0),
  currency TEXT NOT NULL CHECK (length(currency) = 3)
) STRICT, WITHOUT ROWID;
