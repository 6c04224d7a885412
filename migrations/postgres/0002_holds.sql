-- Holds and burnt ids. A hold never changes: its end is a row of its own. An id whose journal or hold
-- was refused for a reason of state is burnt: the same id gets the same refusal for ever.
-- Before: no money was ever held, and no id was kept beside those that were posted.
-- After: jobs may stand without an order (a hold's expiry has none).

CREATE TABLE holds (
  id BIGINT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  content_hash BYTEA NOT NULL
);
CREATE INDEX holds_by_account ON holds (account, id);

CREATE TABLE hold_resolutions (
  hold_id BIGINT NOT NULL PRIMARY KEY REFERENCES holds (id),
  state TEXT NOT NULL,
  posted BIGINT NOT NULL CHECK (posted >= 0),
  journal_id BIGINT,
  resolved_at BIGINT NOT NULL
);

CREATE TABLE burnt_ids (
  kind TEXT NOT NULL,
  id BIGINT NOT NULL,
  content_hash BYTEA NOT NULL,
  refusal TEXT NOT NULL,
  burnt_at BIGINT NOT NULL,
  PRIMARY KEY (kind, id)
);

ALTER TABLE jobs ALTER COLUMN order_id DROP NOT NULL;

CREATE TRIGGER holds_append_only BEFORE UPDATE OR DELETE ON holds FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER hold_resolutions_append_only BEFORE UPDATE OR DELETE ON hold_resolutions FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER burnt_ids_append_only BEFORE UPDATE OR DELETE ON burnt_ids FOR EACH ROW EXECUTE FUNCTION refuse_change();
