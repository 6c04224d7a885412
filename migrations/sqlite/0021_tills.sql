-- Tills that people stand at.
-- Before: a terminal's key was a secret that an operator handed over, and whoever had it could do all.
-- After: a terminal is activated once by a code, with a key pair of its own; who stands at it signs in; what it
-- offers is settled per institution, merchant and store.

ALTER TABLE api_keys ADD COLUMN attended INTEGER NOT NULL DEFAULT 0;
CREATE INDEX api_keys_by_terminal ON api_keys (terminal_id);
CREATE INDEX orders_by_terminal ON orders (terminal_id, id);

CREATE TABLE activations (
  verifier BLOB NOT NULL PRIMARY KEY,
  terminal_id INTEGER NOT NULL REFERENCES terminals (id),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  key_name TEXT,
  key_hash BLOB
);
CREATE INDEX activations_by_terminal ON activations (terminal_id);

CREATE TABLE staff (
  merchant_id INTEGER NOT NULL REFERENCES merchants (id),
  number TEXT NOT NULL,
  name TEXT NOT NULL,
  verifier BLOB NOT NULL,
  rights TEXT NOT NULL,
  failures INTEGER NOT NULL,
  locked_until INTEGER,
  tokens_from INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER,
  PRIMARY KEY (merchant_id, number)
);

-- Settings as people write them; the owner is the institution (empty), a merchant or a store.
CREATE TABLE cashier_settings (
  owner TEXT NOT NULL PRIMARY KEY,
  settings TEXT NOT NULL,
  updated_at INTEGER NOT NULL
);

CREATE TABLE cashier_logos (
  owner TEXT NOT NULL PRIMARY KEY,
  media_type TEXT NOT NULL,
  bytes BLOB NOT NULL,
  hash BLOB NOT NULL,
  updated_at INTEGER NOT NULL
);
