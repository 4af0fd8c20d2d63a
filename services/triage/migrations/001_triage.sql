-- What triage holds of others (as full state, by revision), and the cases it keeps.

-- Vulnerabilities and the identifiers that mean them.
CREATE TABLE vulnerability (
    vulnerability text PRIMARY KEY,
    title text,
    description text,
    scores jsonb NOT NULL,
    withdrawn boolean NOT NULL,
    revision bigint NOT NULL
);
CREATE TABLE identifier (
    identifier text PRIMARY KEY,
    vulnerability text NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX identifier_vulnerability ON identifier (vulnerability);

-- Where a vulnerability went that was absorbed; NULL since it was separated again.
CREATE TABLE forwarding (
    absorbed text PRIMARY KEY,
    survivor text,
    separated_from text,
    changed_at timestamptz NOT NULL
);
CREATE INDEX forwarding_survivor ON forwarding (survivor);

-- Findings stay under the vulnerability that they were published under.
CREATE TABLE finding (
    finding text PRIMARY KEY,
    vulnerability text NOT NULL,
    product text NOT NULL,
    version text NOT NULL,
    component text,
    component_version text,
    component_purl text,
    verdict text NOT NULL,
    reason text,
    cleared boolean NOT NULL,
    held_at timestamptz NOT NULL,
    bearing_at timestamptz,
    changed_at timestamptz NOT NULL,
    revision bigint NOT NULL
);
CREATE INDEX finding_vulnerability ON finding (vulnerability);
CREATE INDEX finding_review ON finding (component, reason) WHERE verdict = 'unknown' AND NOT cleared;

CREATE TABLE report (
    report text PRIMARY KEY,
    incident boolean NOT NULL,
    source text NOT NULL,
    title text NOT NULL,
    summary text NOT NULL,
    identifiers text[] NOT NULL,
    linked text[] NOT NULL DEFAULT '{}',
    product text,
    version text,
    site text,
    harm text,
    exploited boolean NOT NULL,
    occurred_at timestamptz,
    received_at timestamptz NOT NULL,
    revision bigint NOT NULL
);
CREATE INDEX report_identifiers ON report USING gin ((identifiers || linked));

CREATE TABLE signal (
    signal text PRIMARY KEY,
    identifier text NOT NULL,
    source text NOT NULL,
    reporter text NOT NULL,
    reported_at timestamptz,
    received_at timestamptz NOT NULL,
    backfill boolean NOT NULL,
    product text,
    site text,
    evidence text NOT NULL,
    ransomware boolean,
    withdrawn_at timestamptz,
    revision bigint NOT NULL
);
CREATE INDEX signal_identifier ON signal (identifier);

CREATE TABLE exploit_score (
    identifier text PRIMARY KEY,
    model text NOT NULL,
    probability double precision NOT NULL,
    percentile double precision NOT NULL,
    observed_on date NOT NULL
);

CREATE TABLE product (
    product text PRIMARY KEY,
    state jsonb NOT NULL,
    retired boolean NOT NULL,
    revision bigint NOT NULL
);
CREATE TABLE entity (
    entity text PRIMARY KEY,
    state jsonb NOT NULL,
    revision bigint NOT NULL
);

-- Cases. One that was merged keeps its row: its id resolves to the survivor for ever.
CREATE TABLE tracking_counter (
    year int PRIMARY KEY,
    last int NOT NULL
);
CREATE TABLE casefile (
    case_id text PRIMARY KEY,
    year int NOT NULL,
    number int NOT NULL,
    kind text NOT NULL CHECK (kind IN ('vulnerability', 'report', 'incident')),
    status text NOT NULL CHECK (status IN ('open', 'closed', 'merged')),
    title text NOT NULL,
    vulnerability text,
    report text,
    identifiers text[] NOT NULL,
    summary text NOT NULL,
    scope jsonb NOT NULL,
    products text[] NOT NULL,
    reports text[] NOT NULL,
    because text NOT NULL,
    opened_at timestamptz NOT NULL,
    scoped_at timestamptz NOT NULL,
    outcome text,
    closed_by text,
    closed_at timestamptz,
    closing_ground text,
    merged_into text REFERENCES casefile,
    UNIQUE (year, number)
);
CREATE UNIQUE INDEX casefile_vulnerability ON casefile (vulnerability) WHERE status <> 'merged';
CREATE UNIQUE INDEX casefile_report ON casefile (report) WHERE status <> 'merged' AND vulnerability IS NULL;
CREATE INDEX casefile_merged ON casefile (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX casefile_products ON casefile USING gin (products);
CREATE INDEX casefile_identifiers ON casefile USING gin (identifiers);
CREATE INDEX casefile_listing ON casefile (status, year, number);

-- Signals that met a case, a row a product: what was told is never told twice.
CREATE TABLE meeting (
    case_id text NOT NULL REFERENCES casefile,
    signal text NOT NULL,
    product text NOT NULL,
    held_at timestamptz NOT NULL,
    met_at timestamptz NOT NULL,
    PRIMARY KEY (case_id, signal, product)
);

CREATE TABLE risk (
    case_id text NOT NULL REFERENCES casefile,
    product text NOT NULL,
    proposed boolean NOT NULL,
    band text NOT NULL,
    score double precision,
    vector text,
    ground text NOT NULL,
    pack text NOT NULL,
    assessed_by text,
    assessed_at timestamptz NOT NULL,
    PRIMARY KEY (case_id, product, proposed)
);

-- What people decided; rows are added, never changed.
CREATE TABLE assessment (
    assessment text PRIMARY KEY,
    case_id text NOT NULL REFERENCES casefile,
    product text NOT NULL,
    verdict text NOT NULL,
    aware_at timestamptz,
    assessed_at timestamptz NOT NULL,
    assessed_by text NOT NULL,
    ground text NOT NULL,
    evidence text[] NOT NULL,
    reopen_trigger text
);
CREATE INDEX assessment_case ON assessment (case_id);
CREATE TABLE incident_assessment (
    assessment text PRIMARY KEY,
    case_id text NOT NULL REFERENCES casefile,
    regime text NOT NULL,
    product text NOT NULL,
    reportable boolean NOT NULL,
    harm text NOT NULL,
    aware_at timestamptz NOT NULL,
    assessed_at timestamptz NOT NULL,
    assessed_by text NOT NULL,
    ground text NOT NULL,
    reopen_trigger text
);
CREATE INDEX incident_assessment_case ON incident_assessment (case_id);
CREATE TABLE decision (
    decision text PRIMARY KEY,
    case_id text NOT NULL REFERENCES casefile,
    question text NOT NULL,
    product text,
    outcome text NOT NULL,
    ground text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    reopen_trigger text,
    supersedes text
);
CREATE INDEX decision_case ON decision (case_id);
CREATE TABLE measure (
    measure text PRIMARY KEY,
    case_id text NOT NULL REFERENCES casefile,
    kind text NOT NULL,
    category text NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    products text[] NOT NULL,
    target_version text,
    planned_by text NOT NULL,
    planned_at timestamptz NOT NULL,
    approved_by text,
    approved_at timestamptz,
    available_at timestamptz
);
CREATE INDEX measure_case ON measure (case_id);
CREATE TABLE pathway (
    pathway text PRIMARY KEY,
    case_id text NOT NULL REFERENCES casefile,
    measure text NOT NULL REFERENCES measure,
    product text NOT NULL,
    category text NOT NULL,
    us text[] NOT NULL,
    eu text[] NOT NULL,
    notified_body_route text NOT NULL,
    emergency_basis text,
    ground text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    pack text NOT NULL
);
CREATE INDEX pathway_case ON pathway (case_id);

-- Evidence for gates, the releases it speaks of, and the keys that sign releases.
CREATE TABLE evidence (
    evidence text PRIMARY KEY,
    case_id text NOT NULL REFERENCES casefile,
    measure text NOT NULL REFERENCES measure,
    product text,
    gate text NOT NULL,
    reference text NOT NULL,
    digest text NOT NULL,
    release_digest text,
    hash text NOT NULL,
    valid_until timestamptz NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    revoked_by text,
    revoked_at timestamptz,
    revocation_ground text
);
CREATE INDEX evidence_measure ON evidence (measure);
CREATE INDEX evidence_case ON evidence (case_id);
CREATE TABLE signer (
    signer text PRIMARY KEY,
    public_key text NOT NULL,
    valid_until timestamptz NOT NULL,
    registered_by text NOT NULL,
    registered_at timestamptz NOT NULL,
    revoked_by text,
    revoked_at timestamptz,
    revocation_ground text
);
CREATE TABLE release (
    release text PRIMARY KEY,
    product text NOT NULL,
    version text NOT NULL,
    digest text NOT NULL,
    signature text,
    signed_by text,
    published_at timestamptz NOT NULL,
    revision bigint NOT NULL
);

-- Answers to waves; the one under which a wave runs is re-evaluated when its evidence lapses.
CREATE TABLE gate_answer (
    request text PRIMARY KEY,
    campaign text NOT NULL,
    wave int NOT NULL,
    case_id text NOT NULL,
    measure text NOT NULL,
    product text NOT NULL,
    release text,
    passed boolean NOT NULL,
    answers jsonb NOT NULL,
    warnings text[] NOT NULL,
    valid_until timestamptz,
    evaluated_at timestamptz NOT NULL,
    requested_at timestamptz NOT NULL,
    release_known boolean NOT NULL
);
CREATE INDEX gate_answer_measure ON gate_answer (measure);
CREATE INDEX gate_answer_case ON gate_answer (case_id);
CREATE INDEX gate_answer_wave ON gate_answer (campaign, wave);

-- What others say of a case: clocks, campaigns with their waves, safety events, coverage.
CREATE TABLE clock (
    clock text PRIMARY KEY,
    case_id text NOT NULL,
    key text NOT NULL,
    rule text NOT NULL,
    label text NOT NULL,
    kind text NOT NULL,
    met_by text NOT NULL,
    product text,
    mode text NOT NULL,
    state text NOT NULL,
    late boolean NOT NULL,
    due_operational timestamptz,
    revision bigint NOT NULL
);
CREATE INDEX clock_case ON clock (case_id);
CREATE TABLE campaign (
    campaign text PRIMARY KEY,
    case_id text NOT NULL,
    measure text,
    product text,
    state text NOT NULL CHECK (state IN ('running', 'completed', 'aborted')),
    revision bigint NOT NULL
);
CREATE INDEX campaign_case ON campaign (case_id);
CREATE TABLE wave (
    campaign text NOT NULL,
    wave int NOT NULL,
    state text NOT NULL CHECK (state IN ('requested', 'started', 'halted', 'completed')),
    revision bigint NOT NULL,
    PRIMARY KEY (campaign, wave)
);
CREATE TABLE safety_event (
    event uuid PRIMARY KEY,
    campaign text NOT NULL,
    case_id text NOT NULL,
    product text NOT NULL,
    device text NOT NULL,
    code text,
    received_at timestamptz NOT NULL
);
CREATE INDEX safety_event_case ON safety_event (case_id);
CREATE TABLE coverage (
    cell text PRIMARY KEY,
    campaign text NOT NULL,
    case_id text NOT NULL,
    product text NOT NULL,
    version text NOT NULL,
    method text NOT NULL,
    total int NOT NULL,
    covered int NOT NULL,
    counted_at timestamptz NOT NULL,
    revision bigint NOT NULL
);
CREATE INDEX coverage_case ON coverage (case_id);

-- One row an event of the fleet, in a consumer of its own; it decides nothing.
CREATE TABLE timeline (
    source text NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    time timestamptz NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    revision bigint NOT NULL,
    case_id text,
    causation text,
    actor text,
    summary text NOT NULL,
    links text[] NOT NULL,
    PRIMARY KEY (id, source)
);
CREATE INDEX timeline_case ON timeline (case_id, time) WHERE case_id IS NOT NULL;
CREATE INDEX timeline_links ON timeline USING gin (links);
