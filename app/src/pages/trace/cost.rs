//! Where a cost comes from, at the cost.

use domain::time::TimeUs;
use leptos::prelude::*;
use ui::{Chip, Instant, Moment, Tone, format};

use super::model::{CostFrom, CostView, PastCostView};
use crate::routes::prices_href;

/// One line below the figures of a span: by which price, or why there is none; and the amounts it is the sum of.
#[component]
pub fn CostNote(project: String, model: Option<String>, cost: CostView) -> impl IntoView {
    let prices = prices_href(&project);
    let from = match cost.from {
        CostFrom::Nothing => None,
        CostFrom::Given => Some(view! { <span>"Cost as the sender said it"</span> }.into_any()),
        CostFrom::Catalogue { entry, edition_us, since_us } => {
            let since = since_us.map(|us| format!(", charged since {}", format::date(us))).unwrap_or_default();
            let href = format!("{prices}{}", ui::Query::from_pairs([("q", entry_model(&entry))]).href());
            let edition = format!("{since}; edition of {}", format::date(edition_us));
            Some(
                view! { <span>"Cost by the catalogue’s price of " <a class="mono" href=href>{entry}</a> {edition}</span> }
                    .into_any(),
            )
        }
        CostFrom::Own { since_us } => {
            let since = since_us.map(|us| format!(", which holds since {} UTC", format::date_time(us)));
            Some(
                view! { <span>"Cost by " <a href=prices>"your own price"</a> {since.unwrap_or_default()}</span> }
                    .into_any(),
            )
        }
        CostFrom::Unpriced { why } => {
            let href = model.map_or_else(
                || prices.clone(),
                |model| format!("{prices}{}", ui::Query::from_pairs([("price", model)]).href()),
            );
            Some(
                view! {
                    <Chip tone=Tone::Warn>"no cost"</Chip>
                    <span>{ui::problem::sentence(&why)} " " <a href=href>"Set a price"</a></span>
                }
                .into_any(),
            )
        }
    };
    let estimated = cost.tokens_by.map(|tokenizer| {
        let text = format!("The sender said no tokens: they were counted here ({tokenizer})");
        view! { <Chip tone=Tone::Warn>"tokens estimated"</Chip> <span class="muted">{text}</span> }.into_any()
    });
    let tier = cost.tier.map(|tier| view! { <Chip>{format!("{tier} tier")}</Chip> }.into_any());
    let lines = (cost.lines.len() > 1).then(|| {
        let text: Vec<String> =
            cost.lines.into_iter().map(|(item, amount)| format!("{item} {}", format::money(amount))).collect();
        view! { <span class="muted num">{text.join(" + ")}</span> }.into_any()
    });
    if from.is_none() && estimated.is_none() {
        return ().into_any();
    }
    view! { <p class="cost-note">{from} {tier} {lines} {estimated}</p> }.into_any()
}

/// The model's part of an entry: what follows the provider.
fn entry_model(entry: &str) -> String {
    entry.split_once('/').map_or(entry, |(_, model)| model).to_owned()
}

/// What a span cost before it was priced again.
#[component]
pub fn PastCosts(past: Vec<PastCostView>) -> impl IntoView {
    if past.is_empty() {
        return ().into_any();
    }
    let lines = past
        .into_iter()
        .map(|past| {
            let amount = past.cost.map_or_else(|| "no cost".to_owned(), format::money);
            view! {
                <li>
                    <span class="num">{amount}</span>
                    " until "
                    <Instant at=TimeUs(past.until_us) shown=Moment::DateTime/>
                    <span class="muted">{format!(" ({})", past.from)}</span>
                </li>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <div class="detail__section">
            <h3>"Cost before it was priced again"</h3>
            <ul class="past-costs">{lines}</ul>
        </div>
    }
    .into_any()
}
