//! A prompt that generations name and nobody saved here.

use leptos::prelude::*;
use ui::{ButtonKind, Copy, Empty, Fact, Facts, IconName, LinkButton, Query, format};

use super::model::UnsavedView;
use crate::routes::{new_prompt_href, project_href, prompt_href};

/// What traces say of it, and how it is saved.
#[component]
pub fn Unsaved(
    /// The project's slug.
    project: String,
    /// The prompt's name.
    name: String,
    /// What is known.
    view: UnsavedView,
) -> impl IntoView {
    let own = |query: Query| format!("{}/traces{}", project_href(&project), query.href());
    let traces = own(Query::from_pairs([("prompt", name.clone())]));
    let metrics = format!("{}?tab=metrics&range=90d", prompt_href(&project, &name));
    let facts: Vec<Fact> = view
        .versions
        .iter()
        .map(|(version, count)| {
            let href = own(Query::from_pairs([("prompt", name.clone()), ("version", version.clone())]));
            let words = format::plural(i64::try_from(*count).unwrap_or(i64::MAX), "generation", "generations");
            Fact::new(format!("v{version}, last 90 days"), move || view! { <a href=href>{words}</a> })
        })
        .collect();
    let facts = (!facts.is_empty()).then(|| view! { <Facts items=facts/> }.into_any());
    let text = new_prompt_href(&project, &name);
    let save = format!(
        "curl -u \"PUBLIC_KEY:SECRET_KEY\" \\\n  -H \"content-type: application/json\" \\\n  \
         -d '{{\"name\": \"{name}\", \"prompt\": \"Answer {{{{question}}}}\", \"labels\": [\"production\"]}}' \\\n  \
         \"{}/api/v1/prompts\"",
        view.address
    );
    view! {
        <Empty
            icon=IconName::FileText
            title="Its text is not here"
            text="Generations say they used this prompt, so its numbers and traces are here. Save it under the same name, and each version's text stands beside its numbers."
            actions=move || view! {
                <LinkButton href=Signal::stored(text) kind=ButtonKind::Primary icon=IconName::Plus>"Save its text"</LinkButton>
                <LinkButton href=Signal::stored(metrics) icon=IconName::Chart>"Metrics"</LinkButton>
                <LinkButton href=Signal::stored(traces) icon=IconName::Activity>"Its traces"</LinkButton>
            }
        >
            {facts}
            <pre class="unsaved__save mono" tabindex="0" role="region" aria-label="Save the prompt">{save.clone()}</pre>
            <Copy text=save label="Copy the command" shown=true/>
        </Empty>
    }
    .into_any()
}
