-- A report's newer revision takes back what an older one said of exploitation.
CREATE INDEX signal_of_report ON signal (reporter)
    WHERE withdrawn_at IS NULL AND signal LIKE 'report/%';
