//! When each span ran within its trace. Geometry is in percent of the width as SVG attributes, so nothing needs a style.

use leptos::prelude::*;

use crate::{format, text::MaybeText};

/// Place and width in percent, and where the text stands.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    from: f64,
    width: f64,
    text: TextAt,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum TextAt {
    After,
    Before,
    Inside,
}

/// Room for one letter beside a bar, in percent of a timeline of usual width (about 340 px).
const LETTER: f64 = 1.75;
/// Thinnest bar that can still be seen and hit.
const THINNEST: f64 = 0.35;

fn place(start_ns: i64, duration_ns: i64, total_ns: i64, letters: usize) -> Place {
    let room = (letters + 2) as f64 * LETTER;
    let total = total_ns.max(1) as f64;
    let from = (start_ns as f64 / total * 100.0).clamp(0.0, 100.0 - THINNEST);
    let width = (duration_ns.max(0) as f64 / total * 100.0).min(100.0 - from).max(THINNEST);
    let text = if from + width + room <= 100.0 {
        TextAt::After
    } else if from >= room {
        TextAt::Before
    } else {
        TextAt::Inside
    };
    Place { from, width, text }
}

/// The bar of one span with its text (duration, cost) after it, before it or in it, wherever there is room.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! { <WaterfallBar kind="generation" start_ns=420_000_000 duration_ns=2_310_000_000 total_ns=4_820_000_000 text="2.31 s" extra="$0.0042"/> }
/// # }
/// ```
#[component]
pub fn WaterfallBar(
    /// Kind of span: `generation`, `tool`, `retriever`, `agent`, `chain`, `embedding`, `other`.
    #[prop(into)]
    kind: String,
    /// Start, from the start of the trace.
    start_ns: i64,
    /// Length.
    duration_ns: i64,
    /// Length of the trace.
    total_ns: i64,
    /// First token, from the start of the span.
    #[prop(optional_no_strip, into)]
    first_token_ns: Option<i64>,
    /// Hatched, with its word beside the name.
    #[prop(optional)]
    error: bool,
    /// What stands beside the bar: its duration.
    #[prop(into)]
    text: String,
    /// What follows where there is room: its cost.
    #[prop(optional, into)]
    extra: MaybeText,
) -> impl IntoView {
    let MaybeText(extra) = extra;
    let letters = text.chars().count() + extra.as_ref().map_or(0, |extra| extra.chars().count() + 3);
    let place = place(start_ns, duration_ns, total_ns, letters);
    let end = place.from + place.width;
    let (x, shift, anchor, at) = match place.text {
        TextAt::After => (end, "6", "start", "after"),
        TextAt::Before => (place.from, "-6", "end", "before"),
        TextAt::Inside => (end, "-6", "end", "inside"),
    };
    let state = error.then_some("error");
    let first = first_token_ns.filter(|first| *first > 0 && *first < duration_ns).map(|first| {
        let x = place.from + place.width * (first as f64 / duration_ns as f64);
        view! { <line class="waterfall__first" x1=format::width(x) x2=format::width(x) y1="8" y2="22"></line> }
            .into_any()
    });
    view! {
        <svg class="waterfall" data-kind=kind height="30" aria-hidden="true">
            <rect
                class="waterfall__bar"
                data-state=state
                x=format::width(place.from)
                y="8"
                width=format::width(place.width)
                height="14"
                rx="2"
            ></rect>
            {first}
            <text class="waterfall__text" data-at=at data-state=state x=format::width(x) y="15" dx=shift text-anchor=anchor>
                {text}
                {extra.map(|extra| view! { <tspan class="waterfall__extra">{format!(" · {extra}")}</tspan> }.into_any())}
            </text>
        </svg>
    }
    .into_any()
}

/// The hatch that error bars are filled with; once a page, before the first bar.
#[component]
pub fn HatchDefs() -> impl IntoView {
    view! {
        <svg class="waterfall-defs" width="0" height="0" aria-hidden="true">
            <defs>
                <pattern id="hatch-error" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                    <rect width="7" height="7"></rect>
                    <path d="M5.5 0V7"></path>
                </pattern>
            </defs>
        </svg>
    }
    .into_any()
}

/// The line above the rows: what there is at left, ticks of time at right.
#[component]
pub fn Ruler(
    /// Length of the trace.
    total_ns: i64,
    /// `9 spans · 1 error`.
    children: Children,
) -> impl IntoView {
    let ticks = (0..=4_i64)
        .map(|quarter| {
            let text = if quarter == 0 { "0".to_owned() } else { format::duration_ns(total_ns / 4 * quarter) };
            view! { <span>{text}</span> }.into_any()
        })
        .collect_view();
    view! {
        <div class="ruler">
            <span>{children()}</span>
            <span class="ruler__ticks" aria-hidden="true">{ticks}</span>
        </div>
    }
    .into_any()
}

/// One span of a [`Minimap`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MinimapSpan {
    /// Start, from the start of the trace.
    pub start_ns: i64,
    /// Length.
    pub duration_ns: i64,
    /// Ended in an error.
    pub error: bool,
}

const MINIMAP_SLOTS: usize = 96;

/// How many spans run at each moment, as columns; red where one failed.
#[component]
pub fn Minimap(
    /// All spans.
    spans: Vec<MinimapSpan>,
    /// Length of the trace.
    total_ns: i64,
) -> impl IntoView {
    let slots = load(&spans, total_ns);
    let highest = slots.iter().map(|slot| slot.0).max().unwrap_or(0).max(1);
    let width = 100.0 / MINIMAP_SLOTS as f64;
    let bars = slots
        .into_iter()
        .enumerate()
        .filter(|(_, slot)| slot.0 > 0)
        .map(|(index, (running, error))| {
            let height = (f64::from(running) / f64::from(highest) * 14.0 + 2.0).min(16.0);
            view! {
                <rect
                    data-state=error.then_some("error")
                    x=format::width(index as f64 * width)
                    y=format::decimal(16.0 - height, 1)
                    width=format::width(width * 0.72)
                    height=format::decimal(height, 1)
                ></rect>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <div class="minimap-box">
            <svg class="minimap" height="16" aria-hidden="true">{bars}</svg>
        </div>
    }
    .into_any()
}

fn load(spans: &[MinimapSpan], total_ns: i64) -> Vec<(u32, bool)> {
    let mut slots = vec![(0, false); MINIMAP_SLOTS];
    let slot_of = |ns: i64| {
        let share = ns.max(0) as f64 / total_ns.max(1) as f64;
        ((share * MINIMAP_SLOTS as f64) as usize).min(MINIMAP_SLOTS - 1)
    };
    for span in spans {
        let (first, last) = (slot_of(span.start_ns), slot_of(span.start_ns.saturating_add(span.duration_ns)));
        for slot in slots.iter_mut().take(last + 1).skip(first) {
            slot.0 += 1;
            slot.1 |= span.error;
        }
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_stands_where_there_is_room() {
        assert_eq!(place(0, 10, 100, 6).text, TextAt::After);
        assert_eq!(place(76, 23, 100, 6).text, TextAt::Before);
        assert_eq!(place(0, 100, 100, 6).text, TextAt::Inside);
    }

    #[test]
    fn bars_stay_within_the_trace_and_can_be_seen() {
        for (start, duration, total) in [(0, 0, 0), (-5, 20, 10), (i64::MAX, 1, 10), (99, 500, 100), (0, -3, 10)] {
            let place = place(start, duration, total, 16);
            assert!(place.from >= 0.0 && place.from + place.width <= 100.0 + 1e-9, "{place:?}");
            assert!(place.width >= THINNEST, "{place:?}");
        }
    }

    #[test]
    fn the_minimap_counts_what_runs() {
        let spans = [
            MinimapSpan { start_ns: 0, duration_ns: 96, error: false },
            MinimapSpan { start_ns: 48, duration_ns: 0, error: true },
        ];
        let slots = load(&spans, 96);
        assert_eq!(slots.first(), Some(&(1, false)));
        assert_eq!(slots.get(48), Some(&(2, true)));
    }
}
