//! A line as small as a word: how a number went, without axes.

use leptos::prelude::*;

use crate::{format::decimal, text::MaybeText, tone::Series};

const WIDTH: f64 = 84.0;
const HEIGHT: f64 = 22.0;
const PAD: f64 = 3.0;

/// A sparkline. Days without data are `None` and leave a gap. The table cell beside it carries the number; the line itself
/// is decoration unless `label` says what it shows.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! { <Spark values=vec![Some(0.61), None, Some(0.64)] label="Thumbs up, last 3 days: 0.61 to 0.64"/> }
/// # }
/// ```
#[component]
pub fn Spark(
    /// Equally spaced values, oldest first.
    values: Vec<Option<f64>>,
    /// Says what it shows.
    #[prop(optional, into)]
    label: MaybeText,
    /// Colour.
    #[prop(default = Series::Arm(1))]
    series: Series,
) -> impl IntoView {
    let MaybeText(label) = label;
    let path = path(&values);
    let end = last_point(&values).map(|(x, y)| {
        view! { <circle class="spark__end" cx=decimal(x, 1) cy=decimal(y, 1) r="2"></circle> }.into_any()
    });
    let hidden = label.is_none().then_some("true");
    let role = label.is_some().then_some("img");
    view! {
        <svg
            class="spark"
            viewBox="0 0 84 22"
            width="84"
            height="22"
            data-series=series.name()
            role=role
            aria-label=label
            aria-hidden=hidden
        >
            <path class="spark__line" d=path></path>
            {end}
        </svg>
    }
    .into_any()
}

fn scaled(values: &[Option<f64>]) -> Vec<Option<(f64, f64)>> {
    let finite = || values.iter().flatten().copied().filter(|value| value.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let spread = high - low;
    let step = if values.len() > 1 { WIDTH / (values.len() - 1) as f64 } else { 0.0 };
    let place = |(index, value): (usize, &Option<f64>)| {
        let value = value.filter(|value| value.is_finite())?;
        // A constant line runs through the middle.
        let share = if spread > 0.0 { (value - low) / spread } else { 0.5 };
        Some((index as f64 * step, HEIGHT - PAD - share * (HEIGHT - 2.0 * PAD)))
    };
    values.iter().enumerate().map(place).collect()
}

fn last_point(values: &[Option<f64>]) -> Option<(f64, f64)> {
    scaled(values).into_iter().rev().flatten().next()
}

fn path(values: &[Option<f64>]) -> String {
    let mut path = String::new();
    let mut pen_down = false;
    for point in scaled(values) {
        let Some((x, y)) = point else {
            pen_down = false;
            continue;
        };
        path.push(if pen_down { 'L' } else { 'M' });
        path.push_str(&decimal(x, 1));
        path.push(' ');
        path.push_str(&decimal(y, 1));
        pen_down = true;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_lift_the_pen() {
        assert_eq!(path(&[Some(0.0), Some(1.0), None, Some(0.0), Some(0.5)]), "M0.0 19.0L21.0 3.0M63.0 19.0L84.0 11.0");
    }

    #[test]
    fn constant_single_and_missing_values_draw_without_nan() {
        assert_eq!(path(&[Some(2.0), Some(2.0)]), "M0.0 11.0L84.0 11.0");
        assert_eq!(path(&[Some(2.0)]), "M0.0 11.0");
        assert_eq!(path(&[None, Some(f64::NAN)]), "");
        assert_eq!(path(&[]), "");
    }
}
