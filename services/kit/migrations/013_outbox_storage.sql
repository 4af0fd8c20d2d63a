-- Rows of the outbox live for milliseconds: compressing a value there, only to unpack it for the
-- relay, costs more than the space that it would save.
ALTER TABLE kit_outbox ALTER COLUMN value SET STORAGE EXTERNAL;
