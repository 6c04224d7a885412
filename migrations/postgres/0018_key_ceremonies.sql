-- Keys come and go in components, each known to one custodian.
-- Before: a terminal's master key was shown to one person in two components.
-- After: custodians give or take their component each by himself; what is shown once is forgotten.

CREATE TABLE key_custodians (
  name TEXT NOT NULL PRIMARY KEY,
  verifier BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT
);

CREATE TABLE key_ceremonies (
  id BIGINT NOT NULL PRIMARY KEY,
  way TEXT NOT NULL,
  sm4 BIGINT NOT NULL,
  wanted BIGINT NOT NULL,
  parts TEXT NOT NULL,
  sealed_key BYTEA,
  check_value TEXT,
  terminal_id BIGINT,
  opened_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
