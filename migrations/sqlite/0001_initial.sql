-- The first tables. Times are milliseconds since 1970 in UTC; dates are yyyymmdd; amounts are minor
-- units beside their currency; states are the words of the domain's enums.

CREATE TABLE merchants (
  id INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  created_at INTEGER NOT NULL
);

CREATE TABLE stores (
  id INTEGER NOT NULL PRIMARY KEY,
  merchant_id INTEGER NOT NULL REFERENCES merchants (id),
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL
);

CREATE TABLE terminals (
  id INTEGER NOT NULL PRIMARY KEY,
  merchant_id INTEGER NOT NULL REFERENCES merchants (id),
  store_id INTEGER NOT NULL REFERENCES stores (id),
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
);

CREATE TABLE api_keys (
  name TEXT NOT NULL PRIMARY KEY,
  merchant_id INTEGER NOT NULL REFERENCES merchants (id),
  terminal_id INTEGER REFERENCES terminals (id),
  algorithm TEXT NOT NULL,
  public_key TEXT,
  sealed BLOB,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
);

-- The platform's own signing keys: the private half is sealed with the master key.
CREATE TABLE platform_keys (
  name TEXT NOT NULL PRIMARY KEY,
  algorithm TEXT NOT NULL,
  public_key TEXT NOT NULL,
  sealed BLOB NOT NULL,
  created_at INTEGER NOT NULL
);

-- One row per version: an old version goes on verifying what was started under it.
CREATE TABLE channel_accounts (
  id INTEGER NOT NULL PRIMARY KEY,
  channel TEXT NOT NULL,
  account_no TEXT NOT NULL,
  version INTEGER NOT NULL,
  live INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (channel, account_no, version)
);

CREATE TABLE merchant_channels (
  merchant_id INTEGER NOT NULL REFERENCES merchants (id),
  channel TEXT NOT NULL,
  channel_account_id INTEGER NOT NULL REFERENCES channel_accounts (id),
  PRIMARY KEY (merchant_id, channel)
) WITHOUT ROWID;

CREATE TABLE orders (
  id INTEGER NOT NULL PRIMARY KEY,
  merchant_id INTEGER NOT NULL,
  merchant_no TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  description TEXT NOT NULL,
  attach TEXT,
  notify_url TEXT,
  terminal_id INTEGER,
  state TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  paid_at INTEGER,
  updated_at INTEGER NOT NULL,
  UNIQUE (merchant_id, merchant_no)
);
CREATE INDEX orders_by_merchant ON orders (merchant_id, id);

CREATE TABLE legs (
  order_id INTEGER NOT NULL,
  id INTEGER NOT NULL,
  channel TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  state TEXT NOT NULL,
  refunding INTEGER NOT NULL CHECK (refunding >= 0),
  refunded INTEGER NOT NULL CHECK (refunded >= 0),
  PRIMARY KEY (order_id, id),
  CHECK (refunding + refunded <= amount)
) WITHOUT ROWID;

CREATE TABLE attempts (
  order_id INTEGER NOT NULL,
  id INTEGER NOT NULL,
  leg_id INTEGER NOT NULL,
  channel_account_id INTEGER NOT NULL,
  way TEXT NOT NULL,
  amount INTEGER NOT NULL,
  currency TEXT NOT NULL,
  state TEXT NOT NULL,
  code_url TEXT,
  trade_no TEXT,
  paid_at INTEGER,
  payer TEXT,
  refusal_code TEXT,
  refusal_message TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (order_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX attempts_by_id ON attempts (id);

CREATE TABLE refunds (
  order_id INTEGER NOT NULL,
  id INTEGER NOT NULL,
  leg_id INTEGER NOT NULL,
  attempt_id INTEGER NOT NULL,
  merchant_id INTEGER NOT NULL,
  merchant_no TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  origin TEXT NOT NULL,
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
  UNIQUE (merchant_id, merchant_no)
) WITHOUT ROWID;
CREATE UNIQUE INDEX refunds_by_id ON refunds (id);
CREATE INDEX refunds_by_merchant ON refunds (merchant_id, id);

CREATE TABLE refund_tries (
  refund_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  order_id INTEGER NOT NULL,
  sent_at INTEGER NOT NULL,
  outcome TEXT,
  PRIMARY KEY (refund_id, number)
) WITHOUT ROWID;

CREATE TABLE accounts (
  id INTEGER NOT NULL PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  debits_posted INTEGER NOT NULL,
  credits_posted INTEGER NOT NULL,
  debits_pending INTEGER NOT NULL,
  credits_pending INTEGER NOT NULL,
  closed INTEGER NOT NULL,
  credit_limit INTEGER NOT NULL
);

-- What batches added to an account since its row was last folded.
CREATE TABLE account_deltas (
  account_id INTEGER NOT NULL,
  batch_id INTEGER NOT NULL,
  debits_posted INTEGER NOT NULL,
  credits_posted INTEGER NOT NULL,
  debits_pending INTEGER NOT NULL,
  credits_pending INTEGER NOT NULL,
  PRIMARY KEY (account_id, batch_id)
) WITHOUT ROWID;

CREATE TABLE journals (
  id INTEGER NOT NULL PRIMARY KEY,
  rule TEXT NOT NULL,
  subject TEXT NOT NULL,
  accounting_date INTEGER NOT NULL,
  booked_at INTEGER NOT NULL,
  content_hash BLOB NOT NULL,
  corrects INTEGER
);

CREATE TABLE entries (
  journal_id INTEGER NOT NULL,
  line INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  side TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0),
  PRIMARY KEY (journal_id, line)
) WITHOUT ROWID;
CREATE INDEX entries_by_account ON entries (account_id, journal_id);

CREATE TABLE notifications (
  id INTEGER NOT NULL PRIMARY KEY,
  merchant_id INTEGER NOT NULL,
  order_id INTEGER NOT NULL,
  event TEXT NOT NULL,
  url TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL,
  tries INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  delivered_at INTEGER
);
CREATE INDEX notifications_by_merchant ON notifications (merchant_id, id);

CREATE TABLE notification_tries (
  notification_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  sent_at INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  PRIMARY KEY (notification_id, number)
) WITHOUT ROWID;

-- Work that waits for its time: one job per kind and subject. A lease keeps it with one process.
CREATE TABLE jobs (
  kind TEXT NOT NULL,
  subject INTEGER NOT NULL,
  order_id INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  looks INTEGER NOT NULL,
  lease_until INTEGER NOT NULL,
  PRIMARY KEY (kind, subject)
) WITHOUT ROWID;
CREATE INDEX jobs_by_due ON jobs (due_at);

-- Which process makes ids under which node number.
CREATE TABLE nodes (
  node INTEGER NOT NULL PRIMARY KEY,
  owner TEXT NOT NULL,
  lease_until INTEGER NOT NULL
);

-- Nothing posted is edited or deleted; corrections are new journals that name the old.
CREATE TRIGGER journals_no_update BEFORE UPDATE ON journals BEGIN SELECT RAISE(ABORT, 'journals are append-only'); END;
CREATE TRIGGER journals_no_delete BEFORE DELETE ON journals BEGIN SELECT RAISE(ABORT, 'journals are append-only'); END;
CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
