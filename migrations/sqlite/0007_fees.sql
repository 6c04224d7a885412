-- Price lists, and the price that each trade was made at.
-- Before: trades had no price.
-- After: a price list of a merchant, of the institution, or of our account at a channel is kept in all
-- its versions; a leg keeps what it costs and by which rule; a refund, what of the fee goes back.

CREATE TABLE fee_schedules (
  owner TEXT NOT NULL,
  version INTEGER NOT NULL,
  schedule TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (owner, version)
) WITHOUT ROWID;
CREATE TRIGGER fee_schedules_no_update BEFORE UPDATE ON fee_schedules BEGIN SELECT RAISE(ABORT, 'fee_schedules are append-only'); END;
CREATE TRIGGER fee_schedules_no_delete BEFORE DELETE ON fee_schedules BEGIN SELECT RAISE(ABORT, 'fee_schedules are append-only'); END;

-- What was paid in a month, counted for those whose price depends on it. The month is yyyymm in China.
CREATE TABLE fee_volumes (
  owner TEXT NOT NULL,
  month INTEGER NOT NULL,
  amount INTEGER NOT NULL CHECK (amount >= 0),
  PRIMARY KEY (owner, month)
) WITHOUT ROWID;

ALTER TABLE legs ADD COLUMN fee INTEGER;
ALTER TABLE legs ADD COLUMN fee_rule TEXT;
ALTER TABLE legs ADD COLUMN cost INTEGER;
ALTER TABLE legs ADD COLUMN cost_rule TEXT;
ALTER TABLE refunds ADD COLUMN keeps_fee INTEGER NOT NULL DEFAULT 0;
ALTER TABLE refunds ADD COLUMN fee_back INTEGER;
