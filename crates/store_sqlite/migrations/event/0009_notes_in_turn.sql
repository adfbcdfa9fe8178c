-- Units to be worked out again, in the order they were first noted: each has its turn, whatever it is called and however much
-- is noted after it.
CREATE TABLE dirty_unit_next (
    position INTEGER NOT NULL PRIMARY KEY,
    project INTEGER NOT NULL,
    kind TEXT NOT NULL,
    unit TEXT NOT NULL,
    UNIQUE (project, kind, unit)
) STRICT;
INSERT INTO dirty_unit_next (project, kind, unit) SELECT project, kind, unit FROM dirty_unit ORDER BY project, kind, unit;
DROP TABLE dirty_unit;
ALTER TABLE dirty_unit_next RENAME TO dirty_unit;
