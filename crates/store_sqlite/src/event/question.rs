//! The filters and splits of a question, as numbers for tables of totals and as texts for single generations.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use domain::{
    metric::{Dimension, Filter},
    time::TimeUs,
};
use sqlx::Row as _;
use store::StoreError;

use super::{
    dictionary::{WordKind, within_set, without_set},
    read::Reader,
};
use crate::error::from_sqlx;

const LEVELS: [&str; 3] = ["observation", "trace", "session"];

/// One group in one step of time.
pub(super) type StepKey = (Vec<String>, Option<TimeUs>);
/// Totals by group and step.
pub(super) type Groups<T> = BTreeMap<StepKey, T>;

/// Which rows of totals are kept, as numbers. `None` keeps all.
#[derive(Default)]
pub(super) struct Conditions {
    pub(super) prompts: Option<Vec<i64>>,
    pub(super) versions: Option<Vec<i64>>,
    pub(super) models: Option<Vec<i64>>,
    pub(super) environments: Option<Vec<i64>>,
    pub(super) segments: Option<Vec<i64>>,
    pub(super) names: Option<Vec<i64>>,
    pub(super) levels: Option<Vec<i64>>,
    pub(super) users: Option<Vec<String>>,
}

fn narrow<T: PartialEq>(slot: &mut Option<Vec<T>>, values: Vec<T>) {
    match slot {
        None => *slot = Some(values),
        Some(held) => held.retain(|value| values.contains(value)),
    }
}

/// A row of totals or a single generation or score: its words as numbers.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Words {
    pub(super) prompt: i64,
    pub(super) version: i64,
    pub(super) model: i64,
    pub(super) environment: i64,
    pub(super) segment: i64,
    /// Name and level, of scores.
    pub(super) score: Option<(i64, i64)>,
}

impl Words {
    /// The number in a dimension; users have none.
    pub(super) fn in_dimension(&self, dimension: Dimension) -> i64 {
        match dimension {
            Dimension::Prompt => self.prompt,
            Dimension::Version => self.version,
            Dimension::Model => self.model,
            Dimension::Environment => self.environment,
            Dimension::Segment => self.segment,
            Dimension::ScoreName => self.score.map_or(-1, |(name, _)| name),
            Dimension::ScoreLevel => self.score.map_or(-1, |(_, level)| level),
            Dimension::Label | Dimension::PromptType | Dimension::User => -1,
        }
    }
}

impl Conditions {
    /// Whether a single generation or score is kept.
    pub(super) fn keep(&self, words: &Words, user: Option<&str>) -> bool {
        let among =
            |values: &Option<Vec<i64>>, value: i64| values.as_ref().is_none_or(|values| values.contains(&value));
        among(&self.prompts, words.prompt)
            && among(&self.versions, words.version)
            && among(&self.models, words.model)
            && among(&self.environments, words.environment)
            && among(&self.segments, words.segment)
            && words.score.is_none_or(|(name, level)| among(&self.names, name) && among(&self.levels, level))
            && self.users.as_ref().is_none_or(|users| users.iter().any(|of| of == user.unwrap_or("")))
    }
}

/// The texts of a key of numbers.
pub(super) fn texts(
    dimensions: &[Dimension],
    key: &[i64],
    user: Option<&str>,
    names: &HashMap<i64, Arc<str>>,
) -> Vec<String> {
    let text = |(dimension, value): (&Dimension, &i64)| match dimension {
        Dimension::Version if *value == 0 => String::new(),
        Dimension::Version => value.to_string(),
        Dimension::ScoreLevel => usize::try_from(*value)
            .ok()
            .and_then(|at| LEVELS.get(at))
            .map(|level| (*level).to_owned())
            .unwrap_or_default(),
        Dimension::User => user.unwrap_or("").to_owned(),
        Dimension::Segment => {
            names.get(value).map(|name| without_set(WordKind::Segment, name).to_owned()).unwrap_or_default()
        }
        _ => names.get(value).map(|name| name.as_ref().to_owned()).unwrap_or_default(),
    };
    dimensions.iter().zip(key).map(text).collect()
}

impl Reader {
    pub(super) async fn prompts(&self, project: i64) -> Result<Vec<i64>, StoreError> {
        sqlx::query_scalar("SELECT id FROM word WHERE project = ? AND kind = ? ORDER BY id")
            .bind(project)
            .bind(WordKind::Prompt as i64)
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)
    }

    pub(super) async fn conditions(&self, project: i64, filters: &[Filter]) -> Result<Conditions, StoreError> {
        let mut conditions = Conditions::default();
        for filter in filters {
            let kind = match filter.dimension {
                Dimension::Prompt => WordKind::Prompt,
                Dimension::Model => WordKind::Model,
                Dimension::Environment => WordKind::Environment,
                Dimension::ScoreName => WordKind::ScoreName,
                Dimension::Segment => WordKind::Segment,
                Dimension::Version => {
                    // "None" is version 0, which no prompt has.
                    let number = |text: &String| if text.is_empty() { Some(0) } else { text.parse::<i64>().ok() };
                    narrow(&mut conditions.versions, filter.values.iter().filter_map(number).collect());
                    continue;
                }
                Dimension::ScoreLevel => {
                    let number = |text: &String| (0..).zip(LEVELS).find(|(_, level)| level == text).map(|(at, _)| at);
                    narrow(&mut conditions.levels, filter.values.iter().filter_map(number).collect());
                    continue;
                }
                Dimension::User => {
                    narrow(&mut conditions.users, filter.values.clone());
                    continue;
                }
                Dimension::Label | Dimension::PromptType => {
                    return Err(StoreError::backend(
                        "the control plane knows labels and types; ask by prompt, version, time",
                    ));
                }
            };
            let mut values = Vec::with_capacity(filter.values.len());
            for text in &filter.values {
                values.extend(self.word_in_filter(project, kind, text).await?);
            }
            let slot = match kind {
                WordKind::Prompt => &mut conditions.prompts,
                WordKind::Model => &mut conditions.models,
                WordKind::Environment => &mut conditions.environments,
                WordKind::Segment => &mut conditions.segments,
                WordKind::ScoreName | WordKind::Category => &mut conditions.names,
            };
            narrow(slot, values);
        }
        Ok(conditions)
    }

    async fn word_in_filter(&self, project: i64, kind: WordKind, text: &str) -> Result<Option<i64>, StoreError> {
        if kind != WordKind::Segment {
            return self.word(project, kind, text).await;
        }
        if text.is_empty() {
            return Ok(Some(0));
        }
        let row = sqlx::query("SELECT segment_by FROM project WHERE id = ?")
            .bind(project)
            .fetch_one(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let Some(set) = row.try_get::<Option<String>, _>(0).map_err(from_sqlx)? else { return Ok(None) };
        self.word(project, kind, &within_set(&set, text)).await
    }

    /// The texts of all numbers that keys hold.
    pub(super) async fn names_in(
        &self,
        words: impl Iterator<Item = Words>,
        dimensions: &[Dimension],
    ) -> Result<HashMap<i64, Arc<str>>, StoreError> {
        let mut wanted = BTreeSet::new();
        for word in words {
            for dimension in dimensions {
                if !matches!(dimension, Dimension::Version | Dimension::ScoreLevel | Dimension::User) {
                    wanted.insert(word.in_dimension(*dimension));
                }
            }
        }
        self.names(&wanted).await
    }
}
