//! Missing scores and changed denominators: reasons why an average compares unlike things.

use super::{Finding, Status};
use crate::anytime::Sequence;
use crate::contrast::absolute;
use crate::error::{Result, Undefined};
use crate::estimate::ArmEstimate;

/// Compares the scored share of the arms, a ratio metric of its own (`value` = scored rows, `rows` = all rows). Failures
/// of a judge usually depend on the version, so missing scores are not a random subset. Equal shares in both arms, even
/// without any variation, are fine.
///
/// # Errors
/// Overflow.
pub fn scores(control: &ArmEstimate, treatment: &ArmEstimate, sequence: &Sequence) -> Result<Finding> {
    compare(
        control,
        treatment,
        sequence,
        "Missing scores differ between versions.",
        "Scores are as complete in all versions.",
    )
}

/// Compares rows per unit, K̄, for a ratio metric.
///
/// # Errors
/// Overflow.
pub fn rows_per_unit(control: &ArmEstimate, treatment: &ArmEstimate, sequence: &Sequence) -> Result<Finding> {
    let differs = "The number of generations per user differs between versions; averages per generation compare \
                   different mixes.";
    compare(control, treatment, sequence, differs, "Users make as many generations in all versions.")
}

fn compare(
    control: &ArmEstimate,
    treatment: &ArmEstimate,
    sequence: &Sequence,
    differs: &str,
    alike: &str,
) -> Result<Finding> {
    let difference = treatment.value() - control.value();
    let excludes = match absolute(control, treatment) {
        Ok(effect) => !sequence.interval(&effect)?.contains(0.0),
        // Without variation any difference is a certain one.
        Err(Undefined::NoVariation) => difference != 0.0,
        Err(other) => return Err(other),
    };
    let (status, sentence) = if excludes { (Status::Warn, differs) } else { (Status::Ok, alike) };
    Ok(Finding::new(status, crate::error::computed(difference)?, sentence))
}

/// Checks that one judge with one rubric scored everything; `judges` are the identities (judge and rubric hash) seen in
/// any arm at any time. The judge's noise is inside the variance, its bias is not: two judges break the comparison.
///
/// # Errors
/// None.
pub fn judges(judges: &[&str]) -> Result<Finding> {
    let mut seen: Vec<&str> = judges.to_vec();
    seen.sort_unstable();
    seen.dedup();
    Ok(if seen.len() > 1 {
        let sentence =
            "The judge or its rubric changed during the experiment: scores of different judges are compared.";
        Finding::new(Status::Broken, seen.len() as f64, sentence)
    } else {
        Finding::new(Status::Ok, seen.len() as f64, "One judge scored everything.")
    })
}
