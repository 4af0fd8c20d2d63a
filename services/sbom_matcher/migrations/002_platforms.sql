-- What CPE names say of edition and platform beside the key: compared after the join.

ALTER TABLE handle ADD COLUMN traits text;
ALTER TABLE span ADD COLUMN traits text;

-- What a claim runs on: it holds where one row of each part is present in the same product version.

CREATE TABLE platform (
    assertion bigint NOT NULL REFERENCES assertion (id) ON DELETE CASCADE,
    part integer NOT NULL,
    ident text,  -- null: nothing of this part can be read, so that it is never shown
    low bytea,
    high bytea,
    whole boolean NOT NULL
);
CREATE INDEX platform_by_assertion ON platform (assertion);
