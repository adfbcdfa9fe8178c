-- Whether a piece of media was ever announced for no trace, as all before traces were noted may have been: it then stays when
-- traces go.
ALTER TABLE media ADD COLUMN loose INTEGER NOT NULL DEFAULT 1;
