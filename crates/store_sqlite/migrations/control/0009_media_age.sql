-- When a piece of media was last announced, and last for each trace: what nobody announced for as long as a project keeps its
-- events goes with them, also when its trace never came.
ALTER TABLE media ADD COLUMN announced_us INTEGER NOT NULL DEFAULT 0;
UPDATE media SET announced_us = created_us;
ALTER TABLE media_use ADD COLUMN announced_us INTEGER NOT NULL DEFAULT 0;
UPDATE media_use SET announced_us = coalesce((SELECT media.created_us FROM media
  WHERE media.project_id = media_use.project_id AND media.id = media_use.media_id), 0);
