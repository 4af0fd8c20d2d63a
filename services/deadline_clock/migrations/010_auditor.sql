-- What the auditor leaves behind: that it ran, what it found overdue without effect, whom it told.

CREATE INDEX escalation_step_armed ON escalation_step (due_at) WHERE state = 'armed';

CREATE TABLE auditor_run (
    run uuid PRIMARY KEY,
    host text NOT NULL,
    pid int NOT NULL,
    channels text[] NOT NULL,          -- of its second path: webhook, mail
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL       -- its heartbeat
);
CREATE INDEX auditor_run_seen ON auditor_run (seen_at);

-- One message on the second path; a channel that has none has nothing to be told.
CREATE TABLE auditor_alarm (
    message uuid PRIMARY KEY,          -- its webhook-id and Message-ID on every try
    kind text NOT NULL CHECK (kind IN ('overdue', 'auditor_away', 'database_away')),
    raised_at timestamptz NOT NULL,
    summary text NOT NULL,
    body jsonb NOT NULL,
    webhook_told boolean NOT NULL,
    mail_told boolean NOT NULL,
    told_at timestamptz,               -- when the last channel took it
    tries int NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL,
    error text
);
CREATE INDEX auditor_alarm_untold ON auditor_alarm (next_try_at) WHERE told_at IS NULL;

-- A step is found once and for ever: that is why it is never raised twice.
CREATE TABLE auditor_finding (
    subject text NOT NULL,             -- the clock, or what else an alarm is about
    step text NOT NULL,
    due_at timestamptz NOT NULL,       -- legal time
    fire_at timestamptz NOT NULL,      -- when it should have had its effect
    why text NOT NULL,
    message uuid NOT NULL REFERENCES auditor_alarm,
    found_at timestamptz NOT NULL,
    cleared_at timestamptz,            -- it has had its effect since
    PRIMARY KEY (subject, step, due_at)
);
CREATE INDEX auditor_finding_open ON auditor_finding (fire_at) WHERE cleared_at IS NULL;
