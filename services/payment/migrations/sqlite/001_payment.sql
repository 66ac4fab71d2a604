-- One row an order. captured and refunded are the ledger: the database itself keeps promise P3's sums.
CREATE TABLE payment (
  id             BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  version        INTEGER NOT NULL CHECK (version > 0),
  status         TEXT NOT NULL CHECK (status IN (
                   'shut', 'requested', 'pending', 'captured', 'declined', 'cancelled', 'refunding', 'refunded')),
  customer       TEXT CHECK ((customer IS NULL) = (status = 'shut')),
  amount         INTEGER CHECK (amount >= 0),
  currency       TEXT CHECK (length(currency) = 3),
  payment_method TEXT,
  deadline       INTEGER NOT NULL,
  cancelled      INTEGER CHECK ((cancelled IS NOT NULL) = (status IN ('requested', 'pending'))),
  intent_id      TEXT UNIQUE,
  reason         TEXT CHECK ((reason IS NOT NULL) = (status = 'declined')),
  at             INTEGER,
  captured       INTEGER NOT NULL,
  refunded       INTEGER NOT NULL,
  CHECK ((amount IS NULL) = (status = 'shut') AND (currency IS NULL) = (status = 'shut')),
  CHECK (captured = CASE WHEN status IN ('captured', 'refunding', 'refunded') THEN amount ELSE 0 END),
  CHECK (refunded = CASE WHEN status = 'refunded' THEN captured ELSE 0 END),
  CHECK (captured = 0 OR intent_id IS NOT NULL)
) STRICT, WITHOUT ROWID;
