//! What assignment decided, and why.

use serde::{Deserialize, Serialize};

use crate::definition::Arm;
use crate::hash::Bucket;

/// What an experiment decided for a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome<'a> {
    /// The unit takes part.
    Assigned {
        /// Its arm.
        arm: &'a Arm,
        /// Its place in the experiment.
        bucket: Bucket,
        /// The probability of this arm among the units that take part: the arm's share of the buckets in use.
        propensity: f64,
    },
    /// The unit is on the list of forced units: it gets this arm and is left out of the analysis.
    Forced {
        /// Its arm.
        arm: &'a Arm,
    },
    /// There is no unit id, or it is empty.
    MissingUnit,
    /// The unit belongs to the holdout, which takes part in nothing.
    HeldOut,
    /// The unit's place in the exclusion group belongs to other experiments.
    Excluded,
    /// The attributes do not satisfy the targeting condition.
    NotTargeted,
    /// The unit could take part, but the traffic share does not reach it yet.
    OutsideCoverage {
        /// Its place in the experiment.
        bucket: Bucket,
    },
}

/// An [`Outcome`] without its details, as exposures store it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// See [`Outcome::Assigned`].
    Assigned,
    /// See [`Outcome::Forced`].
    Forced,
    /// See [`Outcome::MissingUnit`].
    MissingUnit,
    /// See [`Outcome::HeldOut`].
    HeldOut,
    /// See [`Outcome::Excluded`].
    Excluded,
    /// See [`Outcome::NotTargeted`].
    NotTargeted,
    /// See [`Outcome::OutsideCoverage`].
    OutsideCoverage,
    /// The unit goes on with the arm it was given before, see [`crate::Experiment::keeps`].
    Kept,
    /// The unit has not met an experiment whose weights move, so it has no arm until it does.
    Undealt,
}

impl<'a> Outcome<'a> {
    /// The arm the unit gets; `None` means the slot's default.
    #[must_use]
    pub const fn arm(&self) -> Option<&'a Arm> {
        match self {
            Self::Assigned { arm, .. } | Self::Forced { arm } => Some(arm),
            _ => None,
        }
    }

    /// The reason alone.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Assigned { .. } => Reason::Assigned,
            Self::Forced { .. } => Reason::Forced,
            Self::MissingUnit => Reason::MissingUnit,
            Self::HeldOut => Reason::HeldOut,
            Self::Excluded => Reason::Excluded,
            Self::NotTargeted => Reason::NotTargeted,
            Self::OutsideCoverage { .. } => Reason::OutsideCoverage,
        }
    }
}
