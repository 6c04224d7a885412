-- What the payer's side needs: a code to show, a link to open, or parameters for a page.
-- Before: only codes.
-- After: the same column under the wider name.

ALTER TABLE attempts RENAME COLUMN code_url TO invoke;
