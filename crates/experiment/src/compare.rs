use domain::experiment::{Aggregation, Direction, ExperimentMetric, Margin, Method, MetricSource};
use serde::{Deserialize, Serialize};
use stats::{
    Undefined,
    anytime::{Floor, OneSided, Sequence},
    bayes::{Posterior, Prior},
    contrast::{self, Effect, Lift, LiftSet, absolute, fieller},
    decision::{self, assess},
    estimate::{ArmEstimate, MetricKind},
    exact::{self, CONCENTRATIONS, SuccessLabels},
    fixed::{self, Proportion, Welch},
    moments::Moments,
};

use crate::{
    Block, Choices, Pairs,
    block::{Reading, ends, is_better},
};

/// A treatment against the control in one metric. Numbers that cannot be told are absent, and `why_not` says why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Treatment minus control, in the metric's own unit.
    pub difference: Option<f64>,
    /// Its standard error.
    pub standard_error: Option<f64>,
    /// What the data do not exclude, by the method chosen.
    pub interval: Option<[f64; 2]>,
    /// Treatment by control, minus 1.
    pub lift: Option<f64>,
    /// Likewise for the lift; absent when the control is too close to zero for a percentage.
    pub lift_interval: Option<[f64; 2]>,
    /// How surprising the difference were without an effect, by the method chosen; none for the Bayesian view. Of a goal, as the
    /// plan looks at it, the smallest of all looks whose estimate was on the same side.
    pub p: Option<f64>,
    /// The same after the correction for all comparisons of its role.
    pub adjusted_p: Option<f64>,
    /// The chance that the treatment is better, under a weak prior.
    pub chance_to_win: Option<f64>,
    /// What is lost on average by shipping the treatment, in the metric's own unit.
    pub expected_loss: Option<f64>,
    /// The belief about the difference under the same weak prior: mean and deviation of a normal distribution, in the metric's
    /// own unit.
    pub belief: Option<[f64; 2]>,
    /// Whether the difference is on the better side.
    pub better: Option<bool>,
    /// Whether the exact test of success labels led, because successes or failures are few.
    pub exact: bool,
    /// Whether the smaller arm borrowed the pooled variance.
    pub floored: bool,
    /// Of a guardrail: what is known about the margin.
    pub guardrail: Option<GuardrailState>,
    /// Why there is no interval.
    pub why_not: Option<String>,
    /// What the decision needs.
    #[serde(skip)]
    pub(crate) decided: Option<Decided>,
}

/// What is known of a guardrail.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardrailState {
    /// Worse by less than the margin, or better.
    Passes,
    /// Worse, and perhaps by more than the margin.
    Harmed,
    /// Worse by more than the margin.
    SeriouslyHarmed,
    /// Too early to say.
    Undecided,
}

impl GuardrailState {
    /// The word in JSON and CSV.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passes => "passes",
            Self::Harmed => "harmed",
            Self::SeriouslyHarmed => "seriously_harmed",
            Self::Undecided => "undecided",
        }
    }
}

/// The anytime view at the plan's level, which decides whatever is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Decided {
    pub(crate) effect: Effect,
    pub(crate) p: f64,
    pub(crate) interval: stats::Interval,
    pub(crate) lift: Option<Lift>,
    pub(crate) control: f64,
}

/// What one comparison is made under.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) method: Method,
    /// Already shared among comparisons.
    pub(crate) alpha: f64,
    /// Not shared: what guardrails are judged at.
    pub(crate) guardrail_alpha: f64,
    /// Units of both arms at which the sequence is tightest.
    pub(crate) tightest_at: f64,
    /// Share of the two arms' units that belong to the treatment.
    pub(crate) share: f64,
}

impl Terms {
    pub(crate) fn with(self, choices: &Choices, comparisons: f64) -> Self {
        let shared = match choices.correction {
            domain::experiment::Correction::None => 1.0,
            domain::experiment::Correction::Holm | domain::experiment::Correction::Bonferroni => comparisons.max(1.0),
        };
        Self { method: choices.method, alpha: choices.alpha / shared, guardrail_alpha: choices.alpha, ..self }
    }
}

pub(crate) fn direction(direction: Direction) -> contrast::Direction {
    match direction {
        Direction::Higher => contrast::Direction::HigherIsBetter,
        Direction::Lower => contrast::Direction::LowerIsBetter,
    }
}

pub(crate) fn margin(margin: Margin) -> decision::Margin {
    match margin {
        Margin::Absolute(number) => decision::Margin::Absolute(number),
        Margin::Relative(share) => decision::Margin::Relative(share),
    }
}

/// Compares two arms.
pub(crate) fn compare(metric: &ExperimentMetric, control: &Block, treatment: &Block, terms: Terms) -> Comparison {
    match estimates(metric, control, treatment, terms) {
        Ok(pair) => pair.compare(metric, terms).unwrap_or_else(|why| Comparison::not(&why.to_string())),
        Err(why) => Comparison::not(&why),
    }
}

/// Compares two arms of a split that moved.
pub(crate) fn compare_corrected(metric: &ExperimentMetric, pairs: &Result<Pairs, String>, terms: Terms) -> Comparison {
    let compared = pairs.as_ref().map_err(String::clone).and_then(|pairs| {
        let pair = || {
            let [control, treatment] = pairs.estimates(terms.method == Method::Anytime)?;
            let labels = pairs.labels.map(|ln_e| libm::exp(-ln_e).min(1.0));
            Pair { control, treatment, floored: pairs.floored, labels }.compare(metric, terms)
        };
        pair().map_err(|undefined| undefined.to_string())
    });
    compared.unwrap_or_else(|why| Comparison::not(&why))
}

/// Two arms' estimates, as the intervals take them.
struct Pair {
    control: ArmEstimate,
    treatment: ArmEstimate,
    floored: bool,
    /// Of a binary metric with few successes or failures: the p-value of the exact test of labels.
    labels: Option<f64>,
}

fn estimates(metric: &ExperimentMetric, control: &Block, treatment: &Block, terms: Terms) -> Result<Pair, String> {
    let text = |undefined: Undefined| undefined.to_string();
    let definition = &metric.metric;
    let kind = match Reading::of(&definition.source, definition.aggregation) {
        Reading::Units(kind) => kind,
        Reading::Quantile(level) => {
            let scores = matches!(definition.source, MetricSource::Score(_));
            let units = control.units().saturating_add(treatment.units());
            let critical = match terms.method {
                Method::Anytime => Sequence::new(terms.alpha, terms.tightest_at)
                    .and_then(|sequence| sequence.critical_value(units))
                    .map_err(text)?,
                Method::FixedHorizon | Method::Bayesian => fixed::normal_critical_value(terms.alpha).map_err(text)?,
            };
            return Ok(Pair {
                control: control.quantile(level, scores, critical)?,
                treatment: treatment.quantile(level, scores, critical)?,
                floored: false,
                labels: None,
            });
        }
    };
    let (one, other) = (control.moments().map_err(text)?, treatment.moments().map_err(text)?);
    if terms.method != Method::Anytime {
        let of = |block| MetricKind::estimate(kind, block).map_err(text);
        return Ok(Pair { control: of(&one)?, treatment: of(&other)?, floored: false, labels: None });
    }
    Floor::collecting(kind, &one, &other).map_err(|undefined| format!("still collecting: {undefined}"))?;
    let floor = Floor::new(kind, &one, &other).map_err(text)?;
    let is_binary = definition.aggregation == Aggregation::Rate;
    Ok(Pair {
        control: floor.control.estimate,
        treatment: floor.treatment.estimate,
        floored: floor.control.floored || floor.treatment.floored,
        labels: if is_binary { labels(&one, &other, terms.share).map_err(text)? } else { None },
    })
}

/// Few successes or failures: the exact test of labels leads, on whichever of the two is rarer.
fn labels(one: &Moments, other: &Moments, share: f64) -> stats::Result<Option<f64>> {
    let proportion = |block: &Moments| Proportion::new(block.nonzero(), block.units());
    let (one, other) = (proportion(one)?, proportion(other)?);
    if !exact::leads(&one, &other) {
        return Ok(None);
    }
    let failures = one.successes() + other.successes() > u64::midpoint(one.units(), other.units());
    let rare = |of: &Proportion| if failures { of.units() - of.successes() } else { of.successes() };
    SuccessLabels::new(rare(&one), rare(&other), share)?.p_value(&CONCENTRATIONS).map(Some)
}

impl Comparison {
    /// The anytime p-value is the smallest of all looks; only those on the estimate's own side speak for it.
    pub(crate) fn remember(&mut self, [above, below]: [f64; 2]) {
        let Some(difference) = self.difference.filter(|difference| *difference != 0.0) else { return };
        let past = if difference > 0.0 { above } else { below };
        self.p = self.p.map(|p| p.min(past));
        if let (Some(decided), Some(p)) = (&mut self.decided, self.p) {
            decided.p = p;
        }
    }

    fn not(why: &str) -> Self {
        Self { why_not: Some(why.to_owned()), ..Self::default() }
    }
}

impl Pair {
    fn compare(&self, metric: &ExperimentMetric, terms: Terms) -> stats::Result<Comparison> {
        let (control, treatment) = (&self.control, &self.treatment);
        let way = direction(metric.metric.direction);
        let effect = absolute(control, treatment)?;
        let posterior =
            Posterior::new(&effect, Prior::DEFAULT.on_absolute_scale(control.value()).unwrap_or(Prior::FLAT))?;
        let sequence = Sequence::new(terms.alpha, terms.tightest_at)?;
        let (mut interval, critical, mut p) = match terms.method {
            Method::Anytime => {
                (sequence.interval(&effect)?, sequence.critical_value(effect.units())?, Some(sequence.p_value(&effect)))
            }
            Method::FixedHorizon => {
                let welch = Welch::absolute(control, treatment)?;
                (welch.interval(terms.alpha)?, welch.critical_value(terms.alpha)?, Some(welch.p_two_sided()))
            }
            Method::Bayesian => (posterior.interval(terms.alpha)?, fixed::normal_critical_value(terms.alpha)?, None),
        };
        let lift = fieller(control, treatment, critical).and_then(|lift| lift.of_magnitude(control)).ok();
        let mut comparison = Comparison {
            difference: Some(effect.estimate()),
            standard_error: Some(effect.standard_error()),
            lift: lift.map(|lift| lift.estimate),
            lift_interval: lift.and_then(|lift| match lift.set {
                LiftSet::Bounded(interval) => Some(ends(interval)),
                LiftSet::Exclusive | LiftSet::WholeLine => None,
            }),
            chance_to_win: Some(posterior.chance_to_win(way)),
            expected_loss: Some(posterior.loss_of_treatment(way)),
            belief: Some([posterior.mean(), posterior.deviation()]),
            better: (effect.estimate() != 0.0).then(|| is_better(&effect, way)),
            floored: self.floored,
            ..Comparison::default()
        };
        if let (Method::Anytime, Some(exact)) = (terms.method, self.labels) {
            // Interval and verdict agree: what the exact test does not reject, the interval contains.
            if exact > terms.alpha && !interval.contains(0.0) {
                interval = stats::Interval::new(interval.lower().min(0.0), interval.upper().max(0.0))?;
            }
            (p, comparison.exact) = (Some(exact), true);
        }
        comparison.p = p;
        comparison.interval = Some(ends(interval));
        if let Some(allowed) = metric.margin.filter(|_| metric.role == domain::experiment::MetricRole::Guardrail) {
            let one_sided = OneSided::new(terms.guardrail_alpha, terms.tightest_at)?;
            comparison.guardrail = Some(match assess(control, treatment, margin(allowed), way, &one_sided)? {
                decision::GuardrailState::Passes => GuardrailState::Passes,
                decision::GuardrailState::Harmed => GuardrailState::Harmed,
                decision::GuardrailState::SeriouslyHarmed => GuardrailState::SeriouslyHarmed,
                decision::GuardrailState::Undecided => GuardrailState::Undecided,
            });
        }
        comparison.decided = (terms.method == Method::Anytime).then_some(Decided {
            effect,
            p: p.unwrap_or(1.0),
            interval,
            lift,
            control: control.value(),
        });
        Ok(comparison)
    }
}
