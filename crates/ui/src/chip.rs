//! Small labels: chips for states and tags, badges for prompt versions, filters, and legends.

use leptos::prelude::*;

use crate::{
    icon::{Icon, IconName},
    text::MaybeText,
    tone::{Series, Tone},
};

/// A state or tag; a link if it has an `href`. The text (or an icon) must say what the tone means.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! { <Chip tone=Tone::Good>"production"</Chip> }
/// # }
/// ```
#[component]
pub fn Chip(
    /// What the colour means.
    #[prop(optional)]
    tone: Tone,
    /// Before the text.
    #[prop(optional, into)]
    icon: Option<IconName>,
    /// Shows a dot before the text, for something live.
    #[prop(optional)]
    dot: bool,
    /// Where it leads.
    #[prop(optional, into)]
    href: MaybeText,
    /// Text.
    children: Children,
) -> impl IntoView {
    let MaybeText(href) = href;
    let inside = view! {
        {dot.then(|| view! { <span class="dot"></span> }.into_any())}
        {icon.map(|name| view! { <Icon name/> }.into_any())}
        {children()}
    };
    match href {
        Some(href) => view! { <a class="chip" data-tone=tone.name() href=href>{inside}</a> }.into_any(),
        None => view! { <span class="chip" data-tone=tone.name()>{inside}</span> }.into_any(),
    }
}

/// A short fact about a row, such as a tag.
#[component]
pub fn Badge(children: Children) -> impl IntoView {
    view! { <span class="badge">{children()}</span> }.into_any()
}

/// A prompt's version as a link, `support/answer v8`. A long name ends in an ellipsis (the title has it whole), the version
/// is always there.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! { <VersionBadge prompt="support/answer" version=8 href="/p/1/prompts/support/answer?v=8"/> }
/// # }
/// ```
#[component]
pub fn VersionBadge(
    /// Name of the prompt.
    #[prop(into)]
    prompt: String,
    /// Version.
    version: u32,
    /// Where it leads; the plain badge without.
    #[prop(optional, into)]
    href: MaybeText,
    /// More to say when the pointer rests on it, after the whole name.
    #[prop(optional, into)]
    note: MaybeText,
) -> impl IntoView {
    let (MaybeText(href), MaybeText(note)) = (href, note);
    let title = match note {
        Some(note) => format!("{prompt} v{version}. {note}"),
        None => format!("{prompt} v{version}"),
    };
    // Written as one text for those who copy it or hear it: "name v8".
    let inside = view! { <span class="badge__name">{prompt}</span><span>{format!("\u{a0}v{version}")}</span> };
    match href {
        Some(href) => view! { <a class="badge" title=title href=href>{inside}</a> }.into_any(),
        None => view! { <span class="badge" title=title>{inside}</span> }.into_any(),
    }
}

/// One filter of a list. With a value it is set and `href` removes it; without, `href` offers it.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! {
///     <Filter name="Environment" value="production" href="?"/>
///     <Filter name="Model" href="?filter=model"/>
/// }
/// # }
/// ```
#[component]
pub fn Filter(
    /// What it filters.
    #[prop(into)]
    name: String,
    /// The value it is set to.
    #[prop(optional, into)]
    value: MaybeText,
    /// The list without this filter, or the place to set it.
    #[prop(into)]
    href: String,
) -> impl IntoView {
    let MaybeText(value) = value;
    match value {
        Some(value) => view! {
            <a class="filter" data-set="" href=href>
                <span class="visually-hidden">"Remove filter "</span>
                {name} " " <span class="filter__value">{value}</span> <Icon name=IconName::X/>
            </a>
        }
        .into_any(),
        None => view! { <a class="filter" href=href><Icon name=IconName::Plus/> {name}</a> }.into_any(),
    }
}

/// One entry of a legend.
#[derive(Clone, Debug)]
pub struct LegendItem {
    /// Text.
    pub text: String,
    /// Colour of its swatch.
    pub series: Series,
}

/// What the colours of a chart stand for.
#[component]
pub fn Legend(
    /// Entries in drawing order.
    items: Vec<LegendItem>,
) -> impl IntoView {
    let items = items
        .into_iter()
        .map(|item| {
            view! { <li class="legend__item"><span class="swatch" data-series=item.series.name()></span>{item.text}</li> }.into_any()
        })
        .collect_view();
    view! { <ul class="legend">{items}</ul> }.into_any()
}
