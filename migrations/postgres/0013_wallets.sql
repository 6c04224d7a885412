-- Wallets, and discounts that the platform pays for.
-- Before: orders were sales, paid by channels, cash or the merchant's own coupons.
-- After: an order may be a top-up of a prepaid card or a balance; a leg may be paid by one, and keeps what
-- it took from which top-up; a leg may be a discount out of a campaign's budget.

CREATE TABLE wallets (
  id BIGINT NOT NULL PRIMARY KEY,
  merchant_id BIGINT NOT NULL,
  wallet_no TEXT NOT NULL,
  content_hash BYTEA NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  holder TEXT,
  currency TEXT NOT NULL,
  expires_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (merchant_id, wallet_no)
);
CREATE INDEX wallets_by_merchant ON wallets (merchant_id, id);

-- One per paid top-up.
CREATE TABLE lots (
  order_id BIGINT NOT NULL PRIMARY KEY,
  wallet_id BIGINT NOT NULL,
  currency TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  gift BIGINT NOT NULL CHECK (gift >= 0),
  spent BIGINT NOT NULL CHECK (spent >= 0),
  gift_spent BIGINT NOT NULL CHECK (gift_spent >= 0),
  returned BIGINT NOT NULL CHECK (returned >= 0),
  lapsed BIGINT NOT NULL CHECK (lapsed >= 0),
  CHECK (spent + returned <= amount),
  CHECK (gift_spent + lapsed <= gift)
);
CREATE INDEX lots_by_wallet ON lots (wallet_id);

CREATE TABLE campaigns (
  id BIGINT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  merchant_id BIGINT,
  currency TEXT NOT NULL,
  budget BIGINT NOT NULL CHECK (budget > 0),
  per_order BIGINT NOT NULL CHECK (per_order > 0),
  used BIGINT NOT NULL CHECK (used >= 0 AND used <= budget),
  from_at BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  closed BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

ALTER TABLE orders ADD COLUMN wallet_id BIGINT;
ALTER TABLE orders ADD COLUMN wallet_kind TEXT;
ALTER TABLE orders ADD COLUMN gift BIGINT;
ALTER TABLE orders ADD COLUMN gift_campaign_id BIGINT;
ALTER TABLE legs ADD COLUMN wallet TEXT;
ALTER TABLE legs ADD COLUMN campaign_id BIGINT;
