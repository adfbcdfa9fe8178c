//! The form that makes a client key, for whichever page needs one.

use leptos::prelude::*;
use ui::{Button, ButtonKind, TextArea, TextField};

use crate::{
    pages::feedback::server::CreateClientKey,
    wire::{Act, ActForm},
};

/// Asks for a name and the origins the key may be used from.
#[component]
pub fn ClientKeyForm(
    /// The project's slug.
    project: String,
    /// What it does.
    create: Act<CreateClientKey>,
) -> impl IntoView {
    view! {
        <ActForm act=create class="form">
            <input type="hidden" name="project" value=project/>
            <TextField
                name="name"
                id="client-name"
                label="Name"
                hint="Which web page uses it, such as “help centre”."
                required=true
            />
            <TextArea
                name="origins"
                label="Origins"
                hint="Where that page lives: scheme, host and port, one a line. `*` allows every page."
                rows=2
                mono=true
                required=true
            />
            <div class="actions">
                <Button kind=ButtonKind::Primary submit=true busy=create.pending()>"Make client key"</Button>
            </div>
        </ActForm>
    }
    .into_any()
}
