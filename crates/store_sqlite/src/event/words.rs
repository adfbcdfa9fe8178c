//! The words a project has used, for lists to offer them.

use domain::ids::ProjectId;
use store::{StoreError, event::Words};

use super::{dictionary::WordKind, read::Reader};
use crate::error::from_sqlx;

/// Words offered of each kind.
const MOST: i64 = 200;

/// Words of a kind, in order; the empty one stands for none.
pub(super) const WORDS_OF: &str =
    "SELECT text FROM word WHERE project = ? AND kind = ? AND text <> '' ORDER BY text LIMIT ?";

impl Reader {
    pub(super) async fn used_words(&self, project: ProjectId) -> Result<Words, StoreError> {
        let Some(project) = self.project(project).await? else { return Ok(Words::default()) };
        let of = async |kind: WordKind| -> Result<Vec<String>, StoreError> {
            sqlx::query_scalar(WORDS_OF)
                .bind(project)
                .bind(kind as i64)
                .bind(MOST)
                .fetch_all(&self.pool)
                .await
                .map_err(from_sqlx)
        };
        Ok(Words {
            prompts: of(WordKind::Prompt).await?,
            models: of(WordKind::Model).await?,
            environments: of(WordKind::Environment).await?,
            scores: of(WordKind::ScoreName).await?,
        })
    }
}
