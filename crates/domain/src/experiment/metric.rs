use serde::{Deserialize, Serialize};

use super::{Aggregation, MetricKey, MetricSource, problems::Problems};

/// A number an experiment looks at: what it reads, and how each unit's rows become one number an arm. Reusable; an
/// experiment keeps its own copy, so that changing the original changes no running analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricDefinition {
    /// Its key, unique in an experiment.
    pub key: MetricKey,
    /// What people call it; the key if empty.
    #[serde(default)]
    pub name: String,
    /// What it reads.
    pub source: MetricSource,
    /// How.
    pub aggregation: Aggregation,
    /// Which way is better.
    pub direction: Direction,
    /// What a unit counts for at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Cap>,
    /// Only rows this many hours from the unit's first exposure on count; all later ones if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_hours: Option<u32>,
}

const MOST_WINDOW_HOURS: u32 = 366 * 24;

impl MetricDefinition {
    /// The name shown.
    pub fn title(&self) -> &str {
        if self.name.is_empty() { self.key.as_str() } else { &self.name }
    }

    pub(super) fn check(&self, field: &str, problems: &mut Problems) {
        if !self.source.allows(self.aggregation) {
            let right: Vec<String> =
                Aggregation::ALL.iter().filter(|how| self.source.allows(**how)).map(|how| format!("`{how}`")).collect();
            problems.add(
                format!("{field}.aggregation"),
                format!("`{}` of `{}` means nothing; give {}", self.aggregation, self.source, right.join(", ")),
            );
        }
        if let Some(cap) = self.cap {
            let path = format!("{field}.cap");
            if !self.source.is_amount() || !self.aggregation.is_of_amounts() {
                problems.add(
                    path,
                    "only means and ratios of latency, cost, tokens and events are capped; leave the cap out",
                );
            } else {
                match cap {
                    Cap::Percentile(share) if !(share > 0.5 && share < 1.0) => {
                        problems
                            .add(path, format!("`{share}` is no percentile to cap at; give 0.5 to 1, such as 0.999"));
                    }
                    Cap::Value(value) if !(value.is_finite() && value > 0.0) => {
                        problems.add(path, format!("`{value}` is no cap; give a number above 0"));
                    }
                    Cap::Percentile(_) | Cap::Value(_) => {}
                }
            }
        }
        if let Some(hours) = self.window_hours
            && !(1..=MOST_WINDOW_HOURS).contains(&hours)
        {
            problems.add(
                format!("{field}.window_hours"),
                format!("`{hours}` hours; give 1 to {MOST_WINDOW_HOURS}, a year, or no window"),
            );
        }
    }
}

/// Which way a metric should move. Signs are never turned; this decides words, colours and guardrails.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Up, like a rate of thumbs.
    Higher,
    /// Down, like latency, cost and errors.
    Lower,
}

/// What a unit's sum counts for at most, in all arms alike (winsorising).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cap {
    /// This percentile of all units of all arms, as a share: 0.999 is what costs and latencies take by default.
    Percentile(f64),
    /// This value, in the metric's own unit.
    Value(f64),
}

/// What a metric decides.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricRole {
    /// What the experiment is for: one, at most three.
    Goal,
    /// Reported with its own correction, decides nothing.
    Secondary,
    /// Must not get worse by more than its margin.
    Guardrail,
}

impl MetricRole {
    /// The word stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Goal => "goal",
            Self::Secondary => "secondary",
            Self::Guardrail => "guardrail",
        }
    }
}

/// A difference, always above 0 whichever way is better. On a guardrail: how much worse it may get. On a goal: the smallest
/// difference that matters, which the duration is planned for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Margin {
    /// In the metric's own unit: half a percentage point of errors is 0.005; times in nanoseconds, cost in nano-dollars.
    Absolute(f64),
    /// As a share of the control: 5% is 0.05.
    Relative(f64),
}

impl Margin {
    fn number(self) -> f64 {
        match self {
            Self::Absolute(number) | Self::Relative(number) => number,
        }
    }
}

/// A metric in an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExperimentMetric {
    /// What it is.
    pub metric: MetricDefinition,
    /// What it decides.
    pub role: MetricRole,
    /// See [`Margin`]: needed on guardrails, possible on goals, nothing on others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<Margin>,
}

impl ExperimentMetric {
    pub(super) fn check(&self, field: &str, problems: &mut Problems) {
        self.metric.check(&format!("{field}.metric"), problems);
        let path = format!("{field}.margin");
        match (self.role, self.margin) {
            (MetricRole::Guardrail, None) => problems
                .add(path, "a guardrail needs a margin: how much worse it may get, such as `{\"relative\": 0.05}`"),
            (MetricRole::Secondary, Some(_)) => {
                problems.add(path, "a secondary metric decides nothing and has no margin; leave it out");
            }
            (_, Some(margin)) if !(margin.number().is_finite() && margin.number() > 0.0) => problems.add(
                path,
                format!(
                    "`{}` is no margin; it is above 0 whichever way is better, such as `{{\"relative\": 0.05}}`",
                    margin.number()
                ),
            ),
            (_, Some(Margin::Relative(share))) if share >= 1.0 => {
                problems.add(path, format!("`{share}` is a whole control or more; 5% is written `0.05`"));
            }
            _ => {}
        }
    }
}
