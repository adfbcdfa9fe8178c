-- What the owners of a project have chosen, as versioned JSON, and how often that changed.
ALTER TABLE project ADD COLUMN settings TEXT NOT NULL DEFAULT '{"version":1}';
ALTER TABLE project ADD COLUMN settings_revision INTEGER NOT NULL DEFAULT 0;
