//! What changed this week: prompts and labels, and the numbers that moved since the week before. Server only.

use domain::{
    metric::{Comparison, Difference, Dimension, Measure, MetricQuery, MetricRow},
    prompt::LabelMove,
    time::{TimeRange, TimeUs},
};
use services::{
    ServiceError,
    prompts::{PromptChange, PromptEvent},
};
use ui::format;

use super::model::{ChangeLine, Direction, MovedLine, Week};
use crate::{
    context::{self, Visit},
    error::AppError,
};

const WEEK_DAYS: i64 = 7;
/// Changes shown.
const CHANGES: u16 = 12;
/// Numbers shown that moved.
const MOVED: usize = 8;

/// A number that is watched, and which way is good.
struct Watched {
    measure: &'static str,
    /// Its trend on the prompt's page.
    trend: &'static str,
    name: &'static str,
    write: fn(f64) -> String,
    good: Option<Direction>,
}

const GENERATIONS: [Watched; 3] = [
    Watched {
        // Not the median: bins of all prompts by unit group are ten times as many rows.
        measure: "latency.mean",
        trend: "latency",
        name: "Mean latency",
        write: duration,
        good: Some(Direction::Down),
    },
    Watched { measure: "cost.mean", trend: "cost", name: "Mean cost", write: money, good: Some(Direction::Down) },
    Watched {
        measure: "error_rate",
        trend: "errors",
        name: "Error rate",
        write: format::percent,
        good: Some(Direction::Down),
    },
];
/// Nobody has said which way a score is good.
const SCORE: Watched = Watched { measure: "score.mean", trend: "", name: "", write: format::score, good: None };

fn duration(ns: f64) -> String {
    format::duration_ns(ns as i64)
}

fn money(nano: f64) -> String {
    format::money(nano as i64)
}

pub(super) async fn week(visit: &Visit) -> Result<Week, AppError> {
    let range = TimeRange::last_days(visit.now, WEEK_DAYS);
    let changes = visit.services.prompts.changes(&visit.actor, visit.project.id, range.from, CHANGES).await;
    let changes = changes.map_err(context::refusal)?.into_iter().map(line).collect();
    let before = TimeRange { from: TimeUs(range.from.0.saturating_sub(range.length_us())), to: range.from };
    let question = |watched: &[Watched], dimensions: &[Dimension]| -> Result<MetricQuery, AppError> {
        let measures = watched.iter().map(|one| one.measure.parse::<Measure>().map_err(ServiceError::of("measures")));
        Ok(MetricQuery {
            measures: measures.collect::<Result<_, _>>().map_err(context::refusal)?,
            dimensions: dimensions.to_vec(),
            compare: Some(Comparison::Range(before)),
            ..MetricQuery::over(range)
        })
    };
    let questions = [
        question(&GENERATIONS, &[Dimension::Prompt])?,
        question(&[SCORE], &[Dimension::Prompt, Dimension::ScoreName])?,
    ];
    let answers = visit.services.metrics.queries(&visit.actor, visit.project.id, &questions).await;
    let answers = answers.map_err(context::refusal)?;
    let mut compared = 0;
    let mut moved = Vec::new();
    for (answer, watched) in answers.iter().zip([&GENERATIONS[..], &[SCORE]]) {
        for row in &answer.rows {
            compare(row, watched, &mut compared, &mut moved);
        }
    }
    // How many half-widths of its interval a difference is away from nothing.
    moved.sort_by(|a: &(f64, MovedLine), b| b.0.total_cmp(&a.0));
    moved.truncate(MOVED);
    Ok(Week { changes, moved: moved.into_iter().map(|(_, line)| line).collect(), compared })
}

fn line(change: PromptChange) -> ChangeLine {
    let (label, from, to, why) = match change.what {
        PromptEvent::Moved(LabelMove { label, from, to, reason, .. }) => {
            (Some(label.as_str().to_owned()), from, to, reason)
        }
        PromptEvent::Saved { number, message } => (None, None, Some(number), message),
    };
    ChangeLine {
        prompt: change.prompt.as_str().to_owned(),
        at_us: change.at_us.0,
        by: change.by,
        label,
        from,
        to,
        why: why.filter(|why| !why.is_empty()),
    }
}

/// Adds the numbers of one prompt whose true change has a sign, as far as can be said.
fn compare(row: &MetricRow, watched: &[Watched], compared: &mut u32, moved: &mut Vec<(f64, MovedLine)>) {
    let mut group = row.group.iter();
    // Generations without a prompt are no prompt.
    let Some(prompt) = group.next().filter(|prompt| !prompt.is_empty()) else { return };
    let score = group.next().filter(|score| !score.is_empty());
    for ((one, value), difference) in watched.iter().zip(&row.values).zip(&row.differences) {
        let Difference { baseline: Some(before), absolute: Some(absolute), interval: Some(interval), .. } = *difference
        else {
            continue;
        };
        let Some(now) = value.value else { continue };
        *compared = compared.saturating_add(1);
        let has_sign = interval.lower > 0.0 || interval.upper < 0.0;
        let half_width = (interval.upper - interval.lower) / 2.0;
        if !has_sign || !half_width.is_finite() || half_width <= 0.0 {
            continue;
        }
        let direction = if absolute > 0.0 { Direction::Up } else { Direction::Down };
        let change = difference.relative.map_or_else(|| (one.write)(absolute), format::change);
        let (ends, of_what) = match difference.relative_interval {
            Some(ends) => (format!("{} to {}", format::change(ends.lower), format::change(ends.upper)), "change"),
            None => (format!("{} to {}", (one.write)(interval.lower), (one.write)(interval.upper)), "difference"),
        };
        let name = score.map_or_else(|| one.name.to_owned(), |score| format!("Mean {score}"));
        let line = MovedLine {
            prompt: prompt.clone(),
            trend: score.map_or_else(|| one.trend.to_owned(), |score| format!("score:{score}")),
            name,
            before: (one.write)(before),
            now: (one.write)(now),
            change,
            interval: format!("95% interval of the {of_what}: {ends}"),
            n: (difference.baseline_n, value.n),
            is_good: one.good.map(|good| good == direction),
        };
        moved.push((absolute.abs() / half_width, line));
    }
}

#[cfg(test)]
mod tests {
    use domain::metric::{Interval, IntervalMethod, MetricValue};

    use super::*;

    fn row(lower: f64, upper: f64) -> MetricRow {
        let interval = Some(Interval { lower, upper, method: IntervalMethod::UnitGroups });
        let absolute = f64::midpoint(lower, upper);
        let difference = Difference {
            baseline: Some(1e9),
            baseline_n: 40,
            absolute: Some(absolute),
            interval,
            relative: Some(absolute / 1e9),
            relative_interval: None,
        };
        let value = MetricValue { value: Some(1e9 + absolute), n: 50, ..MetricValue::NOTHING };
        MetricRow {
            group: vec!["greet".to_owned()],
            at_us: None,
            values: vec![value],
            differences: vec![difference],
            distributions: Vec::new(),
        }
    }

    #[test]
    fn only_what_has_a_sign_has_moved() {
        let (mut compared, mut moved) = (0, Vec::new());
        for (lower, upper) in [(-1e8, 2e8), (1e8, 3e8), (-3e8, -1e8)] {
            compare(&row(lower, upper), &GENERATIONS, &mut compared, &mut moved);
        }
        assert_eq!(compared, 3);
        let good: Vec<_> = moved.iter().map(|(_, line)| (line.change.as_str(), line.is_good)).collect();
        assert_eq!(good, [("+20.0%", Some(false)), ("\u{2212}20.0%", Some(true))]);
    }
}
