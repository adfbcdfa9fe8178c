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
    event::{ScoreSpread, SpanSpread, SpreadAnswer, SpreadQuestion, UnitGroups},
};

use super::{
    cell::Wanted,
    cell_score::ScoreCell,
    dictionary::{WordKind, without_set},
    group::{GroupBins, GroupSums, each_group},
    question::{Conditions, Words, texts},
    read::Reader,
    tally::{ScoreTally, SpanTally},
    totals::push_among,
};
use crate::error::from_sqlx;

/// Unit groups of a day read for one answer.
const GROUPS: usize = 600_000;
const DAY_US: i64 = DAY_NS / 1000;
/// What totals by unit group are kept apart by.
const KEPT: [Dimension; 5] =
    [Dimension::Prompt, Dimension::Version, Dimension::Environment, Dimension::ScoreName, Dimension::ScoreLevel];

/// Rows of one prompt's totals by unit group.
struct Found {
    prompt: i64,
    rows: Vec<SqliteRow>,
}

impl Reader {
    /// Answers questions, in their order. Those that keep the same of the same range share their rows.
    pub(super) async fn spread(
        &self,
        project: ProjectId,
        questions: &[SpreadQuestion],
    ) -> Result<Vec<SpreadAnswer>, StoreError> {
        let nothing =
            |question: &SpreadQuestion| SpreadAnswer { answered: nearest(question), spans: vec![], scores: vec![] };
        let mut answers: Vec<SpreadAnswer> = questions.iter().map(nothing).collect();
        let Some(project) = self.project(project).await? else { return Ok(answers) };
        let mut passes: Vec<Vec<&mut SpreadAnswer>> = Vec::new();
        for answer in &mut answers {
            let same = |pass: &&mut Vec<&mut SpreadAnswer>| {
                pass.first().is_some_and(|held| {
                    held.answered.range == answer.answered.range && held.answered.filters == answer.answered.filters
                })
            };
            match passes.iter_mut().find(same) {
                Some(pass) => pass.push(answer),
                None => passes.push(vec![answer]),
            }
        }
        for pass in passes {
            self.spread_pass(project, pass).await?;
        }
        Ok(answers)
    }

    /// Answers questions that keep the same of the same range.
    async fn spread_pass(&self, project: i64, mut pass: Vec<&mut SpreadAnswer>) -> Result<(), StoreError> {
        let Some(first) = pass.first() else { return Ok(()) };
        let range = first.answered.range;
        let conditions = self.conditions(project, &first.answered.filters).await?;
        let prompts = match &conditions.prompts {
            Some(prompts) => prompts.clone(),
            None => self.prompts(project).await?,
        };
        let of_scores = conditions.names.is_some() || conditions.levels.is_some();
        let wants_spans = !of_scores && pass.iter().any(|answer| answer.answered.spans);
        let wants_bins = wants_spans && pass.iter().any(|answer| binned(answer) != Wanted::NONE);
        let wants_scores = pass.iter().any(|answer| answer.answered.scores);
        let rows = |table: Table, wanted: bool| {
            let prompts = if wanted { prompts.as_slice() } else { &[] };
            self.group_rows(project, prompts, &conditions, range, table)
        };
        let (sums, bins, scores) = tokio::try_join!(
            rows(Table::Sums, wants_spans),
            rows(Table::Bins, wants_bins),
            rows(Table::Scores, wants_scores)
        )?;
        // Half a spread would tell a wrong one.
        if let (Some(sums), Some(bins)) = (sums, bins) {
            self.span_spread(&sums, &bins, &mut pass).await?;
        }
        if let Some(scores) = scores {
            self.score_spread(&scores, &mut pass).await?;
        }
        Ok(())
    }

    async fn span_spread(
        &self,
        sums: &[Found],
        bins: &[Found],
        pass: &mut [&mut SpreadAnswer],
    ) -> Result<(), StoreError> {
        let summed = |answer: &SpreadAnswer| Wanted::of(&answer.answered.sums);
        let all_binned = pass.iter().fold(Wanted::NONE, |all, answer| all.and(binned(answer)));
        let all_summed = pass.iter().fold(Wanted::NONE, |all, answer| all.and(summed(answer)));
        let mut gathered: Vec<ByUnit<SpanTally>> = vec![BTreeMap::new(); pass.len()];
        for (prompt, row) in each(sums) {
            let words = words(prompt, row)?;
            let mut held: Vec<_> = pass
                .iter()
                .zip(&mut gathered)
                .filter(|(answer, _)| answer.answered.spans)
                .map(|(answer, groups)| (groups.entry(split(&answer.answered, words)).or_default(), summed(answer)))
                .collect();
            each_group(row.try_get(2).map_err(from_sqlx)?, |group, part| {
                let sums = GroupSums::unpack_wanted(part, all_summed)?;
                for (held, wanted) in &mut held {
                    held.entry(group).or_default().add_sums(&sums, *wanted);
                }
                Ok(())
            })?;
        }
        for (prompt, row) in each(bins) {
            let group = u8::try_from(row.try_get::<i64, _>(3).map_err(from_sqlx)?).map_err(StoreError::backend)?;
            let (words, bins) =
                (words(prompt, row)?, GroupBins::unpack_wanted(row.try_get(2).map_err(from_sqlx)?, all_binned)?);
            for (answer, groups) in pass.iter().zip(&mut gathered).filter(|(answer, _)| binned(answer) != Wanted::NONE)
            {
                let held = groups.entry(split(&answer.answered, words)).or_default();
                held.entry(group).or_default().add_bins(&bins, binned(answer));
            }
        }
        for (answer, groups) in pass.iter_mut().zip(gathered) {
            let question = &answer.answered;
            let names = self.names_in(groups.keys().copied(), &question.dimensions).await?;
            let spread = |(words, groups): (Words, BTreeMap<u8, SpanTally>)| SpanSpread {
                key: texts(&question.dimensions, &numbers(question, &words), None, &names),
                groups: groups.into_iter().map(|(group, tally)| (group, tally.finish())).collect(),
            };
            answer.spans = groups.into_iter().map(spread).collect();
        }
        Ok(())
    }

    async fn score_spread(&self, rows: &[Found], pass: &mut [&mut SpreadAnswer]) -> Result<(), StoreError> {
        let with_bins = pass.iter().any(|answer| answer.answered.score_bins);
        let mut gathered: Vec<ByUnit<ScoreTally>> = vec![BTreeMap::new(); pass.len()];
        for (prompt, row) in each(rows) {
            let words = score_words(prompt, row)?;
            let mut held: Vec<_> = pass
                .iter()
                .zip(&mut gathered)
                .filter(|(answer, _)| answer.answered.scores)
                .map(|(answer, groups)| {
                    (groups.entry(split(&answer.answered, words)).or_default(), answer.answered.score_bins)
                })
                .collect();
            each_group(row.try_get(2).map_err(from_sqlx)?, |group, part| {
                let cell = ScoreCell::unpack_wanted(part, with_bins)?;
                for (held, with_bins) in &mut held {
                    held.entry(group).or_default().add(&cell, *with_bins);
                }
                Ok(())
            })?;
        }
        for (answer, groups) in pass.iter_mut().zip(gathered) {
            let question = &answer.answered;
            let finished = |tallies: BTreeMap<u8, ScoreTally>| -> Vec<(u8, ScoreCell)> {
                tallies.into_iter().map(|(group, tally)| (group, tally.finish())).collect()
            };
            let groups: Vec<(Words, Vec<(u8, ScoreCell)>)> =
                groups.into_iter().map(|(words, tallies)| (words, finished(tallies))).collect();
            let mut wanted: BTreeSet<i64> = groups.iter().filter_map(|(words, _)| Some(words.score?.0)).collect();
            let cells = groups.iter().flat_map(|(_, cells)| cells);
            wanted.extend(cells.flat_map(|(_, cell)| cell.categories.iter().map(|(word, _)| *word)));
            let mut names = self.names_in(groups.iter().map(|(words, _)| *words), &question.dimensions).await?;
            names.extend(self.names(&wanted).await?);
            let text = |word: i64| names.get(&word).map(|name| name.as_ref().to_owned()).unwrap_or_default();
            let mut spreads = Vec::with_capacity(groups.len());
            for (words, cells) in groups {
                let named = |(group, cell): (u8, ScoreCell)| {
                    (group, cell.named(|word| without_set(WordKind::Category, &text(word)).to_owned()))
                };
                spreads.push(ScoreSpread {
                    key: texts(&question.dimensions, &numbers(question, &words), None, &names),
                    name: words.score.map(|(name, _)| text(name)).unwrap_or_default(),
                    groups: cells.into_iter().map(named).collect(),
                });
            }
            answer.scores = spreads;
        }
        Ok(())
    }

    /// Rows of `version, environment, data`, and behind them what the table has more. `None` when there are too many.
    async fn group_rows(
        &self,
        project: i64,
        prompts: &[i64],
        conditions: &Conditions,
        range: TimeRange,
        table: Table,
    ) -> Result<Option<Vec<Found>>, StoreError> {
        let from = range.from.0.div_euclid(DAY_US);
        let to = range.to.0.saturating_sub(1).div_euclid(DAY_US);
        let mut found = Vec::new();
        let mut room = table.most();
        for prompt in prompts {
            let mut query: QueryBuilder<Sqlite> = QueryBuilder::new(match table {
                Table::Sums => "SELECT version, environment, data FROM group_span WHERE project = ",
                Table::Bins => "SELECT version, environment, data, unit_group FROM group_bins WHERE project = ",
                Table::Scores => "SELECT version, environment, data, name, level FROM group_score WHERE project = ",
            });
            query.push_bind(project).push(" AND prompt = ").push_bind(*prompt);
            query.push(" AND day >= ").push_bind(from).push(" AND day <= ").push_bind(to);
            let of_both = [("version", &conditions.versions), ("environment", &conditions.environments)];
            let of_scores = [("name", &conditions.names), ("level", &conditions.levels)];
            let of_table = of_scores.into_iter().filter(|_| table == Table::Scores);
            push_among(&mut query, of_both.into_iter().chain(of_table));
            query.push(" LIMIT ").push_bind((room + 1) as i64);
            let rows = query.build().fetch_all(&self.pool).await.map_err(from_sqlx)?;
            let Some(left) = room.checked_sub(rows.len()) else { return Ok(None) };
            room = left;
            found.push(Found { prompt: *prompt, rows });
        }
        Ok(Some(found))
    }
}

/// A table of totals by unit group.
#[derive(Clone, Copy, PartialEq)]
enum Table {
    Sums,
    Bins,
    Scores,
}

impl Table {
    /// Rows read for one answer; beyond them there is no spread.
    fn most(self) -> usize {
        match self {
            Self::Bins => GROUPS,
            Self::Sums | Self::Scores => GROUPS / usize::from(UnitGroups::SPREAD),
        }
    }
}

/// The bins an answer needs.
fn binned(answer: &SpreadAnswer) -> Wanted {
    if answer.answered.spans { Wanted::of(&answer.answered.bins) } else { Wanted::NONE }
}

/// What is gathered by what splits an answer, and by unit group.
type ByUnit<T> = BTreeMap<Words, BTreeMap<u8, T>>;

fn each(found: &[Found]) -> impl Iterator<Item = (i64, &SqliteRow)> {
    found.iter().flat_map(|of| of.rows.iter().map(|row| (of.prompt, row)))
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

fn words(prompt: i64, row: &SqliteRow) -> Result<Words, StoreError> {
    let get = |column: usize| row.try_get::<i64, _>(column).map_err(from_sqlx);
    Ok(Words { prompt, version: get(0)?, environment: get(1)?, ..Words::default() })
}

fn score_words(prompt: i64, row: &SqliteRow) -> Result<Words, StoreError> {
    let get = |column: usize| row.try_get::<i64, _>(column).map_err(from_sqlx);
    Ok(Words { score: Some((get(3)?, get(4)?)), ..words(prompt, row)? })
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
