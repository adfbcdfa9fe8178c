//! Units that saw more than one version, and rows older than their unit's exposure.

use super::{Finding, Status, percent};
use crate::error::Result;
use crate::fixed::Proportion;
use crate::interval::Interval;

/// When multiple exposure is worth a word, and when it spoils the experiment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Share from which to warn.
    pub warn_share: f64,
    /// Share from which the experiment is broken.
    pub broken_share: f64,
    /// Number of units below which neither applies: one of twenty test users is not a finding.
    pub warn_units: u64,
}

impl Limits {
    /// Warn from 1%, broken from 5%, both from 10 units.
    pub const DEFAULT: Self = Self { warn_share: 0.01, broken_share: 0.05, warn_units: 10 };
}

/// How many units were exposed to more than one version.
#[derive(Clone, Debug, PartialEq)]
pub struct MultipleExposure {
    /// Their share.
    pub share: f64,
    /// Wilson's 95% interval of the share.
    pub interval: Interval,
    /// The verdict.
    pub finding: Finding,
}

/// Checks the share of units with exposures to more than one version. They are excluded with all their rows from every
/// arm; because that is a selection after randomization, the sample ratio is checked with and without them.
///
/// # Errors
/// No units, or more multiply exposed ones than units.
pub fn multiple(multiply_exposed: u64, units: u64, limits: &Limits) -> Result<MultipleExposure> {
    let proportion = Proportion::new(multiply_exposed, units)?;
    let share = proportion.share();
    let enough = multiply_exposed >= limits.warn_units;
    let status = if enough && share >= limits.broken_share {
        Status::Broken
    } else if enough && share >= limits.warn_share {
        Status::Warn
    } else {
        Status::Ok
    };
    let sentence = format!("{} of users saw more than one version; they are left out.", percent(share));
    Ok(MultipleExposure { share, interval: proportion.wilson(0.05)?, finding: Finding::new(status, share, sentence) })
}

/// Checks the share of rows older than their unit's first exposure, which are dropped: clocks that disagree. Warns above
/// 1%.
///
/// # Errors
/// No rows, or more early ones than rows.
pub fn early_rows(early: u64, rows: u64) -> Result<Finding> {
    let share = Proportion::new(early, rows)?.share();
    let status = if share > 0.01 { Status::Warn } else { Status::Ok };
    let sentence = format!("{} of rows are older than their user's first exposure; they are left out.", percent(share));
    Ok(Finding::new(status, share, sentence))
}
