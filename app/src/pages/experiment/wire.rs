//! Programs to copy that ask for the slot.

use leptos::prelude::*;
use ui::{Card, CardBody, Choice, Code, SegmentedButtons, Snippet, live};

use super::model::WireView;

/// The card.
#[component]
pub fn WireCard(
    /// The programs.
    wire: WireView,
) -> impl IntoView {
    let WireView { note, doors } = wire;
    let door = RwSignal::new(doors.first().map(|door| door.key.clone()).unwrap_or_default());
    let items = doors.iter().map(|door| Choice::button(door.key.clone(), door.title.clone())).collect::<Vec<_>>();
    let code = live(move || {
        let door = doors.iter().find(|own| door.with(|key| own.key == *key))?;
        let (id, label) = (format!("code-{}", door.key), door.label.clone());
        let snippets = door.programs.iter().map(|(language, text)| Snippet::new(language, text)).collect::<Vec<_>>();
        Some(view! { <Code id label snippets/> }.into_any())
    });
    view! {
        <Card
            title="Wire a program"
            beside=move || view! { <SegmentedButtons label="Client" current=door items/> }
        >
            <CardBody>
                <div class="stack">
                    <p class="muted small">{note}</p>
                    {code}
                </div>
            </CardBody>
        </Card>
    }
    .into_any()
}
