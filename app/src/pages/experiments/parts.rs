//! What every page about experiments shows alike.

use domain::experiment::{Outcome, State};
use leptos::prelude::*;
use ui::{Chip, Series, Tone, format};

use super::model::ArmLine;

const WHOLE: f64 = 10_000.0;
const HOUR_US: i64 = 3_600_000_000;

/// Where an experiment is in its life.
pub fn state_chip(state: State) -> AnyView {
    let (tone, words) = match state {
        State::Draft => (Tone::Plain, "draft"),
        State::Scheduled => (Tone::Accent, "scheduled"),
        State::Running => (Tone::Good, "running"),
        State::Paused => (Tone::Warn, "paused"),
        State::Decided(Outcome::Ship) => (Tone::Good, "shipped"),
        State::Decided(Outcome::Stop) => (Tone::Plain, "stopped"),
        State::Decided(Outcome::Inconclusive) => (Tone::Plain, "inconclusive"),
        State::RolledBack => (Tone::Bad, "rolled back"),
        State::Archived => (Tone::Plain, "archived"),
    };
    view! { <Chip tone dot=state == State::Running>{words}</Chip> }.into_any()
}

/// An arm's share in percent, without needless decimals.
pub fn share_words(weight: u16) -> String {
    format!("{}%", f64::from(weight) / 100.0)
}

/// How long it has split or did split: `3 h`, `12 days`.
pub fn running_words(started_us: i64, until_us: i64) -> String {
    let hours = until_us.saturating_sub(started_us).max(0) / HOUR_US;
    match hours {
        0 => "under 1 h".to_owned(),
        1..48 => format!("{hours} h"),
        _ => format::plural(hours / 24, "day", "days"),
    }
}

/// The arms as one bar in their colours, the control slate.
#[component]
pub fn SplitBar(
    /// The arms, the control first.
    arms: Vec<ArmLine>,
) -> impl IntoView {
    let total: f64 = arms.iter().map(|arm| f64::from(arm.weight)).sum::<f64>().max(WHOLE);
    let mut from = 0.0;
    let bars = arms
        .iter()
        .enumerate()
        .map(|(index, arm)| {
            let width = f64::from(arm.weight) / total * 100.0;
            let x = format!("{from:.2}%");
            from += width;
            let series = Series::Arm(u32::try_from(index).unwrap_or(0)).name();
            view! { <rect data-series=series x=x y="0" width=format!("{:.2}%", (width - 0.25).max(0.0)) height="10"></rect> }
                .into_any()
        })
        .collect_view();
    let names = arms
        .into_iter()
        .enumerate()
        .map(|(index, arm)| {
            let series = Series::Arm(u32::try_from(index).unwrap_or(0)).name();
            let version = arm.version_words();
            view! {
                <span class="split__arm">
                    <span class="swatch" data-series=series></span>
                    <span>{arm.title} " " <span class="faint">{version}</span></span>
                    <b class="num">{share_words(arm.weight)}</b>
                </span>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <div class="split">
            <svg class="split__bar" height="10" aria-hidden="true">{bars}</svg>
            <div class="split__arms">{names}</div>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_times_are_short() {
        assert_eq!(share_words(5_000), "50%");
        assert_eq!(share_words(3_333), "33.33%");
        assert_eq!(running_words(0, 3 * HOUR_US), "3 h");
        assert_eq!(running_words(0, 50 * HOUR_US), "2 days");
        assert_eq!(running_words(5, 0), "under 1 h");
    }
}
