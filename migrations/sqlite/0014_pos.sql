-- Terminals at the POS host, and what they asked.
-- Before: a terminal was a till that calls the API.
-- After: a terminal may speak ISO 8583, with keys and batches of its own, and each of its transactions is known by terminal, batch and trace.

CREATE TABLE pos_terminals (
  terminal_id INTEGER NOT NULL PRIMARY KEY,
  merchant_id INTEGER NOT NULL,
  terminal_no TEXT NOT NULL,
  merchant_code TEXT NOT NULL,
  model TEXT NOT NULL,
  sealed_keys BLOB NOT NULL,
  master_check TEXT NOT NULL,
  state TEXT NOT NULL,
  batch INTEGER NOT NULL CHECK (batch >= 1),
  settled INTEGER NOT NULL CHECK (settled IN (0, 1)),
  signed_on_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX pos_terminals_by_no ON pos_terminals (terminal_no, merchant_code);

CREATE TABLE pos_trades (
  id INTEGER NOT NULL PRIMARY KEY,
  terminal_id INTEGER NOT NULL,
  batch INTEGER NOT NULL,
  trace INTEGER NOT NULL,
  merchant_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount >= 0),
  currency TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  masked TEXT,
  token BLOB,
  sealed_card BLOB,
  reference TEXT NOT NULL,
  order_id INTEGER,
  refund_id INTEGER,
  state TEXT NOT NULL,
  code TEXT,
  auth_code TEXT,
  settled_on TEXT,
  institutions TEXT,
  balance TEXT,
  chip BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX pos_trades_by_key ON pos_trades (terminal_id, batch, trace);
CREATE INDEX pos_trades_by_reference ON pos_trades (terminal_id, reference);
CREATE INDEX pos_trades_by_order ON pos_trades (order_id);

CREATE TABLE pos_batches (
  terminal_id INTEGER NOT NULL,
  batch INTEGER NOT NULL,
  merchant_id INTEGER NOT NULL,
  asked TEXT NOT NULL,
  ours TEXT NOT NULL,
  uploaded INTEGER,
  settled_at INTEGER NOT NULL,
  ended_at INTEGER,
  PRIMARY KEY (terminal_id, batch)
);

CREATE TABLE pos_uploads (
  terminal_id INTEGER NOT NULL,
  batch INTEGER NOT NULL,
  trace INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  masked TEXT,
  amount INTEGER NOT NULL CHECK (amount >= 0),
  trade_id INTEGER,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (terminal_id, batch, trace)
);
