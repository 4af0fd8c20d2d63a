-- Stock: what our products are and contain, each identifier under a version key.

CREATE TABLE product (
    product text PRIMARY KEY,
    revision bigint NOT NULL,
    name text NOT NULL,
    identities jsonb NOT NULL,  -- the names under which others speak of it, in an object
    retired boolean NOT NULL DEFAULT false
);

CREATE TABLE product_version (
    product text NOT NULL,
    version text NOT NULL,
    hardware text[] NOT NULL,
    listed boolean NOT NULL,  -- the catalogue names it; else only an SBOM does
    PRIMARY KEY (product, version)
);

CREATE TABLE sbom (
    product text NOT NULL,
    version text NOT NULL,
    hardware text NOT NULL,
    revision bigint NOT NULL,
    sbom text NOT NULL,
    digest text NOT NULL,
    matchable integer NOT NULL,
    unmatchable integer NOT NULL,
    registered_at timestamptz NOT NULL,
    PRIMARY KEY (product, version, hardware)
);

-- A component, or a product version itself, shared by all that contain it.
CREATE TABLE component (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    identity uuid NOT NULL UNIQUE,
    place text NOT NULL,  -- the component's coordinate of findings; empty: the product itself
    name text NOT NULL,
    version text,
    purl text,
    unreadable boolean NOT NULL  -- it has identifiers and none can be read
);

CREATE TABLE handle (
    component bigint NOT NULL REFERENCES component (id),
    ident text NOT NULL,
    vkey bytea,  -- null: the version cannot be ordered, for this reason
    reason text
);
CREATE INDEX handle_by_key ON handle (ident, vkey) INCLUDE (component);
CREATE INDEX handle_unread ON handle (ident) WHERE vkey IS NULL;
CREATE INDEX handle_by_component ON handle (component);

CREATE TABLE inventory (
    product text NOT NULL,
    version text NOT NULL,
    hardware text NOT NULL,
    component bigint NOT NULL REFERENCES component (id),
    own boolean NOT NULL,  -- the product version itself
    PRIMARY KEY (product, version, hardware, component)
);
CREATE INDEX inventory_by_component ON inventory (component);

-- Advisories: what each says of each vulnerability, and its claims as spans of version keys.

CREATE TABLE advisory (
    advisory text PRIMARY KEY,
    revision bigint NOT NULL,
    source text NOT NULL,
    digest text NOT NULL,
    withdrawn boolean NOT NULL,
    held_at timestamptz NOT NULL
);

CREATE TABLE record (
    advisory text NOT NULL,
    identifier text NOT NULL,
    withdrawn boolean NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (advisory, identifier)
);
CREATE INDEX record_by_identifier ON record (identifier);

CREATE TABLE alias (
    advisory text NOT NULL,
    identifier text NOT NULL,
    alias text NOT NULL,
    PRIMARY KEY (advisory, identifier, alias)
);
CREATE INDEX alias_by_identifier ON alias (identifier);
CREATE INDEX alias_by_alias ON alias (alias);

CREATE TABLE assertion (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    advisory text NOT NULL,
    identifier text NOT NULL,
    asserter text NOT NULL,
    statement boolean NOT NULL,
    product text,
    product_version text,
    expires_at timestamptz,
    held_at timestamptz NOT NULL,
    digest bytea NOT NULL,
    body jsonb NOT NULL
);
CREATE INDEX assertion_by_advisory ON assertion (advisory);
CREATE INDEX assertion_by_identifier ON assertion (identifier);

CREATE TABLE span (
    assertion bigint NOT NULL REFERENCES assertion (id) ON DELETE CASCADE,
    ident text NOT NULL,
    low bytea,  -- both null: what is said of a version that cannot be ordered
    high bytea,
    verdict text NOT NULL,
    reason text,
    place integer,
    fixed text
);
CREATE INDEX span_by_key ON span (ident, low, high) INCLUDE (assertion);
CREATE INDEX span_unread ON span (ident) WHERE low IS NULL;
CREATE INDEX span_by_assertion ON span (assertion);

-- Groups of identifiers, and findings.

CREATE TABLE identifier (
    identifier text PRIMARY KEY,
    vulnerability text NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX identifier_by_vulnerability ON identifier (vulnerability);

CREATE TABLE vulnerability (
    id text PRIMARY KEY,
    absorbed text[] NOT NULL DEFAULT '{}',
    merged_into text,
    described bytea  -- digest of what was told of it last; null: nothing yet
);

CREATE TABLE finding (
    id uuid PRIMARY KEY,
    vulnerability text NOT NULL,
    product text NOT NULL,
    version text NOT NULL,
    hardware text NOT NULL,
    component text NOT NULL,
    live boolean NOT NULL,
    verdict text NOT NULL,
    digest bytea NOT NULL,
    held_at timestamptz NOT NULL,
    cleared_at timestamptz,
    body jsonb NOT NULL,  -- the finding as it was told last
    UNIQUE (vulnerability, product, version, hardware, component)
);
CREATE INDEX finding_by_version ON finding (product, version);
CREATE INDEX finding_by_verdict ON finding (verdict, id) WHERE live;

CREATE TABLE pending_match (
    scope text NOT NULL,  -- identifier, or version of a product
    subject text NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    stamp uuid NOT NULL DEFAULT gen_random_uuid(),
    bulk boolean NOT NULL,
    cause uuid NOT NULL,
    traceparent text,
    attempts integer NOT NULL DEFAULT 0,
    retry_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (scope, subject)
);
CREATE INDEX pending_match_in_order ON pending_match (bulk, number);
