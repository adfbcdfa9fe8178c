-- Experiments, whole as JSON beside what is asked for, and their logs. Labels also move on their behalf.

CREATE TABLE experiment (
  id BLOB NOT NULL PRIMARY KEY,
  project_id BLOB NOT NULL REFERENCES project (id),
  key TEXT NOT NULL,
  prompt_id BLOB NOT NULL,
  prompt_name TEXT NOT NULL,
  label TEXT NOT NULL,
  state TEXT NOT NULL,
  -- Raised by one with each change.
  revision INTEGER NOT NULL,
  -- JSON: {"version": 1, "experiment": {…}}.
  body TEXT NOT NULL,
  UNIQUE (project_id, key)
) STRICT;
-- A slot has one owner.
CREATE UNIQUE INDEX experiment_by_slot ON experiment (project_id, prompt_id, label)
  WHERE state IN ('scheduled', 'running', 'paused');

-- One entry a revision.
CREATE TABLE experiment_activity (
  experiment_id BLOB NOT NULL REFERENCES experiment (id),
  revision INTEGER NOT NULL,
  -- JSON.
  body TEXT NOT NULL,
  PRIMARY KEY (experiment_id, revision)
) STRICT, WITHOUT ROWID;

-- The same table with one more source.
CREATE TABLE label_move_next (
  position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  id BLOB NOT NULL UNIQUE,
  project_id BLOB NOT NULL REFERENCES project (id),
  prompt_name TEXT NOT NULL,
  label TEXT NOT NULL,
  from_version INTEGER,
  to_version INTEGER,
  moved_by TEXT NOT NULL,
  at_us INTEGER NOT NULL,
  reason TEXT,
  source TEXT NOT NULL CHECK (source IN ('user', 'api', 'experiment')),
  CHECK (from_version IS NOT NULL OR to_version IS NOT NULL)
) STRICT;
INSERT INTO label_move_next SELECT * FROM label_move ORDER BY position;
DROP TABLE label_move;
ALTER TABLE label_move_next RENAME TO label_move;
CREATE INDEX label_move_by_prompt ON label_move (project_id, prompt_name, position);
