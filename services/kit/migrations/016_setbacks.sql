-- Where a consumer found its database behind what it had told Kafka: it was restored from a backup.

CREATE TABLE kit_setback (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    stored bigint NOT NULL,            -- where the database was, and reading began again
    committed bigint NOT NULL,         -- how far Kafka knew the consumer had come
    noticed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at timestamptz,
    settled_by text,
    UNIQUE (consumer, topic, partition, stored, committed)
);
