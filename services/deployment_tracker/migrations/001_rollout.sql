-- What deployment-tracker knows of others, and the rollouts it owns.

CREATE TABLE product (
    product text PRIMARY KEY,
    name text NOT NULL,
    retired boolean NOT NULL DEFAULT false,
    revision bigint NOT NULL
);

CREATE TABLE device (
    device text PRIMARY KEY,
    product text NOT NULL,
    version text NOT NULL,
    hardware text NOT NULL,
    site text,
    market text NOT NULL,
    method text NOT NULL,
    retired boolean NOT NULL DEFAULT false,
    revision bigint NOT NULL
);
CREATE INDEX device_by_product ON device (product, version) WHERE NOT retired;

CREATE TABLE case_forward (
    absorbed text PRIMARY KEY,
    survivor text NOT NULL
);

CREATE TABLE measure (
    measure text PRIMARY KEY,
    case_id text NOT NULL,
    title text NOT NULL,
    products text[] NOT NULL,
    target_version text,
    approved_at timestamptz,
    available_at timestamptz,
    revision bigint NOT NULL
);

CREATE TABLE release (
    release text PRIMARY KEY,
    product text NOT NULL,
    version text NOT NULL,
    digest text NOT NULL,
    signature text NOT NULL,
    signed_by text NOT NULL,
    published_at timestamptz NOT NULL
);

CREATE TABLE campaign (
    campaign text PRIMARY KEY,
    case_id text NOT NULL,
    measure text NOT NULL,
    release text REFERENCES release,
    product text NOT NULL,
    from_versions text[] NOT NULL,
    target_version text NOT NULL,
    waves jsonb NOT NULL,
    stop_rules jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('planned', 'running', 'completed', 'aborted')),
    planned_by text NOT NULL,
    planned_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX campaign_open ON campaign (product) WHERE state IN ('planned', 'running');

CREATE TABLE wave (
    campaign text NOT NULL REFERENCES campaign,
    wave integer NOT NULL,
    method text,
    percent double precision NOT NULL,
    state text NOT NULL CHECK (state IN ('planned', 'requested', 'started', 'halted', 'completed')),
    request text,
    requested_by text,
    gate_passed boolean,
    gate_answers jsonb,
    gate_warnings text[] NOT NULL DEFAULT '{}',
    gate_valid_until timestamptz,
    resume_reason text,
    halt_rule text,
    halt_because text,
    baseline_failed integer NOT NULL DEFAULT 0,
    baseline_finished integer NOT NULL DEFAULT 0,
    started_at timestamptz,
    halted_at timestamptz,
    completed_at timestamptz,
    PRIMARY KEY (campaign, wave)
);
CREATE UNIQUE INDEX wave_by_request ON wave (request) WHERE request IS NOT NULL;

-- Where each device stands in each campaign: the truth that coverage counts.
CREATE TABLE standing (
    campaign text NOT NULL REFERENCES campaign,
    device text NOT NULL,
    wave integer NOT NULL,
    version text NOT NULL,
    hardware text NOT NULL,
    market text NOT NULL,
    method text NOT NULL,
    site text,
    state text NOT NULL,
    attempt integer NOT NULL,
    sequence bigint NOT NULL,
    reported_version text,
    code text,
    evidence text,
    verified_at timestamptz,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (campaign, device)
);
CREATE INDEX standing_by_device ON standing (device);
CREATE INDEX standing_by_wave ON standing (campaign, wave, state);

-- Counters, moved in the transaction that moves a standing.
CREATE TABLE coverage_count (
    campaign text NOT NULL,
    product text NOT NULL,
    version text NOT NULL,
    hardware text NOT NULL,
    market text NOT NULL,
    method text NOT NULL,
    wave integer NOT NULL,
    state text NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (campaign, product, version, hardware, market, method, wave, state)
);

-- Cells whose counts changed since they were last published.
CREATE TABLE coverage_due (
    campaign text NOT NULL,
    product text NOT NULL,
    version text NOT NULL,
    hardware text NOT NULL,
    market text NOT NULL,
    method text NOT NULL,
    wave integer NOT NULL,
    PRIMARY KEY (campaign, product, version, hardware, market, method, wave)
);
