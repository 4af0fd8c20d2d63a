-- What the kit keeps in every service's schema.

-- Which events were handled: the key that makes at-least-once delivery take effect once.
-- Partitioned by the day of `ce_time`, so that old days are dropped whole; days outside the window
-- that is kept (very old or future times) share the last partition.
CREATE TABLE kit_inbox (
    day date NOT NULL,
    consumer text NOT NULL,
    source text NOT NULL,
    id uuid NOT NULL,
    PRIMARY KEY (id, consumer, source, day)
) PARTITION BY RANGE (day);
CREATE TABLE kit_inbox_rest PARTITION OF kit_inbox DEFAULT;

-- How far each consumer came: what Kafka's own offsets are checked against at assignment.
CREATE TABLE kit_position (
    consumer text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (consumer, topic, partition)
);

-- The last revision of each aggregate; both lanes of a stream share the count.
CREATE TABLE kit_revision (
    stream text NOT NULL,
    key text NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (stream, key)
) WITH (fillfactor = 80);

-- Events that were decided and are not yet in Kafka.
CREATE TABLE kit_outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    bulk boolean NOT NULL,
    key text NOT NULL,
    type text NOT NULL,
    id uuid NOT NULL,
    time timestamptz NOT NULL,
    revision bigint NOT NULL,
    causation text,
    case_id text,
    traceparent text,
    dataref text,
    value bytea NOT NULL
);
CREATE INDEX kit_outbox_lane ON kit_outbox (bulk, seq);

-- Records that could not be handled, and those that wait behind them.
CREATE TABLE kit_quarantine (
    id uuid PRIMARY KEY,
    consumer text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    "offset" bigint NOT NULL,
    "timestamp" timestamptz NOT NULL,
    key bytea,
    headers bytea NOT NULL,
    value bytea,
    dataref text,
    state text NOT NULL CHECK (state IN ('faulty', 'parked', 'replayed', 'dropped')),
    reason text NOT NULL,
    field text,
    mend text,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at timestamptz,
    settled_by text,
    settled_why text,
    UNIQUE (consumer, topic, partition, "offset")
);
CREATE INDEX kit_quarantine_waiting ON kit_quarantine (consumer, topic, key, "offset")
    WHERE state IN ('faulty', 'parked');
