-- Tracking ids that were told before this database was set back to an older copy. Whatever a case
-- was opened for then gets the same id again; others have it in their records and on paper.
CREATE TABLE issued (
    case_id text PRIMARY KEY,
    year int NOT NULL,
    number int NOT NULL,
    vulnerability text,
    report text
);
CREATE INDEX issued_vulnerability ON issued (vulnerability);
CREATE INDEX issued_report ON issued (report) WHERE vulnerability IS NULL;
