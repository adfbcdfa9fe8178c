//! Whether the engine keeps its promise on this project's own data (`STATS.md` §4.7): units that came anyway are split into
//! halves that nothing tells apart, over and over, and whatever is called a difference between such halves is a false alarm.
//!
//! What is split are units, never rows: rows of one unit resemble each other, and halves of rows would not show it.

use std::collections::{BTreeMap, BTreeSet};

use domain::experiment::{Aggregation, Correction, ExperimentMetric, Method, MetricRole, Plan};
use experiment::{ArmUnits, Check, CheckKind, CheckStatus, Choices, Sheet};
use stats::{
    guard::{Finding, Status, calibration},
    hash::h3,
};
use store::event::{Course, Part, UnitBlock, UnitState, Watch, group_of};

use super::{
    internal, reading,
    summed::{self, Summed},
};
use crate::ServiceError;

/// How often units are split.
const SHUFFLES: u32 = 200;
/// How often once more before a warning is told: of a promise that is kept, one look in twenty says otherwise.
const AGAIN: u32 = 1_000;
/// Units it takes, so that each half has a hundred.
const LEAST_UNITS: usize = 200;
/// Units that have something of a metric, and for rates also such that have not: with fewer there are so few possible splits
/// that p-values come in lumps.
const LEAST_WITH: u64 = 100;

/// Something that is split, with what became of it.
pub(super) struct Unit {
    id: String,
    group: u8,
    /// What each day changed, oldest first.
    steps: Vec<Step>,
}

struct Step {
    day: i64,
    block: UnitBlock,
    /// Rows of each reading that has bins.
    bins: Vec<Vec<(i32, i64)>>,
}

impl Unit {
    /// A unit that came on a day, as the store would have added it up.
    pub(super) fn new(watch: &Watch, id: String, first_day: i64, state: &UnitState) -> Self {
        let days: BTreeSet<i64> = state.days.iter().map(|day| day.day.max(first_day)).chain([first_day]).collect();
        let mut course = Course::new(watch.measures.len());
        let mut steps: Vec<Step> = Vec::with_capacity(days.len());
        for day in days {
            let mut block = UnitBlock::new(watch.readings.len());
            if !steps.is_empty() {
                block.count(&watch.readings, Part::In, state, &course, false);
            }
            let mut bins = Vec::new();
            for own in state.days.iter().filter(|own| own.day.max(first_day) == day) {
                course.pass(own);
                bins = summed::bins_of(watch, own);
            }
            block.count(&watch.readings, Part::In, state, &course, true);
            steps.push(Step { day, block, bins });
        }
        Self { group: group_of(&id), id, steps }
    }
}

/// What the shuffles said about a metric.
#[derive(Default)]
struct Said {
    /// The fixed p-value of each.
    p: Vec<f64>,
    /// Shuffles with at least two looks, and those that any look called a difference.
    looked: u64,
    called: u64,
}

/// A metric's findings.
struct Judged<'m> {
    metric: &'m ExperimentMetric,
    finding: Finding,
    daily: Option<Finding>,
}

impl Judged<'_> {
    fn status(&self) -> Status {
        self.daily.as_ref().map_or(self.finding.status, |daily| daily.status.max(self.finding.status))
    }
}

/// Judges goals and guardrails of a plan on units that came anyway. `salt` keeps these splits apart from all others.
///
/// # Errors
/// The numbers cannot be worked out, which our own rules should have made impossible.
pub(super) fn judge(
    plan: &Plan,
    metrics: &[ExperimentMetric],
    watch: &Watch,
    units: &[Unit],
    salt: &str,
) -> Result<Check, ServiceError> {
    if units.len() < LEAST_UNITS {
        return Ok(not_applicable(
            units.len(),
            format!(
                "Too few to shuffle: {LEAST_UNITS} units with traffic are needed to see how often these numbers raise a false \
                 alarm, and there are {}.",
                units.len()
            ),
        ));
    }
    let shuffling = Shuffling::new(plan, metrics, watch, units, salt);
    if shuffling.metrics.is_empty() {
        let message = format!(
            "Nothing to shuffle: no goal or guardrail has a value in {LEAST_WITH} of {} units with traffic, so nobody can say \
             how often these numbers raise a false alarm.",
            units.len()
        );
        return Ok(not_applicable(units.len(), message));
    }
    let mut judged = shuffling.judge(0..SHUFFLES)?;
    if judged.iter().any(|one| one.status() != Status::Ok) {
        judged = shuffling.judge(SHUFFLES..SHUFFLES + AGAIN)?;
    }
    let far = |one: &Judged<'_>| (one.finding.number - plan.alpha).abs();
    let order = |one: &&Judged<'_>, other: &&Judged<'_>| {
        one.status().cmp(&other.status()).then_with(|| far(one).total_cmp(&far(other)))
    };
    let Some(worst) = judged.iter().max_by(order) else {
        let message = "Nothing to shuffle: no goal or guardrail can be compared between halves of the units.";
        return Ok(not_applicable(units.len(), message.to_owned()));
    };
    let title = worst.metric.metric.title();
    let mut sentence = worst.finding.sentence.clone();
    if judged.len() > 1 {
        sentence = format!("{sentence} That is `{title}`, the furthest off of {} metrics.", judged.len());
    }
    if let Some(daily) = &worst.daily {
        sentence = format!("{sentence} {}", daily.sentence);
    }
    if worst.status() != Status::Ok {
        sentence = format!("{sentence} Do not rest a decision on `{title}` alone.");
    }
    Ok(Check::of(CheckKind::SelfCheck, Finding::new(worst.status(), worst.finding.number, sentence)))
}

/// That nothing can be said, which is no good news.
pub(super) fn not_applicable(units: usize, sentence: String) -> Check {
    Check { kind: CheckKind::SelfCheck, status: CheckStatus::NotApplicable, number: units as f64, sentence }
}

struct Shuffling<'u> {
    plan: &'u Plan,
    /// Those with enough units.
    metrics: Vec<&'u ExperimentMetric>,
    watch: &'u Watch,
    units: &'u [Unit],
    /// All steps of a day, with the place of their unit.
    days: BTreeMap<i64, Vec<(usize, &'u Step)>>,
    salt: &'u str,
}

impl<'u> Shuffling<'u> {
    fn new(
        plan: &'u Plan,
        metrics: &'u [ExperimentMetric],
        watch: &'u Watch,
        units: &'u [Unit],
        salt: &'u str,
    ) -> Self {
        let mut days: BTreeMap<i64, Vec<(usize, &Step)>> = BTreeMap::new();
        for (place, unit) in units.iter().enumerate() {
            for step in &unit.steps {
                days.entry(step.day).or_default().push((place, step));
            }
        }
        let mut all = Summed::default();
        for unit in units {
            unit.steps.iter().for_each(|step| all.step(&step.block, unit.group, &step.bins));
        }
        let all = [all];
        let decides = |metric: &&ExperimentMetric| metric.role != MetricRole::Secondary;
        let metrics = metrics.iter().filter(decides).filter(|metric| has_enough(metric, watch, &all)).collect();
        Self { plan, metrics, watch, units, days, salt }
    }

    fn judge(&self, shuffles: std::ops::Range<u32>) -> Result<Vec<Judged<'u>>, ServiceError> {
        let mut said: Vec<Said> = self.metrics.iter().map(|_| Said::default()).collect();
        let wanted = shuffles.len();
        for number in shuffles {
            self.shuffle(number, &mut said)?;
        }
        let alpha = self.plan.alpha;
        let mut judged = Vec::new();
        for (metric, said) in self.metrics.iter().zip(&said) {
            // Halves that cannot be compared are no evidence either way; many of them leave nothing to say.
            if said.p.len() * 10 < wanted * 9 {
                continue;
            }
            let found = calibration::calibrate(&said.p, alpha).map_err(internal)?;
            let mut finding = found.finding;
            if matches!(metric.metric.aggregation, Aggregation::Quantile(_)) && found.interval.contains(alpha) {
                // Quantiles are ends of bins: halves often share one, and their p-values cannot be spread evenly.
                finding.status = Status::Ok;
            }
            let daily = (said.looked * 10 >= wanted as u64 * 9)
                .then(|| calibration::sequence(said.called, said.looked, alpha).map_err(internal))
                .transpose()?;
            judged.push(Judged { metric, finding, daily });
        }
        Ok(judged)
    }

    /// Splits the units once and asks the engine, at the end of every day by the sequence and in the end by the fixed test.
    fn shuffle(&self, number: u32, said: &mut [Said]) -> Result<(), ServiceError> {
        let salt = format!("{} {number}", self.salt);
        let sides: Vec<usize> = self.units.iter().map(|unit| usize::from(h3(&salt, &unit.id) >= 0.5)).collect();
        let mut halves = [Summed::default(), Summed::default()];
        let mut looks: Vec<(u32, bool)> = vec![(0, false); self.metrics.len()];
        for steps in self.days.values() {
            for (place, step) in steps {
                let (Some(side), Some(unit)) = (sides.get(*place), self.units.get(*place)) else { continue };
                if let Some(half) = halves.get_mut(*side) {
                    half.step(&step.block, unit.group, &step.bins);
                }
            }
            for (look, p) in looks.iter_mut().zip(self.compared(&halves, Method::Anytime)?) {
                let Some(p) = p else { continue };
                look.0 += 1;
                look.1 |= p <= self.plan.alpha;
            }
        }
        let fixed = self.compared(&halves, Method::FixedHorizon)?;
        for ((said, p), (looks, called)) in said.iter_mut().zip(fixed).zip(looks) {
            said.p.extend(p);
            said.looked += u64::from(looks > 1);
            said.called += u64::from(looks > 1 && called);
        }
        Ok(())
    }

    /// The p-value of each metric, where the halves can be compared.
    fn compared(&self, halves: &[Summed; 2], method: Method) -> Result<Vec<Option<f64>>, ServiceError> {
        let half = |(key, half): (&str, &Summed)| {
            let units = u64::try_from(half.block.units).unwrap_or(0);
            Ok(ArmUnits { key: key.parse()?, name: String::new(), units })
        };
        let arms: Result<Vec<_>, domain::Invalid> = ["one", "other"].into_iter().zip(halves).map(half).collect();
        let metrics: Vec<ExperimentMetric> = self.metrics.iter().map(|metric| (*metric).clone()).collect();
        let sheet = Sheet {
            plan: self.plan.clone(),
            arms: arms.map_err(ServiceError::of("arms"))?,
            blocks: metrics.iter().map(|metric| reading::blocks(&metric.metric, self.watch, halves)).collect(),
            metrics,
            uncapped: Vec::new(),
            corrected: Vec::new(),
            past: Vec::new(),
            checks: Vec::new(),
            least_days: 0.0,
            days: 0.0,
            forecast: None,
        };
        let choices = Choices { method, alpha: self.plan.alpha, correction: Correction::None, capped: true };
        let rows = sheet.rows(&choices).map_err(internal)?;
        Ok(rows.into_iter().map(|row| row.comparisons.first().and_then(|one| one.p)).collect())
    }
}

fn has_enough(metric: &ExperimentMetric, watch: &Watch, all: &[Summed]) -> bool {
    let blocks = reading::blocks(&metric.metric, watch, all);
    let Some(block) = blocks.first().filter(|block| block.units() >= LEAST_UNITS as u64) else { return false };
    let Ok(moments) = block.moments() else { return false };
    let (with, without) = (moments.nonzero(), moments.units().saturating_sub(moments.nonzero()));
    with >= LEAST_WITH && (metric.metric.aggregation != Aggregation::Rate || without >= LEAST_WITH)
}

#[cfg(test)]
mod tests {
    use domain::experiment::UnitKind;
    use serde_json::json;
    use stats::random::Generator;
    use store::event::{UnitDay, UnitSum};

    use super::*;
    use crate::results::measures;

    fn metrics() -> Vec<ExperimentMetric> {
        let metric = |key: &str, how: &str, role: &str, margin: serde_json::Value| {
            json!({
                "metric": {"key": key, "source": format!("event:{key}"), "aggregation": how, "direction": "higher"},
                "role": role, "margin": margin
            })
        };
        let all = json!([
            metric("spent", "mean", "goal", serde_json::Value::Null),
            metric("buy", "rate", "guardrail", json!({"absolute": 0.1})),
        ]);
        serde_json::from_value(all).unwrap()
    }

    fn watch() -> Watch {
        let (measures, readings) = measures(&metrics());
        Watch {
            experiment: domain::ids::ExperimentId(uuid::Uuid::nil()),
            phase: 0,
            unit: UnitKind::User,
            prompt: "greet".to_owned(),
            until_us: None,
            measures,
            readings,
        }
    }

    /// One event of each kind on a day; the second with a chance.
    fn day(watch: &Watch, day: i64, spent: f64, buys: bool) -> UnitDay {
        let sum = |name: &str| match name {
            "event:spent" => UnitSum { rows: 1, sum: (spent * 1e9) as i128, bins: Vec::new() },
            "event:buy" if buys => UnitSum { rows: 1, sum: 1_000_000_000, bins: Vec::new() },
            _ => UnitSum::default(),
        };
        let sums = watch.measures.iter().map(|measure| sum(&measure.source.to_string())).collect();
        UnitDay { day, versions: Vec::new(), sums }
    }

    fn state(days: Vec<UnitDay>) -> UnitState {
        UnitState { days, ..UnitState::default() }
    }

    fn checked(units: &[Unit], watch: &Watch) -> Check {
        judge(&Plan::default(), &metrics(), watch, units, "test").unwrap()
    }

    #[test]
    fn units_that_are_independent_raise_as_many_alarms_as_promised() {
        let (watch, mut random) = (watch(), Generator::new(11));
        let mut unit = |number: i64| {
            let first = number % 5;
            let mut one = |at| day(&watch, at, 3.0 + random.normal(), random.uniform() < 0.3);
            let days = vec![one(first), one(first + 2)];
            Unit::new(&watch, format!("user {number}"), first, &state(days))
        };
        let units: Vec<Unit> = (0..240).map(&mut unit).collect();
        let check = checked(&units, &watch);
        assert_eq!((check.kind, check.status), (CheckKind::SelfCheck, CheckStatus::Ok), "{}", check.sentence);
        assert!(check.sentence.starts_with("We shuffled your own data 200 times: "), "{}", check.sentence);
        assert!(check.sentence.contains("the furthest off of 2 metrics"), "{}", check.sentence);
        assert!(check.sentence.contains("Looking every day, "), "{}", check.sentence);
        assert_eq!(check, checked(&units, &watch), "the same salt splits the same way");
    }

    #[test]
    fn rows_that_are_taken_for_units_are_found_out() {
        // Rows of one user resemble each other and go the same way, as users are split.
        let (watch, mut random) = (watch(), Generator::new(12));
        let mut rows = Vec::new();
        for number in 0..50 {
            let own = 2.0 * random.normal();
            for _ in 0..5 {
                let one = day(&watch, 0, 9.0 + own + random.normal(), random.uniform() < 0.3);
                rows.push(Unit::new(&watch, format!("user {number}"), 0, &state(vec![one])));
            }
        }
        let check = checked(&rows, &watch);
        assert_eq!(check.status, CheckStatus::Warn, "{}", check.sentence);
        assert!(check.number > 0.1, "{}", check.number);
        assert!(check.sentence.contains("1000 times"), "{}", check.sentence);
        assert!(check.sentence.ends_with("Do not rest a decision on `spent` alone."), "{}", check.sentence);
    }

    #[test]
    fn without_enough_data_nothing_is_said_to_be_well() {
        let watch = watch();
        let silent = |count: i64| -> Vec<Unit> {
            (0..count).map(|number| Unit::new(&watch, number.to_string(), 0, &UnitState::default())).collect()
        };
        for (count, words) in
            [(0, "there are 0"), (199, "there are 199"), (300, "no goal or guardrail has a value in 100")]
        {
            let check = checked(&silent(count), &watch);
            assert_eq!(check.status, CheckStatus::NotApplicable);
            assert!(check.sentence.contains(words), "{}", check.sentence);
        }
    }

    #[test]
    fn the_steps_of_a_unit_add_up_to_what_became_of_it() {
        let watch = watch();
        let days = vec![day(&watch, 3, 1.5, false), day(&watch, 5, 2.0, true)];
        let unit = Unit::new(&watch, "ana".to_owned(), 4, &state(days));
        assert_eq!(unit.steps.iter().map(|step| step.day).collect::<Vec<_>>(), [4, 5]);
        let mut all = Summed::default();
        unit.steps.iter().for_each(|step| all.step(&step.block, unit.group, &step.bins));
        let metrics = metrics();
        let values: Vec<f64> = metrics
            .iter()
            .map(|metric| {
                reading::blocks(&metric.metric, &watch, std::slice::from_ref(&all))[0].moments().unwrap().mean_value()
            })
            .collect();
        assert_eq!((all.block.units, values), (1, vec![3.5, 1.0]));
    }
}
