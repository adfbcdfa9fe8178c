//! Answering questions from the totals.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use domain::{
    ids::ProjectId,
    metric::{Dimension, Filter, Granularity},
    time::{HOUR_NS, TimeUs},
};
use sqlx::{QueryBuilder, Row as _, Sqlite, sqlite::SqliteRow};
use store::{
    StoreError,
    event::{Group, ScoreGroup, ScoreTotals, SpanTotals, TotalsAnswer, TotalsQuestion},
};

use super::{cell, dictionary::WordKind, read::Reader};
use crate::error::from_sqlx;

/// Cells read for one answer.
const CELLS: usize = 200_000;
const HOUR_US: i64 = HOUR_NS / 1000;
const LEVELS: [&str; 3] = ["observation", "trace", "session"];

/// What rows are kept, as numbers.
#[derive(Default)]
struct Conditions {
    prompts: Option<Vec<i64>>,
    versions: Option<Vec<i64>>,
    models: Option<Vec<i64>>,
    environments: Option<Vec<i64>>,
    names: Option<Vec<i64>>,
    levels: Option<Vec<i64>>,
}

fn narrow(slot: &mut Option<Vec<i64>>, values: Vec<i64>) {
    match slot {
        None => *slot = Some(values),
        Some(held) => held.retain(|value| values.contains(value)),
    }
}

/// One group in one step: values in the dimensions as numbers, and the step.
type StepKey = (Vec<i64>, Option<i64>);

impl Reader {
    pub(super) async fn totals(
        &self,
        project: ProjectId,
        question: &TotalsQuestion,
    ) -> Result<TotalsAnswer, StoreError> {
        let mut answer = TotalsAnswer::default();
        let Some(project) = self.project(project).await? else { return Ok(answer) };
        let conditions = self.conditions(project, &question.filters).await?;
        // Each prompt is one stretch of the table, so the prompts are always named.
        let prompts = match &conditions.prompts {
            Some(prompts) => prompts.clone(),
            None => self.prompts(project).await?,
        };
        if question.spans && conditions.names.is_none() && conditions.levels.is_none() {
            let mut groups: BTreeMap<StepKey, SpanTotals> = BTreeMap::new();
            let rows = self.cells(project, &prompts, &conditions, question, false, &mut answer.partial).await?;
            for row in &rows {
                let cell = cell::unpack_span_totals(row.try_get(5).map_err(from_sqlx)?)?;
                cell::merge_span_totals(groups.entry(step_key(row, question)?).or_default(), &cell);
            }
            let names = self.names_of(groups.keys(), question).await?;
            for ((key, at), totals) in groups {
                let key = texts(&key, question, &names);
                answer.spans.push(Group { key, at_us: at.map(TimeUs), totals });
            }
        }
        if question.scores {
            let mut groups: BTreeMap<(StepKey, i64), ScoreTotals> = BTreeMap::new();
            let rows = self.cells(project, &prompts, &conditions, question, true, &mut answer.partial).await?;
            for row in &rows {
                let cell = cell::unpack_score_totals(row.try_get(5).map_err(from_sqlx)?)?;
                let name: i64 = row.try_get(6).map_err(from_sqlx)?;
                cell::merge_score_totals(groups.entry((step_key(row, question)?, name)).or_default(), &cell);
            }
            let mut names = self.names_of(groups.keys().map(|(key, _)| key), question).await?;
            names.extend(self.names(&groups.keys().map(|(_, name)| *name).collect()).await?);
            for (((key, at), name), totals) in groups {
                let name = names.get(&name).map(|name| name.as_ref().to_owned()).unwrap_or_default();
                let key = texts(&key, question, &names);
                answer.scores.push(ScoreGroup { key, at_us: at.map(TimeUs), name, totals });
            }
        }
        Ok(answer)
    }

    async fn prompts(&self, project: i64) -> Result<Vec<i64>, StoreError> {
        sqlx::query_scalar("SELECT id FROM word WHERE project = ? AND kind = ? ORDER BY id")
            .bind(project)
            .bind(WordKind::Prompt as i64)
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)
    }

    async fn conditions(&self, project: i64, filters: &[Filter]) -> Result<Conditions, StoreError> {
        let mut conditions = Conditions::default();
        for filter in filters {
            let mut values = Vec::with_capacity(filter.values.len());
            let kind = match filter.dimension {
                Dimension::Prompt => WordKind::Prompt,
                Dimension::Model => WordKind::Model,
                Dimension::Environment => WordKind::Environment,
                Dimension::ScoreName => WordKind::ScoreName,
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
            };
            for text in &filter.values {
                values.extend(self.word(project, kind, text).await?);
            }
            let slot = match kind {
                WordKind::Prompt => &mut conditions.prompts,
                WordKind::Model => &mut conditions.models,
                WordKind::Environment => &mut conditions.environments,
                WordKind::ScoreName => &mut conditions.names,
            };
            narrow(slot, values);
        }
        Ok(conditions)
    }

    /// Rows of `prompt, hour, version, model, environment, data` and, of scores, `name, level`.
    async fn cells(
        &self,
        project: i64,
        prompts: &[i64],
        conditions: &Conditions,
        question: &TotalsQuestion,
        scores: bool,
        partial: &mut Option<String>,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let from = question.range.from.0.div_euclid(HOUR_US);
        let to = question.range.to.0.saturating_sub(1).div_euclid(HOUR_US);
        let mut rows = Vec::new();
        for prompt in prompts {
            let room = (CELLS + 1).saturating_sub(rows.len());
            let mut query = cells_query(project, *prompt, (from, to), conditions, scores, room);
            rows.extend(query.build().fetch_all(&self.pool).await.map_err(from_sqlx)?);
            if rows.len() > CELLS {
                rows.truncate(CELLS);
                *partial = Some(format!(
                    "the question covers more than {CELLS} rows of totals; narrow the range or filter by prompt"
                ));
                break;
            }
        }
        Ok(rows)
    }

    async fn names_of(
        &self,
        keys: impl Iterator<Item = &StepKey>,
        question: &TotalsQuestion,
    ) -> Result<HashMap<i64, Arc<str>>, StoreError> {
        let mut wanted = BTreeSet::new();
        for (key, _) in keys {
            for (dimension, value) in question.dimensions.iter().zip(key) {
                if !matches!(dimension, Dimension::Version | Dimension::ScoreLevel) {
                    wanted.insert(*value);
                }
            }
        }
        self.names(&wanted).await
    }
}

fn cells_query(
    project: i64,
    prompt: i64,
    (from, to): (i64, i64),
    conditions: &Conditions,
    scores: bool,
    room: usize,
) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(if scores {
        "SELECT prompt, hour, version, model, environment, data, name, level FROM cell_score WHERE project = "
    } else {
        "SELECT prompt, hour, version, model, environment, data FROM cell_span WHERE project = "
    });
    query.push_bind(project).push(" AND prompt = ").push_bind(prompt);
    query.push(" AND hour >= ").push_bind(from).push(" AND hour <= ").push_bind(to);
    let of_scores = [("name", &conditions.names), ("level", &conditions.levels)];
    let of_both =
        [("version", &conditions.versions), ("model", &conditions.models), ("environment", &conditions.environments)];
    for (column, values) in of_both.into_iter().chain(of_scores.into_iter().filter(|_| scores)) {
        let Some(values) = values else { continue };
        query.push(" AND +").push(column).push(" IN (");
        let mut list = query.separated(", ");
        for value in values {
            list.push_bind(*value);
        }
        query.push(")");
    }
    query.push(" LIMIT ").push_bind(room as i64);
    query
}

fn step_key(row: &SqliteRow, question: &TotalsQuestion) -> Result<StepKey, StoreError> {
    let get = |column: usize| row.try_get::<i64, _>(column).map_err(from_sqlx);
    let scores = row.len() > 6;
    let mut key = Vec::with_capacity(question.dimensions.len());
    for dimension in &question.dimensions {
        key.push(match dimension {
            Dimension::Prompt => get(0)?,
            Dimension::Version => get(2)?,
            Dimension::Model => get(3)?,
            Dimension::Environment => get(4)?,
            Dimension::ScoreName if scores => get(6)?,
            Dimension::ScoreLevel if scores => get(7)?,
            // Generations have neither: one group.
            Dimension::ScoreName | Dimension::ScoreLevel => -1,
        });
    }
    let hour = get(1)?;
    let at = match question.granularity {
        None => None,
        Some(Granularity::Hour) => Some(hour.saturating_mul(HOUR_US)),
        Some(Granularity::Day) => Some(hour.div_euclid(24).saturating_mul(24 * HOUR_US)),
    };
    Ok((key, at))
}

fn texts(key: &[i64], question: &TotalsQuestion, names: &HashMap<i64, Arc<str>>) -> Vec<String> {
    let text = |(dimension, value): (&Dimension, &i64)| match dimension {
        Dimension::Version if *value == 0 => String::new(),
        Dimension::Version => value.to_string(),
        Dimension::ScoreLevel => usize::try_from(*value)
            .ok()
            .and_then(|at| LEVELS.get(at))
            .map(|level| (*level).to_owned())
            .unwrap_or_default(),
        _ => names.get(value).map(|name| name.as_ref().to_owned()).unwrap_or_default(),
    };
    question.dimensions.iter().zip(key).map(text).collect()
}
