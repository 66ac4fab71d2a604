-- Causes that had their effect, so that they have it once. The rowid keeps the order of arrival, which pruning follows;
-- only the narrow index of the id is in the order of the ids.
CREATE TABLE inbox (
  id   TEXT    NOT NULL PRIMARY KEY,
  home TEXT    NOT NULL,
  at   INTEGER NOT NULL
) STRICT;

-- The ids are hashes of what clients chose, in no order.
CREATE TABLE idempotency_key (
  id          TEXT    NOT NULL PRIMARY KEY,
  home        TEXT    NOT NULL,
  fingerprint TEXT,
  at          INTEGER NOT NULL
) STRICT;

CREATE TABLE history (
  home    TEXT    NOT NULL,
  version INTEGER NOT NULL,
  idx     INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  type    TEXT    NOT NULL,
  body    TEXT    NOT NULL,
  PRIMARY KEY (home, version, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
  id             TEXT    NOT NULL PRIMARY KEY,
  topic          TEXT    NOT NULL,
  type           TEXT    NOT NULL,
  correlation_id TEXT    NOT NULL,
  body           TEXT    NOT NULL,
  properties     TEXT,
  traceparent    TEXT,
  at             INTEGER NOT NULL,
  lease_until    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Claims go through it oldest first, past the few rows that are leased; its first entry is the age of the outbox.
CREATE INDEX outbox_by_age ON outbox (at, lease_until);

CREATE TABLE due_work (
  id          TEXT    NOT NULL PRIMARY KEY,
  kind        TEXT    NOT NULL,
  home        TEXT    NOT NULL,
  payload     TEXT    NOT NULL,
  due_at      INTEGER NOT NULL,
  visible_at  INTEGER NOT NULL,
  attempts    INTEGER NOT NULL,
  traceparent TEXT
) STRICT, WITHOUT ROWID;

-- What is due now is a short stretch at its beginning: work never becomes visible before it is due.
CREATE INDEX due_work_by_age ON due_work (due_at, visible_at);
