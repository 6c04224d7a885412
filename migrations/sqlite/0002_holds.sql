-- Holds and burnt ids. A hold never changes: its end is a row of its own. An id whose journal or hold
-- was refused for a reason of state is burnt: the same id gets the same refusal for ever.
-- Before: no money was ever held, and no id was kept beside those that were posted.
-- After: jobs may stand without an order (a hold's expiry has none).

CREATE TABLE holds (
  id INTEGER NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  content_hash BLOB NOT NULL
);
CREATE INDEX holds_by_account ON holds (account, id);

CREATE TABLE hold_resolutions (
  hold_id INTEGER NOT NULL PRIMARY KEY REFERENCES holds (id),
  state TEXT NOT NULL,
  posted INTEGER NOT NULL CHECK (posted >= 0),
  journal_id INTEGER,
  resolved_at INTEGER NOT NULL
);

CREATE TABLE burnt_ids (
  kind TEXT NOT NULL,
  id INTEGER NOT NULL,
  content_hash BLOB NOT NULL,
  refusal TEXT NOT NULL,
  burnt_at INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;

CREATE TABLE jobs_2 (
  kind TEXT NOT NULL,
  subject INTEGER NOT NULL,
  order_id INTEGER,
  due_at INTEGER NOT NULL,
  looks INTEGER NOT NULL,
  lease_until INTEGER NOT NULL,
  PRIMARY KEY (kind, subject)
) WITHOUT ROWID;
INSERT INTO jobs_2 SELECT kind, subject, order_id, due_at, looks, lease_until FROM jobs;
DROP TABLE jobs;
ALTER TABLE jobs_2 RENAME TO jobs;
CREATE INDEX jobs_by_due ON jobs (due_at);

CREATE TRIGGER holds_no_update BEFORE UPDATE ON holds BEGIN SELECT RAISE(ABORT, 'holds are append-only'); END;
CREATE TRIGGER holds_no_delete BEFORE DELETE ON holds BEGIN SELECT RAISE(ABORT, 'holds are append-only'); END;
CREATE TRIGGER hold_resolutions_no_update BEFORE UPDATE ON hold_resolutions BEGIN SELECT RAISE(ABORT, 'hold_resolutions are append-only'); END;
CREATE TRIGGER hold_resolutions_no_delete BEFORE DELETE ON hold_resolutions BEGIN SELECT RAISE(ABORT, 'hold_resolutions are append-only'); END;
CREATE TRIGGER burnt_ids_no_update BEFORE UPDATE ON burnt_ids BEGIN SELECT RAISE(ABORT, 'burnt_ids are append-only'); END;
CREATE TRIGGER burnt_ids_no_delete BEFORE DELETE ON burnt_ids BEGIN SELECT RAISE(ABORT, 'burnt_ids are append-only'); END;
