//! Post-stratification: compare like with like, then average.
//!
//! Strata are known before exposure (locale, model of the request, weight epoch). Source: Miratrix, Sekhon & Yu (2013),
//! with the term for random stratum shares. Stratifying by weight epoch is mandatory once weights have changed.

use crate::contrast::{Effect, absolute};
use crate::error::{Result, Undefined, computed};
use crate::estimate::MetricKind;
use crate::moments::Moments;

/// Units per arm below which a stratum is pooled with others.
pub const LEAST_UNITS: u64 = 10;

/// One stratum: the blocks of control and treatment.
pub type Stratum = [Moments; 2];

/// A post-stratified difference with the parts of its variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stratified {
    /// `δ̂ = Σ w_h d_h` with its standard error.
    pub effect: Effect,
    /// `Σ w_h²(v_A,h + v_B,h)`.
    pub within: f64,
    /// `Σ w_h(d_h − δ̂)²/n`: the shares are random too.
    pub between: f64,
}

/// The post-stratified absolute difference; `w_h` are the strata's shares of all units.
///
/// # Errors
/// No strata, fewer than 2 units in an arm of a stratum (see [`pool_small`]), no variation at all, overflow.
pub fn difference(kind: MetricKind, strata: &[Stratum]) -> Result<Stratified> {
    if strata.is_empty() {
        return Err(Undefined::TooFewUnits { have: 0, need: 1 });
    }
    let size = |[control, treatment]: &Stratum| control.units().saturating_add(treatment.units());
    let total = strata.iter().map(size).fold(0, u64::saturating_add);
    let mut parts = Vec::with_capacity(strata.len());
    let (mut estimate, mut within) = (0.0, 0.0);
    for stratum in strata {
        let [control, treatment] = [kind.estimate(&stratum[0])?, kind.estimate(&stratum[1])?];
        let share = size(stratum) as f64 / total as f64;
        let own = treatment.value() - control.value();
        estimate += share * own;
        within += share * share * (control.variance() + treatment.variance());
        parts.push((share, own));
    }
    let estimate = computed(estimate)?;
    let spread: f64 = parts.iter().map(|(share, own)| share * (own - estimate) * (own - estimate)).sum();
    let between = computed(spread / total as f64)?;
    let effect = Effect::new(estimate, computed(within + between)?.sqrt(), total)?;
    Ok(Stratified { effect, within, between })
}

/// Pools strata with fewer than 10 units in either arm into one "other"; if that is still too small it joins the
/// smallest of the rest. Keeps the order of the strata it leaves alone.
///
/// # Errors
/// Overflow.
pub fn pool_small(strata: &[Stratum]) -> Result<Vec<Stratum>> {
    let is_small = |[control, treatment]: &Stratum| control.units().min(treatment.units()) < LEAST_UNITS;
    let join = |a: &Stratum, b: &Stratum| Ok([a[0].merge(&b[0])?, a[1].merge(&b[1])?]);
    let mut kept: Vec<Stratum> = strata.iter().filter(|stratum| !is_small(stratum)).copied().collect();
    let mut small = strata.iter().filter(|stratum| is_small(stratum));
    let Some(first) = small.next() else { return Ok(kept) };
    let mut other = *first;
    for stratum in small {
        other = join(&other, stratum)?;
    }
    if !is_small(&other) {
        kept.push(other);
        return Ok(kept);
    }
    let smallest = kept.iter_mut().min_by_key(|[control, treatment]| control.units().saturating_add(treatment.units()));
    match smallest {
        Some(smallest) => *smallest = join(smallest, &other)?,
        None => kept.push(other),
    }
    Ok(kept)
}

/// The strata's plain differences, for tables; strata without enough units or variation give the reason instead.
pub fn effects(kind: MetricKind, strata: &[Stratum]) -> Vec<Result<Effect>> {
    strata.iter().map(|[control, treatment]| absolute(&kind.estimate(control)?, &kind.estimate(treatment)?)).collect()
}
