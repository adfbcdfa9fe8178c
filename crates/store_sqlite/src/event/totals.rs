//! Answering questions from the totals by the hour, and from single generations where an hour has to be divided.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{
    ids::ProjectId,
    metric::Dimension,
    time::{HOUR_NS, TimeRange, TimeUs},
};
use sqlx::{QueryBuilder, Row as _, Sqlite, sqlite::SqliteRow};
use store::{
    StoreError,
    event::{Group, ScoreGroup, SpanTotals, TotalsAnswer, TotalsQuestion},
};

use super::{
    cell::{self, Binned},
    cell_score::ScoreCell,
    dictionary::{WordKind, without_set},
    ledger::Totals as _,
    question::{Conditions, Groups, StepKey, Words, texts},
    read::Reader,
    scan::{SCANNED, Stretch},
};
use crate::error::from_sqlx;

/// Rows of totals read for one answer.
const CELLS: usize = 200_000;
/// Generations looked at to divide the hours at the ends of a range or step; with more in them, whole hours are answered.
const DIVIDED: u64 = 20_000;
pub(super) const HOUR_US: i64 = HOUR_NS / 1000;

/// Key of numbers and step, before numbers become texts.
type Place = (Words, Option<TimeUs>);

/// What is gathered for one answer.
struct Gathered<'q> {
    question: &'q TotalsQuestion,
    binned: Binned,
    spans: BTreeMap<Place, SpanTotals>,
    scores: BTreeMap<Place, ScoreCell>,
    /// By user, whose keys are texts already.
    span_groups: Groups<SpanTotals>,
    score_groups: BTreeMap<(StepKey, i64), ScoreCell>,
}

/// Which hours are divided, and how many generations they hold by prompt version.
#[derive(Default)]
struct Division {
    hours: BTreeMap<i64, BTreeMap<(i64, i64), u64>>,
}

impl Reader {
    pub(super) async fn totals(
        &self,
        project: ProjectId,
        question: &TotalsQuestion,
    ) -> Result<TotalsAnswer, StoreError> {
        let mut answer = TotalsAnswer { range: question.range, spans: Vec::new(), scores: Vec::new(), partial: None };
        let Some(project) = self.project(project).await? else { return Ok(answer) };
        let conditions = self.conditions(project, &question.filters).await?;
        let of_scores = conditions.names.is_some() || conditions.levels.is_some();
        let (spans, scores) = (question.spans && !of_scores, question.scores);
        let mut gathered = Gathered {
            question,
            binned: Binned::of(&question.bins),
            spans: BTreeMap::new(),
            scores: BTreeMap::new(),
            span_groups: BTreeMap::new(),
            score_groups: BTreeMap::new(),
        };
        let named = conditions.users.as_ref().is_some_and(|users| users.iter().all(|user| !user.is_empty()));
        if named {
            self.of_users(project, &conditions, (spans, scores), &mut gathered, &mut answer).await?;
        } else {
            self.of_hours(project, &conditions, (spans, scores), &mut gathered, &mut answer).await?;
        }
        self.name(gathered, &mut answer).await?;
        Ok(answer)
    }

    /// The generations of the users named.
    async fn of_users(
        &self,
        project: i64,
        conditions: &Conditions,
        (spans, scores): (bool, bool),
        gathered: &mut Gathered<'_>,
        answer: &mut TotalsAnswer,
    ) -> Result<(), StoreError> {
        let (mut seen, mut seen_scores) = (Vec::new(), Vec::new());
        let range = gathered.question.range;
        let all = self
            .scan_users(project, range, conditions, scores, |one| seen.push(one), |one| seen_scores.push(one))
            .await?;
        if !all {
            answer.partial =
                Some("only the newest 20,000 traces of these users were looked at; narrow the range".to_owned());
        }
        let names = self.names_in(seen.iter().map(|one| one.words), &gathered.question.dimensions).await?;
        for one in seen.iter().filter(|_| spans) {
            gathered.add_span(one, &names);
        }
        let names = self.names_in(seen_scores.iter().map(|one| one.words), &gathered.question.dimensions).await?;
        for one in &seen_scores {
            gathered.add_score(one, &names);
        }
        Ok(())
    }

    /// Whole hours from totals, divided ones from single generations.
    async fn of_hours(
        &self,
        project: i64,
        conditions: &Conditions,
        (spans, scores): (bool, bool),
        gathered: &mut Gathered<'_>,
        answer: &mut TotalsAnswer,
    ) -> Result<(), StoreError> {
        let question = gathered.question;
        // Each prompt is one stretch of the table, so the prompts are always named.
        let prompts = match &conditions.prompts {
            Some(prompts) => prompts.clone(),
            None => self.prompts(project).await?,
        };
        let by_user = conditions.users.is_some() || question.dimensions.contains(&Dimension::User);
        let fine = by_user || question.steps.windows(2).any(|pair| matches!(pair, [a, b] if b.0 - a.0 < HOUR_US));
        let ends = divided_hours(question);
        let mut division = Division::default();
        let mut whole = Vec::new();
        if spans || by_user || !ends.is_empty() {
            for row in self.cells(project, &prompts, conditions, question, false, &mut answer.partial).await? {
                let hour: i64 = row.try_get(1).map_err(from_sqlx)?;
                if by_user || ends.contains(&hour) {
                    division.add(&row, hour)?;
                }
                whole.push((hour, row));
            }
        }
        division.bound(fine, answer);
        let stretches = division.stretches(answer.range);
        for (hour, row) in whole.iter().filter(|_| spans) {
            if by_user || division.hours.contains_key(hour) || outside(*hour, answer.range) {
                continue;
            }
            let totals = cell::unpack_totals(row.try_get(6).map_err(from_sqlx)?, gathered.binned)?;
            let place = gathered.place(words(row)?, *hour);
            cell::merge_totals(gathered.spans.entry(place).or_default(), &totals);
        }
        drop(whole);
        if scores {
            for row in self.cells(project, &prompts, conditions, question, true, &mut answer.partial).await? {
                let hour: i64 = row.try_get(1).map_err(from_sqlx)?;
                if by_user || division.hours.contains_key(&hour) || outside(hour, answer.range) {
                    continue;
                }
                let place = gathered.place(words(&row)?, hour);
                let cell = ScoreCell::unpack(row.try_get(6).map_err(from_sqlx)?)?;
                gathered.scores.entry(place).or_default().merge(&cell);
            }
        }
        if stretches.is_empty() {
            return Ok(());
        }
        let dimensions = &question.dimensions;
        if spans {
            let mut seen = Vec::new();
            self.scan(project, &stretches, conditions, |one| seen.push(one)).await?;
            let names = self.names_in(seen.iter().map(|one| one.words), dimensions).await?;
            for one in &seen {
                gathered.add_span(one, &names);
            }
        }
        if scores {
            let mut seen = Vec::new();
            self.scan_scores(&stretches, conditions, by_user, |one| seen.push(one)).await?;
            let names = self.names_in(seen.iter().map(|one| one.words), dimensions).await?;
            for one in &seen {
                gathered.add_score(one, &names);
            }
        }
        Ok(())
    }

    /// Turns numbers into texts and joins what was gathered either way.
    async fn name(&self, gathered: Gathered<'_>, answer: &mut TotalsAnswer) -> Result<(), StoreError> {
        let Gathered { question, spans, scores, mut span_groups, mut score_groups, .. } = gathered;
        let words = spans.keys().chain(scores.keys()).map(|(words, _)| *words);
        let names = self.names_in(words, &question.dimensions).await?;
        let key = |words: &Words| -> Vec<i64> {
            question.dimensions.iter().map(|dimension| words.in_dimension(*dimension)).collect()
        };
        for ((words, at), totals) in spans {
            let key = texts(&question.dimensions, &key(&words), None, &names);
            cell::merge_totals(span_groups.entry((key, at)).or_default(), &totals);
        }
        for ((words, at), cell) in scores {
            let key = texts(&question.dimensions, &key(&words), None, &names);
            let name = words.score.map_or(-1, |(name, _)| name);
            score_groups.entry(((key, at), name)).or_default().merge(&cell);
        }
        let mut wanted: BTreeSet<i64> = score_groups.keys().map(|(_, name)| *name).collect();
        wanted.extend(score_groups.values().flat_map(|cell| cell.categories.iter().map(|(word, _)| *word)));
        let names = self.names(&wanted).await?;
        let text = |word: i64| names.get(&word).map(|name| name.as_ref().to_owned()).unwrap_or_default();
        answer.spans = span_groups.into_iter().map(|((key, at_us), totals)| Group { key, at_us, totals }).collect();
        answer.scores = score_groups
            .into_iter()
            .map(|(((key, at_us), name), cell)| ScoreGroup {
                key,
                at_us,
                name: text(name),
                totals: cell.named(|word| without_set(WordKind::Category, &text(word)).to_owned()),
            })
            .collect();
        Ok(())
    }

    /// Rows of `prompt, hour, version, model, environment, segment, data` and, of scores, `name, level`.
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
}

impl Gathered<'_> {
    fn place(&self, words: Words, hour: i64) -> Place {
        (self.split(words), self.question.step_of(TimeUs(hour.saturating_mul(HOUR_US)).max(self.question.range.from)))
    }

    /// The words that split the answer; all others are the same for all.
    fn split(&self, words: Words) -> Words {
        let has = |dimension| self.question.dimensions.contains(&dimension);
        let kept = |dimension, value| if has(dimension) { value } else { -1 };
        Words {
            prompt: kept(Dimension::Prompt, words.prompt),
            version: kept(Dimension::Version, words.version),
            model: kept(Dimension::Model, words.model),
            environment: kept(Dimension::Environment, words.environment),
            segment: kept(Dimension::Segment, words.segment),
            // The name always splits.
            score: words.score.map(|(name, level)| (name, kept(Dimension::ScoreLevel, level))),
        }
    }

    fn key(&self, words: &Words, user: Option<&str>, names: &HashMap<i64, std::sync::Arc<str>>) -> Vec<String> {
        let dimensions = &self.question.dimensions;
        let numbers: Vec<i64> = dimensions.iter().map(|dimension| words.in_dimension(*dimension)).collect();
        texts(dimensions, &numbers, user, names)
    }

    fn add_span(&mut self, seen: &super::scan::Seen, names: &HashMap<i64, std::sync::Arc<str>>) {
        let key = self.key(&seen.words, seen.user.as_deref(), names);
        let at = self.question.step_of(domain::time::TimeNs(seen.one.start_ns).to_us());
        seen.one.count_binned(self.span_groups.entry((key, at)).or_default(), self.binned);
    }

    fn add_score(&mut self, seen: &super::scan::SeenScore, names: &HashMap<i64, std::sync::Arc<str>>) {
        let key = self.key(&seen.words, seen.user.as_deref(), names);
        let at = self.question.step_of(domain::time::TimeNs(seen.start_ns).to_us());
        let name = seen.words.score.map_or(-1, |(name, _)| name);
        self.score_groups.entry(((key, at), name)).or_default().count(seen.counted, 1);
    }
}

impl Division {
    fn add(&mut self, row: &SqliteRow, hour: i64) -> Result<(), StoreError> {
        let words = words(row)?;
        let count = cell::count_of(row.try_get(6).map_err(from_sqlx)?)?;
        *self.hours.entry(hour).or_default().entry((words.prompt, words.version)).or_default() += count;
        Ok(())
    }

    /// Keeps what may be looked at. What has to be (`fine`) is cut at the older end when there is too much; ends of hours are
    /// answered whole instead.
    fn bound(&mut self, fine: bool, answer: &mut TotalsAnswer) {
        let mut sum = 0_u64;
        let mut kept = None;
        for (hour, counts) in self.hours.iter().rev() {
            sum += counts.values().sum::<u64>();
            if sum > SCANNED {
                break;
            }
            kept = Some(*hour);
        }
        let all: u64 = self.hours.values().flat_map(BTreeMap::values).sum();
        if !fine && all > DIVIDED {
            self.hours.clear();
            let floor = |at: TimeUs| at.0.div_euclid(HOUR_US);
            answer.range = TimeRange {
                from: TimeUs(floor(answer.range.from).saturating_mul(HOUR_US)),
                to: TimeUs(
                    floor(TimeUs(answer.range.to.0.saturating_sub(1))).saturating_add(1).saturating_mul(HOUR_US),
                ),
            };
        } else if all > SCANNED {
            let first = kept.map_or(answer.range.to, |hour| TimeUs(hour.saturating_mul(HOUR_US)));
            self.hours.retain(|hour, _| kept.is_some_and(|kept| *hour >= kept));
            answer.range.from = first.max(answer.range.from);
            answer.partial = Some(format!(
                "the range holds {all} generations and this question looks at each; only the part since {first}, with at \
                 most {SCANNED} of them, was answered: narrow the range or filter"
            ));
        }
    }

    /// The parts of the range to be looked at, adjacent hours joined.
    fn stretches(&self, range: TimeRange) -> Vec<Stretch> {
        let mut by_version: BTreeMap<(i64, i64), Vec<i64>> = BTreeMap::new();
        for (hour, counts) in &self.hours {
            for version in counts.keys() {
                by_version.entry(*version).or_default().push(*hour);
            }
        }
        let (first, last) = (range.from.to_ns().0, range.to.to_ns().0);
        let mut stretches: Vec<Stretch> = Vec::new();
        for ((prompt, version), hours) in by_version {
            for hour in hours {
                let from = hour.saturating_mul(HOUR_NS).max(first);
                let to = hour.saturating_add(1).saturating_mul(HOUR_NS).min(last);
                match stretches.last_mut() {
                    Some(open) if (open.prompt, open.version, open.to) == (prompt, version, from) => open.to = to,
                    _ if from < to => stretches.push(Stretch { prompt, version, from, to }),
                    _ => {}
                }
            }
        }
        stretches
    }
}

/// Hours that the range or a step begins or ends inside of.
fn divided_hours(question: &TotalsQuestion) -> BTreeSet<i64> {
    let TimeRange { from, to } = question.range;
    let inner = question.steps.iter().copied().filter(|start| *start > from && *start < to);
    [from, to]
        .into_iter()
        .chain(inner)
        .filter(|at| at.0.rem_euclid(HOUR_US) != 0)
        .map(|at| at.0.div_euclid(HOUR_US))
        .collect()
}

fn outside(hour: i64, range: TimeRange) -> bool {
    hour.saturating_add(1).saturating_mul(HOUR_US) <= range.from.0 || hour.saturating_mul(HOUR_US) >= range.to.0
}

fn words(row: &SqliteRow) -> Result<Words, StoreError> {
    let get = |column: usize| row.try_get::<i64, _>(column).map_err(from_sqlx);
    let score = if row.len() > 7 { Some((get(7)?, get(8)?)) } else { None };
    Ok(Words { prompt: get(0)?, version: get(2)?, model: get(3)?, environment: get(4)?, segment: get(5)?, score })
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
        "SELECT prompt, hour, version, model, environment, segment, data, name, level FROM cell_score WHERE project = "
    } else {
        "SELECT prompt, hour, version, model, environment, segment, data FROM cell_span WHERE project = "
    });
    query.push_bind(project).push(" AND prompt = ").push_bind(prompt);
    query.push(" AND hour >= ").push_bind(from).push(" AND hour <= ").push_bind(to);
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
    use super::*;

    /// Hours 10, 11, 12 with so many generations each, and a range from inside the first to inside the last.
    fn divided(counts: [u64; 3]) -> (Division, TotalsAnswer) {
        let hours = (10..).zip(counts).map(|(hour, count)| (hour, BTreeMap::from([((1, 1), count)]))).collect();
        let range = TimeRange { from: TimeUs(10 * HOUR_US + 5), to: TimeUs(12 * HOUR_US + 7) };
        (Division { hours }, TotalsAnswer { range, spans: vec![], scores: vec![], partial: None })
    }

    #[test]
    fn few_generations_are_looked_at_one_by_one() {
        let (mut division, mut answer) = divided([5, 5, 5]);
        let range = answer.range;
        division.bound(false, &mut answer);
        assert_eq!((answer.range, &answer.partial), (range, &None));
        let whole = Stretch { prompt: 1, version: 1, from: range.from.to_ns().0, to: range.to.to_ns().0 };
        assert_eq!(division.stretches(range), [whole]);
    }

    #[test]
    fn too_many_at_the_ends_make_whole_hours() {
        let (mut division, mut answer) = divided([DIVIDED, 0, 1]);
        division.bound(false, &mut answer);
        assert_eq!(answer.range, TimeRange { from: TimeUs(10 * HOUR_US), to: TimeUs(13 * HOUR_US) });
        assert!(division.stretches(answer.range).is_empty() && answer.partial.is_none());
    }

    #[test]
    fn of_too_many_that_have_to_be_looked_at_the_newest_are() {
        let (mut division, mut answer) = divided([SCANNED, 100, 100]);
        division.bound(true, &mut answer);
        assert_eq!(answer.range.from, TimeUs(11 * HOUR_US));
        assert!(answer.partial.is_some_and(|reason| reason.contains("200200")));
        let [kept] = division.stretches(answer.range)[..] else { panic!("one stretch") };
        assert_eq!(kept.from, 11 * HOUR_NS);
        let (mut division, mut answer) = divided([1, 1, SCANNED + 1]);
        division.bound(true, &mut answer);
        assert!(answer.partial.is_some() && division.stretches(answer.range).is_empty());
    }
}
