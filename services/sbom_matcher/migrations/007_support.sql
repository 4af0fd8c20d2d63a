-- What an SBOM states of its components' support: it belongs to the SBOM, not to the component, which
-- others contain too. Of SBOMs held already nothing is known until their next revision.

CREATE TABLE stated_support (
    product text NOT NULL,
    version text NOT NULL,
    hardware text NOT NULL,
    component bigint NOT NULL REFERENCES component (id),
    level text,
    ends_on date,
    PRIMARY KEY (product, version, hardware, component)
);
