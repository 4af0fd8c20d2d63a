-- Which alternative of its part a row belongs to: where all of a part's alternatives are present in
-- versions that the claim does not mean, it cannot hold. Null: never shown to be absent.

ALTER TABLE platform ADD COLUMN choice integer;

-- Hashes of the files that are in a product version. Builds of one component differ in them, so
-- they are kept for each version and not with the component, which all versions share.

CREATE TABLE file_hash (
    product text NOT NULL,
    version text NOT NULL,
    hardware text NOT NULL,
    component bigint NOT NULL REFERENCES component (id),
    ident text NOT NULL,
    PRIMARY KEY (product, version, hardware, component, ident)
);
CREATE INDEX file_hash_by_ident ON file_hash (ident);
CREATE INDEX file_hash_by_component ON file_hash (component);
