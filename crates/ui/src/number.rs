//! A number with its uncertainty, and the reading of a change.

use leptos::prelude::*;

use crate::{
    icon::{Icon, IconName},
    text::MaybeText,
    tone::Tone,
};

/// A value with its interval (or `n`) beneath in smaller type; a link when `href` leads to what it counts.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! { <Estimate value=format::score(0.653) under=format::plus_minus(0.019, 3) href="traces?score=thumbs"/> }
/// # }
/// ```
#[component]
pub fn Estimate(
    /// The number, formatted.
    #[prop(into)]
    value: String,
    /// What stands under it: `±0.019`, `n 4,812`, `20% of traffic`.
    #[prop(optional, into)]
    under: MaybeText,
    /// The traces behind it.
    #[prop(optional, into)]
    href: MaybeText,
) -> impl IntoView {
    let MaybeText(under) = under;
    let MaybeText(href) = href;
    let value = match href {
        Some(href) => view! { <a class="estimate__value" href=href>{value}</a> }.into_any(),
        None => view! { <span class="estimate__value">{value}</span> }.into_any(),
    };
    view! { <span class="estimate">{value} {under.map(|under| view! { <span class="sub">{under}</span> }.into_any())}</span> }
        .into_any()
}

/// The reading of a comparison: `✓ +6.7%`, `▼ −4.6%`, `can’t tell`. The sign says what the colour says.
#[component]
pub fn Verdict(
    /// Good, bad, or plain when nothing can be said.
    tone: Tone,
    /// `+6.7%`, `Within margin`, `can’t tell`.
    #[prop(into)]
    text: String,
    /// Shows a tick, a cross or a warning before the text. Leave it out when the text begins with + or −.
    #[prop(optional)]
    icon: bool,
) -> impl IntoView {
    let name = match tone {
        Tone::Good => IconName::Check,
        Tone::Bad => IconName::X,
        Tone::Warn | Tone::Plain | Tone::Accent => IconName::Info,
    };
    let icon = (icon && tone != Tone::Plain).then(|| view! { <Icon name/> }.into_any());
    view! { <span class="verdict" data-tone=tone.name()>{icon}{text}</span> }.into_any()
}
