-- What other services published, as full state: the facts that drafts are made of.
-- scope is the case for a case's facts, the legal entity for a product, empty for the others.
CREATE TABLE fact (
    kind text NOT NULL,
    id text NOT NULL,
    scope text NOT NULL,
    revision bigint NOT NULL,
    type text NOT NULL,
    event uuid NOT NULL,
    at timestamptz NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX fact_by_scope ON fact (scope, kind);
CREATE INDEX fact_case_by_vulnerability ON fact ((body ->> 'vulnerability')) WHERE kind = 'case';

CREATE TABLE case_alias (
    absorbed text PRIMARY KEY,
    survivor text NOT NULL
);
CREATE INDEX case_alias_by_survivor ON case_alias (survivor);

CREATE TABLE clock (
    clock text PRIMARY KEY,
    case_id text NOT NULL,
    product text,
    entity text,
    revision bigint NOT NULL,
    type text NOT NULL,
    event uuid NOT NULL,
    at timestamptz NOT NULL,
    live boolean NOT NULL,
    body jsonb NOT NULL
);
CREATE INDEX clock_by_case ON clock (case_id);
CREATE INDEX clock_by_product ON clock (product);
CREATE INDEX clock_by_entity ON clock (entity);

-- Subjects whose drafts are looked at again after the commit that changed them: whichever of two
-- joining facts commits last is seen together with the other one.
CREATE TABLE recheck (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL
);

CREATE TABLE draft (
    draft text PRIMARY KEY,
    clock text NOT NULL UNIQUE,
    case_id text NOT NULL,
    product text,
    rule text NOT NULL,
    stage text,
    template text NOT NULL,
    newest int NOT NULL,
    shadow boolean NOT NULL,
    ended boolean NOT NULL DEFAULT false,
    filed_revision int,
    created_at timestamptz NOT NULL
);
CREATE INDEX draft_by_case ON draft (case_id);

CREATE TABLE draft_revision (
    draft text NOT NULL REFERENCES draft,
    revision int NOT NULL,
    digest text NOT NULL,
    canonical bytea NOT NULL,
    because text NOT NULL,
    prepared_at timestamptz NOT NULL,
    PRIMARY KEY (draft, revision)
);

CREATE TABLE draft_fill (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    draft text NOT NULL REFERENCES draft,
    field text NOT NULL,
    status text NOT NULL,
    value jsonb NOT NULL,
    reason text,
    until text,
    author text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX draft_fill_by_draft ON draft_fill (draft, seq);

CREATE TABLE draft_approval (
    draft text NOT NULL,
    revision int NOT NULL,
    person text NOT NULL,
    digest text NOT NULL,
    at timestamptz NOT NULL,
    voided_at timestamptz,
    PRIMARY KEY (draft, revision, person),
    FOREIGN KEY (draft, revision) REFERENCES draft_revision
);

CREATE TABLE filing (
    filing text PRIMARY KEY,
    case_id text NOT NULL,
    clock text NOT NULL,
    rule text NOT NULL,
    stage text,
    products text[] NOT NULL,
    draft text,
    revision int,
    receipt text NOT NULL,
    note text,
    filed_by text NOT NULL,
    filed_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    mismatches text[] NOT NULL
);
CREATE INDEX filing_by_case ON filing (case_id);
CREATE INDEX filing_by_clock ON filing (clock);

-- Notices that people sent and requests that authorities made, as the events that tell of them.
CREATE TABLE letter (
    id text PRIMARY KEY,
    kind text NOT NULL,
    case_id text NOT NULL,
    at timestamptz NOT NULL,
    body jsonb NOT NULL
);
CREATE INDEX letter_by_case ON letter (case_id, kind);

CREATE TABLE alert (
    alert text PRIMARY KEY,
    dedup_key text NOT NULL UNIQUE,
    clock text NOT NULL,
    case_id text NOT NULL,
    due_epoch bigint NOT NULL,
    step text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    content jsonb NOT NULL,
    chain jsonb NOT NULL,
    position int NOT NULL DEFAULT 0,
    raised_at timestamptz NOT NULL,
    exhausted_at timestamptz,
    acknowledged_by text,
    acknowledged_at timestamptz,
    resolved_at timestamptz,
    because text
);
CREATE INDEX alert_by_case ON alert (case_id, raised_at);
CREATE INDEX alert_open_by_clock ON alert (clock) WHERE resolved_at IS NULL;

CREATE TABLE delivery (
    delivery uuid PRIMARY KEY,
    alert text NOT NULL REFERENCES alert,
    person text NOT NULL,
    channel text NOT NULL,
    purpose text NOT NULL,
    state text NOT NULL DEFAULT 'queued',
    attempts int NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    delivered_at timestamptz,
    undelivered_at timestamptz,
    receipt text,
    error text
);
CREATE INDEX delivery_due ON delivery (next_at) WHERE state = 'queued';
CREATE INDEX delivery_by_alert ON delivery (alert);

CREATE TABLE used_link (
    fingerprint bytea PRIMARY KEY,
    alert text NOT NULL,
    used_at timestamptz NOT NULL
);
