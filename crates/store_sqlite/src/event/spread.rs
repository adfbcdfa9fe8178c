//! How totals spread over groups of units: from the totals by day and unit group, or from single generations when few hold.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::ProjectId,
    metric::Dimension,
    time::{DAY_NS, TimeRange, TimeUs},
};
use sqlx::{QueryBuilder, Row as _, Sqlite, sqlite::SqliteRow};
use store::{
    StoreError,
    event::{ScoreSpread, SpanSpread, SpanTotals, SpreadAnswer, SpreadQuestion},
};

use super::{
    cell::{self, Binned},
    cell_score::ScoreCell,
    dictionary::{WordKind, without_set},
    ledger::Totals as _,
    question::{Conditions, Words, texts},
    read::Reader,
    totals::push_among,
};
use crate::error::from_sqlx;

/// Rows of totals read for one answer; beyond it there is no spread.
const ROWS: usize = 300_000;
const DAY_US: i64 = DAY_NS / 1000;
/// What totals by unit group are kept apart by.
const KEPT: [Dimension; 5] =
    [Dimension::Prompt, Dimension::Version, Dimension::Environment, Dimension::ScoreName, Dimension::ScoreLevel];

impl Reader {
    pub(super) async fn spread(
        &self,
        project: ProjectId,
        question: &SpreadQuestion,
    ) -> Result<SpreadAnswer, StoreError> {
        let answered = nearest(question);
        let mut answer = SpreadAnswer { answered, spans: Vec::new(), scores: Vec::new() };
        let Some(project) = self.project(project).await? else { return Ok(answer) };
        let conditions = self.conditions(project, &answer.answered.filters).await?;
        let prompts = match &conditions.prompts {
            Some(prompts) => prompts.clone(),
            None => self.prompts(project).await?,
        };
        let of_scores = conditions.names.is_some() || conditions.levels.is_some();
        if question.spans && !of_scores {
            answer.spans = self.span_spread(project, &prompts, &conditions, &answer.answered).await?;
        }
        if question.scores {
            answer.scores = self.score_spread(project, &prompts, &conditions, &answer.answered).await?;
        }
        Ok(answer)
    }

    async fn span_spread(
        &self,
        project: i64,
        prompts: &[i64],
        conditions: &Conditions,
        question: &SpreadQuestion,
    ) -> Result<Vec<SpanSpread>, StoreError> {
        let binned = Binned::of(&question.bins);
        let mut groups: BTreeMap<Words, BTreeMap<u8, SpanTotals>> = BTreeMap::new();
        for row in self.group_rows(project, prompts, conditions, question, false).await? {
            let totals = cell::unpack_totals(row.try_get(4).map_err(from_sqlx)?, binned)?;
            let held = groups.entry(split(question, words(&row)?)).or_default().entry(unit_group(&row)?).or_default();
            if held.count == 0 {
                *held = totals;
            } else {
                cell::merge_totals(held, &totals);
            }
        }
        let names = self.names_in(groups.keys().copied(), &question.dimensions).await?;
        let spread = |(words, groups): (Words, BTreeMap<u8, SpanTotals>)| SpanSpread {
            key: texts(&question.dimensions, &numbers(question, &words), None, &names),
            groups: groups.into_iter().collect(),
        };
        Ok(groups.into_iter().map(spread).collect())
    }

    async fn score_spread(
        &self,
        project: i64,
        prompts: &[i64],
        conditions: &Conditions,
        question: &SpreadQuestion,
    ) -> Result<Vec<ScoreSpread>, StoreError> {
        let mut groups: BTreeMap<Words, BTreeMap<u8, ScoreCell>> = BTreeMap::new();
        for row in self.group_rows(project, prompts, conditions, question, true).await? {
            let cell = ScoreCell::unpack(row.try_get(4).map_err(from_sqlx)?)?;
            let held = groups.entry(split(question, words(&row)?)).or_default();
            held.entry(unit_group(&row)?).or_default().merge(&cell);
        }
        let mut wanted: BTreeSet<i64> = groups.keys().filter_map(|words| Some(words.score?.0)).collect();
        let categories = groups.values().flat_map(BTreeMap::values).flat_map(|cell| &cell.categories);
        wanted.extend(categories.map(|(word, _)| *word));
        let mut names = self.names_in(groups.keys().copied(), &question.dimensions).await?;
        names.extend(self.names(&wanted).await?);
        let text = |word: i64| names.get(&word).map(|name| name.as_ref().to_owned()).unwrap_or_default();
        let mut spreads = Vec::with_capacity(groups.len());
        for (words, groups) in groups {
            let named = |(group, cell): (u8, ScoreCell)| {
                (group, cell.named(|word| without_set(WordKind::Category, &text(word)).to_owned()))
            };
            spreads.push(ScoreSpread {
                key: texts(&question.dimensions, &numbers(question, &words), None, &names),
                name: words.score.map(|(name, _)| text(name)).unwrap_or_default(),
                groups: groups.into_iter().map(named).collect(),
            });
        }
        Ok(spreads)
    }

    /// Rows of `prompt, version, environment, unit_group, data` and, of scores, `name, level`. None at all when there are too
    /// many: half a spread would tell a wrong one.
    async fn group_rows(
        &self,
        project: i64,
        prompts: &[i64],
        conditions: &Conditions,
        question: &SpreadQuestion,
        scores: bool,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let from = question.range.from.0.div_euclid(DAY_US);
        let to = question.range.to.0.saturating_sub(1).div_euclid(DAY_US);
        let mut rows = Vec::new();
        for prompt in prompts {
            let mut query: QueryBuilder<Sqlite> = QueryBuilder::new(if scores {
                "SELECT prompt, version, environment, unit_group, data, name, level FROM group_score WHERE project = "
            } else {
                "SELECT prompt, version, environment, unit_group, data FROM group_span WHERE project = "
            });
            query.push_bind(project).push(" AND prompt = ").push_bind(*prompt);
            query.push(" AND day >= ").push_bind(from).push(" AND day <= ").push_bind(to);
            let of_both = [("version", &conditions.versions), ("environment", &conditions.environments)];
            let of_scores = [("name", &conditions.names), ("level", &conditions.levels)];
            push_among(&mut query, of_both.into_iter().chain(of_scores.into_iter().filter(|_| scores)));
            query.push(" LIMIT ").push_bind((ROWS + 1) as i64);
            rows.extend(query.build().fetch_all(&self.pool).await.map_err(from_sqlx)?);
            if rows.len() > ROWS {
                return Ok(Vec::new());
            }
        }
        Ok(rows)
    }
}

/// The nearest question that totals by unit group answer: whole days, and only what they are kept apart by.
fn nearest(question: &SpreadQuestion) -> SpreadQuestion {
    let from = question.range.from.0.div_euclid(DAY_US).saturating_mul(DAY_US);
    let last = question.range.to.0.saturating_sub(1).div_euclid(DAY_US);
    let kept = |dimension: &Dimension| KEPT.contains(dimension);
    SpreadQuestion {
        range: TimeRange { from: TimeUs(from), to: TimeUs(last.saturating_add(1).saturating_mul(DAY_US)) },
        dimensions: question.dimensions.iter().copied().filter(kept).collect(),
        filters: question.filters.iter().filter(|filter| kept(&filter.dimension)).cloned().collect(),
        ..question.clone()
    }
}

fn words(row: &SqliteRow) -> Result<Words, StoreError> {
    let get = |column: usize| row.try_get::<i64, _>(column).map_err(from_sqlx);
    let score = if row.len() > 5 { Some((get(5)?, get(6)?)) } else { None };
    Ok(Words { prompt: get(0)?, version: get(1)?, environment: get(2)?, score, ..Words::default() })
}

fn unit_group(row: &SqliteRow) -> Result<u8, StoreError> {
    u8::try_from(row.try_get::<i64, _>(3).map_err(from_sqlx)?).map_err(StoreError::backend)
}

fn split(question: &SpreadQuestion, words: Words) -> Words {
    let kept = |dimension, value| if question.dimensions.contains(&dimension) { value } else { -1 };
    Words {
        prompt: kept(Dimension::Prompt, words.prompt),
        version: kept(Dimension::Version, words.version),
        environment: kept(Dimension::Environment, words.environment),
        // The name always splits.
        score: words.score.map(|(name, level)| (name, kept(Dimension::ScoreLevel, level))),
        ..Words::default()
    }
}

fn numbers(question: &SpreadQuestion, words: &Words) -> Vec<i64> {
    question.dimensions.iter().map(|dimension| words.in_dimension(*dimension)).collect()
}
