-- Shifts of a till's cash drawer.
-- Before: cash was taken without a count.
-- After: a shift knows what should lie in the drawer, and what was counted.

CREATE TABLE shifts (
  id BIGINT NOT NULL PRIMARY KEY,
  merchant_id BIGINT NOT NULL,
  terminal_id BIGINT NOT NULL,
  opened_by TEXT NOT NULL,
  opened_at BIGINT NOT NULL,
  float BIGINT NOT NULL CHECK (float >= 0),
  taken BIGINT NOT NULL CHECK (taken >= 0),
  returned BIGINT NOT NULL CHECK (returned >= 0),
  currency TEXT NOT NULL,
  closed_by TEXT,
  closed_at BIGINT,
  counted BIGINT
);
CREATE UNIQUE INDEX shifts_open ON shifts (terminal_id) WHERE closed_at IS NULL;
CREATE INDEX shifts_by_merchant ON shifts (merchant_id, id);
