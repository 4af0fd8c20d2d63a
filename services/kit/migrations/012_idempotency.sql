-- Answers to POSTs by their Idempotency-Key, written in the transaction of what they did.
CREATE TABLE kit_idempotency (
    actor text NOT NULL,
    key text NOT NULL,
    request bytea NOT NULL,        -- SHA-256 of method, path, query, content type and body
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    status int,                    -- null only inside the first request's own transaction
    headers jsonb,
    body bytea,
    PRIMARY KEY (actor, key)
);
CREATE INDEX kit_idempotency_at ON kit_idempotency (at);
