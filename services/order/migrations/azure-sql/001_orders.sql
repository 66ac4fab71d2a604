-- One row an order. What is never queried stands in body: lines, e-mail address, payment method.
CREATE TABLE orders (
  [id]          binary(16) NOT NULL,
  [version]     bigint NOT NULL,
  [status]      nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [customer]    nvarchar(512) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [currency]    nvarchar(3) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [total]       bigint NOT NULL,
  [created_at]  bigint NOT NULL,
  [deadline]    bigint NOT NULL,
  [ended_at]    bigint NULL,
  [reason]      nvarchar(20) COLLATE Latin1_General_100_BIN2 NULL,
  [payment_due] bit NULL,
  [body]        nvarchar(max) NOT NULL,
  CONSTRAINT orders_id PRIMARY KEY CLUSTERED ([id]),
  CONSTRAINT orders_version_positive CHECK (version > 0),
  CONSTRAINT orders_status_known CHECK (status IN ('placed', 'reserved', 'confirmed', 'cancelled')),
  CONSTRAINT orders_currency_three_letters CHECK (LEN(currency) = 3),
  CONSTRAINT orders_total_not_negative CHECK (total >= 0),
  CONSTRAINT orders_deadline_later CHECK (deadline > created_at),
  CONSTRAINT orders_end_with_time CHECK (
    CASE WHEN ended_at IS NULL THEN 0 ELSE 1 END = CASE WHEN status IN ('confirmed', 'cancelled') THEN 1 ELSE 0 END),
  CONSTRAINT orders_cancelled_with_reason CHECK (
    CASE WHEN reason IS NULL THEN 0 ELSE 1 END = CASE WHEN status = 'cancelled' THEN 1 ELSE 0 END),
  CONSTRAINT orders_cancelled_with_payment_due CHECK (
    CASE WHEN payment_due IS NULL THEN 0 ELSE 1 END = CASE WHEN status = 'cancelled' THEN 1 ELSE 0 END),
  CONSTRAINT orders_body_json CHECK (ISJSON(body) = 1)
);

-- A customer's own orders, newest first, by cursor.
CREATE INDEX orders_by_customer ON orders (customer, created_at, id);

-- The price list: a materialised view of what inventory says.
CREATE TABLE price (
  [id]       nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [version]  bigint NOT NULL,
  [listing]  bigint NOT NULL,
  [name]     nvarchar(200) NOT NULL,
  [price]    bigint NOT NULL,
  [currency] nvarchar(3) COLLATE Latin1_General_100_BIN2 NOT NULL,
  CONSTRAINT price_id PRIMARY KEY CLUSTERED ([id]),
  CONSTRAINT price_version_positive CHECK (version > 0),
  CONSTRAINT price_listing_positive CHECK (listing > 0),
  CONSTRAINT price_not_negative CHECK (price >= 0),
  CONSTRAINT price_currency_three_letters CHECK (LEN(currency) = 3)
);
