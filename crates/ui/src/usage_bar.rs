//! Where the tokens went: one bar, its buckets side by side.

use leptos::prelude::*;

use crate::{format, tone::Series};

/// A bucket of tokens. Buckets do not overlap and sum to the total.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UsagePart {
    /// `cached`, `input`, `output`, `reasoning`.
    pub name: String,
    /// How many.
    pub tokens: i64,
    /// Colour.
    pub series: Series,
}

impl UsagePart {
    /// A bucket in the colour its name always has.
    pub fn new(name: impl Into<String>, tokens: i64) -> Self {
        let name = name.into();
        let series = match name.as_str() {
            "output" => Series::Arm(1),
            "reasoning" => Series::Arm(4),
            "audio" | "image" => Series::Arm(2),
            name if name.contains("cache") => Series::Arm(3),
            _ => Series::Arm(0),
        };
        Self { name, tokens, series }
    }
}

/// Total above, buckets as a bar below.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! {
///     <UsageBar parts=vec![UsagePart::new("cached", 1_204), UsagePart::new("input", 420), UsagePart::new("output", 218)]/>
/// }
/// # }
/// ```
#[component]
pub fn UsageBar(
    /// Buckets in the order they are read.
    parts: Vec<UsagePart>,
) -> impl IntoView {
    let parts: Vec<UsagePart> = parts.into_iter().filter(|part| part.tokens > 0).collect();
    let total: i64 = parts.iter().map(|part| part.tokens).sum();
    let names = parts
        .iter()
        .map(|part| {
            view! {
                <span class="usage__part">
                    <span class="swatch" data-series=part.series.name()></span>
                    {format!("{} {}", format::count(part.tokens), part.name)}
                </span>
            }
            .into_any()
        })
        .collect_view();
    let bars = shares(&parts)
        .into_iter()
        .zip(&parts)
        .map(|((from, width), part)| {
            view! {
                <rect data-series=part.series.name() x=format::width(from) y="0" width=format::width(width) height="10"></rect>
            }.into_any()
        })
        .collect_view();
    view! {
        <div class="usage">
            <div class="usage__head">
                <span>{format::plural(total, "token", "tokens")}</span>
                <span class="usage__parts">{names}</span>
            </div>
            <svg class="usage__bar" height="10" aria-hidden="true">{bars}</svg>
        </div>
    }
    .into_any()
}

/// Start and width in percent, a hair apart.
fn shares(parts: &[UsagePart]) -> Vec<(f64, f64)> {
    let total: i64 = parts.iter().map(|part| part.tokens).sum();
    let mut before = 0;
    parts
        .iter()
        .enumerate()
        .map(|(index, part)| {
            let from = before as f64 / total as f64 * 100.0;
            before += part.tokens;
            let gap = if index + 1 < parts.len() { 0.25 } else { 0.0 };
            (from, (part.tokens as f64 / total as f64 * 100.0 - gap).max(0.15))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_fill_the_bar_in_proportion() {
        let shares = shares(&[UsagePart::new("input", 300), UsagePart::new("output", 100)]);
        assert_eq!(shares, [(0.0, 74.75), (75.0, 25.0)]);
    }
}
