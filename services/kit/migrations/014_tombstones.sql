-- The end of a key on a compacted topic is a record without value.
ALTER TABLE kit_outbox ALTER COLUMN value DROP NOT NULL;
