CREATE TABLE counter (
  [id]      binary(16) NOT NULL,
  [version] bigint NOT NULL,
  [count]   bigint NOT NULL,
  [label]   nvarchar(100) NULL,
  [open]    bit NULL,
  [peer]    binary(16) NULL,
  [body]    nvarchar(max) NOT NULL,
  CONSTRAINT counter_id PRIMARY KEY CLUSTERED ([id]),
  CONSTRAINT counter_at_most CHECK ([count] <= 1000000)
);

CREATE TABLE account (
  [id]      nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [version] bigint NOT NULL,
  [balance] bigint NOT NULL,
  CONSTRAINT account_id PRIMARY KEY CLUSTERED ([id]),
  CONSTRAINT account_not_overdrawn CHECK ([balance] >= 0)
);

CREATE TABLE transfer (
  [id]      binary(16) NOT NULL,
  [version] bigint NOT NULL,
  [body]    nvarchar(max) NOT NULL,
  CONSTRAINT transfer_id PRIMARY KEY CLUSTERED ([id])
);
