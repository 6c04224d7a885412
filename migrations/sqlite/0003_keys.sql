-- The keys of a merchant are looked up when a notification is signed: a merchant whose newest key is
-- SM2 gets notifications signed with SM2.
-- Before: keys were only found by name.
-- After: and by merchant.
CREATE INDEX api_keys_by_merchant ON api_keys (merchant_id, created_at);
