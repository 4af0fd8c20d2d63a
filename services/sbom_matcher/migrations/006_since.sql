-- Since when a component is in a product version in this version of its own, by the first SBOM that
-- listed it so: a statement of ours that names no component version speaks of those it could know.

ALTER TABLE inventory ADD COLUMN since timestamptz NOT NULL DEFAULT 'epoch';
