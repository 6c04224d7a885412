-- Codes that payers scan: plates, and what came of scanning them.
-- Before: a code was made by a channel for one order.
-- After: a store has plates of its own that every app can scan; each scan is kept, and what a payer chose.

CREATE TABLE plates (
  id INTEGER NOT NULL PRIMARY KEY,
  merchant_id INTEGER NOT NULL REFERENCES merchants (id),
  store_id INTEGER NOT NULL REFERENCES stores (id),
  terminal_id INTEGER NOT NULL REFERENCES terminals (id),
  scheme TEXT NOT NULL,
  address TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
);
CREATE INDEX plates_by_merchant ON plates (merchant_id, id);

CREATE TABLE scans (
  id INTEGER NOT NULL PRIMARY KEY,
  plate_id INTEGER,
  order_id INTEGER,
  app TEXT NOT NULL,
  outcome TEXT NOT NULL
);
CREATE INDEX scans_by_plate ON scans (plate_id, id);
CREATE INDEX scans_by_order ON scans (order_id, id);

-- What a payer chose on a cashier page, beside the order itself.
CREATE TABLE checkouts (
  order_id INTEGER NOT NULL PRIMARY KEY,
  plate_id INTEGER,
  tip INTEGER NOT NULL CHECK (tip >= 0),
  return_url TEXT
);
CREATE INDEX checkouts_by_plate ON checkouts (plate_id, order_id);
