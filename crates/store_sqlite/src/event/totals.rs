//! Answering questions from the totals by the hour, and from single generations where an hour has to be divided.
//!
//! Questions that keep the same of the same range are answered in one pass: a page asks several, and finding and reading
//! the rows is most of the work of each.

use std::{collections::BTreeSet, ops::Range};

use domain::{
    ids::ProjectId,
    metric::{Dimension, Filter},
    time::{DAY_NS, HOUR_NS, TimeRange},
};
use sqlx::{QueryBuilder, Row as _, Sqlite, sqlite::SqliteRow};
use store::{
    StoreError,
    event::{TotalsAnswer, TotalsQuestion},
};

use super::{
    cell::{self, HOURS_A_DAY, Wanted},
    cell_score::ScoreCell,
    division::{Answered, Division, divided_hours},
    gather::Gathered,
    question::{Conditions, Words},
    read::Reader,
};
use crate::error::from_sqlx;

/// Rows of totals read for one answer.
const CELLS: usize = 200_000;
pub(super) const HOUR_US: i64 = HOUR_NS / 1000;
const DAY_US: i64 = DAY_NS / 1000;

/// What questions have to have in common to be answered in one pass.
#[derive(PartialEq)]
struct Pass<'q> {
    range: TimeRange,
    filters: &'q [Filter],
    by_user: bool,
    /// Whether steps are narrower than an hour.
    fine: bool,
    /// Hours the range or a step begins or ends inside of.
    ends: BTreeSet<i64>,
    /// First day of UTC that is answered as a whole, and the first after.
    days: Range<i64>,
}

impl<'q> Pass<'q> {
    fn of(question: &'q TotalsQuestion) -> Self {
        let filtered = question.filters.iter().map(|filter| filter.dimension);
        let mut dimensions = question.dimensions.iter().copied().chain(filtered);
        let by_user = dimensions.any(|dimension| dimension == Dimension::User);
        Self {
            range: question.range,
            filters: &question.filters,
            by_user,
            // Users are found among the generations of each hour.
            days: if by_user { 0..0 } else { whole_days(question) },
            fine: question.steps.windows(2).any(|pair| matches!(pair, [a, b] if b.0 - a.0 < HOUR_US)),
            ends: divided_hours(question),
        }
    }
}

/// Days that lie in the range as wholes, no step beginning inside of one. Steps narrower than a day leave none; uneven ones
/// leave those before the first that divides a day.
fn whole_days(question: &TotalsQuestion) -> Range<i64> {
    let TimeRange { from, to } = question.range;
    let first = from.0.div_euclid(DAY_US).saturating_add(i64::from(from.0.rem_euclid(DAY_US) != 0));
    let mut after = to.0.div_euclid(DAY_US);
    let mut inner = question.steps.iter().filter(|start| **start > from && start.0 < after.saturating_mul(DAY_US));
    if let Some(divided) = inner.find(|start| start.0.rem_euclid(DAY_US) != 0) {
        after = divided.0.div_euclid(DAY_US);
    }
    if first < after { first..after } else { 0..0 }
}

/// Rows of one prompt's totals.
struct Found {
    /// Hours one row covers.
    hours: i64,
    prompt: i64,
    rows: Vec<SqliteRow>,
}

impl Reader {
    /// Answers questions, in their order.
    pub(super) async fn totals(
        &self,
        project: ProjectId,
        questions: &[TotalsQuestion],
    ) -> Result<Vec<TotalsAnswer>, StoreError> {
        let nothing = |question: &TotalsQuestion| TotalsAnswer {
            range: question.range,
            spans: vec![],
            scores: vec![],
            partial: None,
        };
        let mut answers: Vec<TotalsAnswer> = questions.iter().map(nothing).collect();
        let Some(project) = self.project(project).await? else { return Ok(answers) };
        let mut passes: Vec<(Pass<'_>, Vec<(&TotalsQuestion, &mut TotalsAnswer)>)> = Vec::new();
        for (question, answer) in questions.iter().zip(&mut answers) {
            let pass = Pass::of(question);
            match passes.iter_mut().find(|(held, _)| *held == pass) {
                Some((_, asked)) => asked.push((question, answer)),
                None => passes.push((pass, vec![(question, answer)])),
            }
        }
        for (pass, asked) in passes {
            let conditions = self.conditions(project, pass.filters).await?;
            let mut gathered: Vec<Gathered<'_>> =
                asked.iter().map(|(question, _)| Gathered::new(question, &conditions)).collect();
            let named = conditions.users.as_ref().is_some_and(|users| users.iter().all(|user| !user.is_empty()));
            let answered = if named {
                self.of_users(project, &conditions, pass.range, &mut gathered).await?
            } else {
                self.of_hours(project, &conditions, &pass, &mut gathered).await?
            };
            for ((_, answer), gathered) in asked.into_iter().zip(gathered) {
                *answer = self.name(gathered, &answered).await?;
            }
        }
        Ok(answers)
    }

    /// The generations of the users named.
    async fn of_users(
        &self,
        project: i64,
        conditions: &Conditions,
        range: TimeRange,
        gathered: &mut [Gathered<'_>],
    ) -> Result<Answered, StoreError> {
        let (mut seen, mut seen_scores) = (Vec::new(), Vec::new());
        let scores = gathered.iter().any(|one| one.question.scores);
        let all = self
            .scan_users(project, range, conditions, scores, |one| seen.push(one), |one| seen_scores.push(one))
            .await?;
        for gathered in gathered {
            let dimensions = &gathered.question.dimensions;
            let words = seen.iter().map(|one| one.words).chain(seen_scores.iter().map(|one| one.words));
            let names = self.names_in(words, dimensions).await?;
            gathered.add_single(&seen, &seen_scores, &names);
        }
        let partial =
            (!all).then(|| "only the newest 20,000 traces of these users were looked at; narrow the range".to_owned());
        Ok(Answered { range, partial })
    }

    /// Whole hours from totals, divided ones from single generations.
    async fn of_hours(
        &self,
        project: i64,
        conditions: &Conditions,
        pass: &Pass<'_>,
        gathered: &mut [Gathered<'_>],
    ) -> Result<Answered, StoreError> {
        let mut answered = Answered { range: pass.range, partial: None };
        // Each prompt is one stretch of the table, so the prompts are always named.
        let prompts = match &conditions.prompts {
            Some(prompts) => prompts.clone(),
            None => self.prompts(project).await?,
        };
        let wants_spans = gathered.iter().any(|one| one.wants_spans);
        let wants_scores = gathered.iter().any(|one| one.question.scores);
        let rows = |scores: bool, wanted: bool| {
            let prompts = if wanted { prompts.as_slice() } else { &[] };
            self.cells(project, prompts, conditions, pass, scores)
        };
        // Also when only scores are asked for: how many generations an hour holds decides whether it is divided.
        let counted = wants_spans || pass.by_user || !pass.ends.is_empty();
        let ((cells, cut), (score_cells, scores_cut)) =
            tokio::try_join!(rows(false, counted), rows(true, wants_scores && !pass.by_user))?;
        if cut || scores_cut {
            answered.partial = Some(format!(
                "the question covers more than {CELLS} rows of totals; narrow the range or filter by prompt"
            ));
        }
        let mut division = Division::default();
        for row in each(&cells) {
            let (prompt, hour, row) = row?;
            if pass.by_user || pass.ends.contains(&hour) {
                let count = cell::count_of(row.try_get(5).map_err(from_sqlx)?)?;
                division.add(hour, (prompt, row.try_get(1).map_err(from_sqlx)?), count);
            }
        }
        division.bound(pass.fine || pass.by_user, &mut answered);
        let left_out = |hour: i64| pass.by_user || division.has(hour) || outside(hour, answered.range);
        let binned = gathered.iter().fold(Wanted::NONE, |all, one| all.and(one.binned));
        for row in each(&cells).filter(|_| wants_spans) {
            let (prompt, hour, row) = row?;
            if left_out(hour) {
                continue;
            }
            let totals = cell::unpack_totals(row.try_get(5).map_err(from_sqlx)?, binned)?;
            let words = words(prompt, row)?;
            for one in gathered.iter_mut() {
                one.add_cell(words, hour, &totals);
            }
        }
        let score_bins = gathered.iter().any(|one| one.question.score_bins);
        for row in each(&score_cells) {
            let (prompt, hour, row) = row?;
            if left_out(hour) {
                continue;
            }
            let cell = ScoreCell::unpack_wanted(row.try_get(5).map_err(from_sqlx)?, score_bins)?;
            let words = words(prompt, row)?;
            for one in gathered.iter_mut() {
                one.add_score_cell(words, hour, &cell);
            }
        }
        drop((cells, score_cells));
        let stretches = division.stretches(answered.range);
        if stretches.is_empty() {
            return Ok(answered);
        }
        let (mut seen, mut seen_scores) = (Vec::new(), Vec::new());
        if wants_spans {
            self.scan(project, &stretches, conditions, |one| seen.push(one)).await?;
        }
        if wants_scores {
            self.scan_scores(&stretches, conditions, pass.by_user, |one| seen_scores.push(one)).await?;
        }
        for gathered in gathered {
            let words = seen.iter().map(|one| one.words).chain(seen_scores.iter().map(|one| one.words));
            let names = self.names_in(words, &gathered.question.dimensions).await?;
            gathered.add_single(&seen, &seen_scores, &names);
        }
        Ok(answered)
    }

    /// Rows of `hour, version, model, environment, segment, data` and, of scores, `name, level`; and whether there are more than
    /// are read. Days that are answered as wholes come by the day.
    async fn cells(
        &self,
        project: i64,
        prompts: &[i64],
        conditions: &Conditions,
        pass: &Pass<'_>,
        scores: bool,
    ) -> Result<(Vec<Found>, bool), StoreError> {
        let from = pass.range.from.0.div_euclid(HOUR_US);
        let after = pass.range.to.0.saturating_sub(1).div_euclid(HOUR_US).saturating_add(1);
        let days = &pass.days;
        // What one row covers, and which of them are wanted: the hours before the days, the days, the hours after.
        let parts = if days.is_empty() {
            vec![(1, from..after)]
        } else {
            vec![
                (1, from..days.start.saturating_mul(HOURS_A_DAY)),
                (HOURS_A_DAY, days.clone()),
                (1, days.end.saturating_mul(HOURS_A_DAY)..after),
            ]
        };
        let mut found = Vec::new();
        let mut room = CELLS + 1;
        for prompt in prompts {
            for (hours, part) in parts.iter().filter(|(_, part)| !part.is_empty()) {
                let table = Table { scores, by_day: *hours > 1 };
                let mut query = cells_query(project, *prompt, table, part, conditions, room);
                let mut rows = query.build().fetch_all(&self.pool).await.map_err(from_sqlx)?;
                room = room.saturating_sub(rows.len());
                if room == 0 {
                    rows.pop();
                }
                found.push(Found { hours: *hours, prompt: *prompt, rows });
                if room == 0 {
                    return Ok((found, true));
                }
            }
        }
        Ok((found, false))
    }
}

/// The rows, each with its prompt and the first hour it covers.
fn each(found: &[Found]) -> impl Iterator<Item = Result<(i64, i64, &SqliteRow), StoreError>> {
    found.iter().flat_map(|of| {
        of.rows.iter().map(|row| {
            let unit: i64 = row.try_get(0).map_err(from_sqlx)?;
            Ok((of.prompt, unit.saturating_mul(of.hours), row))
        })
    })
}

/// A table of totals.
#[derive(Clone, Copy)]
struct Table {
    scores: bool,
    by_day: bool,
}

fn outside(hour: i64, range: TimeRange) -> bool {
    hour.saturating_add(1).saturating_mul(HOUR_US) <= range.from.0 || hour.saturating_mul(HOUR_US) >= range.to.0
}

fn words(prompt: i64, row: &SqliteRow) -> Result<Words, StoreError> {
    let get = |column: usize| row.try_get::<i64, _>(column).map_err(from_sqlx);
    let score = if row.len() > 6 { Some((get(6)?, get(7)?)) } else { None };
    Ok(Words { prompt, version: get(1)?, model: get(2)?, environment: get(3)?, segment: get(4)?, score })
}

fn cells_query(
    project: i64,
    prompt: i64,
    table: Table,
    part: &Range<i64>,
    conditions: &Conditions,
    room: usize,
) -> QueryBuilder<Sqlite> {
    let Table { scores, by_day } = table;
    let mut query = QueryBuilder::new(match (scores, by_day) {
        (false, false) => "SELECT hour, version, model, environment, segment, data FROM cell_span WHERE project = ",
        (false, true) => "SELECT day, version, model, environment, segment, data FROM day_span WHERE project = ",
        (true, false) => {
            "SELECT hour, version, model, environment, segment, data, name, level FROM cell_score WHERE project = "
        }
        (true, true) => {
            "SELECT day, version, model, environment, segment, data, name, level FROM day_score WHERE project = "
        }
    });
    query.push_bind(project).push(" AND prompt = ").push_bind(prompt);
    let unit = if by_day { "day" } else { "hour" };
    query.push(" AND ").push(unit).push(" >= ").push_bind(part.start);
    query.push(" AND ").push(unit).push(" < ").push_bind(part.end);
    let of_scores = [("name", &conditions.names), ("level", &conditions.levels)];
    let of_both = [
        ("version", &conditions.versions),
        ("model", &conditions.models),
        ("environment", &conditions.environments),
        ("segment", &conditions.segments),
    ];
    push_among(&mut query, of_both.into_iter().chain(of_scores.into_iter().filter(|_| scores)));
    query.push(" LIMIT ").push_bind(room as i64);
    query
}

/// Keeps rows whose columns hold one of some values. The plus keeps the planner on the index of the key.
pub(super) fn push_among<'a>(
    query: &mut QueryBuilder<Sqlite>,
    columns: impl Iterator<Item = (&'static str, &'a Option<Vec<i64>>)>,
) {
    for (column, values) in columns {
        let Some(values) = values else { continue };
        query.push(" AND +").push(column).push(" IN (");
        let mut list = query.separated(", ");
        for value in values {
            list.push_bind(*value);
        }
        query.push(")");
    }
}

#[cfg(test)]
mod tests {
    use domain::time::TimeUs;

    use super::*;

    fn days(from: i64, to: i64, steps: &[i64]) -> Range<i64> {
        let hour = |hour: i64| TimeUs(hour * HOUR_US);
        whole_days(&TotalsQuestion {
            range: TimeRange { from: hour(from), to: hour(to) },
            steps: steps.iter().map(|step| hour(*step)).collect(),
            dimensions: vec![],
            filters: vec![],
            spans: true,
            bins: vec![],
            scores: false,
            score_bins: false,
        })
    }

    #[test]
    fn days_are_whole_unless_the_range_or_a_step_divides_them() {
        assert_eq!(days(0, 72, &[]), 0..3);
        assert_eq!(days(5, 71, &[]), 1..2);
        assert_eq!(days(25, 47, &[]), 0..0);
        assert_eq!(days(0, 72, &[0, 24, 48]), 0..3);
        // Midnight of another zone, and steps by the hour.
        assert_eq!(days(0, 96, &[-1, 23, 47]), 0..0);
        assert_eq!(days(0, 96, &[0, 1, 2, 3]), 0..0);
        // What comes before the first divided day is whole all the same.
        assert_eq!(days(0, 96, &[0, 48, 60]), 0..2);
    }
}
