//! The time range of a page. Presets stay relative in shared links (`range=24h`), chosen ends stay fixed (`from=&to=`).
//! Keys: `t` opens it, `,` and `.` shift, `-` zooms out.

use domain::{
    Invalid,
    time::{RangeChoice, TimeRange, TimeUs},
};
use leptos::prelude::*;

use crate::{
    button::{ButtonKind, LinkButton},
    format,
    icon::IconName,
    menu::{Menu, MenuForm, MenuLink},
    query::Query,
};

/// A relative range that is offered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RangePreset {
    /// As in the URL: `24h`.
    pub value: &'static str,
    /// As shown.
    pub text: &'static str,
    minutes: u32,
}

/// What is offered, shortest first.
pub const PRESETS: [RangePreset; 6] = [
    RangePreset { value: "1h", text: "Last hour", minutes: 60 },
    RangePreset { value: "24h", text: "Last 24 hours", minutes: 1_440 },
    RangePreset { value: "7d", text: "Last 7 days", minutes: 10_080 },
    RangePreset { value: "14d", text: "Last 14 days", minutes: 20_160 },
    RangePreset { value: "30d", text: "Last 30 days", minutes: 43_200 },
    RangePreset { value: "90d", text: "Last 90 days", minutes: 129_600 },
];

/// Reads the range of a URL: `range=24h`, or `from=` and `to=` in RFC 3339 or as the form sends them (`2026-11-21T14:02`,
/// which is UTC). `None` when the URL says nothing about it.
///
/// # Errors
/// When an end cannot be read, one is missing, or they are the wrong way round.
pub fn read(query: &Query) -> Result<Option<RangeChoice>, Invalid> {
    if let Some(range) = query.get("range").filter(|range| !range.is_empty()) {
        return range.parse().map(Some);
    }
    let end = |name: &str| query.get(name).filter(|text| !text.is_empty()).map(instant).transpose();
    match (end("from")?, end("to")?) {
        (None, None) => Ok(None),
        (Some(from), Some(to)) => TimeRange::new(from, to).map(|range| Some(RangeChoice::Fixed(range))),
        _ => Err(Invalid::new("a fixed range has both ends, `from` and `to`")),
    }
}

fn instant(text: &str) -> Result<TimeUs, Invalid> {
    // `datetime-local` sends no zone and no seconds.
    let is_local = text.len() == "2026-11-21T14:02".len();
    if is_local { format!("{text}:00Z").parse() } else { text.parse() }
}

/// The same page with another range; a cursor of a list does not survive that.
fn link(query: &Query, choice: RangeChoice) -> String {
    let rest = query.without("range").without("from").without("to").without("cursor");
    match choice {
        RangeChoice::Last { minutes } => rest.set("range", short(minutes)).href(),
        RangeChoice::Fixed(range) => rest.set("from", to_second(range.from)).set("to", to_second(range.to)).href(),
    }
}

fn to_second(at: TimeUs) -> String {
    let text = format::rfc3339(at.0);
    text.split_once('.').map_or(text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

fn short(minutes: u32) -> String {
    match minutes {
        minutes if minutes.is_multiple_of(1_440) && minutes > 1_440 => format!("{}d", minutes / 1_440),
        minutes if minutes.is_multiple_of(60) => format!("{}h", minutes / 60),
        minutes => format!("{minutes}m"),
    }
}

/// What the button says.
pub fn text(choice: RangeChoice) -> String {
    match choice {
        RangeChoice::Last { minutes } => {
            let preset = PRESETS.into_iter().find(|preset| preset.minutes == minutes);
            preset.map_or_else(|| format!("Last {}", short(minutes)), |preset| preset.text.to_owned())
        }
        RangeChoice::Fixed(range) => {
            let written = |at: TimeUs| {
                let text = format::date_time(at.0);
                // Minutes are enough on a button.
                text.rsplit_once(':').map_or(text.clone(), |(minutes, _)| minutes.to_owned())
            };
            format!("{} – {}", written(range.from), written(range.to))
        }
    }
}

/// A range as long, moved by half its length; never beyond `now`.
fn shifted(range: TimeRange, now: TimeUs, later: bool) -> TimeRange {
    let half = range.length_us() / 2;
    let by = if later { half.min(now.0.saturating_sub(range.to.0)).max(0) } else { -half };
    TimeRange { from: TimeUs(range.from.0.saturating_add(by)), to: TimeUs(range.to.0.saturating_add(by)) }
}

/// Twice as long, ending no later than `now`.
fn zoomed_out(range: TimeRange, now: TimeUs) -> TimeRange {
    let half = range.length_us() / 2;
    let to = TimeUs(range.to.0.saturating_add(half).min(now.0.max(range.to.0)));
    TimeRange { from: TimeUs(to.0.saturating_sub(range.length_us().saturating_mul(2))), to }
}

/// The range of the page: a menu of presets with a form for fixed ends, and links to shift and zoom out. All of it works
/// without script.
///
/// ```
/// # use leptos::prelude::*; use ui::*; use domain::time::{RangeChoice, TimeUs};
/// # fn example(query: Query, now: TimeUs) -> impl IntoView {
/// view! { <RangePicker choice=RangeChoice::Last { minutes: 1_440 } now query/> }
/// # }
/// ```
#[component]
pub fn RangePicker(
    /// The range shown.
    choice: RangeChoice,
    /// The server's clock, from the page's data.
    now: TimeUs,
    /// The state of the page, which the links keep.
    query: Query,
) -> impl IntoView {
    let range = choice.resolve(now);
    let presets = PRESETS
        .into_iter()
        .map(|preset| {
            let own = RangeChoice::Last { minutes: preset.minutes };
            view! { <MenuLink href=link(&query, own) current=own == choice attr:data-noscroll="">{preset.text}</MenuLink> }.into_any()
        })
        .collect_view();
    let keep = query.without("range").without("from").without("to").without("cursor").pairs();
    let is_at_now = range.to.0 >= now.0;
    let step = move |to: TimeRange| link(&query, RangeChoice::Fixed(to));
    let later = (!is_at_now).then(|| {
        view! {
            <LinkButton href=step(shifted(range, now, true)) kind=ButtonKind::Quiet icon=IconName::ChevronRight label="Later" key="." attr:data-noscroll=""/>
        }.into_any()
    });
    view! {
        <div class="range" role="group" aria-label="Time range">
            <span class="hide-s">
                <LinkButton href=step(shifted(range, now, false)) kind=ButtonKind::Quiet icon=IconName::ChevronLeft label="Earlier" key="," attr:data-noscroll=""/>
            </span>
            <Menu id="range" label=text(choice) key="t">
                {presets}
                <hr/>
                <MenuLink href=step(zoomed_out(range, now)) icon=IconName::ZoomOut key="-" attr:data-noscroll="">"Zoom out"</MenuLink>
                <hr/>
                <MenuForm keep>
                    <div class="range__ends">
                        <label class="field">
                            <span class="field__label">"From"</span>
                            <input class="input" type="datetime-local" name="from" required value=format::datetime_local(range.from.0)/>
                        </label>
                        <label class="field">
                            <span class="field__label">"To"</span>
                            <input class="input" type="datetime-local" name="to" required value=format::datetime_local(range.to.0)/>
                        </label>
                    </div>
                    <span class="range__zone">"Times are UTC"</span>
                </MenuForm>
            </Menu>
            <span class="hide-s">{later}</span>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: TimeUs = TimeUs(1_795_269_731_482_000);

    #[test]
    fn relative_stays_relative_and_fixed_stays_fixed() {
        let query = Query::from_pairs([("tab", "metrics"), ("range", "24h"), ("cursor", "x")]);
        let choice = read(&query).unwrap().unwrap();
        assert_eq!(choice, RangeChoice::Last { minutes: 1_440 });
        assert_eq!(link(&query, RangeChoice::Last { minutes: 10_080 }), "?tab=metrics&range=7d");
        let fixed = RangeChoice::Fixed(choice.resolve(NOW));
        let href = link(&query, fixed);
        assert_eq!(href, "?tab=metrics&from=2026-11-20T14:02:11Z&to=2026-11-21T14:02:11Z");
    }

    #[test]
    fn the_form_and_links_read_back() {
        let form = Query::from_pairs([("range", ""), ("from", "2026-11-20T14:02"), ("to", "2026-11-21T14:02")]);
        let Some(RangeChoice::Fixed(range)) = read(&form).unwrap() else { panic!("a fixed range") };
        assert_eq!(range.length_us(), 86_400_000_000);
        assert_eq!(text(RangeChoice::Fixed(range)), "Nov 20, 14:02 – Nov 21, 14:02");
        assert_eq!(read(&Query::default()), Ok(None));
        for wrong in [[("from", "2026-11-20T14:02"), ("to", "")], [("from", "x"), ("to", "y")]] {
            assert!(read(&Query::from_pairs(wrong)).is_err());
        }
    }

    #[test]
    fn every_preset_is_a_range() {
        for preset in PRESETS {
            assert_eq!(preset.value.parse(), Ok(RangeChoice::Last { minutes: preset.minutes }));
            assert_eq!(short(preset.minutes), preset.value);
        }
    }

    #[test]
    fn shifting_and_zooming_never_pass_now() {
        let range = RangeChoice::Last { minutes: 60 }.resolve(NOW);
        assert_eq!(shifted(range, NOW, true), range);
        let earlier = shifted(range, NOW, false);
        assert_eq!(earlier.length_us(), range.length_us());
        assert_eq!(shifted(earlier, NOW, true), range);
        let wide = zoomed_out(range, NOW);
        assert_eq!((wide.to, wide.length_us()), (NOW, 2 * range.length_us()));
    }
}
