-- Several accounts per merchant and channel, and why each payment took the one that it took.
-- Before: a merchant had one account per channel.
-- After: he has any number; rules in versions choose among them, within what each may take; an attempt
-- keeps the decision, and the day on which its amount is reserved.

CREATE TABLE open_channels (
  merchant_id BIGINT NOT NULL REFERENCES merchants (id),
  channel TEXT NOT NULL,
  account_no TEXT NOT NULL,
  channel_account_id BIGINT NOT NULL REFERENCES channel_accounts (id),
  self_collected BIGINT NOT NULL,
  priority BIGINT NOT NULL,
  closed BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, channel, account_no)
);
INSERT INTO open_channels
  SELECT m.merchant_id, m.channel, a.account_no, m.channel_account_id, m.self_collected, 0, 0
  FROM merchant_channels m JOIN channel_accounts a ON a.id = m.channel_account_id;
DROP TABLE merchant_channels;
ALTER TABLE open_channels RENAME TO merchant_channels;

CREATE TABLE routing_rules (
  version BIGINT NOT NULL PRIMARY KEY,
  rules TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE TRIGGER routing_rules_append_only BEFORE UPDATE OR DELETE ON routing_rules FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE account_limits (
  owner TEXT NOT NULL PRIMARY KEY,
  limits TEXT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- What an account with limits has taken and reserved. The day is yyyymmdd in China, 0 before the first.
CREATE TABLE account_usage (
  owner TEXT NOT NULL,
  currency TEXT NOT NULL,
  day BIGINT NOT NULL,
  day_amount BIGINT NOT NULL CHECK (day_amount >= 0),
  day_count BIGINT NOT NULL CHECK (day_count >= 0),
  month_amount BIGINT NOT NULL CHECK (month_amount >= day_amount),
  month_count BIGINT NOT NULL CHECK (month_count >= day_count),
  total_amount BIGINT NOT NULL CHECK (total_amount >= month_amount),
  total_count BIGINT NOT NULL CHECK (total_count >= month_count),
  pending_amount BIGINT NOT NULL CHECK (pending_amount >= 0),
  pending_count BIGINT NOT NULL CHECK (pending_count >= 0),
  PRIMARY KEY (owner, currency)
);

ALTER TABLE attempts ADD COLUMN reserved_on BIGINT;
ALTER TABLE attempts ADD COLUMN route TEXT;
