-- The Redis index is filled page by page in the order in which timers fire, so that what is due next is in
-- it first; the page after (fire_at, id) has to be found without sorting.
CREATE INDEX kit_timer_order ON kit_timer (fire_at, id) WHERE state = 'armed';
DROP INDEX kit_timer_fire_at;
