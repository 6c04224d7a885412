-- What terminals and we do not agree about, as cases that two people decide, with slips as evidence.
-- Before: a row of a batch kept its verdict, and that was all.
-- After: each row that is not ours too is a case; so is an advice that the network refuses.

CREATE TABLE pos_differences (
  terminal_id BIGINT NOT NULL,
  batch BIGINT NOT NULL,
  trace BIGINT NOT NULL,
  merchant_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  said BIGINT,
  ours BIGINT,
  trade_id BIGINT,
  slip BYTEA,
  outcome TEXT,
  reference TEXT,
  note TEXT,
  proposed_by TEXT,
  approved_by TEXT,
  opened_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (terminal_id, batch, trace, kind),
  CHECK (approved_by IS NULL OR approved_by <> proposed_by)
);
CREATE INDEX pos_differences_open ON pos_differences (opened_at) WHERE approved_by IS NULL;

CREATE TABLE pos_slips (
  hash BYTEA NOT NULL PRIMARY KEY,
  media_type TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE TRIGGER pos_slips_append_only BEFORE UPDATE OR DELETE ON pos_slips FOR EACH ROW EXECUTE FUNCTION refuse_change();
