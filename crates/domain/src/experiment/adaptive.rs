use serde::{Deserialize, Serialize};

use super::{Design, MetricRole, Share, problems::Problems};

/// How an adaptive split moves. Changing it changes only batches to come.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Adaptive {
    /// How long weights stand still at least, in hours; longer while few units come.
    pub batch_hours: u32,
    /// The share every arm keeps, whatever the numbers say; a tenth divided by the number of arms, at least 2%, if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<Share>,
}

impl Default for Adaptive {
    fn default() -> Self {
        Self { batch_hours: 24, floor: None }
    }
}

impl Adaptive {
    /// Most hours of a batch, a week.
    pub const MOST_HOURS: u32 = 168;
    /// Least share an arm keeps: a unit of it counts a hundred times then.
    const LEAST_FLOOR: u16 = 100;

    /// The share every arm of so many keeps.
    pub fn floor_of(self, arms: usize) -> Share {
        let arms = u16::try_from(arms.max(1)).unwrap_or(u16::MAX);
        let usual = (1_000 / arms).max(200).min(10_000 / arms);
        self.floor.unwrap_or_else(|| Share::from_steps(usual).unwrap_or(Share::ALL))
    }

    /// What an adaptive split cannot do, each at its field.
    pub(super) fn check(self, design: &Design, problems: &mut Problems) {
        if !(1..=Self::MOST_HOURS).contains(&self.batch_hours) {
            let message = format!("`{}` hours; a batch lasts 1 to {}", self.batch_hours, Self::MOST_HOURS);
            problems.add("adaptive.batch_hours", message);
        }
        let arms = u16::try_from(design.arms.len().max(1)).unwrap_or(u16::MAX);
        let most = 10_000 / arms;
        let floor = self.floor_of(design.arms.len());
        if (Self::LEAST_FLOOR..=most).contains(&floor.steps()) {
            for (index, arm) in design.arms.iter().enumerate().filter(|(_, arm)| arm.weight < floor.steps()) {
                let weight = Share::from_steps(arm.weight).unwrap_or(Share::NONE);
                let message = format!("`{weight}` is below the {floor} every arm keeps; begin with at least that");
                problems.add(format!("arms[{index}].weight"), message);
            }
        } else {
            let message = format!(
                "`{floor}` cannot be kept by each of {arms} arms; give {} to {}",
                Share::from_steps(Self::LEAST_FLOOR).unwrap_or(Share::NONE),
                Share::from_steps(most).unwrap_or(Share::ALL),
            );
            problems.add("adaptive.floor", message);
        }
        if design.coverage != Share::ALL {
            problems.add(
                "coverage",
                format!(
                    "`{}` with adaptive weights: each batch would move the edge of who takes part, and those let in late are not \
                     split by its weights; give 1, and an exclusion group to take only a part",
                    design.coverage.fraction()
                ),
            );
        }
        if design.ramp.is_some() {
            problems.add(
                "ramp.steps",
                "a ramp holds the weights while the traffic grows, an adaptive split moves them; leave it out, and begin with a \
                 small weight for the new version",
            );
        }
        for (index, metric) in design.metrics.iter().enumerate() {
            let (how, role) = (metric.metric.aggregation, metric.role);
            if role != MetricRole::Secondary && !how.is_of_every_unit() {
                let message = format!(
                    "`{how}` cannot be corrected for weights that move, so a {} must be something every unit has: `mean`, `rate` or \
                     `count`; or make it secondary",
                    role.as_str()
                );
                problems.add(format!("metrics[{index}].metric.aggregation"), message);
            }
        }
    }
}
