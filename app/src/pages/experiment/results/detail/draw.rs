//! Makes one metric's detail. Server only.

use domain::experiment::{Difference, Direction, Experiment, ExperimentMetric, Margin, MetricRole, Phase};
use experiment::Comparison;
use services::results::{Ages, Detail, QUANTILES, Spread};
use stats::guard::Status;
use ui::{IntervalScale, format};

use super::model::{AgesView, Course, CourseLine, DetailView, SpreadView};
use crate::pages::experiment::results::{
    draw::{p_value, why_not},
    measure::Measure,
    model::Mood,
};

/// Most days that are named below a drawing.
const NAMED: usize = 6;
/// How far a drawing reaches, in times of the last look: the first looks know almost nothing.
const REACH: f64 = 2.5;

pub(in crate::pages::experiment::results) fn draw(
    experiment: &Experiment,
    phase: &Phase,
    detail: &Detail,
) -> Option<DetailView> {
    let metric = experiment.design.metrics.get(detail.metric)?;
    // The phase's own arms: those of the design may be others by now.
    let titles: Vec<String> = phase.definition.arms.iter().map(|arm| arm.title().to_owned()).collect();
    Some(DetailView {
        key: metric.metric.key.to_string(),
        title: metric.metric.title().to_owned(),
        course: course(experiment, metric, detail, &titles),
        spread: detail.spread.as_ref().map(|own| spread(metric, own, &titles)),
        ages: detail
            .ages
            .iter()
            .zip(titles.iter().skip(1))
            .filter_map(|(own, title)| ages(metric, own, title))
            .collect(),
    })
}

/// A comparison on the scale of a drawing.
fn ends(comparison: &Comparison, relative: bool) -> Option<(f64, f64, f64)> {
    let ([low, high], estimate) = if relative {
        (comparison.lift_interval?, comparison.lift?)
    } else {
        (comparison.interval?, comparison.difference?)
    };
    Some((low, estimate, high))
}

fn course(experiment: &Experiment, metric: &ExperimentMetric, detail: &Detail, titles: &[String]) -> Option<Course> {
    let measure = Measure::of(&metric.metric);
    let at = |place: usize, look: usize| detail.looks.get(look)?.metrics.get(detail.metric)?.1.get(place);
    let treatments = titles.len().saturating_sub(1);
    let last = detail.looks.len().checked_sub(1)?;
    let relative = experiment.design.plan.difference == Difference::Relative
        && (0..treatments)
            .all(|place| at(place, last).is_none_or(|own| own.interval.is_none() || own.lift_interval.is_some()));
    let write = |value: f64| if relative { format::change(value) } else { measure.difference(value) };
    let mut lines = Vec::new();
    for place in 0..treatments {
        let (mut points, mut looks) = (Vec::new(), Vec::new());
        for (index, look) in detail.looks.iter().enumerate() {
            let Some(comparison) = at(place, index) else { continue };
            if let (Some((low, estimate, high)), Ok(index)) = (ends(comparison, relative), u32::try_from(index)) {
                points.push((index, low, estimate, high));
            }
            let written = ends(comparison, relative);
            looks.push([
                day(look.day.0),
                format::count(i64::try_from(look.units).unwrap_or(i64::MAX)),
                written.map_or_else(|| "–".to_owned(), |(_, estimate, _)| write(estimate)),
                written.map_or_else(
                    || why_not(comparison, false).unwrap_or_default(),
                    |(low, _, high)| format!("{} to {}", write(low), write(high)),
                ),
                comparison.p.map_or_else(|| "–".to_owned(), p_value),
            ]);
        }
        looks.reverse();
        lines.push(CourseLine {
            arm: u32::try_from(place + 1).unwrap_or(u32::MAX),
            title: titles.get(place + 1).cloned().unwrap_or_default(),
            points,
            looks,
        });
    }
    let margin = metric.margin.filter(|_| metric.role == MetricRole::Guardrail).and_then(|margin| match margin {
        Margin::Relative(share) => relative.then_some(share),
        Margin::Absolute(value) => (!relative).then_some(value),
    });
    let margin = margin.map(|margin| match metric.metric.direction {
        Direction::Higher => -margin,
        Direction::Lower => margin,
    });
    if lines.iter().all(|line| line.points.is_empty()) {
        return None;
    }
    let axis = axis(&lines, margin)?;
    let ticks = IntervalScale::new(axis.0, axis.1).ticks().into_iter().map(|tick| (tick, write(tick))).collect();
    let step = detail.looks.len().div_ceil(NAMED).max(1);
    let named = |index: usize| detail.looks.get(index).map(|look| day(look.day.0));
    let days = (0..=last).step_by(step).filter_map(|index| Some((u32::try_from(index).ok()?, named(index)?)));
    let said: Vec<String> = lines.iter().map(|line| summary(line, detail, &write)).collect();
    Some(Course {
        summary: said.join(" "),
        axis,
        ticks,
        margin,
        days: days.collect(),
        count: u32::try_from(detail.looks.len()).unwrap_or(u32::MAX),
        lines,
    })
}

/// Zero, the margin and the last looks; earlier ones as far as they do not squeeze those.
fn axis(lines: &[CourseLine], margin: Option<f64>) -> Option<(f64, f64)> {
    let lasts = lines.iter().filter_map(|line| line.points.last());
    let reach = lasts.map(|(_, low, _, high)| low.abs().max(high.abs())).fold(0.0, f64::max);
    let reach = reach.max(margin.map_or(0.0, |margin| margin.abs() * 0.6)) * REACH;
    if reach <= 0.0 {
        return None;
    }
    let ends = || lines.iter().flat_map(|line| &line.points);
    let low = ends().map(|(_, low, ..)| *low).fold(margin.unwrap_or(0.0).min(0.0), f64::min);
    let high = ends().map(|(.., high)| *high).fold(margin.unwrap_or(0.0).max(0.0), f64::max);
    let (low, high) = (low.max(-reach), high.min(reach));
    let room = (high - low) * 0.06;
    Some((low - room, high + room))
}

/// "v8: +6.7% now, between +1.0% and +12.4%; zero is left out since Nov 17."
fn summary(line: &CourseLine, detail: &Detail, write: &impl Fn(f64) -> String) -> String {
    let Some((_, low, estimate, high)) = line.points.last() else {
        return format!("{}: nothing can be told yet.", line.title);
    };
    let leaves_out = |(_, low, _, high): &&(u32, f64, f64, f64)| *low > 0.0 || *high < 0.0;
    let since = line.points.iter().rev().take_while(leaves_out).last();
    let since = since.and_then(|(index, ..)| detail.looks.get(*index as usize)).map(|look| day(look.day.0));
    let zero = since.map_or_else(|| "zero is still inside".to_owned(), |day| format!("zero is left out since {day}"));
    format!("{}: {}, between {} and {}; {zero}.", line.title, write(*estimate), write(*low), write(*high))
}

/// "Nov 17".
fn day(us: i64) -> String {
    let date = format::date(us);
    date.split_once(',').map_or_else(|| date.clone(), |(day, _)| day.to_owned())
}

fn spread(metric: &ExperimentMetric, spread: &Spread, titles: &[String]) -> SpreadView {
    let measure = Measure::of(&metric.metric);
    let tallest = spread.bars.iter().flatten().copied().fold(f64::MIN_POSITIVE, f64::max);
    let count = spread.bars.first().map_or(0, Vec::len);
    let arms = titles.iter().zip(spread.bars.iter().zip(&spread.quantiles)).enumerate();
    SpreadView {
        caption: if spread.of_rows { "each value is one row".to_owned() } else { "each value is one unit".to_owned() },
        ends: (
            measure.value(spread.from),
            format!("{} and more", measure.value(spread.from + spread.width * count.saturating_sub(1) as f64)),
        ),
        arms: arms
            .map(|(place, (title, (bars, quantiles)))| {
                let bars = bars.iter().map(|share| share / tallest).collect();
                let quantiles = quantiles.iter().map(|value| measure.value(*value)).collect();
                (u32::try_from(place).unwrap_or(u32::MAX), title.clone(), bars, quantiles)
            })
            .collect(),
        quantiles: QUANTILES.iter().map(|share| format!("p{:.0}", share * 100.0)).collect(),
    }
}

fn ages(metric: &ExperimentMetric, ages: &Ages, title: &str) -> Option<AgesView> {
    if ages.steps.len() < 2 {
        return None;
    }
    let measure = Measure::of(&metric.metric);
    let step = |(from, until, difference, error, units): &(i64, Option<i64>, f64, f64, u64)| {
        let days = match until {
            Some(until) if until == from => format!("day {}", from + 1),
            Some(until) => format!("days {} to {}", from + 1, until + 1),
            None => format!("day {} and later", from + 1),
        };
        let units = format::count(i64::try_from(*units).unwrap_or(i64::MAX));
        [days, format!("{} ± {}", measure.difference(*difference), measure.amount(1.96 * error)), units]
    };
    Some(AgesView {
        title: title.to_owned(),
        finding: ages.finding.as_ref().map(|finding| {
            let mood = if finding.status == Status::Ok { Mood::Good } else { Mood::Warn };
            (mood, finding.sentence.clone())
        }),
        steps: ages.steps.iter().map(step).collect(),
    })
}
