//! Asks the questions behind the Metrics tab and lays the answers side by side. Server only.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    metric::{Comparison, Dimension, Filter, Granularity, Measure, MetricAnswer, MetricQuery, MetricRow, Subject},
    time::{RangeChoice, TimeRange},
};
use services::ServiceError;

use super::{
    ALL,
    catalogue::{self, By, COMPARED, Family, MAIN_SCORES, SMALL, SUBJECTS, TRENDS},
    cells::Links,
    chart::Charts,
    compare,
    known::{Known, known_versions},
    model::{Choosable, DEFAULT_RANGE, FilterChoice, MetricsView, SpreadView, TitledChart},
    query::{MetricsQuery, ZONES},
    spread,
    table::Found,
};
use crate::{
    context::{self, Visit},
    error::AppError,
    measured::sentence,
    range,
};

/// Rows shown; a prompt may have any number of users.
pub(super) const ROWS: usize = 50;
/// Rows drawn in charts and distributions.
const DRAWN: usize = 10;
/// What is asked of the scores of one name.
const SCORES: [&str; 8] =
    ["score.mean", "score.p50", "score.p10", "score.p90", "score.min", "score.max", "score.sd", "score.sum"];

/// What is asked, read from the address.
pub(super) struct Page<'a> {
    pub(super) visit: &'a Visit,
    pub(super) name: &'a str,
    pub(super) query: &'a MetricsQuery,
    choice: RangeChoice,
    range: TimeRange,
    granularity: Granularity,
    pub(super) by: By,
    pub(super) family: Family,
}

/// The questions, by what they are for; one read of the store answers all.
#[derive(Clone, Copy)]
enum Part {
    Numbers,
    Scores,
    Volume,
    Values,
    Trend,
    ScoreTrend,
    Spread,
    Compared,
    ComparedScores,
}

/// What a parameter says, if it says anything.
pub(super) fn said(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

pub(super) fn measure(word: &str) -> Result<Measure, AppError> {
    word.parse().map_err(|error| context::refusal(ServiceError::of("metric")(error)))
}

pub(super) async fn view(visit: &Visit, name: &str, query: &MetricsQuery) -> Result<MetricsView, AppError> {
    let choice = range::choose(query.range.as_deref(), query.from.as_deref(), query.to.as_deref(), DEFAULT_RANGE)
        .map_err(|error| context::refusal(ServiceError::of("range")(error)))?;
    let range = choice.resolve(visit.now);
    let granularity = if range.length_us() > 4 * 86_400_000_000 { Granularity::Day } else { Granularity::Hour };
    let by = said(query.by.as_ref()).and_then(By::of).unwrap_or(By::Version);
    let family = said(query.show.as_ref()).and_then(Family::of).unwrap_or(Family::Overview);
    Page { visit, name, query, choice, range, granularity, by, family }.view().await
}

impl Page<'_> {
    async fn view(&self) -> Result<MetricsView, AppError> {
        let known = known_versions(self.visit, self.name).await?;
        let pair = self.pair(&known);
        let asked = self.questions(pair.as_ref())?;
        let questions: Vec<MetricQuery> = asked.iter().map(|(_, question)| question.clone()).collect();
        let visit = self.visit;
        let answers = visit
            .services
            .metrics
            .queries(&visit.actor, visit.project.id, &questions)
            .await
            .map_err(context::refusal)?;
        let parts: Vec<Part> = asked.into_iter().map(|(part, _)| part).collect();
        let answer = |wanted: Part| {
            let found = parts.iter().position(|part| *part as u8 == wanted as u8);
            found.and_then(|at| answers.get(at))
        };
        let missing = || context::refusal(ServiceError::Internal("a part of the page was not answered".into()));
        let (numbers, scores) = (answer(Part::Numbers).ok_or_else(missing)?, answer(Part::Scores).ok_or_else(missing)?);
        let volume = answer(Part::Volume).ok_or_else(missing)?;

        let ordered = self.ordered(volume);
        let names = score_names(scores);
        // The newest versions are told apart by colour, whatever the order of the table.
        let mut palette: Vec<(String, String, u32)> = Vec::new();
        for key in ordered.iter().take(DRAWN).rev() {
            palette.push((key.clone(), self.by.name(key), palette.len() as u32));
        }
        let links = self.links();
        let charts = Charts {
            range: self.range,
            granularity: self.granularity,
            zone: said(self.query.zone.as_ref()),
            palette: &palette,
            moves: &known.moves,
            small: said(self.query.metric.as_ref()) == Some(ALL),
        };
        let (trend, charts) = self.charts(&charts, &names, volume, answer(Part::Trend), answer(Part::ScoreTrend))?;
        let groups = ordered.iter().map(|key| Choosable { key: key.clone(), text: self.by.name(key) }).collect();
        let comparison = pair.zip(answer(Part::Compared).zip(answer(Part::ComparedScores)));
        let comparison = comparison.and_then(|((a, b), (numbers, scores))| {
            let both = ordered.contains(&a) && ordered.contains(&b) && a != b;
            both.then(|| compare::compared(self.by, (&a, &b), numbers, scores, &links)).flatten()
        });
        let mut notices = numbers.notices.clone();
        notices.extend(scores.notices.iter().filter(|notice| !numbers.notices.contains(notice)).cloned());
        Ok(MetricsView {
            filters: answer(Part::Values).map(filters).unwrap_or_default(),
            by: self.by.dimension().as_str().to_owned(),
            group: self.by.title().to_owned(),
            show: self.family.word().to_owned(),
            trend,
            trends: self.trends(&names)?,
            legend: palette.iter().map(|(_, name, series)| (name.clone(), *series)).collect(),
            charts,
            table: self.table(&Found {
                ordered: &ordered,
                numbers,
                scores,
                volume,
                names: &names,
                known: &known,
                palette: &palette,
            })?,
            scores: self.scores(&ordered, scores, &links)?,
            distribution: self.distribution(answer(Part::Spread), &ordered, &names, &palette),
            groups,
            comparison,
            notices: notices.iter().map(|notice| sentence(notice)).collect(),
            zone: said(self.query.zone.as_ref()).unwrap_or("UTC").to_owned(),
            range: self.choice.into(),
            lag_ms: numbers.lag_ms,
            partial: numbers.partial.clone(),
            zones: ZONES.map(str::to_owned).to_vec(),
            now_us: visit.now.0,
        })
    }

    /// What is compared: as the address says, else the newest version with the one in production or before it.
    fn pair(&self, known: &Known) -> Option<(String, String)> {
        if let Some(pair) = said(self.query.a.as_ref()).zip(said(self.query.b.as_ref())) {
            return Some((pair.0.to_owned(), pair.1.to_owned()));
        }
        if self.by != By::Version {
            return None;
        }
        let (newest, a) = known.newest_and_baseline()?;
        Some((a.to_string(), newest.to_string()))
    }

    fn question(&self, dimensions: &[Dimension]) -> MetricQuery {
        let mut filters = vec![Filter::one(Dimension::Prompt, self.name)];
        for (dimension, value) in [
            (Dimension::Environment, &self.query.environment),
            (Dimension::Model, &self.query.model),
            (Dimension::Segment, &self.query.segment),
            (Dimension::User, &self.query.user),
        ] {
            // A filter that is set to nothing keeps what has none.
            filters.extend(value.as_ref().map(|value| Filter::one(dimension, value.clone())));
        }
        MetricQuery {
            dimensions: dimensions.to_vec(),
            filters,
            zone: said(self.query.zone.as_ref()).map(str::to_owned),
            ..MetricQuery::over(self.range)
        }
    }

    fn questions(&self, pair: Option<&(String, String)>) -> Result<Vec<(Part, MetricQuery)>, AppError> {
        let by = self.by.dimension();
        let measures = |words: &[&str]| words.iter().map(|word| measure(word)).collect::<Result<Vec<_>, _>>();
        let ask = |dimensions: &[Dimension], words: &[&str]| {
            Ok::<_, AppError>(MetricQuery { measures: measures(words)?, ..self.question(dimensions) })
        };
        let stepped = |question: MetricQuery| MetricQuery { granularity: Some(self.granularity), ..question };
        let columns: Vec<&str> = self
            .family
            .measures()
            .iter()
            .copied()
            .filter(|word| self.by == By::Version || *word != "adoption")
            .collect();
        let values = MetricQuery {
            filters: vec![Filter::one(Dimension::Prompt, self.name)],
            ..ask(&[Dimension::Environment, Dimension::Model, Dimension::Segment], &["count"])?
        };
        let mut asked = vec![
            (Part::Numbers, ask(&[by], &columns)?),
            (Part::Scores, ask(&[by, Dimension::ScoreName], &SCORES)?),
            (Part::Volume, stepped(ask(&[by], &["count"])?)),
            (Part::Values, values),
        ];
        let trend = said(self.query.metric.as_ref());
        if trend == Some(ALL) {
            asked.push((Part::Trend, stepped(ask(&[by], &SMALL)?)));
        } else if let Some(trend) = trend.filter(|trend| !trend.starts_with("score:")) {
            asked.push((Part::Trend, stepped(ask(&[by], &[trend])?)));
        }
        if trend.is_none_or(|trend| trend == ALL || trend.starts_with("score:")) {
            asked.push((Part::ScoreTrend, stepped(ask(&[by, Dimension::ScoreName], &["score.mean"])?)));
        }
        let subject = match said(self.query.spread.as_ref()) {
            Some(word) => word.parse().map_err(|error| context::refusal(ServiceError::of("spread")(error)))?,
            None => Subject::Score(None),
        };
        // The first score's name is not known yet: all names are asked for, apart.
        let dimensions: &[Dimension] =
            if subject == Subject::Score(None) { &[by, Dimension::ScoreName] } else { &[by] };
        asked.push((Part::Spread, MetricQuery { distributions: vec![subject], ..self.question(dimensions) }));
        if let Some((a, _)) = pair {
            let compare = Some(Comparison::Group { dimension: by, value: a.clone() });
            asked.push((Part::Compared, MetricQuery { compare: compare.clone(), ..ask(&[by], &COMPARED)? }));
            let scores = ask(&[by, Dimension::ScoreName], &["score.mean"])?;
            asked.push((Part::ComparedScores, MetricQuery { compare, ..scores }));
        }
        Ok(asked)
    }

    /// Keys of the rows: versions newest first, all others most used first.
    fn ordered(&self, volume: &MetricAnswer) -> Vec<String> {
        let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
        for row in &volume.rows {
            if let (Some(key), Some(count)) = (row.group.first(), row.values.first().and_then(|value| value.value)) {
                *counts.entry(key).or_default() += count;
            }
        }
        let mut keys: Vec<(&str, f64)> = counts.into_iter().collect();
        if self.by == By::Version {
            keys.sort_by_key(|(key, _)| std::cmp::Reverse(key.parse::<u32>().unwrap_or(0)));
        } else {
            keys.sort_by(|(a, of_a), (b, of_b)| of_b.total_cmp(of_a).then_with(|| a.cmp(b)));
        }
        keys.into_iter().map(|(key, _)| key.to_owned()).collect()
    }

    /// Where the numbers lead.
    pub(super) fn links(&self) -> Links {
        let query = self.query;
        // The list looks back less far than this page unless it is told.
        let range = said(query.range.as_ref()).or_else(|| said(query.from.as_ref()).is_none().then_some(DEFAULT_RANGE));
        let page = [
            ("range", range),
            ("from", said(query.from.as_ref()).filter(|_| range.is_none())),
            ("to", said(query.to.as_ref()).filter(|_| range.is_none())),
            ("environment", said(query.environment.as_ref())),
            ("model", said(query.model.as_ref())),
            ("segment", said(query.segment.as_ref())),
            ("user", said(query.user.as_ref())),
        ];
        Links::new(self.visit.project.slug.as_str(), self.name, &page)
    }

    fn trends(&self, names: &[String]) -> Result<Vec<Choosable>, AppError> {
        let scores = names.iter().map(|name| Choosable { key: format!("score:{name}.mean"), text: name.clone() });
        let mut trends: Vec<Choosable> = scores.collect();
        for word in TRENDS.into_iter().filter(|word| self.by == By::Version || *word != "adoption") {
            trends.push(Choosable { key: word.to_owned(), text: catalogue::title(&measure(word)?) });
        }
        Ok(trends)
    }

    /// The trend chosen and its chart, or the small ones.
    fn charts(
        &self,
        charts: &Charts<'_>,
        names: &[String],
        volume: &MetricAnswer,
        trend: Option<&MetricAnswer>,
        scores: Option<&MetricAnswer>,
    ) -> Result<(String, Vec<TitledChart>), AppError> {
        let mut drawn = Vec::new();
        let mut draw = |measure: &Measure, place: usize, rows: Vec<&MetricRow>| {
            let spec = charts.trend(measure, place, rows.iter().copied())?;
            drawn.push(TitledChart { key: measure.to_string(), title: catalogue::title(measure), spec });
            Ok::<_, AppError>(())
        };
        let of_score = |name: &str| -> Vec<&MetricRow> {
            let rows = scores.into_iter().flat_map(|answer| &answer.rows);
            rows.filter(|row| row.group.get(1).is_some_and(|of| of == name)).collect()
        };
        let every = |answer: &'_ MetricAnswer| answer.measures.clone().into_iter().enumerate().collect::<Vec<_>>();
        let chosen = said(self.query.metric.as_ref());
        if charts.palette.is_empty() {
            return Ok((chosen.unwrap_or_default().to_owned(), drawn));
        }
        if chosen == Some(ALL) {
            for name in names.iter().take(MAIN_SCORES) {
                draw(&measure(&format!("score:{name}.mean"))?, 0, of_score(name))?;
            }
            if let Some(answer) = trend {
                for (place, measure) in every(answer) {
                    draw(&measure, place, answer.rows.iter().collect())?;
                }
            }
            return Ok((ALL.to_owned(), drawn));
        }
        let score = match chosen.map(measure).transpose()? {
            Some(Measure::Score(Some(name), _)) => Some(name.as_str().to_owned()),
            Some(_) => None,
            None => names.first().cloned(),
        };
        match (score, trend) {
            (Some(name), _) => draw(&measure(&format!("score:{name}.mean"))?, 0, of_score(&name))?,
            (None, Some(answer)) => {
                for (place, measure) in every(answer) {
                    draw(&measure, place, answer.rows.iter().collect())?;
                }
            }
            (None, None) => draw(&Measure::Count, 0, volume.rows.iter().collect())?,
        }
        Ok((drawn.first().map(|chart| chart.key.clone()).unwrap_or_default(), drawn))
    }

    fn distribution(
        &self,
        answer: Option<&MetricAnswer>,
        ordered: &[String],
        names: &[String],
        palette: &[(String, String, u32)],
    ) -> Option<SpreadView> {
        let answer = answer?;
        let asked = said(self.query.spread.as_ref()).and_then(|word| word.parse::<Subject>().ok());
        let subject = asked.or_else(|| format!("score:{}", names.first()?).parse().ok())?;
        let of_name = |row: &&MetricRow| match (row.group.get(1), &subject) {
            (Some(name), Subject::Score(Some(of))) => name == of.as_str(),
            _ => true,
        };
        let rows: Vec<&MetricRow> = ordered
            .iter()
            .take(DRAWN)
            .filter_map(|key| answer.rows.iter().filter(of_name).find(|row| row.group.first() == Some(key)))
            .collect();
        let scores = names.iter().filter_map(|name| format!("score:{name}").parse::<Subject>().ok());
        let choices = scores
            .chain(SUBJECTS.map(Subject::Of))
            .map(|subject| Choosable { key: subject.to_string(), text: catalogue::subject_title(&subject) })
            .collect();
        spread::view(self.by, &subject, &rows, palette, choices)
    }
}

fn score_names(scores: &MetricAnswer) -> Vec<String> {
    let names: BTreeSet<&String> = scores.rows.iter().filter_map(|row| row.group.get(1)).collect();
    names.into_iter().cloned().collect()
}

/// The values each filter can be set to, most used first.
fn filters(answer: &MetricAnswer) -> Vec<FilterChoice> {
    let names = [("environment", "Environment"), ("model", "Model"), ("segment", "Segment")];
    let values = |place: usize| {
        let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
        for row in &answer.rows {
            if let (Some(key), Some(count)) = (row.group.get(place), row.values.first().and_then(|value| value.value)) {
                *counts.entry(key).or_default() += count;
            }
        }
        let mut values: Vec<(&str, f64)> = counts.into_iter().collect();
        values.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        values.into_iter().map(|(value, _)| value.to_owned()).collect::<Vec<_>>()
    };
    let choice = |(place, (key, name)): (usize, (&str, &str))| FilterChoice {
        key: key.to_owned(),
        name: name.to_owned(),
        values: values(place),
    };
    names.into_iter().enumerate().map(choice).collect()
}
