-- What terminals load from the host: parameters, public keys of card schemes, applications of chip cards.
-- Before: a terminal brought its own.
-- After: operators set it in versions, and each terminal's row says which version it has.

CREATE TABLE pos_downloads (
  version BIGINT NOT NULL PRIMARY KEY,
  downloads TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE TRIGGER pos_downloads_append_only BEFORE UPDATE OR DELETE ON pos_downloads FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE pos_terminals ADD COLUMN loaded_parameters BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pos_terminals ADD COLUMN loaded_ca_keys BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pos_terminals ADD COLUMN loaded_aids BIGINT NOT NULL DEFAULT 0;
