-- Packs that two people put in force, over those that ship with the service.
CREATE TABLE pack_proposal (
    proposal bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL,
    version text NOT NULL,
    kind text NOT NULL,
    sha256 text NOT NULL,
    name text NOT NULL,                -- of its file: how faults name it
    content text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'approved', 'rejected')),
    settled_by text,
    settled_at timestamptz,            -- in force since, where it was approved
    reason text,
    cursor text NOT NULL DEFAULT '',   -- the last case whose clocks were moved
    cases bigint NOT NULL DEFAULT 0,
    clocks bigint NOT NULL DEFAULT 0,
    moved_at timestamptz,              -- when the last case had been decided anew
    CONSTRAINT pack_proposal_two_people CHECK (state <> 'approved' OR settled_by <> proposed_by)
);

-- Of each pack the proposal that counts; it wins over the installation's own until another replaces it.
CREATE TABLE pack_in_force (
    id text PRIMARY KEY,
    proposal bigint NOT NULL REFERENCES pack_proposal
);

-- Changes with pack_in_force; every transaction compares it with what its process has read. Null: nothing applied.
CREATE TABLE pack_edition (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    edition uuid
);
INSERT INTO pack_edition DEFAULT VALUES;
