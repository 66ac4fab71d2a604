-- One row an order. captured and refunded are the ledger: the database itself keeps promise P3's sums.
CREATE TABLE payment (
  [id]             binary(16) NOT NULL,
  [version]        bigint NOT NULL,
  [status]         nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [customer]       nvarchar(512) COLLATE Latin1_General_100_BIN2 NULL,
  [amount]         bigint NULL,
  [currency]       nvarchar(3) COLLATE Latin1_General_100_BIN2 NULL,
  [payment_method] nvarchar(255) COLLATE Latin1_General_100_BIN2 NULL,
  [deadline]       bigint NOT NULL,
  [cancelled]      bit NULL,
  [intent_id]      nvarchar(255) COLLATE Latin1_General_100_BIN2 NULL,
  [reason]         nvarchar(100) COLLATE Latin1_General_100_BIN2 NULL,
  [at]             bigint NULL,
  [captured]       bigint NOT NULL,
  [refunded]       bigint NOT NULL,
  CONSTRAINT payment_id PRIMARY KEY CLUSTERED ([id]),
  CONSTRAINT payment_version_positive CHECK (version > 0),
  CONSTRAINT payment_status_known CHECK (status IN (
    'shut', 'requested', 'pending', 'captured', 'declined', 'cancelled', 'refunding', 'refunded')),
  CONSTRAINT payment_amount_not_negative CHECK (amount >= 0),
  CONSTRAINT payment_currency_three_letters CHECK (LEN(currency) = 3),
  CONSTRAINT payment_shut_without_customer CHECK (
    CASE WHEN customer IS NULL THEN 1 ELSE 0 END = CASE WHEN status = 'shut' THEN 1 ELSE 0 END),
  CONSTRAINT payment_shut_without_amount CHECK (
    CASE WHEN amount IS NULL THEN 1 ELSE 0 END = CASE WHEN status = 'shut' THEN 1 ELSE 0 END),
  CONSTRAINT payment_shut_without_currency CHECK (
    CASE WHEN currency IS NULL THEN 1 ELSE 0 END = CASE WHEN status = 'shut' THEN 1 ELSE 0 END),
  CONSTRAINT payment_open_with_cancelled CHECK (
    CASE WHEN cancelled IS NULL THEN 0 ELSE 1 END = CASE WHEN status IN ('requested', 'pending') THEN 1 ELSE 0 END),
  CONSTRAINT payment_declined_with_reason CHECK (
    CASE WHEN reason IS NULL THEN 0 ELSE 1 END = CASE WHEN status = 'declined' THEN 1 ELSE 0 END),
  CONSTRAINT payment_captured_in_full CHECK (
    captured = CASE WHEN status IN ('captured', 'refunding', 'refunded') THEN amount ELSE 0 END),
  CONSTRAINT payment_refunded_in_full CHECK (refunded = CASE WHEN status = 'refunded' THEN captured ELSE 0 END),
  CONSTRAINT payment_captured_by_intent CHECK (captured = 0 OR intent_id IS NOT NULL)
);

-- Two NULLs would be the same to a UNIQUE constraint.
CREATE UNIQUE INDEX payment_intent_once ON payment (intent_id) WHERE intent_id IS NOT NULL;
