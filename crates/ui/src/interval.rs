//! Estimates with their uncertainty on one shared axis down the page.

use leptos::prelude::*;

use crate::{format, tone::Series};

/// The axis that all intervals of a table share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntervalScale {
    low: f64,
    high: f64,
}

impl IntervalScale {
    /// From `low` to `high`, widened a little if they are equal or the wrong way round.
    pub fn new(low: f64, high: f64) -> Self {
        let (low, high) =
            if low.is_finite() && high.is_finite() { (low.min(high), low.max(high)) } else { (-1.0, 1.0) };
        if high - low > f64::EPSILON { Self { low, high } } else { Self { low: low - 0.5, high: high + 0.5 } }
    }

    /// The axis that holds all intervals and zero, with a margin of 5%.
    pub fn around(intervals: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let (mut low, mut high) = (0.0_f64, 0.0_f64);
        for (from, to) in intervals {
            if from.is_finite() && to.is_finite() {
                low = low.min(from);
                high = high.max(to);
            }
        }
        let margin = (high - low) * 0.05;
        Self::new(low - margin, high + margin)
    }

    /// Place of a value in percent of the width.
    fn share(self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low) * 100.0
    }

    /// The same, kept within the width.
    fn percent(self, value: f64) -> f64 {
        self.share(value).clamp(0.0, 100.0)
    }

    fn at(self, value: f64) -> String {
        format::width(self.percent(value))
    }

    fn holds(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Up to five round values of the axis.
    pub fn ticks(self) -> Vec<f64> {
        let rough = (self.high - self.low) / 4.0;
        let magnitude = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|unit| unit * magnitude).find(|step| *step >= rough * 0.999);
        let step = step.unwrap_or(rough);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        (first..=last).map(|index| index as f64 * step).collect()
    }
}

/// Deviations to each side of the mean that a bell shows.
const BELL: f64 = 3.0;
/// The density of the normal distribution from −3 to 3 deviations, above and below the middle of a box of 60 by 24.
const BELL_PATH: &str = "M0,11.9 5,11.6 10,10.8 14,9.3 17,7.8 20,6 23,4.2 26,2.7 28,2.2 30,2 32,2.2 34,2.7 37,4.2 40,6 43,7.8 46,9.3 \
    50,10.8 55,11.6 60,11.9 60,12.1 55,12.4 50,13.2 46,14.7 43,16.2 40,18 37,19.8 34,21.3 32,21.8 30,22 28,21.8 26,21.3 23,19.8 20,18 \
    17,16.2 14,14.7 10,13.2 5,12.4 0,12.1Z";

/// An interval with its estimate: a line with caps, a point, a zero line, and the margin of a guardrail shaded.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// let scale = IntervalScale::around([(0.006, 0.076), (-0.02, 0.03)]);
/// view! {
///     <IntervalBar scale low=0.006 estimate=0.041 high=0.076 series=Series::Good
///         label="Thumbs up: +4.1 points, interval +0.6 to +7.6"/>
/// }
/// # }
/// ```
#[component]
pub fn IntervalBar(
    /// The shared axis.
    scale: IntervalScale,
    /// Lower end; outside the axis it has an arrow in place of its cap.
    low: f64,
    /// The estimate.
    estimate: f64,
    /// Upper end.
    high: f64,
    /// Colour: good, bad, or flat when nothing can be said.
    #[prop(default = Series::Flat)]
    series: Series,
    /// A second, tighter interval drawn thick.
    #[prop(optional_no_strip, into)]
    inner: Option<(f64, f64)>,
    /// Mean and deviation of a belief, drawn as a bell to both sides of the line.
    #[prop(optional_no_strip, into)]
    bell: Option<(f64, f64)>,
    /// What a guardrail must not reach: shaded from here on (upwards if above zero).
    #[prop(optional_no_strip, into)]
    margin: Option<f64>,
    /// The sentence for those who do not see it.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let margin = margin.map(|limit| {
        let (from, to) = if limit >= 0.0 { (scale.percent(limit), 100.0) } else { (0.0, scale.percent(limit)) };
        view! {
            <rect class="interval__margin" x=format::width(from) y="0" width=format::width(to - from) height="24"></rect>
            <line class="interval__limit" x1=scale.at(limit) x2=scale.at(limit) y1="0" y2="24"></line>
        }.into_any()
    });
    let zero = scale.holds(0.0).then(|| {
        view! { <line class="interval__zero" x1=scale.at(0.0) x2=scale.at(0.0) y1="0" y2="24"></line> }.into_any()
    });
    let point = scale
        .holds(estimate)
        .then(|| view! { <circle class="interval__point" cx=scale.at(estimate) cy="12" r="3.25"></circle> }.into_any());
    let cap = move |value: f64| {
        scale.holds(value).then(|| {
            view! { <line class="interval__cap" x1=scale.at(value) x2=scale.at(value) y1="8" y2="16"></line> }
                .into_any()
        })
    };
    let bell = bell.filter(|(mean, deviation)| mean.is_finite() && *deviation > 0.0).map(|(mean, deviation)| {
        // Not kept within the axis: what lies outside is cut off by the outer drawing.
        let (from, to) = (scale.share(mean - BELL * deviation), scale.share(mean + BELL * deviation));
        view! {
            <svg width="100%" height="24">
                <svg x=format::width(from) width=format::width(to - from) height="24" viewBox="0 0 60 24" preserveAspectRatio="none">
                    <path class="interval__bell" d=BELL_PATH></path>
                </svg>
            </svg>
        }
        .into_any()
    });
    // What goes on beyond the axis has an arrow where it leaves.
    let beyond = move |value: f64| {
        let (x, path) = if value > scale.high {
            ("100%", "M-5,-4 0,0 -5,4")
        } else if value < scale.low {
            ("0%", "M5,-4 0,0 5,4")
        } else {
            return None;
        };
        let arrow = view! { <svg class="interval__beyond" x=x y="12"><path d=path></path></svg> };
        Some(arrow.into_any())
    };
    let inner = inner.map(|(from, to)| {
        view! { <line class="interval__inner" x1=scale.at(from) x2=scale.at(to) y1="12" y2="12"></line> }.into_any()
    });
    view! {
        <svg class="interval" height="24" data-series=series.name() role="img" aria-label=label>
            {margin}
            {zero}
            {bell}
            {inner}
            <line class="interval__line" x1=scale.at(low) x2=scale.at(high) y1="12" y2="12"></line>
            {cap(low)}
            {cap(high)}
            {beyond(low)}
            {beyond(high)}
            {point}
        </svg>
    }
    .into_any()
}

/// The axis above a column of [`IntervalBar`]s.
#[component]
pub fn Axis(
    /// The shared axis.
    scale: IntervalScale,
    /// Writes a tick; the default writes relative changes, `+5.0%`.
    #[prop(optional)]
    write: Option<fn(f64) -> String>,
) -> impl IntoView {
    let write = write.unwrap_or(format::change);
    let ticks = scale
        .ticks()
        .into_iter()
        .map(|tick| view! { <text x=scale.at(tick) y="12" text-anchor="middle">{write(tick)}</text> }.into_any())
        .collect_view();
    view! { <svg class="axis" height="16" aria-hidden="true">{ticks}</svg> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_percent_of_the_shared_axis() {
        let scale = IntervalScale::new(-10.0, 10.0);
        assert_eq!(scale.at(0.0), "50.00%");
        assert_eq!(scale.at(99.0), "100.00%");
        assert!(!scale.holds(10.5));
    }

    #[test]
    fn odd_axes_stay_drawable() {
        for scale in [IntervalScale::new(1.0, 1.0), IntervalScale::new(f64::NAN, 1.0), IntervalScale::around([])] {
            assert!(scale.high > scale.low, "{scale:?}");
            assert!(scale.ticks().len() <= 12, "{scale:?}");
        }
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(IntervalScale::new(-0.12, 0.12).ticks(), [-0.1, 0.0, 0.1]);
        assert_eq!(IntervalScale::new(0.0, 100.0).ticks(), [0.0, 50.0, 100.0]);
    }
}
