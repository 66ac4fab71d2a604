-- One row a SKU. The database itself keeps promise P2: nothing below zero, nothing lost.
CREATE TABLE item (
  [id]        nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [version]   bigint NOT NULL,
  [name]      nvarchar(200) NOT NULL,
  [price]     bigint NOT NULL,
  [currency]  nvarchar(3) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [listing]   bigint NOT NULL,
  [received]  bigint NOT NULL,
  [available] bigint NOT NULL,
  [reserved]  bigint NOT NULL,
  [sold]      bigint NOT NULL,
  CONSTRAINT item_id PRIMARY KEY CLUSTERED ([id]),
  CONSTRAINT item_version_positive CHECK (version > 0),
  CONSTRAINT item_price_positive CHECK (price > 0),
  CONSTRAINT item_currency_three_letters CHECK (LEN(currency) = 3),
  CONSTRAINT item_listing_positive CHECK (listing > 0),
  CONSTRAINT item_available_not_negative CHECK (available >= 0),
  CONSTRAINT item_reserved_not_negative CHECK (reserved >= 0),
  CONSTRAINT item_sold_not_negative CHECK (sold >= 0),
  CONSTRAINT item_stock_conserved CHECK (received = available + reserved + sold)
);

-- What each order holds, or why it holds nothing.
CREATE TABLE reservation (
  [id]       binary(16) NOT NULL,
  [version]  bigint NOT NULL,
  [status]   nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [reason]   nvarchar(20) COLLATE Latin1_General_100_BIN2 NULL,
  [sku]      nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL,
  [lines]    nvarchar(max) NOT NULL,
  [at]       bigint NOT NULL,
  [deadline] bigint NOT NULL,
  CONSTRAINT reservation_id PRIMARY KEY CLUSTERED ([id]),
  CONSTRAINT reservation_version_positive CHECK (version > 0),
  CONSTRAINT reservation_status_known CHECK (status IN ('held', 'rejected', 'sold', 'released', 'shut')),
  CONSTRAINT reservation_rejected_with_reason CHECK (
    CASE WHEN reason IS NULL THEN 0 ELSE 1 END = CASE WHEN status = 'rejected' THEN 1 ELSE 0 END),
  CONSTRAINT reservation_lines_json CHECK (ISJSON(lines) = 1)
);

CREATE TABLE receipt (
  [id]       binary(16) NOT NULL,
  [version]  bigint NOT NULL,
  [sku]      nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [quantity] bigint NOT NULL,
  [at]       bigint NOT NULL,
  CONSTRAINT receipt_id PRIMARY KEY CLUSTERED ([id]),
  CONSTRAINT receipt_version_positive CHECK (version > 0),
  CONSTRAINT receipt_quantity_positive CHECK (quantity > 0)
);
