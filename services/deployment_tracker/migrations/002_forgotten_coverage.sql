-- When the topic forgot a campaign's cells; a change that comes later has them published again.
ALTER TABLE campaign ADD COLUMN coverage_forgotten_at timestamptz;
