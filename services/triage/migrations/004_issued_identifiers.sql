-- A case that began with a report may be opened for the vulnerability that it named, or the
-- reverse, when the facts come again: what it was called tells that both are the same.
ALTER TABLE issued ADD COLUMN identifiers text[] NOT NULL DEFAULT '{}';
CREATE INDEX issued_identifiers ON issued USING gin (identifiers);
DROP INDEX issued_report;
CREATE INDEX issued_report ON issued (report);
