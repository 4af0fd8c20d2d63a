-- What a case last told of its reports, so that a newer harm or an earlier receipt is told again.

ALTER TABLE casefile ADD COLUMN told_reports jsonb NOT NULL DEFAULT '[]';

-- The incident or safety event that an answer speaks of; NULL answers all received by then.
ALTER TABLE incident_assessment ADD COLUMN report text;

-- Where an incident happened: whose authority is told of it (MDR Article 87(1)).
ALTER TABLE report ADD COLUMN country text;
