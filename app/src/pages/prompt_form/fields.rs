//! The fields of the form.

use leptos::prelude::*;
use ui::{Button, ButtonKind, Card, CardBody, IconName, Query, SelectField, SelectOption, TextArea, TextField, live};
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlSelectElement, HtmlTextAreaElement};

use super::{
    Typed,
    model::{Draft, MessageDraft, PLACEHOLDER},
};
use crate::{
    form::rows::{Rows, focus_soon},
    routes::prompt_href,
};

/// Roles every model knows.
const ROLES: [&str; 5] = ["system", "user", "assistant", "developer", "tool"];
/// The button that adds a message.
const ADD: &str = "add-message";

/// Every field, filled with a draft.
pub fn fields(typed: Typed, draft: Draft) -> AnyView {
    let is_chat = Signal::derive(move || typed.draft.with(Draft::is_chat));
    let identity = if typed.about.is_new {
        let kinds = vec![SelectOption::new("text", "Text"), SelectOption::new("chat", "Chat: messages with roles")];
        view! {
            <Card title="Prompt">
                <CardBody>
                    <div class="form">
                        <div class="form__row">
                            <TextField name="draft[name]" id="name" label="Name" value=draft.name mono=true required=true autocomplete="off"
                                placeholder="support/answer" hint="Programs fetch it by this name. Slashes make folders. It stays." error=typed.error_of("name")/>
                            <SelectField name="draft[kind]" id="kind" label="Type" options=kinds value=draft.kind hint="It stays, too."/>
                        </div>
                    </div>
                </CardBody>
            </Card>
        }
        .into_any()
    } else {
        view! {
            <input type="hidden" name="draft[name]" value=draft.name/>
            <input type="hidden" name="draft[kind]" value=draft.kind/>
        }
        .into_any()
    };
    view! {
        {identity}
        <div hidden=move || is_chat.get()>
            <Card title="Text">
                <CardBody>
                    <TextArea name="draft[text]" id="text" label="What the model is told" value=draft.text rows=10 mono=true
                        hint="{{name}} is a variable, filled by the program that uses the prompt." error=typed.error_of("text")/>
                </CardBody>
            </Card>
        </div>
        <div hidden=move || !is_chat.get()>
            <Card title="Messages"><CardBody><Chat typed messages=draft.messages/></CardBody></Card>
        </div>
        <Card title="Model and parameters">
            <CardBody>
                <TextArea name="draft[config]" id="config" label="Config" value=draft.config rows=4 mono=true optional=true
                    hint="A JSON object the program gets with the prompt, such as {\"model\": \"gpt-4o-mini\", \"temperature\": 0.2}."
                    error=typed.error_of("config")/>
            </CardBody>
        </Card>
        <Card title="This version">
            <CardBody>
                <div class="form">
                    <TextField name="draft[message]" id="message" label="What changed, and why" value=draft.message optional=true autocomplete="off"
                        placeholder="Answer in one sentence" error=typed.error_of("message")/>
                    <div class="form__row">
                        <TextField name="draft[labels]" id="labels" label="Labels that move here" value=draft.labels mono=true optional=true autocomplete="off"
                            placeholder="staging" hint="Separated by commas. Programs that ask for a label get this version at once." error=typed.error_of("labels")/>
                        <TextField name="draft[tags]" id="tags" label="Tags of the prompt" value=draft.tags optional=true autocomplete="off"
                            placeholder="support, live" hint="Separated by commas." error=typed.error_of("tags")/>
                    </div>
                </div>
            </CardBody>
        </Card>
    }
    .into_any()
}

#[component]
fn Chat(typed: Typed, messages: Vec<MessageDraft>) -> impl IntoView {
    let rows = Rows::new(messages);
    let whole = typed.error_of("messages");
    let whole = live(move || {
        let text = whole.get()?;
        Some(view! { <p class="field__error" role="alert">{text}</p> }.into_any())
    });
    let add = move |role: &'static str| {
        let id = rows.append(MessageDraft { role: role.to_owned(), content: String::new() });
        typed.read_soon();
        focus_soon(content_id(id));
    };
    let hint = "A placeholder is where the program puts messages of its own, such as the conversation so far: its content is its name.";
    view! {
        <fieldset class="rows" aria-describedby="messages-hint">
            <legend class="visually-hidden">"Messages"</legend>
            <p class="field__hint" id="messages-hint">"{{name}} is a variable, filled by the program that uses the prompt. " {hint}</p>
            <For each=move || rows.all() key=|(id, _)| *id let:row>
                <MessageRow typed rows id=row.0 message=row.1/>
            </For>
            {whole}
            <div class="actions">
                <Button icon=IconName::Plus attr:id=ADD on:click=move |_| add("user")>"Add a message"</Button>
                <Button icon=IconName::Plus on:click=move |_| add(PLACEHOLDER)>"Add a placeholder"</Button>
            </div>
        </fieldset>
    }
    .into_any()
}

#[component]
fn MessageRow(typed: Typed, rows: Rows<MessageDraft>, id: u32, message: MessageDraft) -> impl IntoView {
    let error = move |field: &'static str| typed.error(move || format!("messages[{}].{field}", rows.place(id)));
    let mut roles: Vec<SelectOption> = ROLES.into_iter().map(|role| SelectOption::new(role, role)).collect();
    if message.role != PLACEHOLDER && !ROLES.contains(&message.role.as_str()) {
        roles.push(SelectOption::new(message.role.clone(), message.role.clone()));
    }
    roles.push(SelectOption::new(PLACEHOLDER, "placeholder"));
    let is_first = Signal::derive(move || rows.place(id) == 0);
    let number = move || format!("Message {}", rows.place(id).saturating_add(1));
    let up = move |_| {
        let all = rows.all();
        let place = all.iter().position(|(own, _)| *own == id).unwrap_or_default();
        let Some((above, _)) = place.checked_sub(1).and_then(|place| all.get(place)) else { return };
        swap(id, *above);
        typed.read();
        focus_soon(content_id(*above));
    };
    let remove = move |_| {
        rows.remove(id);
        typed.read_soon();
        focus_soon(ADD.to_owned());
    };
    view! {
        <div class="rows__row rows__row--message" role="group" aria-label=number>
            <SelectField name=format!("draft[messages][{id}][role]") id=role_id(id) label="Role" options=roles value=message.role error=error("role")/>
            <TextArea name=format!("draft[messages][{id}][content]") id=content_id(id) label="Content" value=message.content rows=4 mono=true error=error("content")/>
            <div class="rows__acts">
                <Button kind=ButtonKind::Quiet icon=IconName::ArrowUp label="Move up" disabled=is_first on:click=up/>
                <Button kind=ButtonKind::Quiet icon=IconName::Trash label="Remove this message" on:click=remove/>
            </div>
        </div>
    }
    .into_any()
}

fn role_id(row: u32) -> String {
    format!("message-{row}-role")
}

fn content_id(row: u32) -> String {
    format!("message-{row}-content")
}

/// Two rows change their contents: which of them a field belongs to stays. Browser only.
fn swap(one: u32, other: u32) {
    let element = |id: String| document().get_element_by_id(&id);
    let role = |row| element(role_id(row)).and_then(|element| element.dyn_into::<HtmlSelectElement>().ok());
    let content = |row| element(content_id(row)).and_then(|element| element.dyn_into::<HtmlTextAreaElement>().ok());
    if let (Some(one), Some(other)) = (role(one), role(other)) {
        let value = one.value();
        one.set_value(&other.value());
        other.set_value(&value);
    }
    if let (Some(one), Some(other)) = (content(one), content(other)) {
        let value = one.value();
        one.set_value(&other.value());
        other.set_value(&value);
    }
}

/// Where the form is left without saving.
pub fn back(project: &str, draft: &Draft, is_new: bool, from: Option<u32>) -> String {
    if is_new {
        return format!("{}/prompts", crate::routes::project_href(project));
    }
    let query = Query::from_pairs(from.map(|from| ("v", from.to_string()))).href();
    format!("{}{query}", prompt_href(project, &draft.name))
}
