use serde::{Deserialize, Serialize};
use stats::{
    contrast::Effect,
    guard::{Status, segments},
};

use crate::{CheckStatus, Comparison};

/// A comparison among the units of one segment.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// The comparison.
    pub comparison: &'a Comparison,
    /// Units of the control and of the treatment in it.
    pub units: [u64; 2],
}

/// What segments say together of one metric and treatment (`STATS.md` §4.5). An exploration: it decides nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Across {
    /// For each segment the p-value of its effect, corrected for looking at all of them (Benjamini & Hochberg); none where it
    /// has too few units.
    pub adjusted: Vec<Option<f64>>,
    /// The p-value of "the effect is the same in all segments" (Cochran's Q).
    pub same: f64,
    /// The share of the spread between segments that is not noise, `I²`.
    pub spread: f64,
    /// Whether the whole says otherwise than its parts, or the arms are mixed differently (Simpson).
    pub simpson: CheckStatus,
    /// The same in words.
    pub sentence: String,
}

/// Compares the effects of segments with one another and with the whole. `None` when fewer than two have an effect.
pub fn across(whole: &Comparison, parts: &[Part<'_>]) -> Option<Across> {
    let effects: Vec<Option<Effect>> =
        parts.iter().map(|part| effect(part.comparison, part.units.iter().sum())).collect();
    let known: Vec<Effect> = effects.iter().flatten().copied().collect();
    let heterogeneity = segments::heterogeneity(&known).ok()?;
    let mut adjusted = segments::explore(&known).ok()?.into_iter();
    let adjusted = effects.iter().map(|effect| effect.and_then(|_| adjusted.next())).collect();
    let mix: Vec<Vec<u64>> = parts.iter().map(|part| part.units.to_vec()).collect();
    let whole = effect(whole, parts.iter().flat_map(|part| part.units).sum())?;
    let simpson = segments::simpson(&whole, &stratified(parts, &effects)?, &mix).ok()?;
    Some(Across {
        adjusted,
        same: heterogeneity.p,
        spread: heterogeneity.i_squared,
        simpson: match simpson.status {
            Status::Ok => CheckStatus::Ok,
            Status::Warn => CheckStatus::Warn,
            Status::Broken => CheckStatus::Broken,
        },
        sentence: simpson.sentence,
    })
}

fn effect(comparison: &Comparison, units: u64) -> Option<Effect> {
    Effect::new(comparison.difference?, comparison.standard_error?, units.max(1)).ok()
}

/// The effects weighed by how many units each segment has, over those that have one.
fn stratified(parts: &[Part<'_>], effects: &[Option<Effect>]) -> Option<Effect> {
    let units = |part: &Part<'_>| part.units.iter().sum::<u64>() as f64;
    let known = || parts.iter().zip(effects).filter_map(|(part, effect)| Some((units(part), (*effect)?)));
    let total: f64 = known().map(|(units, _)| units).sum();
    let estimate: f64 = known().map(|(units, effect)| units / total * effect.estimate()).sum();
    let variance: f64 = known().map(|(units, effect)| (units / total * effect.standard_error()).powi(2)).sum();
    Effect::new(estimate, variance.sqrt(), total as u64).ok()
}
