-- The first tables. Times are milliseconds since 1970 in UTC; dates are yyyymmdd; amounts are minor
-- units beside their currency; states are the words of the domain's enums.

CREATE TABLE merchants (
  id BIGINT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE stores (
  id BIGINT NOT NULL PRIMARY KEY,
  merchant_id BIGINT NOT NULL REFERENCES merchants (id),
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE terminals (
  id BIGINT NOT NULL PRIMARY KEY,
  merchant_id BIGINT NOT NULL REFERENCES merchants (id),
  store_id BIGINT NOT NULL REFERENCES stores (id),
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT
);

CREATE TABLE api_keys (
  name TEXT NOT NULL PRIMARY KEY,
  merchant_id BIGINT NOT NULL REFERENCES merchants (id),
  terminal_id BIGINT REFERENCES terminals (id),
  algorithm TEXT NOT NULL,
  public_key TEXT,
  sealed BYTEA,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT
);

-- The platform's own signing keys: the private half is sealed with the master key.
CREATE TABLE platform_keys (
  name TEXT NOT NULL PRIMARY KEY,
  algorithm TEXT NOT NULL,
  public_key TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);

-- One row per version: an old version goes on verifying what was started under it.
CREATE TABLE channel_accounts (
  id BIGINT NOT NULL PRIMARY KEY,
  channel TEXT NOT NULL,
  account_no TEXT NOT NULL,
  version BIGINT NOT NULL,
  live BIGINT NOT NULL,
  sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (channel, account_no, version)
);

CREATE TABLE merchant_channels (
  merchant_id BIGINT NOT NULL REFERENCES merchants (id),
  channel TEXT NOT NULL,
  channel_account_id BIGINT NOT NULL REFERENCES channel_accounts (id),
  PRIMARY KEY (merchant_id, channel)
);

CREATE TABLE orders (
  id BIGINT NOT NULL PRIMARY KEY,
  merchant_id BIGINT NOT NULL,
  merchant_no TEXT NOT NULL,
  content_hash BYTEA NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  description TEXT NOT NULL,
  attach TEXT,
  notify_url TEXT,
  terminal_id BIGINT,
  state TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  paid_at BIGINT,
  updated_at BIGINT NOT NULL,
  UNIQUE (merchant_id, merchant_no)
);
CREATE INDEX orders_by_merchant ON orders (merchant_id, id);

CREATE TABLE legs (
  order_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  channel TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  state TEXT NOT NULL,
  refunding BIGINT NOT NULL CHECK (refunding >= 0),
  refunded BIGINT NOT NULL CHECK (refunded >= 0),
  PRIMARY KEY (order_id, id),
  CHECK (refunding + refunded <= amount)
);

CREATE TABLE attempts (
  order_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  leg_id BIGINT NOT NULL,
  channel_account_id BIGINT NOT NULL,
  way TEXT NOT NULL,
  amount BIGINT NOT NULL,
  currency TEXT NOT NULL,
  state TEXT NOT NULL,
  code_url TEXT,
  trade_no TEXT,
  paid_at BIGINT,
  payer TEXT,
  refusal_code TEXT,
  refusal_message TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (order_id, id)
);
CREATE UNIQUE INDEX attempts_by_id ON attempts (id);

CREATE TABLE refunds (
  order_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  leg_id BIGINT NOT NULL,
  attempt_id BIGINT NOT NULL,
  merchant_id BIGINT NOT NULL,
  merchant_no TEXT NOT NULL,
  content_hash BYTEA NOT NULL,
  origin TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  from_pending BIGINT NOT NULL,
  reason TEXT NOT NULL,
  notify_url TEXT,
  state TEXT NOT NULL,
  tries BIGINT NOT NULL,
  refusal_code TEXT,
  refusal_message TEXT,
  created_at BIGINT NOT NULL,
  refunded_at BIGINT,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (order_id, id),
  UNIQUE (merchant_id, merchant_no)
);
CREATE UNIQUE INDEX refunds_by_id ON refunds (id);
CREATE INDEX refunds_by_merchant ON refunds (merchant_id, id);

CREATE TABLE refund_tries (
  refund_id BIGINT NOT NULL,
  number BIGINT NOT NULL,
  order_id BIGINT NOT NULL,
  sent_at BIGINT NOT NULL,
  outcome TEXT,
  PRIMARY KEY (refund_id, number)
);

CREATE TABLE accounts (
  id BIGINT NOT NULL PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  debits_posted BIGINT NOT NULL,
  credits_posted BIGINT NOT NULL,
  debits_pending BIGINT NOT NULL,
  credits_pending BIGINT NOT NULL,
  closed BIGINT NOT NULL,
  credit_limit BIGINT NOT NULL
);

-- What batches added to an account since its row was last folded.
CREATE TABLE account_deltas (
  account_id BIGINT NOT NULL,
  batch_id BIGINT NOT NULL,
  debits_posted BIGINT NOT NULL,
  credits_posted BIGINT NOT NULL,
  debits_pending BIGINT NOT NULL,
  credits_pending BIGINT NOT NULL,
  PRIMARY KEY (account_id, batch_id)
);

CREATE TABLE journals (
  id BIGINT NOT NULL PRIMARY KEY,
  rule TEXT NOT NULL,
  subject TEXT NOT NULL,
  accounting_date BIGINT NOT NULL,
  booked_at BIGINT NOT NULL,
  content_hash BYTEA NOT NULL,
  corrects BIGINT
);

CREATE TABLE entries (
  journal_id BIGINT NOT NULL,
  line BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  side TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  PRIMARY KEY (journal_id, line)
);
CREATE INDEX entries_by_account ON entries (account_id, journal_id);

CREATE TABLE notifications (
  id BIGINT NOT NULL PRIMARY KEY,
  merchant_id BIGINT NOT NULL,
  order_id BIGINT NOT NULL,
  event TEXT NOT NULL,
  url TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL,
  tries BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  delivered_at BIGINT
);
CREATE INDEX notifications_by_merchant ON notifications (merchant_id, id);

CREATE TABLE notification_tries (
  notification_id BIGINT NOT NULL,
  number BIGINT NOT NULL,
  sent_at BIGINT NOT NULL,
  duration_ms BIGINT NOT NULL,
  outcome TEXT NOT NULL,
  PRIMARY KEY (notification_id, number)
);

-- Work that waits for its time: one job per kind and subject. A lease keeps it with one process.
CREATE TABLE jobs (
  kind TEXT NOT NULL,
  subject BIGINT NOT NULL,
  order_id BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  looks BIGINT NOT NULL,
  lease_until BIGINT NOT NULL,
  PRIMARY KEY (kind, subject)
);
CREATE INDEX jobs_by_due ON jobs (due_at);

-- Which process makes ids under which node number.
CREATE TABLE nodes (
  node BIGINT NOT NULL PRIMARY KEY,
  owner TEXT NOT NULL,
  lease_until BIGINT NOT NULL
);

-- Nothing posted is edited or deleted; corrections are new journals that name the old.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% are append-only', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER journals_append_only BEFORE UPDATE OR DELETE ON journals FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE ON entries FOR EACH ROW EXECUTE FUNCTION refuse_change();
