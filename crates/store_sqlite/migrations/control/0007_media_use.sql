-- Which traces a piece of media was announced for, so that it can go with the last of them.
CREATE TABLE media_use (
  project_id BLOB NOT NULL REFERENCES project (id),
  trace_id BLOB NOT NULL,
  media_id TEXT NOT NULL,
  PRIMARY KEY (project_id, trace_id, media_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX media_use_by_media ON media_use (project_id, media_id);
