-- Price lists, and the price that each trade was made at.
-- Before: trades had no price.
-- After: a price list of a merchant, of the institution, or of our account at a channel is kept in all
-- its versions; a leg keeps what it costs and by which rule; a refund, what of the fee goes back.

CREATE TABLE fee_schedules (
  owner TEXT NOT NULL,
  version BIGINT NOT NULL,
  schedule TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (owner, version)
);
CREATE TRIGGER fee_schedules_append_only BEFORE UPDATE OR DELETE ON fee_schedules FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What was paid in a month, counted for those whose price depends on it. The month is yyyymm in China.
CREATE TABLE fee_volumes (
  owner TEXT NOT NULL,
  month BIGINT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount >= 0),
  PRIMARY KEY (owner, month)
);

ALTER TABLE legs ADD COLUMN fee BIGINT;
ALTER TABLE legs ADD COLUMN fee_rule TEXT;
ALTER TABLE legs ADD COLUMN cost BIGINT;
ALTER TABLE legs ADD COLUMN cost_rule TEXT;
ALTER TABLE refunds ADD COLUMN keeps_fee BIGINT NOT NULL DEFAULT 0;
ALTER TABLE refunds ADD COLUMN fee_back BIGINT;
