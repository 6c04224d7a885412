-- Terminals at the POS host, and what they asked.
-- Before: a terminal was a till that calls the API.
-- After: a terminal may speak ISO 8583, with keys and batches of its own, and each of its transactions is known by terminal, batch and trace.

CREATE TABLE pos_terminals (
  terminal_id BIGINT NOT NULL PRIMARY KEY,
  merchant_id BIGINT NOT NULL,
  terminal_no TEXT NOT NULL,
  merchant_code TEXT NOT NULL,
  model TEXT NOT NULL,
  sealed_keys BYTEA NOT NULL,
  master_check TEXT NOT NULL,
  state TEXT NOT NULL,
  batch BIGINT NOT NULL CHECK (batch >= 1),
  settled BIGINT NOT NULL CHECK (settled IN (0, 1)),
  signed_on_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX pos_terminals_by_no ON pos_terminals (terminal_no, merchant_code);

CREATE TABLE pos_trades (
  id BIGINT NOT NULL PRIMARY KEY,
  terminal_id BIGINT NOT NULL,
  batch BIGINT NOT NULL,
  trace BIGINT NOT NULL,
  merchant_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount >= 0),
  currency TEXT NOT NULL,
  content_hash BYTEA NOT NULL,
  masked TEXT,
  token BYTEA,
  sealed_card BYTEA,
  reference TEXT NOT NULL,
  order_id BIGINT,
  refund_id BIGINT,
  state TEXT NOT NULL,
  code TEXT,
  auth_code TEXT,
  settled_on TEXT,
  institutions TEXT,
  balance TEXT,
  chip BYTEA,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX pos_trades_by_key ON pos_trades (terminal_id, batch, trace);
CREATE INDEX pos_trades_by_reference ON pos_trades (terminal_id, reference);
CREATE INDEX pos_trades_by_order ON pos_trades (order_id);

CREATE TABLE pos_batches (
  terminal_id BIGINT NOT NULL,
  batch BIGINT NOT NULL,
  merchant_id BIGINT NOT NULL,
  asked TEXT NOT NULL,
  ours TEXT NOT NULL,
  uploaded BIGINT,
  settled_at BIGINT NOT NULL,
  ended_at BIGINT,
  PRIMARY KEY (terminal_id, batch)
);

CREATE TABLE pos_uploads (
  terminal_id BIGINT NOT NULL,
  batch BIGINT NOT NULL,
  trace BIGINT NOT NULL,
  verdict TEXT NOT NULL,
  masked TEXT,
  amount BIGINT NOT NULL CHECK (amount >= 0),
  trade_id BIGINT,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (terminal_id, batch, trace)
);
