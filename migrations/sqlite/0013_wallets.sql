-- Wallets, and discounts that the platform pays for.
-- Before: orders were sales, paid by channels, cash or the merchant's own coupons.
-- After: an order may be a top-up of a prepaid card or a balance; a leg may be paid by one, and keeps what
-- it took from which top-up; a leg may be a discount out of a campaign's budget.

CREATE TABLE wallets (
  id INTEGER NOT NULL PRIMARY KEY,
  merchant_id INTEGER NOT NULL,
  wallet_no TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  holder TEXT,
  currency TEXT NOT NULL,
  expires_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (merchant_id, wallet_no)
);
CREATE INDEX wallets_by_merchant ON wallets (merchant_id, id);

-- One per paid top-up.
CREATE TABLE lots (
  order_id INTEGER NOT NULL PRIMARY KEY,
  wallet_id INTEGER NOT NULL,
  currency TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0),
  gift INTEGER NOT NULL CHECK (gift >= 0),
  spent INTEGER NOT NULL CHECK (spent >= 0),
  gift_spent INTEGER NOT NULL CHECK (gift_spent >= 0),
  returned INTEGER NOT NULL CHECK (returned >= 0),
  lapsed INTEGER NOT NULL CHECK (lapsed >= 0),
  CHECK (spent + returned <= amount),
  CHECK (gift_spent + lapsed <= gift)
);
CREATE INDEX lots_by_wallet ON lots (wallet_id);

CREATE TABLE campaigns (
  id INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  merchant_id INTEGER,
  currency TEXT NOT NULL,
  budget INTEGER NOT NULL CHECK (budget > 0),
  per_order INTEGER NOT NULL CHECK (per_order > 0),
  used INTEGER NOT NULL CHECK (used >= 0 AND used <= budget),
  from_at INTEGER NOT NULL,
  until_at INTEGER NOT NULL,
  closed INTEGER NOT NULL,
  created_at INTEGER NOT NULL
);

ALTER TABLE orders ADD COLUMN wallet_id INTEGER;
ALTER TABLE orders ADD COLUMN wallet_kind TEXT;
ALTER TABLE orders ADD COLUMN gift INTEGER;
ALTER TABLE orders ADD COLUMN gift_campaign_id INTEGER;
ALTER TABLE legs ADD COLUMN wallet TEXT;
ALTER TABLE legs ADD COLUMN campaign_id INTEGER;
