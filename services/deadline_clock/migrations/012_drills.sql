-- Drills that were run, and when the next one begins by itself. Their clocks stand among the others under a
-- case that begins with DRILL-; no case file, so that nothing real ever counts them.
CREATE TABLE drill (
    drill text PRIMARY KEY,
    clock uuid NOT NULL,
    started_at timestamptz NOT NULL,
    started_by text NOT NULL,
    ends_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_because text
);
CREATE INDEX drill_started ON drill (started_at);

CREATE TABLE drill_schedule (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    every_days int NOT NULL CHECK (every_days > 0),
    local_time text NOT NULL,
    zone text NOT NULL,
    minutes int NOT NULL,
    set_by text NOT NULL,
    next_at timestamptz NOT NULL
);
