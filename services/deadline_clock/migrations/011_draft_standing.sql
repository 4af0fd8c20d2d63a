-- How far each clock's draft is: a step of the escalation policy may ask for one that is not far enough.
CREATE TABLE draft_standing (
    clock uuid PRIMARY KEY,
    draft text NOT NULL,
    draft_revision int NOT NULL,
    revision bigint NOT NULL,          -- of the stream: the newest that was taken of the case
    state text NOT NULL CHECK (state IN ('none', 'prepared', 'ready', 'approved'))
);
