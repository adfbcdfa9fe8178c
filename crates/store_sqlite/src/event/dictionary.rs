//! Small integers for the words that repeat: projects, and in each project prompts, models, environments and score names.

use std::collections::HashMap;

use domain::ids::ProjectId;
use sqlx::SqliteConnection;
use store::StoreError;
use uuid::Uuid;

use crate::error::from_sqlx;

/// What a word names. The numbers are stored.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum WordKind {
    Prompt = 1,
    Model = 2,
    Environment = 3,
    ScoreName = 4,
}

/// Words held in memory before the cache is emptied; hostile senders can make any number of them.
const HELD: usize = 100_000;

/// The writer's view of the dictionary. Emptied after a failed transaction, because its new words went with it.
#[derive(Default)]
pub(super) struct Dictionary {
    projects: HashMap<Uuid, i64>,
    words: HashMap<(i64, WordKind), HashMap<String, i64>>,
    held: usize,
}

impl Dictionary {
    pub(super) async fn project(
        &mut self,
        connection: &mut SqliteConnection,
        project: ProjectId,
    ) -> Result<i64, StoreError> {
        if let Some(number) = self.projects.get(&project.0) {
            return Ok(*number);
        }
        let bytes = project.0.as_bytes().to_vec();
        let known: Option<i64> = sqlx::query_scalar("SELECT id FROM project WHERE uuid = ?")
            .bind(bytes.clone())
            .fetch_optional(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        let number = match known {
            Some(number) => number,
            None => sqlx::query_scalar("INSERT INTO project (uuid) VALUES (?) RETURNING id")
                .bind(bytes)
                .fetch_one(connection)
                .await
                .map_err(from_sqlx)?,
        };
        if self.projects.len() >= HELD {
            self.projects.clear();
        }
        self.projects.insert(project.0, number);
        Ok(number)
    }

    /// The number of a word, made when it is new.
    pub(super) async fn word(
        &mut self,
        connection: &mut SqliteConnection,
        project: i64,
        kind: WordKind,
        text: &str,
    ) -> Result<i64, StoreError> {
        if let Some(number) = self.words.get(&(project, kind)).and_then(|words| words.get(text)) {
            return Ok(*number);
        }
        let known: Option<i64> = sqlx::query_scalar("SELECT id FROM word WHERE project = ? AND kind = ? AND text = ?")
            .bind(project)
            .bind(kind as i64)
            .bind(text)
            .fetch_optional(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        let number: i64 = match known {
            Some(number) => number,
            None => sqlx::query_scalar("INSERT INTO word (project, kind, text) VALUES (?, ?, ?) RETURNING id")
                .bind(project)
                .bind(kind as i64)
                .bind(text)
                .fetch_one(connection)
                .await
                .map_err(from_sqlx)?,
        };
        if self.held >= HELD {
            self.words.clear();
            self.held = 0;
        }
        self.held += 1;
        self.words.entry((project, kind)).or_default().insert(text.to_owned(), number);
        Ok(number)
    }
}
