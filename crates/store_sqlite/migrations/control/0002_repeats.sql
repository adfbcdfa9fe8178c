-- Requests that carry an `Idempotency-Key`, with their answers.
CREATE TABLE repeatable (
  project_id BLOB NOT NULL REFERENCES project (id),
  actor TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  claimed_us INTEGER NOT NULL,
  lease_us INTEGER NOT NULL,
  expires_us INTEGER NOT NULL,
  done INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)),
  -- The answer; none while it is not done, and when it may not be kept.
  status INTEGER,
  content_type TEXT,
  body BLOB,
  UNIQUE (project_id, actor, key)
) STRICT;
CREATE INDEX repeatable_by_end ON repeatable (expires_us);
