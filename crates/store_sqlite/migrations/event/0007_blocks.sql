-- Units added up by arm and slice, so that results never read their units. Described in src/event/fold_block.rs.

CREATE TABLE unit_block (
    trial INTEGER NOT NULL,
    -- 0: a day, 1: a segment's word, 2: an epoch.
    kind INTEGER NOT NULL,
    place INTEGER NOT NULL,
    arm TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (trial, kind, place, arm)
) STRICT;

-- Rows in bins, for quantiles, by group of units.
CREATE TABLE unit_bins (
    trial INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    place INTEGER NOT NULL,
    arm TEXT NOT NULL,
    unit_group INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (trial, kind, place, arm, unit_group)
) STRICT, WITHOUT ROWID;

-- How sums are added up over units. What was worked out before says nothing of that: everything is, again.
ALTER TABLE trial ADD COLUMN readings TEXT NOT NULL DEFAULT '[]';
UPDATE trial SET revision = revision + 1, version = version + 1;
INSERT OR IGNORE INTO dirty_unit (project, kind, unit)
    SELECT trial.project, trial.kind, unit.unit FROM trial CROSS JOIN unit ON unit.trial = trial.id WHERE trial.kind IS NOT NULL;
