-- What findings say of a component's support, and when their vulnerability was published.

ALTER TABLE vulnerability ADD COLUMN published_at timestamptz;
ALTER TABLE finding ADD COLUMN kind text NOT NULL DEFAULT 'vulnerability';
ALTER TABLE finding ADD COLUMN support_stage text;  -- null: supported, or nothing is stated
ALTER TABLE finding ADD COLUMN support_ends_on date;
