-- The kind of market, what a score was made of, what was planned, and what refused plans would have made.
-- `score` is a list of [part, points, most]; the prices of a plan stand or are missing together.

ALTER TABLE decisions ADD COLUMN regime TEXT;
ALTER TABLE decisions ADD COLUMN score TEXT NOT NULL DEFAULT '[]';
ALTER TABLE decisions ADD COLUMN planned_side TEXT;
ALTER TABLE decisions ADD COLUMN planned_entry TEXT;
ALTER TABLE decisions ADD COLUMN planned_stop TEXT;
ALTER TABLE decisions ADD COLUMN planned_target TEXT;

CREATE TABLE shadow_outcomes (
    run            INTEGER NOT NULL,
    instrument     INTEGER NOT NULL,
    decided_at     INTEGER NOT NULL,
    refused_by     TEXT    NOT NULL,
    setup          TEXT,
    planned_side   TEXT    NOT NULL,
    planned_entry  TEXT    NOT NULL,
    planned_stop   TEXT    NOT NULL,
    planned_target TEXT    NOT NULL,
    refusals       INTEGER NOT NULL,
    outcome        TEXT    NOT NULL,
    ended_at       INTEGER NOT NULL,
    r              REAL,
    bars           INTEGER NOT NULL,
    PRIMARY KEY (run, instrument, decided_at),
    FOREIGN KEY (run, instrument) REFERENCES instruments (run, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX shadow_outcomes_by_time ON shadow_outcomes (decided_at);
