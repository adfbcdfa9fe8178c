//! Instants in the page: `<time>` with the exact value for machines and on hover.

use domain::time::{TimeNs, TimeUs};
use leptos::prelude::*;

use crate::format;

/// How an instant is shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Moment {
    /// `Nov 21, 14:02:11`.
    #[default]
    DateTime,
    /// `Nov 21, 2026`.
    Date,
    /// `4 min ago`, as seen from an instant the server put into the page's data (never from a clock of the browser,
    /// or the two would draw different pages).
    Ago(TimeUs),
}

/// An instant. Hovering shows it in full, in UTC.
///
/// ```
/// # use leptos::prelude::*; use ui::*; use domain::time::TimeUs;
/// # fn example(moved: TimeUs, now: TimeUs) -> impl IntoView {
/// view! { <Instant at=moved shown=Moment::Ago(now)/> }
/// # }
/// ```
#[component]
pub fn Instant(
    /// When, as microseconds or nanoseconds.
    #[prop(into)]
    at: InstantAt,
    /// How to write it.
    #[prop(optional)]
    shown: Moment,
) -> impl IntoView {
    let us = at.0.0;
    let text = match shown {
        Moment::DateTime => format::date_time(us),
        Moment::Date => format::date(us),
        Moment::Ago(now) => format::relative(us, now.0),
    };
    view! { <time class="num" datetime=format::rfc3339(us) title=format::full_time(us)>{text}</time> }.into_any()
}

/// An instant of either resolution.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InstantAt(pub TimeUs);

impl From<TimeUs> for InstantAt {
    fn from(at: TimeUs) -> Self {
        Self(at)
    }
}

impl From<TimeNs> for InstantAt {
    fn from(at: TimeNs) -> Self {
        Self(at.to_us())
    }
}
