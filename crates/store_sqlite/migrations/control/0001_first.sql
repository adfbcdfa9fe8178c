-- The control plane: small, relational, read by id. Ids are the 16 bytes of a UUIDv7; times are microseconds, UTC.

CREATE TABLE project (
  id BLOB NOT NULL PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  -- Raised by one with each change of prompts or labels.
  revision INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE person (
  id BLOB NOT NULL PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  password_hash TEXT,
  created_us INTEGER NOT NULL
) STRICT;

CREATE TABLE member (
  project_id BLOB NOT NULL REFERENCES project (id),
  person_id BLOB NOT NULL REFERENCES person (id),
  role TEXT NOT NULL CHECK (role IN ('viewer', 'analyst', 'editor', 'owner')),
  since_us INTEGER NOT NULL,
  PRIMARY KEY (project_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_by_person ON member (person_id);

CREATE TABLE session (
  id BLOB NOT NULL PRIMARY KEY,
  token BLOB NOT NULL UNIQUE,
  person_id BLOB NOT NULL REFERENCES person (id),
  created_us INTEGER NOT NULL,
  expires_us INTEGER NOT NULL
) STRICT;
CREATE INDEX session_by_person ON session (person_id);
CREATE INDEX session_by_end ON session (expires_us);

CREATE TABLE one_time_link (
  id BLOB NOT NULL PRIMARY KEY,
  token BLOB NOT NULL UNIQUE,
  -- The person whose password it sets; none for the first owner's link.
  person_id BLOB REFERENCES person (id),
  expires_us INTEGER NOT NULL
) STRICT;
CREATE INDEX one_time_link_by_end ON one_time_link (expires_us);
CREATE INDEX one_time_link_by_person ON one_time_link (person_id);

CREATE TABLE api_key (
  id BLOB NOT NULL PRIMARY KEY,
  project_id BLOB NOT NULL REFERENCES project (id),
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('pair', 'client')),
  -- JSON array of words.
  scopes TEXT NOT NULL,
  public_key TEXT NOT NULL UNIQUE,
  secret BLOB UNIQUE,
  secret_hint TEXT NOT NULL,
  -- JSON array of origins.
  origins TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  last_used_us INTEGER,
  revoked_us INTEGER,
  CHECK ((kind = 'pair') = (secret IS NOT NULL))
) STRICT;
CREATE INDEX api_key_by_project ON api_key (project_id, created_us);

CREATE TABLE prompt (
  id BLOB NOT NULL PRIMARY KEY,
  project_id BLOB NOT NULL REFERENCES project (id),
  name TEXT NOT NULL,
  -- The name in lower case, as Rust folds it: SQLite's own folding knows only ASCII.
  name_folded TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('text', 'chat')),
  -- JSON array, sorted.
  tags TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  UNIQUE (project_id, name)
) STRICT;

-- The last number given out under a name. Outlives the prompt, so that a number never means two contents.
CREATE TABLE prompt_number (
  project_id BLOB NOT NULL REFERENCES project (id),
  prompt_name TEXT NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (project_id, prompt_name)
) STRICT, WITHOUT ROWID;

CREATE TABLE prompt_version (
  prompt_id BLOB NOT NULL REFERENCES prompt (id),
  number INTEGER NOT NULL CHECK (number > 0),
  -- JSON: a text, or an array of messages and placeholders.
  body TEXT NOT NULL,
  config TEXT NOT NULL,
  commit_message TEXT,
  author TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  content_hash TEXT NOT NULL,
  UNIQUE (prompt_id, number)
) STRICT;

-- A prompt's name and a label: keeps its flag key for ever.
CREATE TABLE slot (
  project_id BLOB NOT NULL REFERENCES project (id),
  prompt_name TEXT NOT NULL,
  label TEXT NOT NULL,
  flag_key TEXT NOT NULL,
  PRIMARY KEY (project_id, prompt_name, label),
  UNIQUE (project_id, flag_key)
) STRICT, WITHOUT ROWID;

-- Where a label stands now.
CREATE TABLE label (
  prompt_id BLOB NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  protected INTEGER NOT NULL DEFAULT 0 CHECK (protected IN (0, 1)),
  PRIMARY KEY (prompt_id, name),
  FOREIGN KEY (prompt_id, version) REFERENCES prompt_version (prompt_id, number)
) STRICT, WITHOUT ROWID;

-- Every move of a label, in the order it happened. By name, since spans ask for them after the prompt is gone.
CREATE TABLE label_move (
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
  source TEXT NOT NULL CHECK (source IN ('user', 'api')),
  CHECK (from_version IS NOT NULL OR to_version IS NOT NULL)
) STRICT;
CREATE INDEX label_move_by_prompt ON label_move (project_id, prompt_name, position);
