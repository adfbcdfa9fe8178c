use std::fmt::Write as _;

use crate::{Choices, Comparison, MetricRow, Sheet};

/// Columns of [`Sheet::csv`].
const COLUMNS: [&str; 24] = [
    "metric",
    "role",
    "source",
    "aggregation",
    "better",
    "arm",
    "against",
    "control_value",
    "control_units",
    "value",
    "units",
    "difference",
    "difference_low",
    "difference_high",
    "lift",
    "lift_low",
    "lift_high",
    "p",
    "adjusted_p",
    "chance_to_win",
    "expected_loss",
    "guardrail",
    "method",
    "alpha",
];

impl Sheet {
    /// Rows of it as comma-separated values (RFC 4180): a line for each metric and treatment, numbers in the metric's own
    /// unit (times in nanoseconds, cost in nano-dollars), nothing where a number cannot be told.
    pub fn csv(&self, choices: &Choices, rows: &[MetricRow]) -> String {
        let mut text = COLUMNS.join(",");
        text.push_str("\r\n");
        let control = self.arms.first().map_or("", |arm| arm.key.as_str());
        for (metric, row) in self.metrics.iter().zip(rows) {
            let definition = &metric.metric;
            for (arm, (comparison, value)) in
                self.arms.iter().skip(1).zip(row.comparisons.iter().zip(row.values.iter().skip(1)))
            {
                let Comparison { interval, lift_interval, guardrail, .. } = comparison;
                let held = row.values.first();
                let cells = [
                    quoted(definition.key.as_str()),
                    metric.role.as_str().to_owned(),
                    quoted(&definition.source.to_string()),
                    definition.aggregation.to_string(),
                    match definition.direction {
                        domain::experiment::Direction::Higher => "higher".to_owned(),
                        domain::experiment::Direction::Lower => "lower".to_owned(),
                    },
                    quoted(arm.key.as_str()),
                    quoted(control),
                    number(held.and_then(|held| held.value)),
                    held.map_or_else(String::new, |held| held.units.to_string()),
                    number(value.value),
                    value.units.to_string(),
                    number(comparison.difference),
                    number(interval.map(|[low, _]| low)),
                    number(interval.map(|[_, high]| high)),
                    number(comparison.lift),
                    number(lift_interval.map(|[low, _]| low)),
                    number(lift_interval.map(|[_, high]| high)),
                    number(comparison.p),
                    number(comparison.adjusted_p),
                    number(comparison.chance_to_win),
                    number(comparison.expected_loss),
                    guardrail.map_or("", crate::GuardrailState::as_str).to_owned(),
                    match choices.method {
                        domain::experiment::Method::Anytime => "anytime".to_owned(),
                        domain::experiment::Method::FixedHorizon => "fixed_horizon".to_owned(),
                        domain::experiment::Method::Bayesian => "bayesian".to_owned(),
                    },
                    number(Some(choices.alpha)),
                ];
                text.push_str(&cells.join(","));
                text.push_str("\r\n");
            }
        }
        text
    }
}

/// The shortest text that reads back as the same number; nothing for none.
fn number(value: Option<f64>) -> String {
    let mut text = String::new();
    if let Some(value) = value.filter(|value| value.is_finite()) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{value}");
    }
    text
}

/// Text a spreadsheet reads as text: quoted where it has to be, and never taken for a formula.
fn quoted(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
