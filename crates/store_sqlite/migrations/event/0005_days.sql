-- Totals by whole days of UTC, so that weeks and months are read in a few rows: the sums of the hours of a day, kept apart by
-- the same as those. Packed records are described in src/event/{cell,cell_score}.rs.

CREATE TABLE day_span (
    project INTEGER NOT NULL,
    prompt INTEGER NOT NULL,
    day INTEGER NOT NULL,
    version INTEGER NOT NULL,
    model INTEGER NOT NULL,
    environment INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    arm INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (project, prompt, day, version, model, environment, segment, arm)
) STRICT, WITHOUT ROWID;
CREATE TABLE day_score (
    project INTEGER NOT NULL,
    prompt INTEGER NOT NULL,
    day INTEGER NOT NULL,
    version INTEGER NOT NULL,
    model INTEGER NOT NULL,
    environment INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    arm INTEGER NOT NULL,
    name INTEGER NOT NULL,
    level INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (project, prompt, day, version, model, environment, segment, arm, name, level)
) STRICT, WITHOUT ROWID;

-- All totals are folded afresh, with days.
DELETE FROM cell_span;
DELETE FROM cell_score;
DELETE FROM group_span;
DELETE FROM group_score;
DELETE FROM score_fold;
DELETE FROM score_place;
DELETE FROM journal;
DELETE FROM stale_cell;
DELETE FROM dirty_session;
UPDATE watermark SET span = 0;
INSERT OR IGNORE INTO dirty_score (seq) SELECT seq FROM score;
