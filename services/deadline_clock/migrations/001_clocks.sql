-- What deadline-clock holds: its copies of others' facts, its clocks with their history, and its alarms.

-- The last revision taken of each key of a stream whose events are facts, not full state.
CREATE TABLE taken (
    stream text NOT NULL,
    key text NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (stream, key)
) WITH (fillfactor = 80);

CREATE TABLE product (
    product text PRIMARY KEY,
    revision bigint NOT NULL,
    entity text NOT NULL,
    body jsonb NOT NULL                -- product.registered as last stated
);
CREATE INDEX product_entity ON product (entity);

CREATE TABLE entity (
    entity text PRIMARY KEY,
    revision bigint NOT NULL,
    body jsonb NOT NULL                -- entity.registered as last stated
);

CREATE TABLE coverage_cell (
    cell text PRIMARY KEY,
    revision bigint NOT NULL,
    case_id text NOT NULL,
    product text NOT NULL,
    total int NOT NULL,
    covered int NOT NULL,
    counted_at timestamptz NOT NULL
);
CREATE INDEX coverage_cell_case ON coverage_cell (case_id, product);

-- The facts of a case, and which products they name: what a change of the catalogue looks up.
CREATE TABLE case_file (
    case_id text PRIMARY KEY,
    facts jsonb NOT NULL
);
CREATE TABLE case_product (
    product text NOT NULL,
    case_id text NOT NULL,
    PRIMARY KEY (product, case_id)
);
CREATE INDEX case_product_case ON case_product (case_id);

-- Where merged cases went; always to the one that lives.
CREATE TABLE forward (
    absorbed text PRIMARY KEY,
    survivor text NOT NULL
);
CREATE INDEX forward_survivor ON forward (survivor);

CREATE TABLE clock (
    clock uuid PRIMARY KEY,
    case_id text NOT NULL,
    rule text NOT NULL,
    product text NOT NULL,
    occurrence text NOT NULL,
    mode text NOT NULL,
    state text NOT NULL,
    due_at timestamptz,                -- operational
    initial_load boolean NOT NULL,
    because text NOT NULL,
    decided_by text,
    reopen_trigger text,
    body jsonb NOT NULL                -- the clock as others see it
);
CREATE INDEX clock_case ON clock (case_id);
CREATE INDEX clock_due ON clock ((coalesce(due_at, '9999-12-31T00:00:00Z')), clock);

CREATE TABLE clock_history (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    clock uuid NOT NULL,
    at timestamptz NOT NULL,
    events text[] NOT NULL,
    because text NOT NULL,
    decided_by text,
    cause text,                        -- id of the event or timer it follows from
    body jsonb NOT NULL
);
CREATE INDEX clock_history_clock ON clock_history (clock, seq);

-- Every escalation step of every clock; the kit's timers wake us for the armed ones.
CREATE TABLE escalation_step (
    clock uuid NOT NULL,
    step text NOT NULL,
    due_at timestamptz NOT NULL,       -- legal time
    severity text NOT NULL,
    state text NOT NULL CHECK (state IN ('armed', 'fired', 'taken_back')),
    fired_at timestamptz,
    PRIMARY KEY (clock, step, due_at)
);

-- Clocks of an initial load that wait to be told of together.
CREATE TABLE told_together (
    step text NOT NULL,
    clock uuid NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (step, clock)
);

-- Which packs this database has worked with: a pack never changes under its version.
CREATE TABLE pack (
    id text NOT NULL,
    version text NOT NULL,
    sha256 text NOT NULL,
    first_used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (id, version)
);
