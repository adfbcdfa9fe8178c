//! The form that sets a price.

use leptos::prelude::*;
use ui::{
    Button, ButtonKind, Checkbox, InputKind, LinkButton, Notice, ProblemPanel, SelectField, SelectOption, TextField,
    Tone, live,
};

use super::{
    model::{Begun, ITEMS, PriceSet, StoredCalls},
    server::SetPrice,
};
use crate::wire::{Act, ActForm};

/// Rates shown without asking for more.
const USUAL: usize = 4;

/// The form. `id` keeps its fields apart from those of another one.
#[component]
pub fn PriceForm(
    project: String,
    /// What the fields hold at first.
    begun: Begun,
    id: &'static str,
    act: Act<SetPrice>,
    /// Where "Cancel" goes; no such link without.
    back: Option<String>,
) -> impl IntoView {
    let rate = |(item, words): (&'static str, &'static str)| {
        view! {
            <TextField
                id=format!("{id}-{item}")
                name=format!("rates[{item}]")
                label=words
                value=begun.rate(item)
                placeholder="0.00"
                required=item == "input"
                optional=!matches!(item, "input" | "output")
                autocomplete="off"
                mono=true
            />
        }
        .into_any()
    };
    let usual = ITEMS.into_iter().take(USUAL).map(rate).collect_view();
    let more = ITEMS.into_iter().skip(USUAL).map(rate).collect_view();
    let is_rare = ITEMS.into_iter().skip(USUAL).any(|(item, _)| !begun.rate(item).is_empty());
    let tiers = vec![
        SelectOption::new("", "any"),
        SelectOption::new("standard", "standard"),
        SelectOption::new("batch", "batch"),
        SelectOption::new("flex", "flex"),
        SelectOption::new("priority", "priority"),
        SelectOption::new("fast", "fast"),
    ];
    let back = back.map(|href| view! { <LinkButton kind=ButtonKind::Quiet href>"Cancel"</LinkButton> }.into_any());
    view! {
        <ActForm act class="form">
            <input type="hidden" name="project" value=project/>
            <div class="form__row">
                <TextField
                    id=format!("{id}-model")
                    name="model"
                    label="Model"
                    value=begun.model.clone()
                    hint="As the calls name it; * stands for anything, such as gpt-4o*."
                    required=true
                    mono=true
                    autocomplete="off"
                />
                <TextField
                    id=format!("{id}-provider")
                    name="provider"
                    label="Provider"
                    value=begun.provider.clone()
                    hint="Only calls it serves. Empty: whoever serves them."
                    optional=true
                    autocomplete="off"
                />
                <SelectField
                    id=format!("{id}-tier")
                    name="tier"
                    label="Service tier"
                    options=tiers
                    hint="Only calls served like this."
                />
            </div>
            <fieldset class="rates-set">
                <legend>"Dollars a million tokens"</legend>
                <div class="form__row">{usual}</div>
                <details open=is_rare>
                    <summary>"More rates"</summary>
                    <p class="field__hint">"What has no rate of its own costs what fresh input or plain output costs."</p>
                    <div class="form__row">{more}</div>
                </details>
            </fieldset>
            <div class="form__row">
                <TextField
                    id=format!("{id}-from")
                    name="from"
                    label="Holds from"
                    kind=InputKind::DateTime
                    hint="UTC. Empty: for calls of any time."
                    optional=true
                />
                <Checkbox
                    id=format!("{id}-stored")
                    name="stored"
                    label="Price stored calls by it, too"
                    hint="Calls of these models that came already. What they cost before stays readable; what senders said they cost stands."
                    checked=true
                />
            </div>
            <div class="actions">
                <Button kind=ButtonKind::Primary submit=true busy=act.pending()>"Set price"</Button>
                {back}
            </div>
        </ActForm>
    }
    .into_any()
}

/// How setting a price went.
pub fn outcome(act: Act<SetPrice>) -> AnyView {
    live(move || match act.outcome()? {
        Ok(set) => Some(view! { <Notice tone=Tone::Good>{said(&set)}</Notice> }.into_any()),
        Err(error) => Some(view! { <ProblemPanel problem=error.0/> }.into_any()),
    })
}

fn said(set: &PriceSet) -> String {
    let stored = match set.stored {
        StoredCalls::Repriced => "Stored calls are being priced by it.",
        StoredCalls::Kept => "Stored calls keep their cost until they are priced again.",
        StoredCalls::Busy => {
            "Stored calls are being priced already by the prices of before: price them again when that is done."
        }
    };
    format!("Calls of {} have a price now. {stored}", set.model)
}
