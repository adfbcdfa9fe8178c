-- Outcome events, exposures, and what becomes of exposed units. Packed records are described in
-- src/event/{outcome,exposure,unit}.rs.

CREATE TABLE outcome (
    -- In order of arrival.
    seq INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    unit TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    data BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX outcome_key ON outcome (project, id);
CREATE INDEX outcome_unit ON outcome (project, kind, unit, at_us);
CREATE INDEX outcome_arrival ON outcome (project);

-- How often each event happened, counted in the transaction that stores or replaces it.
CREATE TABLE outcome_name (
    project INTEGER NOT NULL,
    name TEXT NOT NULL,
    events INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;

-- The phases of experiments.
CREATE TABLE trial (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    experiment BLOB NOT NULL,
    phase INTEGER NOT NULL,
    -- Goes up whenever one of its units changes.
    version INTEGER NOT NULL DEFAULT 0,
    units INTEGER NOT NULL DEFAULT 0,
    -- What is summed of its units, and how often that was changed; NULL until it is said.
    revision INTEGER NOT NULL DEFAULT 0,
    kind TEXT,
    prompt INTEGER,
    until_us INTEGER,
    measures TEXT,
    UNIQUE (project, experiment, phase)
) STRICT;

CREATE TABLE unit (
    trial INTEGER NOT NULL,
    unit TEXT NOT NULL,
    exposure BLOB NOT NULL,
    -- Whether it was exposed to a second arm.
    multiple INTEGER NOT NULL DEFAULT 0,
    -- What became of it under this revision of the trial; NULL until it is folded.
    revision INTEGER NOT NULL DEFAULT 0,
    state BLOB,
    PRIMARY KEY (trial, unit)
) STRICT, WITHOUT ROWID;

-- Units to be worked out again.
CREATE TABLE dirty_unit (
    project INTEGER NOT NULL,
    kind TEXT NOT NULL,
    unit TEXT NOT NULL,
    PRIMARY KEY (project, kind, unit)
) STRICT, WITHOUT ROWID;
