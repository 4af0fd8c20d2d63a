-- What each revision of an SBOM contains and how good it is, and the reviews of its completeness.

CREATE TABLE sbom_revision (
    product text NOT NULL,
    version text NOT NULL,
    hardware text NOT NULL,
    revision integer NOT NULL,
    registered_at timestamptz NOT NULL,
    components integer NOT NULL,
    unmatchable integer,         -- null where a later revision was matched in its place
    edges integer NOT NULL,
    depth integer NOT NULL,
    unresolved integer NOT NULL,
    flat boolean NOT NULL,
    elements jsonb NOT NULL,     -- by name: how many have it, of how many
    content bytea NOT NULL,      -- the event, as JSON, compressed: compared and judged, never searched
    PRIMARY KEY (product, version, hardware, revision)
);

CREATE TABLE sbom_review (
    review uuid PRIMARY KEY,
    product text NOT NULL,
    version text NOT NULL,
    hardware text NOT NULL,
    revision integer NOT NULL,
    complete boolean NOT NULL,
    note text NOT NULL,
    reviewed_by text NOT NULL,
    reviewed_at timestamptz NOT NULL
);
CREATE INDEX sbom_review_of ON sbom_review (product, version, hardware, reviewed_at DESC);

CREATE TABLE sbom_duty (
    duty uuid PRIMARY KEY,
    product text NOT NULL,
    version text NOT NULL,
    hardware text NOT NULL,
    revision integer NOT NULL,
    reason text NOT NULL CHECK (reason IN ('release', 'quarter')),
    due_since timestamptz NOT NULL,
    met_by uuid REFERENCES sbom_review
);
CREATE INDEX sbom_duty_open ON sbom_duty (product, version, hardware) WHERE met_by IS NULL;
