-- How sure we are of a clock's rule: shown wherever the rule is. Null where the clock was told before.
ALTER TABLE clock ADD COLUMN confidence text;
