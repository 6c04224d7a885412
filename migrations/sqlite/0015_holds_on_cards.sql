-- Pre-authorizations: holds on cards, and the orders that complete them.
-- Before: an order was a sale or a top-up.
-- After: an order may be a hold (standing, completed by another order, lapsed), or the completion of one; a terminal's hold is found by its card.

ALTER TABLE orders ADD COLUMN hold TEXT;
ALTER TABLE orders ADD COLUMN hold_order_id INTEGER;
ALTER TABLE pos_trades ADD COLUMN hold_token BLOB;
CREATE INDEX pos_trades_by_hold ON pos_trades (merchant_id, hold_token) WHERE hold_token IS NOT NULL;
