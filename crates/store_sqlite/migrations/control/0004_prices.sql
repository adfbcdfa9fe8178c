-- Prices projects set themselves. Rows are added, and closed once; never changed otherwise, never removed.
CREATE TABLE model_price (
  id BLOB NOT NULL PRIMARY KEY,
  project_id BLOB NOT NULL REFERENCES project (id),
  pattern TEXT NOT NULL,
  provider TEXT,
  tier TEXT,
  -- Rates as versioned JSON, in dollars a million.
  rates TEXT NOT NULL,
  valid_from_us INTEGER NOT NULL,
  closed_us INTEGER,
  created_by TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  closed_by TEXT,
  CHECK ((closed_us IS NULL) = (closed_by IS NULL))
) STRICT;
CREATE INDEX model_price_by_project ON model_price (project_id, valid_from_us, created_us);

-- Work done in the background, by whoever holds the lease.
CREATE TABLE job (
  id BLOB NOT NULL PRIMARY KEY,
  project_id BLOB NOT NULL REFERENCES project (id),
  kind TEXT NOT NULL,
  -- What to do and how far it is, as versioned JSON.
  params TEXT NOT NULL,
  progress TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
  error TEXT,
  created_by TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  finished_us INTEGER,
  worker TEXT,
  lease_us INTEGER
) STRICT;
CREATE INDEX job_by_project ON job (project_id, kind, created_us);
CREATE INDEX job_open ON job (kind, created_us) WHERE state IN ('waiting', 'running');
