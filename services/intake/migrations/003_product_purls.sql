-- What an SBOM calls the product that it describes: statements may name the product so.
-- SBOMs that were registered before say it again with their next revision.

ALTER TABLE sbom ADD COLUMN purl text;
