-- 单笔限额 of a terminal.
-- Before: only accounts at channels had limits.
-- After: a terminal may have a most for one sale or pre-authorization, in fen.

ALTER TABLE pos_terminals ADD COLUMN most BIGINT CHECK (most IS NULL OR most > 0);
