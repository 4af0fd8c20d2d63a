-- The registry of SBOMs: every revision for a product, version and hardware configuration, and who was
-- handed which of them.

ALTER TABLE sbom ADD COLUMN revision integer NOT NULL DEFAULT 1;

CREATE TABLE sbom_revision (
    product text NOT NULL,
    version text NOT NULL,
    hardware text NOT NULL,
    revision integer NOT NULL,
    sbom text NOT NULL,
    digest text NOT NULL,            -- of the canonical component list
    original text NOT NULL,          -- of the document as received
    size bigint NOT NULL,
    format text NOT NULL,
    format_version text NOT NULL,    -- empty where it was registered before the registry
    components integer NOT NULL,
    submission uuid NOT NULL,
    source text NOT NULL,
    submitted_by text,
    registered_at timestamptz NOT NULL,
    PRIMARY KEY (product, version, hardware, revision)
);
CREATE INDEX sbom_revision_original ON sbom_revision (original);

-- What was registered before: the last revision of each is known, and counts as the first.
INSERT INTO sbom_revision
SELECT b.product, b.version, b.hardware, 1, b.sbom, b.digest, s.digest, s.size,
    coalesce(s.format, ''), '', coalesce((s.counts ->> 'components')::integer, 0), s.id, s.source,
    s.principal, s.decided_at
FROM sbom b JOIN submission s ON s.id = b.submission;

CREATE TABLE sbom_access (
    id uuid PRIMARY KEY,
    product text NOT NULL,
    version text NOT NULL,
    hardware text NOT NULL,
    revision integer NOT NULL,
    channel text NOT NULL CHECK (channel IN ('regulatory', 'customer', 'internal')),
    format text NOT NULL,
    recipient text NOT NULL,         -- for whom
    handed_by text NOT NULL,         -- the principal who took it
    sha256 text NOT NULL,            -- of the bytes handed out
    size bigint NOT NULL,
    left_out jsonb NOT NULL,         -- what the format has no place for, in an object
    at timestamptz NOT NULL,
    FOREIGN KEY (product, version, hardware, revision) REFERENCES sbom_revision
);
CREATE INDEX sbom_access_at ON sbom_access (at DESC, id DESC);
CREATE INDEX sbom_access_of ON sbom_access (product, at DESC, id DESC);
