-- Tills that people stand at.
-- Before: a terminal's key was a secret that an operator handed over, and whoever had it could do all.
-- After: a terminal is activated once by a code, with a key pair of its own; who stands at it signs in; what it
-- offers is settled per institution, merchant and store.

ALTER TABLE api_keys ADD COLUMN attended BIGINT NOT NULL DEFAULT 0;
CREATE INDEX api_keys_by_terminal ON api_keys (terminal_id);
CREATE INDEX orders_by_terminal ON orders (terminal_id, id);

CREATE TABLE activations (
  verifier BYTEA NOT NULL PRIMARY KEY,
  terminal_id BIGINT NOT NULL REFERENCES terminals (id),
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT,
  key_name TEXT,
  key_hash BYTEA
);
CREATE INDEX activations_by_terminal ON activations (terminal_id);

CREATE TABLE staff (
  merchant_id BIGINT NOT NULL REFERENCES merchants (id),
  number TEXT NOT NULL,
  name TEXT NOT NULL,
  verifier BYTEA NOT NULL,
  rights TEXT NOT NULL,
  failures BIGINT NOT NULL,
  locked_until BIGINT,
  tokens_from BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT,
  PRIMARY KEY (merchant_id, number)
);

-- Settings as people write them; the owner is the institution (empty), a merchant or a store.
CREATE TABLE cashier_settings (
  owner TEXT NOT NULL PRIMARY KEY,
  settings TEXT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE cashier_logos (
  owner TEXT NOT NULL PRIMARY KEY,
  media_type TEXT NOT NULL,
  bytes BYTEA NOT NULL,
  hash BYTEA NOT NULL,
  updated_at BIGINT NOT NULL
);
