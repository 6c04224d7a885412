-- Keys come and go in components, each known to one custodian.
-- Before: a terminal's master key was shown to one person in two components.
-- After: custodians give or take their component each by himself; what is shown once is forgotten.

CREATE TABLE key_custodians (
  name TEXT NOT NULL PRIMARY KEY,
  verifier BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
);

CREATE TABLE key_ceremonies (
  id INTEGER NOT NULL PRIMARY KEY,
  way TEXT NOT NULL,
  sm4 INTEGER NOT NULL,
  wanted INTEGER NOT NULL,
  parts TEXT NOT NULL,
  sealed_key BLOB,
  check_value TEXT,
  terminal_id INTEGER,
  opened_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
