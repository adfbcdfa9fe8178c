//! Sheets from units whose numbers follow from a seed.

use domain::experiment::{Direction, ExperimentMetric, Margin, MetricDefinition, MetricRole, Plan};
use experiment::{ArmUnits, Block, Check, CheckKind, CheckStatus, Quantiles, Reading, Sheet};
use stats::{moments::Moments, random::Generator};

/// A metric named after its source.
pub(crate) fn metric(source: &str, how: &str, role: MetricRole, margin: Option<Margin>) -> ExperimentMetric {
    let better =
        if source.starts_with("score") || source.starts_with("event") { Direction::Higher } else { Direction::Lower };
    let key: String = source.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let metric = MetricDefinition {
        key: format!("{}-{how}", key.replace('_', "-")).parse().unwrap(),
        name: String::new(),
        source: source.parse().unwrap(),
        aggregation: how.parse().unwrap(),
        direction: better,
        cap: None,
        window_hours: None,
    };
    ExperimentMetric { metric, role, margin }
}

/// A goal: the mean score.
pub(crate) fn goal() -> ExperimentMetric {
    metric("score:thumbs", "ratio", MetricRole::Goal, Some(Margin::Absolute(0.03)))
}

/// A guardrail: cost, at most 10% higher.
pub(crate) fn guardrail() -> ExperimentMetric {
    metric("cost", "mean", MetricRole::Guardrail, Some(Margin::Relative(0.1)))
}

/// Units of one arm by what they did: the sum of their rows, how many, and for quantiles their bins.
pub(crate) fn arm(metric: &ExperimentMetric, units: impl IntoIterator<Item = (f64, u64, Vec<(i32, u64)>)>) -> Block {
    let source = &metric.metric.source;
    let mut moments = Moments::new();
    let mut groups = vec![Vec::new(); stats::hash::UNIT_GROUPS];
    let reading = Reading::of(source, metric.metric.aggregation);
    for (place, (sum, rows, bins)) in units.into_iter().enumerate() {
        match reading {
            Reading::Units(kind) => {
                if let Some((value, rows)) = kind.reduce(sum, rows).unwrap() {
                    moments.insert(value, rows).unwrap();
                }
            }
            Reading::Quantile(_) => {
                moments.insert(rows as f64, 1.0).unwrap();
                groups[place % stats::hash::UNIT_GROUPS].extend(bins);
            }
        }
    }
    let quantiles = match reading {
        Reading::Units(_) => None,
        Reading::Quantile(level) => Some(Quantiles::of(&groups, level, source.to_string().starts_with("score"))),
    };
    Block::new(&moments.parts(), quantiles)
}

/// Units with one row each, normal around a mean.
pub(crate) fn block(metric: &ExperimentMetric, seed: u64, units: u64, mean: f64, deviation: f64) -> Block {
    let mut random = Generator::new(seed);
    arm(metric, (0..units).map(|_| (mean + deviation * random.normal(), 1, Vec::new())))
}

/// Units of which a share did something.
pub(crate) fn binary(metric: &ExperimentMetric, units: u64, successes: u64) -> Block {
    let did = |unit| u64::from(unit < successes);
    arm(metric, (0..units).map(|unit| (did(unit) as f64, did(unit), Vec::new())))
}

/// A sheet of a week, with as many units in every arm as its first metric's blocks have.
pub(crate) fn sheet(metrics: Vec<ExperimentMetric>, blocks: Vec<Vec<Block>>) -> Sheet {
    let names = ["control", "one", "two", "three"];
    let counts = blocks.first().map(|row| row.iter().map(Block::units).collect::<Vec<_>>()).unwrap_or_default();
    let arm = |(key, units): (&&str, &u64)| ArmUnits { key: key.parse().unwrap(), name: String::new(), units: *units };
    Sheet {
        plan: Plan::default(),
        metrics,
        arms: names.iter().zip(&counts).map(arm).collect(),
        blocks,
        uncapped: Vec::new(),
        corrected: Vec::new(),
        past: Vec::new(),
        checks: vec![check(CheckStatus::Ok)],
        least_days: 7.0,
        days: 7.0,
        forecast: None,
    }
}

pub(crate) fn check(status: CheckStatus) -> Check {
    Check {
        kind: CheckKind::SampleRatio,
        status,
        number: 0.0,
        sentence: "Traffic did not split as planned.".to_owned(),
    }
}

/// A goal and a guardrail, `units` an arm; the goal's mean rises by `gain` and the cost's by `dearer`.
pub(crate) fn usual(units: u64, gain: f64, dearer: f64) -> Sheet {
    let (goal, guard) = (goal(), guardrail());
    let blocks = vec![
        vec![block(&goal, 1, units, 0.6, 0.2), block(&goal, 2, units, 0.6 + gain, 0.2)],
        vec![block(&guard, 3, units, 4e6, 8e5), block(&guard, 4, units, 4e6 * (1.0 + dearer), 8e5)],
    ];
    sheet(vec![goal, guard], blocks)
}
