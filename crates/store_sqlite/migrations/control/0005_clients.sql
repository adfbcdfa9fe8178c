-- What SDKs keep beside prompts: media, datasets, comments, score configurations.

-- Secrets of this installation by what they are for.
CREATE TABLE installation_secret (
  purpose TEXT NOT NULL PRIMARY KEY,
  secret BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Bytes lie in files named by their digest, in the folder `media`.
CREATE TABLE media (
  project_id BLOB NOT NULL REFERENCES project (id),
  id TEXT NOT NULL,
  sha256 BLOB NOT NULL,
  content_type TEXT NOT NULL,
  length INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  uploaded_us INTEGER,
  PRIMARY KEY (project_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE dataset (
  position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  id BLOB NOT NULL UNIQUE,
  project_id BLOB NOT NULL REFERENCES project (id),
  name TEXT NOT NULL,
  description TEXT,
  -- JSON.
  metadata TEXT NOT NULL,
  input_schema TEXT,
  expected_schema TEXT,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  UNIQUE (project_id, name)
) STRICT;

CREATE TABLE dataset_item (
  position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  project_id BLOB NOT NULL REFERENCES project (id),
  id TEXT NOT NULL,
  dataset_id BLOB NOT NULL REFERENCES dataset (id),
  status TEXT NOT NULL CHECK (status IN ('ACTIVE', 'ARCHIVED')),
  -- JSON.
  input TEXT NOT NULL,
  expected_output TEXT NOT NULL,
  metadata TEXT NOT NULL,
  source_trace TEXT,
  source_observation TEXT,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  UNIQUE (project_id, id)
) STRICT;
CREATE INDEX dataset_item_by_dataset ON dataset_item (dataset_id);

CREATE TABLE dataset_run (
  position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  project_id BLOB NOT NULL REFERENCES project (id),
  id TEXT NOT NULL,
  dataset_id BLOB NOT NULL REFERENCES dataset (id),
  name TEXT NOT NULL,
  description TEXT,
  -- JSON.
  metadata TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  UNIQUE (project_id, id),
  UNIQUE (dataset_id, name)
) STRICT;

CREATE TABLE dataset_run_item (
  position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  run INTEGER NOT NULL REFERENCES dataset_run (position) ON DELETE CASCADE,
  item INTEGER NOT NULL REFERENCES dataset_item (position) ON DELETE CASCADE,
  trace_id BLOB NOT NULL,
  -- Empty: the trace as a whole.
  observation_id BLOB NOT NULL,
  created_us INTEGER NOT NULL,
  UNIQUE (run, item, trace_id, observation_id)
) STRICT;
CREATE INDEX dataset_run_item_by_item ON dataset_run_item (item);

CREATE TABLE comment (
  position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  id BLOB NOT NULL UNIQUE,
  project_id BLOB NOT NULL REFERENCES project (id),
  object_type TEXT NOT NULL,
  object_id TEXT NOT NULL,
  content TEXT NOT NULL,
  author TEXT,
  created_us INTEGER NOT NULL
) STRICT;
CREATE INDEX comment_by_object ON comment (project_id, object_type, object_id);

CREATE TABLE score_config (
  position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  id BLOB NOT NULL UNIQUE,
  project_id BLOB NOT NULL REFERENCES project (id),
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('NUMERIC', 'BOOLEAN', 'CATEGORICAL', 'TEXT')),
  archived INTEGER NOT NULL CHECK (archived IN (0, 1)),
  min REAL,
  max REAL,
  -- JSON array of labels and values.
  categories TEXT NOT NULL,
  description TEXT,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL
) STRICT;
CREATE INDEX score_config_by_project ON score_config (project_id);
