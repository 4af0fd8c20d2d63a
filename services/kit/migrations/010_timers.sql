-- Timers: the truth about who is woken when. Redis only indexes what is armed here.
CREATE TABLE kit_timer (
    id uuid PRIMARY KEY,               -- derived from subject, step and due_at
    subject text NOT NULL,
    step text NOT NULL,
    due_at timestamptz NOT NULL,       -- legal time
    fire_at timestamptz NOT NULL,      -- wall time: earlier than due_at only in a sandbox
    state text NOT NULL DEFAULT 'armed' CHECK (state IN ('armed', 'fired', 'cancelled')),
    fired_at timestamptz,
    traceparent text,                  -- of what armed it, so that what follows stays in its trace
    attempts int NOT NULL DEFAULT 0,   -- firings that a handler's error undid
    retry_at timestamptz               -- back-off after such an error
);
CREATE INDEX kit_timer_fire_at ON kit_timer (fire_at) WHERE state = 'armed';
CREATE INDEX kit_timer_subject ON kit_timer (subject, step) WHERE state = 'armed';
