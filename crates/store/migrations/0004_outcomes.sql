-- Counts of decisions by instrument and outcome are read from this alone, without their gates and scores.

CREATE INDEX decisions_outcomes ON decisions (run, at, instrument, refused_by, planned_side);

-- How often decisions of an hour were written: who has counted them sees by it whether they are to be counted again.

CREATE TABLE decision_hours (
    run    INTEGER NOT NULL REFERENCES runs (run),
    hour   INTEGER NOT NULL,
    writes INTEGER NOT NULL,
    PRIMARY KEY (run, hour)
) STRICT, WITHOUT ROWID;

INSERT INTO decision_hours (run, hour, writes)
SELECT run, at - at % 3600000000000, count(*) FROM decisions GROUP BY 1, 2;
