-- The unit groups of a day in one row, their bins apart. Packed records are described in src/event/group.rs.

DROP TABLE group_span;
DROP TABLE group_score;
CREATE TABLE group_span (
    project INTEGER NOT NULL,
    prompt INTEGER NOT NULL,
    day INTEGER NOT NULL,
    version INTEGER NOT NULL,
    environment INTEGER NOT NULL,
    arm INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (project, prompt, day, version, environment, arm)
) STRICT, WITHOUT ROWID;
CREATE TABLE group_bins (
    project INTEGER NOT NULL,
    prompt INTEGER NOT NULL,
    day INTEGER NOT NULL,
    version INTEGER NOT NULL,
    environment INTEGER NOT NULL,
    arm INTEGER NOT NULL,
    unit_group INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (project, prompt, day, version, environment, arm, unit_group)
) STRICT, WITHOUT ROWID;
CREATE TABLE group_score (
    project INTEGER NOT NULL,
    prompt INTEGER NOT NULL,
    day INTEGER NOT NULL,
    version INTEGER NOT NULL,
    environment INTEGER NOT NULL,
    arm INTEGER NOT NULL,
    name INTEGER NOT NULL,
    level INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (project, prompt, day, version, environment, arm, name, level)
) STRICT, WITHOUT ROWID;

-- All totals are folded afresh, into the new rows.
DELETE FROM cell_span;
DELETE FROM cell_score;
DELETE FROM day_span;
DELETE FROM day_score;
DELETE FROM score_fold;
DELETE FROM score_place;
DELETE FROM journal;
DELETE FROM stale_cell;
DELETE FROM dirty_session;
UPDATE watermark SET span = 0;
INSERT OR IGNORE INTO dirty_score (seq) SELECT seq FROM score;
