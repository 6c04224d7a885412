-- Combined orders: several legs by several tenders, and returns over several legs.
-- Before: an order had one leg, by a channel; a refund had one attempt.
-- After: a leg has the till's number, its tender and the moment it was booked; a refund may be a void,
-- a part of a return, or of a leg that no channel took.

ALTER TABLE orders ADD COLUMN shape TEXT NOT NULL DEFAULT 'single';

ALTER TABLE legs RENAME COLUMN channel TO tender;
ALTER TABLE legs ADD COLUMN no INTEGER NOT NULL DEFAULT 1;
ALTER TABLE legs ADD COLUMN content_hash BLOB;
ALTER TABLE legs ADD COLUMN reference TEXT;
ALTER TABLE legs ADD COLUMN booked_at INTEGER;
UPDATE legs SET booked_at = (SELECT updated_at FROM attempts a WHERE a.order_id = legs.order_id AND a.leg_id = legs.id AND a.state = 'paid')
  WHERE state = 'paid';

CREATE TABLE refunds_2 (
  order_id INTEGER NOT NULL,
  id INTEGER NOT NULL,
  leg_id INTEGER NOT NULL,
  attempt_id INTEGER,
  merchant_id INTEGER NOT NULL,
  merchant_no TEXT NOT NULL,
  part INTEGER NOT NULL,
  parts INTEGER NOT NULL,
  content_hash BLOB NOT NULL,
  origin TEXT NOT NULL,
  kind TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  from_pending INTEGER NOT NULL,
  reason TEXT NOT NULL,
  notify_url TEXT,
  state TEXT NOT NULL,
  tries INTEGER NOT NULL,
  refusal_code TEXT,
  refusal_message TEXT,
  created_at INTEGER NOT NULL,
  refunded_at INTEGER,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (order_id, id),
  UNIQUE (merchant_id, merchant_no, part)
) WITHOUT ROWID;
INSERT INTO refunds_2
  SELECT order_id, id, leg_id, attempt_id, merchant_id, merchant_no, 1, 1, content_hash, origin, 'refund',
    amount, currency, from_pending, reason, notify_url, state, tries, refusal_code, refusal_message,
    created_at, refunded_at, updated_at
  FROM refunds;
DROP TABLE refunds;
ALTER TABLE refunds_2 RENAME TO refunds;
CREATE UNIQUE INDEX refunds_by_id ON refunds (id);
CREATE INDEX refunds_by_merchant ON refunds (merchant_id, id);

-- What a merchant or the institution (merchant 0) settled about refunds, voids and hours.
CREATE TABLE trade_rules (
  merchant_id INTEGER NOT NULL PRIMARY KEY,
  rules TEXT NOT NULL,
  updated_at INTEGER NOT NULL
);
