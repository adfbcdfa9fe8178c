//! What repeated looks add up to.

use crate::error::{Result, non_negative};
use crate::guard::{Finding, Status};
use crate::interval::Interval;

/// The smallest p-value and the intersection of the intervals over all looks so far.
///
/// The reported interval is the current one; this is kept beside it. An empty intersection means that early and late
/// results contradict each other: drift, novelty, or users who change over time. Decision: investigate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct History {
    p_down: Option<f64>,
    p_up: Option<f64>,
    common: Option<Interval>,
    contradicted: bool,
}

impl History {
    /// No looks yet.
    pub const fn new() -> Self {
        Self { p_down: None, p_up: None, common: None, contradicted: false }
    }

    /// Adds a look: its p-value and its interval, whose middle tells on which side of 0 the estimate lies.
    ///
    /// # Errors
    /// `p` is negative or not finite.
    pub fn look(&mut self, p: f64, interval: Interval) -> Result<()> {
        let p = non_negative("p", p)?.min(1.0);
        // Compared, not added: the ends may be infinite.
        if interval.upper() >= -interval.lower() {
            self.p_up = Some(self.p_up.map_or(p, |smallest| smallest.min(p)));
        }
        if interval.upper() <= -interval.lower() {
            self.p_down = Some(self.p_down.map_or(p, |smallest| smallest.min(p)));
        }
        if self.contradicted {
            return Ok(());
        }
        match self.common {
            None => self.common = Some(interval),
            Some(common) => {
                self.common = common.intersection(&interval);
                self.contradicted = self.common.is_none();
            }
        }
        Ok(())
    }

    /// The anytime p-value: the smallest so far, 1 without looks.
    pub fn p_value(&self) -> f64 {
        self.p_up.unwrap_or(1.0).min(self.p_down.unwrap_or(1.0))
    }

    /// The anytime p-value on the side of `estimate`: the smallest of the looks whose estimate lay on the same side of 0.
    /// What a decision needs, so that early evidence for one direction never counts for the other. At least
    /// [`History::p_value`], hence as valid.
    pub fn p_value_towards(&self, estimate: f64) -> f64 {
        let side = if estimate > 0.0 {
            self.p_up
        } else if estimate < 0.0 {
            self.p_down
        } else {
            None
        };
        side.unwrap_or(1.0)
    }

    /// The intersection of all intervals; `None` without looks or when they contradict each other.
    pub const fn common(&self) -> Option<Interval> {
        self.common
    }

    /// Whether "early and late results contradict each other".
    pub const fn contradicts_itself(&self) -> bool {
        self.contradicted
    }

    /// The finding for the decision: *broken*, to be investigated, when the looks contradict each other.
    pub fn finding(&self) -> Finding {
        let (status, sentence) = if self.contradicted {
            (Status::Broken, "Early and late results contradict each other. Look for a change over time.")
        } else {
            (Status::Ok, "Early and late results agree.")
        };
        Finding::new(status, self.p_value(), sentence)
    }
}
