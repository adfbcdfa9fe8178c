//! What the tab's numbers are about: filters, rows, range, and where days begin.

use domain::time::TimeUs;
use leptos::prelude::*;
use ui::{Button, Choice, Filter, Menu, MenuLink, Query, RangePicker, SegmentedLinks};

use super::model::FilterChoice;
use crate::range::RangeShown;

/// What rows can be, in the address and shown.
const ROWS: [(&str, &str); 5] = [
    ("version", "Version"),
    ("model", "Model"),
    ("environment", "Environment"),
    ("segment", "Segment"),
    ("user", "User"),
];

/// The row above the tab's cards.
#[component]
pub(super) fn Toolbar(
    query: Query,
    filters: Vec<FilterChoice>,
    by: String,
    zone: String,
    zones: Vec<String>,
    range: RangeShown,
    now: TimeUs,
) -> impl IntoView {
    let filters = filters.into_iter().map(|filter| one(filter, &query)).collect_view();
    let user = query
        .get("user")
        .filter(|user| !user.is_empty())
        .map(|user| view! { <Filter name="User" value=user.to_owned() href=query.without("user").href()/> }.into_any());
    let rows =
        ROWS.map(|(key, text)| Choice::link(key, text, query.set("by", key).without("a").without("b").href())).to_vec();
    view! {
        <div class="toolbar">
            <SegmentedLinks label="One row for each" current=by items=rows/>
            {filters}
            {user}
            <span class="toolbar__end">
                <Zone query=query.clone() zone zones/>
                <RangePicker choice=range.into() now query/>
            </span>
        </div>
    }
}

/// One filter: what it is set to, or a menu of what it can be set to.
fn one(filter: FilterChoice, query: &Query) -> AnyView {
    let FilterChoice { key, name, values } = filter;
    let shown = |value: &str| if value.is_empty() { "none".to_owned() } else { value.to_owned() };
    if let Some(value) = query.get(&key) {
        return view! { <Filter name value=shown(value) href=query.without(&key).href()/> }.into_any();
    }
    if values.len() < 2 {
        return ().into_any();
    }
    let links = values
        .into_iter()
        .map(|value| {
            let href = query.set(&key, value.clone()).href();
            view! { <MenuLink href>{shown(&value)}</MenuLink> }.into_any()
        })
        .collect_view();
    view! { <Menu id=format!("filter-{key}") label=name align_start=true>{links}</Menu> }.into_any()
}

/// Where days begin.
#[component]
fn Zone(query: Query, zone: String, zones: Vec<String>) -> impl IntoView {
    let keep = query
        .without("zone")
        .pairs()
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> }.into_any())
        .collect_view();
    let zones = zones.into_iter().map(|zone| view! { <option value=zone></option> }.into_any()).collect_view();
    view! {
        <Menu id="zone" label=zone.clone()>
            <form class="range__form" method="get">
                {keep}
                <label class="field">
                    <span class="field__label">"Days begin at midnight in"</span>
                    <input class="input" name="zone" list="zones" value=zone autocomplete="off" spellcheck="false"/>
                </label>
                <datalist id="zones">{zones}</datalist>
                <Button submit=true>"Show"</Button>
                <span class="range__zone">"A name such as Europe/Berlin, or an offset such as +05:30"</span>
            </form>
        </Menu>
    }
}
