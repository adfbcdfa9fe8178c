//! What one metric was of late, and how many units and days it takes to tell a difference of it. By `STATS.md` §6.

use domain::experiment::{Correction, Design, ExperimentMetric, Margin, Method, MetricKey, MetricRole};
use experiment::Reading;
use stats::power::{
    Design as Sizes, SequentialRun, minimum_detectable_effect, sample_size, sample_size_guardrail, sequential_run,
};

use super::traffic::{Curve, Past};
use crate::results::reading::blocks;

/// The same plan gives the same numbers.
const SEED: u64 = 5;
/// Days for which it is said what could be found by then.
const AHEAD: [u32; 3] = [7, 14, 28];
/// Two-sided critical value a quantile's error is read off at.
const CRITICAL: f64 = 1.959_963_984_540_054;

/// What is known of a metric, and what telling a difference takes.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricPlan {
    /// Its key.
    pub key: MetricKey,
    /// What people call it.
    pub name: String,
    /// What it decides.
    pub role: MetricRole,
    /// What it was of late.
    pub baseline: Option<Baseline>,
    /// The difference planned for, in the metric's own unit: the margin.
    pub difference: Option<f64>,
    /// Units of all arms together.
    pub sample: Option<Sample>,
    /// Days until then.
    pub days: Option<Days>,
    /// What can be found later or sooner; goals only.
    pub detectable: Vec<Detectable>,
    /// Why something is missing above.
    pub why: Option<String>,
}

/// A metric in past traffic, by unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Baseline {
    /// The estimate.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Variance of a unit: the estimate's, times the units.
    pub unit_variance: f64,
    /// Units it rests on.
    pub units: u64,
    /// Rows of those.
    pub rows: u64,
}

/// Units of all arms together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// For one look at the end.
    pub fixed: u64,
    /// By which half of all experiments that are watched all along are decided, if the difference is the one planned for; none
    /// for guardrails.
    pub typical: Option<u64>,
    /// Likewise, as many as the power says.
    pub planned: Option<u64>,
    /// Likewise, nine of ten.
    pub unlucky: Option<u64>,
}

/// The same in days.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Days {
    /// For one look at the end.
    pub fixed: f64,
    /// Half of all.
    pub typical: f64,
    /// As many as the power says.
    pub planned: f64,
    /// Nine of ten; none where that is beyond what the traffic ever brings.
    pub unlucky: Option<f64>,
}

impl Days {
    /// What the method that decides takes.
    pub fn by(&self, method: Method) -> f64 {
        match method {
            Method::Anytime => self.planned,
            Method::FixedHorizon | Method::Bayesian => self.fixed,
        }
    }
}

/// The smallest difference found with the planned power after some days, in the metric's own unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detectable {
    /// After so many days.
    pub days: u32,
    /// Units that take part by then.
    pub units: u64,
    /// By one look then.
    pub fixed: f64,
    /// By looking all along.
    pub sequential: f64,
    /// The latter as a share of the baseline; none when that is 0.
    pub relative: Option<f64>,
}

/// What all metrics of a plan share.
pub(super) struct Question<'p> {
    design: &'p Design,
    past: &'p Past,
    /// The error level of one comparison.
    alpha: f64,
    run: Option<SequentialRun>,
    guardrails: u32,
}

impl<'p> Question<'p> {
    pub(super) fn of(design: &'p Design, past: &'p Past) -> Self {
        let of_role = |role| design.metrics.iter().filter(|metric| metric.role == role).count();
        let comparisons = design.arms.len().saturating_sub(1).max(1) * of_role(MetricRole::Goal).max(1);
        // Holm is never weaker than equal parts: they bound what it takes.
        let parts = if design.plan.correction == Correction::None { 1.0 } else { comparisons as f64 };
        let alpha = design.plan.alpha / parts;
        let guardrails = u32::try_from(of_role(MetricRole::Guardrail)).unwrap_or(u32::MAX);
        let run = sequential_run(alpha, design.plan.power, SEED).ok();
        Self { design, past, alpha, run, guardrails }
    }

    /// Days before which no verdict is given.
    pub(super) fn least_days(&self) -> f64 {
        let hours = f64::from(self.design.schedule.minimum_hours) / 24.0;
        let smallest = self.shares().fold(1.0, f64::min);
        let units = self.design.plan.rule.minimum_units as f64 / smallest;
        let until = (units > 0.0).then(|| self.curve()?.day_of(units, self.past.traffic.share)).flatten();
        hours.max(until.unwrap_or(0.0))
    }

    pub(super) fn answer(&self, metric: &ExperimentMetric) -> MetricPlan {
        let mut plan = MetricPlan {
            key: metric.metric.key.clone(),
            name: metric.metric.title().to_owned(),
            role: metric.role,
            baseline: None,
            difference: None,
            sample: None,
            days: None,
            detectable: Vec::new(),
            why: None,
        };
        let baseline = match self.baseline(metric) {
            Ok(baseline) => baseline,
            Err(why) => return MetricPlan { why: Some(why), ..plan },
        };
        plan.baseline = Some(baseline);
        // Of so many units that take part one is in the metric: those without a score are not.
        let each = self.past.units.units as f64 / baseline.units as f64;
        if metric.role == MetricRole::Goal {
            plan.detectable = self.detectable(&baseline, each);
        }
        plan.difference = metric.margin.map(|margin| match margin {
            Margin::Absolute(number) => number,
            Margin::Relative(share) => share * baseline.value.abs(),
        });
        let Some(difference) = plan.difference else {
            plan.why = Some("no margin: the smallest difference that matters says how long it takes".to_owned());
            return plan;
        };
        match self.fixed(metric.role, &baseline, difference) {
            Ok(units) => {
                let units = units * each;
                let run = self.run.filter(|_| metric.role == MetricRole::Goal);
                let times = |factor: fn(SequentialRun) -> f64| run.map(|run| (units * factor(run)).ceil() as u64);
                plan.sample = Some(Sample {
                    fixed: units.ceil() as u64,
                    typical: times(|run| run.typical),
                    planned: times(|run| run.planned),
                    unlucky: times(|run| run.unlucky),
                });
                plan.days = self.days(units, run);
                if plan.days.is_none() && run.is_some() {
                    plan.why = Some("it would take longer than anybody can foresee at the traffic of late".to_owned());
                }
            }
            Err(_) if difference == 0.0 => {
                plan.why = Some("the baseline is 0: give the margin in the metric's own unit".to_owned());
            }
            Err(undefined) => plan.why = Some(undefined.to_string()),
        }
        plan
    }

    fn curve(&self) -> Option<&Curve> {
        self.past.curve.as_ref()
    }

    /// Shares of the arms among the units that take part, the control's first.
    fn shares(&self) -> impl Iterator<Item = f64> {
        self.design.arms.iter().map(|arm| f64::from(arm.weight) / 10_000.0)
    }

    fn baseline(&self, metric: &ExperimentMetric) -> Result<Baseline, String> {
        let definition = &metric.metric;
        let rows = self.past.units.rows_of(&self.past.watch, definition);
        // Of what never happened a rate of 0 says nothing; failures are counted from generations that were there.
        if rows == 0 {
            return Err(format!("no `{}` in the traffic of late", definition.source));
        }
        let Some(block) = blocks(definition, &self.past.watch, &self.past.units.arms).pop() else {
            return Err(format!("no `{}` in the traffic of late", definition.source));
        };
        let estimate = match Reading::of(&definition.source, definition.aggregation) {
            Reading::Units(kind) => {
                block.moments().and_then(|moments| kind.estimate(&moments)).map_err(|undefined| undefined.to_string())
            }
            Reading::Quantile(level) => {
                let scores = matches!(definition.source, domain::experiment::MetricSource::Score(_));
                block.quantile(level, scores, CRITICAL)
            }
        };
        estimate.map(|estimate| Baseline {
            value: estimate.value(),
            standard_error: estimate.standard_error(),
            unit_variance: estimate.variance() * estimate.units() as f64,
            units: estimate.units(),
            rows,
        })
    }

    /// Units in the metric, of all arms, for one look: of all treatments the one that takes most.
    fn fixed(&self, role: MetricRole, baseline: &Baseline, difference: f64) -> stats::Result<f64> {
        let control = self.shares().next().unwrap_or(0.5);
        let mut most = 0.0_f64;
        for treatment in self.shares().skip(1) {
            let sizes = Sizes {
                control_variance: baseline.unit_variance,
                treatment_variance: baseline.unit_variance,
                ratio: treatment / control,
                alpha: if role == MetricRole::Goal { self.alpha } else { self.design.plan.alpha },
                power: self.design.plan.power,
            };
            let units = match role {
                MetricRole::Guardrail => sample_size_guardrail(difference, &sizes, self.guardrails)?,
                MetricRole::Goal | MetricRole::Secondary => sample_size(difference, &sizes)?,
            };
            most = most.max(units / control);
        }
        Ok(most)
    }

    fn days(&self, units: f64, run: Option<SequentialRun>) -> Option<Days> {
        let until = |factor: f64| self.curve()?.day_of(units * factor, self.past.traffic.share);
        let fixed = until(1.0)?;
        let Some(run) = run else { return Some(Days { fixed, typical: fixed, planned: fixed, unlucky: None }) };
        Some(Days { fixed, typical: until(run.typical)?, planned: until(run.planned)?, unlucky: until(run.unlucky) })
    }

    fn detectable(&self, baseline: &Baseline, each: f64) -> Vec<Detectable> {
        let by = |days: u32| {
            let units = self.curve()?.units_by(f64::from(days))? * self.past.traffic.share;
            let control = self.shares().next()?;
            let mut fixed = 0.0_f64;
            for treatment in self.shares().skip(1) {
                let inverse = each / (units * control) + each / (units * treatment);
                let error = (baseline.unit_variance * inverse).sqrt();
                fixed = fixed.max(minimum_detectable_effect(error, self.alpha, self.design.plan.power).ok()?);
            }
            // A sequence takes `planned` times the units for the same difference, and units go by its square.
            let sequential = fixed * self.run?.planned.sqrt();
            let relative = (baseline.value != 0.0).then(|| sequential / baseline.value.abs());
            Some(Detectable { days, units: units.round() as u64, fixed, sequential, relative })
        };
        AHEAD.into_iter().filter_map(by).collect()
    }
}
