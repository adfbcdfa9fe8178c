-- How totals spread over groups of units, segments, and where scores count in time. Packed records are described in
-- src/event/{cell,cell_score}.rs.

-- The unit group (user, else session, else trace) and the segment a trace's generations count in unless they name one.
ALTER TABLE trace ADD COLUMN unit_group INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trace ADD COLUMN segment INTEGER NOT NULL DEFAULT 0;
-- The segment a generation names itself; 0 for none.
ALTER TABLE span ADD COLUMN segment INTEGER NOT NULL DEFAULT 0;

-- The attribute a project is segmented by, and the spans up to which the present one has not been applied yet.
ALTER TABLE project ADD COLUMN segment_by TEXT;
CREATE TABLE segment_job (
    project INTEGER PRIMARY KEY,
    -- Looked at up to here, from the oldest on …
    done INTEGER NOT NULL,
    -- … and to be looked at up to here.
    until INTEGER NOT NULL
) STRICT;

-- Totals by day and unit group. Days since 1970; arm is 0 until it is used.
CREATE TABLE group_span (
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
    unit_group INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (project, prompt, day, version, environment, arm, name, level, unit_group)
) STRICT, WITHOUT ROWID;

-- Where each folded score counts, by the start of the generation it counts by; the rest is in `score_fold`.
CREATE TABLE score_place (
    prompt INTEGER NOT NULL,
    version INTEGER NOT NULL,
    start_ns INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (prompt, version, start_ns, seq)
) STRICT, WITHOUT ROWID;

-- Totals have a new form: all of them are folded afresh.
DELETE FROM cell_span;
DELETE FROM cell_score;
DELETE FROM score_fold;
DELETE FROM journal;
DELETE FROM stale_cell;
DELETE FROM dirty_session;
UPDATE watermark SET span = 0;
INSERT OR IGNORE INTO dirty_score (seq) SELECT seq FROM score;
