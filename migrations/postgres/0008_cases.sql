-- Refunds whose original route is impossible: what one person proposes and another approves.
-- Before: such a refund stayed manual for ever.
-- After: it keeps the proposal, who made it and who approved it.

ALTER TABLE refunds ADD COLUMN case_outcome TEXT;
ALTER TABLE refunds ADD COLUMN case_note TEXT;
ALTER TABLE refunds ADD COLUMN proposed_by TEXT;
ALTER TABLE refunds ADD COLUMN approved_by TEXT;
CREATE INDEX refunds_manual ON refunds (id) WHERE state = 'manual';
