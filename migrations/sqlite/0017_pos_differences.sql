-- What terminals and we do not agree about, as cases that two people decide, with slips as evidence.
-- Before: a row of a batch kept its verdict, and that was all.
-- After: each row that is not ours too is a case; so is an advice that the network refuses.

CREATE TABLE pos_differences (
  terminal_id INTEGER NOT NULL,
  batch INTEGER NOT NULL,
  trace INTEGER NOT NULL,
  merchant_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  said INTEGER,
  ours INTEGER,
  trade_id INTEGER,
  slip BLOB,
  outcome TEXT,
  reference TEXT,
  note TEXT,
  proposed_by TEXT,
  approved_by TEXT,
  opened_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (terminal_id, batch, trace, kind),
  CHECK (approved_by IS NULL OR approved_by <> proposed_by)
);
CREATE INDEX pos_differences_open ON pos_differences (opened_at) WHERE approved_by IS NULL;

CREATE TABLE pos_slips (
  hash BLOB NOT NULL PRIMARY KEY,
  media_type TEXT NOT NULL,
  sealed BLOB NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE TRIGGER pos_slips_no_update BEFORE UPDATE ON pos_slips BEGIN SELECT RAISE(ABORT, 'pos_slips are append-only'); END;
CREATE TRIGGER pos_slips_no_delete BEFORE DELETE ON pos_slips BEGIN SELECT RAISE(ABORT, 'pos_slips are append-only'); END;
