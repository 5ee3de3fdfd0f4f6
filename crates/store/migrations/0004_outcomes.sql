-- Counts of decisions by instrument and outcome are read from this alone, without their gates and scores.

CREATE INDEX decisions_outcomes ON decisions (run, at, instrument, refused_by, planned_side);
