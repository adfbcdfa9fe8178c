//! One decision per treatment, from everything measured: the table of §5.4, evaluated top down.
//!
//! "Better" and "worse" mean an anytime p-value at most α after Holm over all primaries of all treatments. Rule 2 (stop)
//! may fire before the minimum duration on purpose. A final verdict ([`Verdict::is_final`]) is recorded with the numbers
//! of its moment; when later data contradict it, both are shown.

mod guardrail;
mod sentence;

pub use guardrail::{GuardrailState, Margin, assess};

use crate::contrast::{Direction, Effect, Lift};
use crate::error::{Result, Undefined, non_negative, open_unit};
use crate::guard::{Finding, Status};
use crate::interval::Interval;
use crate::multiplicity::{Correction, adjust};

/// To be shown beside the point estimate after an early stop.
pub const EARLY_WINNER_NOTE: &str = "Early winners tend to look bigger than they are.";

/// A primary metric of one treatment.
#[derive(Clone, Debug, PartialEq)]
pub struct Primary {
    /// Its name, as people know it.
    pub name: String,
    /// Which way it should move.
    pub direction: Direction,
    /// The absolute difference, or the reason there is none yet.
    pub effect: Result<Effect>,
    /// The anytime p-value on the estimate's side, [`crate::anytime::History::p_value_towards`]; ignored without an effect.
    pub p: f64,
    /// The confidence sequence of the absolute difference at α/m, so that intervals and verdict agree.
    pub interval: Option<Interval>,
    /// The lift at the same level, for the sentence.
    pub lift: Option<Lift>,
    /// The smallest absolute difference that would matter, for the verdict "no meaningful difference".
    pub smallest_relevant: Option<f64>,
}

/// A guardrail of one treatment.
#[derive(Clone, Debug, PartialEq)]
pub struct Guardrail {
    /// Its name, as people know it.
    pub name: String,
    /// How much worse it may get.
    pub margin: Margin,
    /// Its state from [`assess`], or the reason there is none yet (which counts as undecided).
    pub state: Result<GuardrailState>,
}

/// The failure-label e-process of a canary: [`crate::exact`] on first failures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Canary {
    /// Log evidence that failures are not split like units.
    pub ln_e: f64,
    /// Whether the treatment has more than its share.
    pub harmful: bool,
}

/// Everything known about one treatment against the control.
#[derive(Clone, Debug, PartialEq)]
pub struct Treatment {
    /// Its name, as people know it.
    pub name: String,
    /// Findings of the guards.
    pub findings: Vec<Finding>,
    /// At most three primaries.
    pub primaries: Vec<Primary>,
    /// Guardrails.
    pub guardrails: Vec<Guardrail>,
    /// The canary, where failures are counted.
    pub canary: Option<Canary>,
    /// Units of the smaller of the two arms.
    pub units_per_arm: u64,
}

/// The fixed part of an experiment's plan, and how far it has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// The error level.
    pub alpha: f64,
    /// Least duration in days: 7, so that every weekday is seen.
    pub least_days: f64,
    /// Least units per arm: 100.
    pub least_units: u64,
    /// Planned units per arm at which to give up.
    pub most_units: u64,
    /// Days since the start.
    pub days: f64,
    /// Days until a decision is likely, from the forecast.
    pub forecast: Option<(f64, f64)>,
}

/// The verdicts of §5.4, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// A guard is broken.
    Broken,
    /// Something protected is harmed by more than the margin, or the canary died.
    StopNow,
    /// The minimum duration or sample is not reached.
    TooEarly,
    /// A primary is worse, none better.
    DoNotShip,
    /// A primary is better, another worse.
    YourCall,
    /// A primary is better and every guardrail passes.
    Ship,
    /// A primary is better, a guardrail has not passed yet.
    Nearly,
    /// All primaries lie within the smallest relevant difference and every guardrail passes.
    NoMeaningfulDifference,
    /// The planned sample is used up.
    Inconclusive,
    /// Otherwise.
    KeepRunning,
}

impl Verdict {
    /// Whether the verdict, once given, is recorded: stop now, don't ship, ship, no meaningful difference.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::StopNow | Self::DoNotShip | Self::Ship | Self::NoMeaningfulDifference)
    }
}

/// How a primary stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Significantly better.
    Better,
    /// Significantly worse.
    Worse,
    /// Neither.
    Open,
}

/// A decision about one treatment.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// The sentence for people.
    pub sentence: String,
    /// How each primary stands, in the order given.
    pub standings: Vec<Standing>,
}

/// Decides about every treatment of an experiment.
///
/// # Errors
/// The plan is out of range (`alpha`, days), a p-value is not in [0, 1], or a canary's evidence is `NaN`.
pub fn decide(treatments: &[Treatment], plan: &Plan) -> Result<Vec<Decision>> {
    let alpha = open_unit("alpha", plan.alpha)?;
    non_negative("least_days", plan.least_days)?;
    non_negative("days", plan.days)?;
    let p: Vec<Option<f64>> = treatments
        .iter()
        .flat_map(|treatment| &treatment.primaries)
        .map(|primary| primary.effect.is_ok().then_some(primary.p))
        .collect();
    let mut adjusted = adjust(Correction::Holm, &p)?.into_iter();
    let mut decisions = Vec::with_capacity(treatments.len());
    for treatment in treatments {
        if treatment.canary.is_some_and(|canary| canary.ln_e.is_nan()) {
            return Err(Undefined::NonFinite { name: "ln_e" });
        }
        let own = adjusted.by_ref().take(treatment.primaries.len());
        let standings: Vec<Standing> =
            treatment.primaries.iter().zip(own).map(|(primary, p)| standing(primary, p, alpha)).collect();
        let verdict = judge(treatment, &standings, plan);
        let sentence = sentence::of(verdict, treatment, &standings, plan);
        decisions.push(Decision { verdict, sentence, standings });
    }
    Ok(decisions)
}

fn standing(primary: &Primary, adjusted: Option<f64>, alpha: f64) -> Standing {
    match (&primary.effect, adjusted) {
        (Ok(effect), Some(p)) if p <= alpha => {
            let oriented = primary.direction.orient(*effect).estimate();
            if oriented > 0.0 {
                Standing::Better
            } else if oriented < 0.0 {
                Standing::Worse
            } else {
                Standing::Open
            }
        }
        _ => Standing::Open,
    }
}

fn judge(treatment: &Treatment, standings: &[Standing], plan: &Plan) -> Verdict {
    if treatment.findings.iter().any(|finding| finding.status == Status::Broken) {
        return Verdict::Broken;
    }
    if canary_died(treatment, plan) || treatment.guardrails.iter().any(is_seriously_harmed) {
        return Verdict::StopNow;
    }
    if plan.days < plan.least_days || treatment.units_per_arm < plan.least_units {
        return Verdict::TooEarly;
    }
    let better = standings.contains(&Standing::Better);
    let worse = standings.contains(&Standing::Worse);
    let all_pass = treatment.guardrails.iter().all(|guardrail| guardrail.state == Ok(GuardrailState::Passes));
    match (better, worse) {
        (false, true) => return Verdict::DoNotShip,
        (true, true) => return Verdict::YourCall,
        (true, false) if all_pass => return Verdict::Ship,
        (true, false) => return Verdict::Nearly,
        (false, false) => {}
    }
    if all_pass && !treatment.primaries.is_empty() && treatment.primaries.iter().all(is_equivalent) {
        return Verdict::NoMeaningfulDifference;
    }
    if treatment.units_per_arm >= plan.most_units { Verdict::Inconclusive } else { Verdict::KeepRunning }
}

fn canary_died(treatment: &Treatment, plan: &Plan) -> bool {
    treatment.canary.is_some_and(|canary| canary.harmful && canary.ln_e >= -libm::log(plan.alpha))
}

fn is_seriously_harmed(guardrail: &Guardrail) -> bool {
    guardrail.state == Ok(GuardrailState::SeriouslyHarmed)
}

/// The anytime-valid equivalence test: the sequence lies inside ± the smallest relevant difference.
fn is_equivalent(primary: &Primary) -> bool {
    match (primary.interval, primary.smallest_relevant) {
        (Some(interval), Some(relevant)) => interval.lower() > -relevant && interval.upper() < relevant,
        _ => false,
    }
}
