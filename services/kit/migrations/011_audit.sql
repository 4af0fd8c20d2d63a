-- Who did what: rows are only ever inserted; a seal chains each row's hash to the one before.
CREATE TABLE kit_audit (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,           -- a principal's id; 'nobody' where a one-use link was followed
    action text NOT NULL,
    subject text NOT NULL,
    before jsonb,
    after jsonb,
    reason text
);
CREATE INDEX kit_audit_subject ON kit_audit (subject, seq);

-- What no seal covers yet. A queue, because numbers are taken before they are committed: a row may
-- become visible after a later one was sealed.
CREATE TABLE kit_audit_unsealed (seq bigint PRIMARY KEY);

CREATE TABLE kit_audit_seal (
    position bigint PRIMARY KEY,
    seq bigint NOT NULL UNIQUE,    -- the audit row; no foreign key: a deleted row has to be found
    hash bytea NOT NULL            -- SHA-256 of the hash before it and the row's content
);

CREATE FUNCTION kit_insert_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is insert-only: record a correction as a new row', TG_TABLE_NAME;
END $$;
CREATE TRIGGER kit_insert_only BEFORE UPDATE OR DELETE ON kit_audit
    FOR EACH ROW EXECUTE FUNCTION kit_insert_only();
CREATE TRIGGER kit_insert_only BEFORE UPDATE OR DELETE ON kit_audit_seal
    FOR EACH ROW EXECUTE FUNCTION kit_insert_only();
