-- Shifts of a till's cash drawer.
-- Before: cash was taken without a count.
-- After: a shift knows what should lie in the drawer, and what was counted.

CREATE TABLE shifts (
  id INTEGER NOT NULL PRIMARY KEY,
  merchant_id INTEGER NOT NULL,
  terminal_id INTEGER NOT NULL,
  opened_by TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  float INTEGER NOT NULL CHECK (float >= 0),
  taken INTEGER NOT NULL CHECK (taken >= 0),
  returned INTEGER NOT NULL CHECK (returned >= 0),
  currency TEXT NOT NULL,
  closed_by TEXT,
  closed_at INTEGER,
  counted INTEGER
);
CREATE UNIQUE INDEX shifts_open ON shifts (terminal_id) WHERE closed_at IS NULL;
CREATE INDEX shifts_by_merchant ON shifts (merchant_id, id);
