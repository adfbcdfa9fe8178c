//! When a running experiment will decide.

use crate::anytime::Sequence;
use crate::contrast::Effect;
use crate::error::{Result, Undefined, finite, positive};
use crate::random::Generator;

/// How many ways the future is played through.
const PATHS: u32 = 2_000;

/// What is known now, and what is still to come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast<'a> {
    /// The effect so far.
    pub effect: Effect,
    /// The sequence that decides.
    pub sequence: Sequence,
    /// Posterior mean and standard deviation of the true effect ([`crate::bayes`]).
    pub belief: (f64, f64),
    /// Units of both arms expected at each coming look, rising.
    pub units: &'a [u64],
}

/// For each coming look, the chance that the sequence has excluded 0 by then: 2,000 paths with the true effect drawn from
/// the belief. Information grows with the units. It reads the data and changes nothing about their validity.
///
/// *In plain words: likely decision in 4 to 9 days.*
///
/// # Errors
/// No units so far, a number that is not finite, or units that fall.
pub fn forecast(plan: &Forecast<'_>, seed: u64) -> Result<Vec<f64>> {
    let now = plan.effect.units();
    if now == 0 {
        return Err(Undefined::TooFewUnits { have: 0, need: 1 });
    }
    if plan.units.first().is_some_and(|&first| first < now) || !plan.units.is_sorted() {
        return Err(Undefined::invalid("units", "non-decreasing from the present"));
    }
    let (mean, deviation) = (finite("belief", plan.belief.0)?, positive("belief", plan.belief.1)?);
    let standard_error = plan.effect.standard_error();
    // Everything in units of the present standard error: information is 1 now.
    let mut looks = Vec::with_capacity(plan.units.len());
    for &units in plan.units {
        let information = units as f64 / now as f64;
        looks.push((information, plan.sequence.critical_value(units)? * information.sqrt()));
    }
    let decided = plan.effect.z().abs() >= plan.sequence.critical_value(now)?;
    let mut generator = Generator::new(seed);
    let mut counts = vec![0_u32; looks.len()];
    for _ in 0..PATHS {
        let truth = (mean + deviation * generator.normal()) / standard_error;
        let (mut score, mut information, mut done) = (plan.effect.z(), 1.0, decided);
        for (&(next, bound), count) in looks.iter().zip(&mut counts) {
            let gained: f64 = next - information;
            score += truth * gained + generator.normal() * gained.sqrt();
            information = next;
            done = done || score.abs() >= bound;
            *count += u32::from(done);
        }
    }
    Ok(counts.into_iter().map(|count| f64::from(count) / f64::from(PATHS)).collect())
}
