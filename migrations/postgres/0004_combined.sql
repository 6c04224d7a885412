-- Combined orders: several legs by several tenders, and returns over several legs.
-- Before: an order had one leg, by a channel; a refund had one attempt.
-- After: a leg has the till's number, its tender and the moment it was booked; a refund may be a void,
-- a part of a return, or of a leg that no channel took.

ALTER TABLE orders ADD COLUMN shape TEXT NOT NULL DEFAULT 'single';

ALTER TABLE legs RENAME COLUMN channel TO tender;
ALTER TABLE legs ADD COLUMN no BIGINT NOT NULL DEFAULT 1;
ALTER TABLE legs ADD COLUMN content_hash BYTEA;
ALTER TABLE legs ADD COLUMN reference TEXT;
ALTER TABLE legs ADD COLUMN booked_at BIGINT;
UPDATE legs SET booked_at = a.updated_at FROM attempts a
  WHERE a.order_id = legs.order_id AND a.leg_id = legs.id AND a.state = 'paid' AND legs.state = 'paid';

ALTER TABLE refunds ALTER COLUMN attempt_id DROP NOT NULL;
ALTER TABLE refunds ADD COLUMN part BIGINT NOT NULL DEFAULT 1;
ALTER TABLE refunds ADD COLUMN parts BIGINT NOT NULL DEFAULT 1;
ALTER TABLE refunds ADD COLUMN kind TEXT NOT NULL DEFAULT 'refund';
ALTER TABLE refunds ALTER COLUMN part DROP DEFAULT;
ALTER TABLE refunds ALTER COLUMN parts DROP DEFAULT;
ALTER TABLE refunds ALTER COLUMN kind DROP DEFAULT;
ALTER TABLE refunds DROP CONSTRAINT refunds_merchant_id_merchant_no_key;
ALTER TABLE refunds ADD UNIQUE (merchant_id, merchant_no, part);

-- What a merchant or the institution (merchant 0) settled about refunds, voids and hours.
CREATE TABLE trade_rules (
  merchant_id BIGINT NOT NULL PRIMARY KEY,
  rules TEXT NOT NULL,
  updated_at BIGINT NOT NULL
);
