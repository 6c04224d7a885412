-- What terminals load from the host: parameters, public keys of card schemes, applications of chip cards.
-- Before: a terminal brought its own.
-- After: operators set it in versions, and each terminal's row says which version it has.

CREATE TABLE pos_downloads (
  version INTEGER NOT NULL PRIMARY KEY,
  downloads TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE TRIGGER pos_downloads_no_update BEFORE UPDATE ON pos_downloads BEGIN SELECT RAISE(ABORT, 'pos_downloads are append-only'); END;
CREATE TRIGGER pos_downloads_no_delete BEFORE DELETE ON pos_downloads BEGIN SELECT RAISE(ABORT, 'pos_downloads are append-only'); END;
ALTER TABLE pos_terminals ADD COLUMN loaded_parameters INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pos_terminals ADD COLUMN loaded_ca_keys INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pos_terminals ADD COLUMN loaded_aids INTEGER NOT NULL DEFAULT 0;
