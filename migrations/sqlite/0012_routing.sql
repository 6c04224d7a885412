-- Several accounts per merchant and channel, and why each payment took the one that it took.
-- Before: a merchant had one account per channel.
-- After: he has any number; rules in versions choose among them, within what each may take; an attempt
-- keeps the decision, and the day on which its amount is reserved.

CREATE TABLE open_channels (
  merchant_id INTEGER NOT NULL REFERENCES merchants (id),
  channel TEXT NOT NULL,
  account_no TEXT NOT NULL,
  channel_account_id INTEGER NOT NULL REFERENCES channel_accounts (id),
  self_collected INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  closed INTEGER NOT NULL,
  PRIMARY KEY (merchant_id, channel, account_no)
) WITHOUT ROWID;
INSERT INTO open_channels
  SELECT m.merchant_id, m.channel, a.account_no, m.channel_account_id, m.self_collected, 0, 0
  FROM merchant_channels m JOIN channel_accounts a ON a.id = m.channel_account_id;
DROP TABLE merchant_channels;
ALTER TABLE open_channels RENAME TO merchant_channels;

CREATE TABLE routing_rules (
  version INTEGER NOT NULL PRIMARY KEY,
  rules TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE TRIGGER routing_rules_no_update BEFORE UPDATE ON routing_rules BEGIN SELECT RAISE(ABORT, 'routing_rules are append-only'); END;
CREATE TRIGGER routing_rules_no_delete BEFORE DELETE ON routing_rules BEGIN SELECT RAISE(ABORT, 'routing_rules are append-only'); END;

CREATE TABLE account_limits (
  owner TEXT NOT NULL PRIMARY KEY,
  limits TEXT NOT NULL,
  updated_at INTEGER NOT NULL
);

-- What an account with limits has taken and reserved. The day is yyyymmdd in China, 0 before the first.
CREATE TABLE account_usage (
  owner TEXT NOT NULL,
  currency TEXT NOT NULL,
  day INTEGER NOT NULL,
  day_amount INTEGER NOT NULL CHECK (day_amount >= 0),
  day_count INTEGER NOT NULL CHECK (day_count >= 0),
  month_amount INTEGER NOT NULL CHECK (month_amount >= day_amount),
  month_count INTEGER NOT NULL CHECK (month_count >= day_count),
  total_amount INTEGER NOT NULL CHECK (total_amount >= month_amount),
  total_count INTEGER NOT NULL CHECK (total_count >= month_count),
  pending_amount INTEGER NOT NULL CHECK (pending_amount >= 0),
  pending_count INTEGER NOT NULL CHECK (pending_count >= 0),
  PRIMARY KEY (owner, currency)
) WITHOUT ROWID;

ALTER TABLE attempts ADD COLUMN reserved_on INTEGER;
ALTER TABLE attempts ADD COLUMN route TEXT;
