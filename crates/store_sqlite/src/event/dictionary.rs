//! Small integers for the words that repeat: projects, and in each project prompts, models, environments and score names.

use std::collections::{HashMap, hash_map::Entry};

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
    Segment = 5,
    Category = 6,
}

/// Most names of scores a project has; the empty text stands for all others.
pub(super) const SCORE_NAMES: i64 = 50;
/// Most segments of one attribute, besides [`OTHER_SEGMENTS`].
const SEGMENTS: i64 = 20;
/// The segment of everything beyond them.
pub(super) const OTHER_SEGMENTS: &str = "other";
/// Most categories of one score name; the empty text stands for all others.
const CATEGORIES: i64 = 20;
/// Stands between the set a word belongs to and the word.
const BETWEEN: char = '\u{1f}';

/// The word itself, without the set it belongs to.
pub(super) fn without_set(kind: WordKind, text: &str) -> &str {
    match kind {
        WordKind::Segment | WordKind::Category => text.split_once(BETWEEN).map_or(text, |(_, word)| word),
        WordKind::Prompt | WordKind::Model | WordKind::Environment | WordKind::ScoreName => text,
    }
}

/// A word of a set, as it is stored.
pub(super) fn within_set(set: &str, word: &str) -> String {
    format!("{set}{BETWEEN}{word}")
}

/// How many words a set may have.
struct Bound {
    /// The start of the set: sorts before all its words.
    from: String,
    limit: i64,
    /// The word for all others.
    other: String,
}

/// Words held in memory before the cache is emptied; hostile senders can make any number of them.
const HELD: usize = 100_000;

/// The writer's view of the dictionary. Emptied after a failed transaction, because its new words went with it.
#[derive(Default)]
pub(super) struct Dictionary {
    projects: HashMap<Uuid, i64>,
    words: HashMap<(i64, WordKind), HashMap<String, i64>>,
    /// By which attribute each project is segmented.
    segmented_by: HashMap<i64, Option<String>>,
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

    /// By which attribute a project is segmented.
    pub(super) async fn segmented_by(
        &mut self,
        connection: &mut SqliteConnection,
        project: i64,
    ) -> Result<Option<&str>, StoreError> {
        let known = match self.segmented_by.entry(project) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let found = sqlx::query_scalar("SELECT segment_by FROM project WHERE id = ?")
                    .bind(project)
                    .fetch_one(connection)
                    .await
                    .map_err(from_sqlx)?;
                unknown.insert(found)
            }
        };
        Ok(known.as_deref())
    }

    /// Forgets by which attribute projects are segmented, because that changed.
    pub(super) fn forget_segments(&mut self) {
        self.segmented_by.clear();
    }

    /// The number of a segment under the project's present attribute; 0 for none.
    pub(super) async fn segment(
        &mut self,
        connection: &mut SqliteConnection,
        project: i64,
        value: Option<&str>,
    ) -> Result<i64, StoreError> {
        let Some(value) = value else { return Ok(0) };
        let Some(set) = self.segmented_by(connection, project).await?.map(str::to_owned) else { return Ok(0) };
        let (from, other) = (within_set(&set, ""), within_set(&set, OTHER_SEGMENTS));
        let bound = Bound { from, limit: SEGMENTS, other };
        self.bounded(connection, project, WordKind::Segment, &within_set(&set, value), bound).await
    }

    /// The number of a category of a score's name.
    pub(super) async fn category(
        &mut self,
        connection: &mut SqliteConnection,
        project: i64,
        name: i64,
        category: &str,
    ) -> Result<i64, StoreError> {
        let set = name.to_string();
        let from = within_set(&set, "");
        let bound = Bound { other: from.clone(), from, limit: CATEGORIES };
        self.bounded(connection, project, WordKind::Category, &within_set(&set, category), bound).await
    }

    /// The number of a score's name.
    pub(super) async fn score_name(
        &mut self,
        connection: &mut SqliteConnection,
        project: i64,
        name: &str,
    ) -> Result<i64, StoreError> {
        let bound = Bound { from: String::new(), limit: SCORE_NAMES, other: String::new() };
        self.bounded(connection, project, WordKind::ScoreName, name, bound).await
    }

    /// The number of a word of a set that may only have so many; of the word for all others when it is full.
    async fn bounded(
        &mut self,
        connection: &mut SqliteConnection,
        project: i64,
        kind: WordKind,
        text: &str,
        bound: Bound,
    ) -> Result<i64, StoreError> {
        if let Some(number) = self.words.get(&(project, kind)).and_then(|words| words.get(text)) {
            return Ok(*number);
        }
        // Words of the set follow its start directly, and what follows the set begins with a character beyond the separator.
        let (known, held): (bool, i64) = sqlx::query_as(
            "SELECT EXISTS (SELECT 1 FROM word WHERE project = ?1 AND kind = ?2 AND text = ?3), \
             (SELECT count(*) FROM word WHERE project = ?1 AND kind = ?2 AND text > ?4 AND (?4 = '' OR text < ?5))",
        )
        .bind(project)
        .bind(kind as i64)
        .bind(text)
        .bind(&bound.from)
        .bind(bound.from.replace(BETWEEN, " "))
        .fetch_one(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        if known || held < bound.limit {
            return self.word(connection, project, kind, text).await;
        }
        let other = self.word(connection, project, kind, &bound.other).await?;
        // Remembered under its own text too, so that the next of its sort costs nothing.
        self.held += 1;
        self.words.entry((project, kind)).or_default().insert(text.to_owned(), other);
        Ok(other)
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
