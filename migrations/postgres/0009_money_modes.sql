-- Money modes: through us (代收), or by the merchant's own account at the channel (商户自收).
-- Before: all money came through us.
-- After: a merchant's channel says which, and a leg keeps which it was.

ALTER TABLE merchant_channels ADD COLUMN self_collected BIGINT NOT NULL DEFAULT 0;
ALTER TABLE legs ADD COLUMN self_collected BIGINT NOT NULL DEFAULT 0;
