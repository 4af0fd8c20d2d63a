-- When what a decision answers happened, where a period runs from that; NULL: nobody stated it.
ALTER TABLE decision ADD COLUMN happened_at timestamptz;
