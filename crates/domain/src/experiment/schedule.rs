use serde::{Deserialize, Serialize};

use super::problems::Problems;
use crate::time::TimeUs;

const MOST_HOURS: u32 = 366 * 24;

/// When an experiment runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// When it starts by itself after it was launched; at once if absent or past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<TimeUs>,
    /// When it stops by itself, as inconclusive: everybody gets the control again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<TimeUs>,
    /// No verdict before it ran this long; 168 (every weekday once) unless said. 0 is allowed and warned about.
    #[serde(default = "week")]
    pub minimum_hours: u32,
}

fn week() -> u32 {
    Schedule::WEEK_HOURS
}

impl Default for Schedule {
    fn default() -> Self {
        Self { start: None, end: None, minimum_hours: Self::WEEK_HOURS }
    }
}

impl Schedule {
    /// The least duration unless another is chosen: each weekday is seen once.
    pub const WEEK_HOURS: u32 = 168;

    pub(super) fn check(&self, problems: &mut Problems) {
        if self.minimum_hours > MOST_HOURS {
            problems
                .add("schedule.minimum_hours", format!("`{}` hours; at most {MOST_HOURS}, a year", self.minimum_hours));
        }
        let (Some(start), Some(end)) = (self.start, self.end) else { return };
        if end <= start {
            problems.add("schedule.end", format!("{end} is not after the start {start}"));
            return;
        }
        let least_us = i64::from(self.minimum_hours).saturating_mul(3_600_000_000);
        if end.0.saturating_sub(start.0) < least_us {
            problems.add(
                "schedule.end",
                format!(
                    "{end} comes before the least duration of {} hours is over; end later or lower `minimum_hours`",
                    self.minimum_hours
                ),
            );
        }
    }
}
