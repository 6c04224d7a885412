-- 部分承兑: an issuer approves less than was asked.
-- Before: what was approved was what was asked.
-- After: a trade keeps both where they differ.

ALTER TABLE pos_trades ADD COLUMN part BIGINT;
