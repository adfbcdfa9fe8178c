//! What narrows the list: chips for what is set, menus for what is not. Links and GET forms, so that all of it works without
//! script and is in the address.

use leptos::prelude::*;
use ui::{Filter, FilterMenu, InputKind, MenuForm, MenuLink, Query, SelectField, SelectOption, TextField};

use super::model::TracesPage;

/// Words a project's lists offer at most; where there are as many, others can be typed.
const WORDS: usize = 200;
/// Parameters of the filter on scores.
const SCORE: [&str; 4] = ["score", "score_min", "score_max", "score_is"];
const DURATION: [&str; 2] = ["duration_min_ms", "duration_max_ms"];

/// The filters of the list. `query` is the state of the page without a cursor.
#[component]
pub fn Filters(query: Query, page: TracesPage) -> impl IntoView {
    let of_prompt = if query.get("prompt").is_some_and(|prompt| !prompt.is_empty()) {
        let prompt = chosen(&query, &["prompt", "version"], "Prompt", value(&query, "prompt"));
        let version = match value(&query, "version") {
            Some(version) => chosen(&query, &["version"], "Version", Some(version)),
            None => typed(&query, "version", "Version", InputKind::Number, "A number of the prompt’s version"),
        };
        view! { {prompt} {version} }.into_any()
    } else {
        words(&query, "prompt", "Prompt", page.prompts)
    };
    let typed_words = |key: &'static str, name: &'static str, hint: &'static str| match value(&query, key) {
        Some(value) => chosen(&query, &[key], name, Some(value)),
        None => typed(&query, key, name, InputKind::Text, hint),
    };
    view! {
        <div class="filters" role="group" aria-label="Filters">
            {words(&query, "environment", "Environment", page.environments)}
            {of_prompt}
            {words(&query, "model", "Model", page.models)}
            {typed_words("user", "User", "The whole id, as your application sends it")}
            {typed_words("session", "Session", "The whole id, as your application sends it")}
            {errors(&query)}
            {score(&query, page.scores)}
            {duration(&query)}
        </div>
    }
    .into_any()
}

fn value(query: &Query, key: &str) -> Option<String> {
    query.get(key).filter(|value| !value.is_empty()).map(str::to_owned)
}

fn without(query: &Query, keys: &[&str]) -> Query {
    keys.iter().fold(query.clone(), |query, key| query.without(key))
}

/// A filter that is set; its cross takes all its parameters off.
fn chosen(query: &Query, keys: &[&str], name: &'static str, value: Option<String>) -> AnyView {
    let href = without(query, keys).href();
    view! { <Filter name value=value.unwrap_or_default() href/> }.into_any()
}

/// One of the words the project has used.
fn words(query: &Query, key: &'static str, name: &'static str, words: Vec<String>) -> AnyView {
    if let Some(value) = value(query, key) {
        return chosen(query, &[key], name, Some(value));
    }
    if words.is_empty() {
        return ().into_any();
    }
    let other = (words.len() >= WORDS).then(|| form(query, key, name, InputKind::Text, "One that is not listed"));
    let items = words
        .into_iter()
        .map(|word| {
            let href = query.set(key, word.clone()).href();
            view! { <MenuLink href>{word}</MenuLink> }.into_any()
        })
        .collect_view();
    view! { <FilterMenu id=format!("filter-{key}") name>{items} {other}</FilterMenu> }.into_any()
}

fn typed(query: &Query, key: &'static str, name: &'static str, kind: InputKind, hint: &'static str) -> AnyView {
    let form = form(query, key, name, kind, hint);
    view! { <FilterMenu id=format!("filter-{key}") name>{form}</FilterMenu> }.into_any()
}

fn form(query: &Query, key: &'static str, name: &'static str, kind: InputKind, hint: &'static str) -> AnyView {
    view! {
        <MenuForm keep=query.without(key).pairs()>
            <TextField name=key label=name kind hint required=true mono=kind == InputKind::Text autocomplete="off"/>
        </MenuForm>
    }
    .into_any()
}

fn errors(query: &Query) -> AnyView {
    if let Some(value) = value(query, "errors") {
        let value = if value == "yes" { "yes" } else { "none" };
        return chosen(query, &["errors"], "Errors", Some(value.to_owned()));
    }
    let (with, without) = (query.set("errors", "yes").href(), query.set("errors", "no").href());
    view! {
        <FilterMenu id="filter-errors" name="Errors">
            <MenuLink href=with>"Only with errors"</MenuLink>
            <MenuLink href=without>"Only without errors"</MenuLink>
        </FilterMenu>
    }
    .into_any()
}

fn score(query: &Query, names: Vec<String>) -> AnyView {
    if let Some(name) = value(query, "score") {
        let parts = [("score_min", " ≥ "), ("score_max", " ≤ "), ("score_is", " is ")];
        let said: String = parts
            .into_iter()
            .filter_map(|(key, sign)| Some(format!("{sign}{}", value(query, key)?)))
            .collect::<Vec<_>>()
            .join(",");
        return chosen(query, &SCORE, "Score", Some(format!("{name}{said}")));
    }
    if names.is_empty() {
        return ().into_any();
    }
    let keep = without(query, &SCORE).pairs();
    let options = names.into_iter().map(|name| SelectOption::new(name.clone(), name)).collect();
    view! {
        <FilterMenu id="filter-score" name="Score">
            <MenuForm keep>
                <SelectField name="score" label="Score" options/>
                <TextField name="score_min" label="At least" optional=true hint="Yes counts as 1, no as 0"/>
                <TextField name="score_max" label="At most" optional=true/>
                <TextField name="score_is" label="Or the category" optional=true hint="true or false for yes and no"/>
            </MenuForm>
        </FilterMenu>
    }
    .into_any()
}

fn duration(query: &Query) -> AnyView {
    let ends = DURATION.map(|key| value(query, key));
    if ends.iter().any(Option::is_some) {
        let [least, most] = ends;
        let said = match (least, most) {
            (Some(least), Some(most)) => format!("{least} to {most} ms"),
            (Some(least), None) => format!("≥ {least} ms"),
            (None, most) => format!("≤ {} ms", most.unwrap_or_default()),
        };
        return chosen(query, &DURATION, "Duration", Some(said));
    }
    let keep = without(query, &DURATION).pairs();
    view! {
        <FilterMenu id="filter-duration" name="Duration">
            <MenuForm keep>
                <TextField name="duration_min_ms" label="At least, milliseconds" kind=InputKind::Number optional=true/>
                <TextField name="duration_max_ms" label="At most, milliseconds" kind=InputKind::Number optional=true/>
            </MenuForm>
        </FilterMenu>
    }
    .into_any()
}
