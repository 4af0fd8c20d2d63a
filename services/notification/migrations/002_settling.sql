-- When a subject's facts last changed: its drafts are prepared once they have come to rest.
ALTER TABLE recheck ADD COLUMN at timestamptz NOT NULL DEFAULT clock_timestamp();
CREATE INDEX recheck_by_subject ON recheck (subject);
