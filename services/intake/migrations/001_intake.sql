-- What intake holds: submissions and their originals, the last state of whatever they published,
-- what waits for its product, and personal data apart from everything else.

CREATE TABLE original (
    digest text PRIMARY KEY,
    size bigint NOT NULL,
    content bytea,               -- up to 256 KiB, and whatever holds personal data
    dataref text,                -- larger ones: their place in the blob store
    sealed boolean NOT NULL DEFAULT false,  -- content is encrypted: it holds personal data
    stored_at timestamptz NOT NULL,
    erased_at timestamptz
);

CREATE TABLE submission (
    id uuid PRIMARY KEY,
    source text NOT NULL,
    document text NOT NULL,
    principal text,
    person text,
    bulk boolean NOT NULL,
    about jsonb,                 -- product, version and hardware as the submitter says
    digest text NOT NULL,
    size bigint NOT NULL,
    format text,
    status text NOT NULL,
    detail text NOT NULL,
    faults jsonb NOT NULL,
    counts jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    decided_at timestamptz NOT NULL
);
CREATE INDEX submission_status ON submission (status, id DESC);
CREATE INDEX submission_received ON submission (received_at DESC, id DESC);
CREATE INDEX submission_digest ON submission (digest);

CREATE TABLE document (
    source text NOT NULL,
    name text NOT NULL,
    digest text NOT NULL,
    submission uuid NOT NULL,
    status text NOT NULL,
    PRIMARY KEY (source, name)
);

CREATE TABLE advisory (
    id text PRIMARY KEY,
    source text NOT NULL,
    digest text NOT NULL,
    modified_at timestamptz,
    withdrawn boolean NOT NULL,
    submission uuid NOT NULL
);

CREATE TABLE signal (
    id text PRIMARY KEY,
    identifier text NOT NULL,
    source text NOT NULL,
    reporter text NOT NULL,
    standing boolean NOT NULL,
    catalogued boolean NOT NULL,
    ransomware boolean,
    received_at timestamptz NOT NULL,
    backfill boolean NOT NULL
);
CREATE INDEX signal_catalogued ON signal (id) WHERE catalogued;

CREATE TABLE feed (
    name text PRIMARY KEY,
    released_at timestamptz NOT NULL
);

CREATE TABLE product (
    id text PRIMARY KEY,
    names text[] NOT NULL,       -- lower case: id, brand name, names in advisories
    versions text[] NOT NULL,
    retired boolean NOT NULL
);
CREATE INDEX product_names ON product USING gin (names);

-- Products, entities, sites, devices and reports as last accepted; `body` is null for reports, whose
-- text is not kept twice.
CREATE TABLE registered (
    key text PRIMARY KEY,        -- product/…, entity/…, site/…, device/…, report/…
    kind text NOT NULL,
    id text NOT NULL,
    digest text NOT NULL,
    retired boolean NOT NULL,
    product text,                -- of a device
    site text,                   -- of a device
    body jsonb,
    accepted_at timestamptz NOT NULL
);
CREATE INDEX registered_kind ON registered (kind, id);
CREATE INDEX registered_product ON registered (product, id) WHERE kind = 'device';
CREATE INDEX registered_site ON registered (site, id) WHERE kind = 'device';

CREATE TABLE sbom (
    product text NOT NULL,
    version text NOT NULL,
    hardware text NOT NULL,
    sbom text NOT NULL,
    digest text NOT NULL,
    submission uuid NOT NULL,
    PRIMARY KEY (product, version, hardware)
);

CREATE TABLE waiting (
    submission uuid PRIMARY KEY REFERENCES submission,
    needs text[] NOT NULL,       -- product names, lower case
    waits_for text[],            -- reference@version and hardware of an SBOM
    until timestamptz NOT NULL
);
CREATE INDEX waiting_needs ON waiting USING gin (needs);

CREATE TABLE contact (
    reference text PRIMARY KEY,
    sealed bytea,                -- null once erased
    stored_at timestamptz NOT NULL,
    erased_at timestamptz
);

CREATE TABLE contact_original (  -- which originals hold a contact: they are erased with it
    reference text NOT NULL REFERENCES contact,
    digest text NOT NULL REFERENCES original,
    PRIMARY KEY (reference, digest)
);
