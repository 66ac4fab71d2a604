-- Many rows as one parameter, of whatever table: a type cannot be altered while a release uses it, so this one knows no columns of
-- ours. k: ids, t: text, n: whole numbers, u: UUIDs. Whoever uses it needs EXECUTE on it.
CREATE TYPE parameter_rows AS TABLE (
  [part]     nvarchar(60)   NOT NULL,
  [position] int            NOT NULL,
  [k1] nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL, [k2] nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL,
  [t1] nvarchar(max) NULL, [t2] nvarchar(max) NULL, [t3] nvarchar(max) NULL, [t4] nvarchar(max) NULL, [t5]
  nvarchar(max) NULL, [t6] nvarchar(max) NULL, [t7] nvarchar(max) NULL, [t8] nvarchar(max) NULL, [t9] nvarchar(max)
  NULL, [t10] nvarchar(max) NULL, [t11] nvarchar(max) NULL, [t12] nvarchar(max) NULL,
  [n1] bigint NULL, [n2] bigint NULL, [n3] bigint NULL, [n4] bigint NULL, [n5] bigint NULL, [n6] bigint NULL, [n7]
  bigint NULL, [n8] bigint NULL, [n9] bigint NULL, [n10] bigint NULL, [n11] bigint NULL, [n12] bigint NULL, [n13]
  bigint NULL, [n14] bigint NULL,
  [u1] binary(16) NULL, [u2] binary(16) NULL, [u3] binary(16) NULL, [u4] binary(16) NULL,
  PRIMARY KEY CLUSTERED ([part], [position])
);

-- Causes that had their effect, so that they have it once. They lie in the order of their arrival, which pruning follows; only
-- the narrow index of the id is in the order of the ids.
CREATE TABLE inbox (
  [id]   nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [home] nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [at]   bigint        NOT NULL,
  CONSTRAINT inbox_id PRIMARY KEY NONCLUSTERED ([id]),
  CONSTRAINT inbox_by_age UNIQUE CLUSTERED ([at], [id])
);

-- The ids are hashes of what clients chose, in no order.
CREATE TABLE idempotency_key (
  [id]          nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [home]        nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [fingerprint] nvarchar(200) NULL,
  [at]          bigint        NOT NULL,
  CONSTRAINT idempotency_key_id PRIMARY KEY NONCLUSTERED ([id]),
  CONSTRAINT idempotency_key_by_age UNIQUE CLUSTERED ([at], [id])
);

CREATE TABLE history (
  [home]    nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [version] bigint        NOT NULL,
  [idx]     int           NOT NULL,
  [at]      bigint        NOT NULL,
  [type]    nvarchar(100) NOT NULL,
  [body]    nvarchar(max) NOT NULL,
  CONSTRAINT history_home PRIMARY KEY CLUSTERED ([home], [version], [idx])
);

CREATE TABLE outbox (
  [id]             nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [topic]          nvarchar(100) NOT NULL,
  [type]           nvarchar(100) NOT NULL,
  [correlation_id] nvarchar(200) NOT NULL,
  [body]           nvarchar(max) NOT NULL,
  [properties]     nvarchar(max) NULL,
  [traceparent]    nvarchar(100) NULL,
  [at]             bigint        NOT NULL,
  [lease_until]    bigint        NOT NULL,
  CONSTRAINT outbox_id PRIMARY KEY CLUSTERED ([id])
);

-- Claims go through it oldest first, past those that are leased; its first entry is the age of the outbox. Whoever passes by what is
-- locked passes by a row, not a page.
CREATE INDEX outbox_by_age ON outbox ([at], [lease_until]) WITH (ALLOW_PAGE_LOCKS = OFF);

CREATE TABLE due_work (
  [id]          nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [kind]        nvarchar(100) NOT NULL,
  [home]        nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [payload]     nvarchar(max) NOT NULL,
  [due_at]      bigint        NOT NULL,
  [visible_at]  bigint        NOT NULL,
  [attempts]    int           NOT NULL,
  [traceparent] nvarchar(100) NULL,
  CONSTRAINT due_work_id PRIMARY KEY CLUSTERED ([id])
);

-- What is due now is a short stretch at its beginning: work never becomes visible before it is due.
CREATE INDEX due_work_by_age ON due_work ([due_at], [visible_at]) WITH (ALLOW_PAGE_LOCKS = OFF);
