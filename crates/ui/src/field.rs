//! Form fields: label, control, hint, error. They are plain form controls with a `name`, so that every form works before
//! and without the browser code.

use leptos::prelude::*;

use crate::{
    icon::{Icon, IconName},
    live,
    text::MaybeText,
};

/// What a text field holds; decides the keyboard of a phone and what a password manager does.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum InputKind {
    /// Text.
    #[default]
    Text,
    /// An e-mail address.
    Email,
    /// A password.
    Password,
    /// A web address.
    Url,
    /// A number.
    Number,
    /// A local date and time.
    DateTime,
}

impl InputKind {
    fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Email => "email",
            Self::Password => "password",
            Self::Url => "url",
            Self::Number => "number",
            Self::DateTime => "datetime-local",
        }
    }
}

/// Ids and described-by of a field, derived from its name.
#[derive(Clone)]
struct Ids {
    control: String,
    hint: Option<String>,
    error: String,
}

impl Ids {
    fn new(id: Option<String>, name: &str, has_hint: bool) -> Self {
        let control = id.unwrap_or_else(|| format!("field-{name}"));
        Self { hint: has_hint.then(|| format!("{control}-hint")), error: format!("{control}-error"), control }
    }

    fn described_by(&self, error: Signal<Option<String>>) -> impl Fn() -> Option<String> + Clone + Send + Sync + use<> {
        let ids = self.clone();
        move || {
            let error = error.with(Option::is_some).then(|| ids.error.clone());
            match (ids.hint.clone(), error) {
                (Some(hint), Some(error)) => Some(format!("{error} {hint}")),
                (hint, error) => error.or(hint),
            }
        }
    }
}

fn frame(
    ids: &Ids,
    label: String,
    optional: bool,
    hint: Option<String>,
    error: Signal<Option<String>>,
    control: AnyView,
) -> AnyView {
    let error_id = ids.error.clone();
    let hint =
        ids.hint.clone().zip(hint).map(|(id, text)| view! { <p class="field__hint" id=id>{text}</p> }.into_any());
    view! {
        <div class="field">
            <label class="field__label" for=ids.control.clone()>
                {label}
                {optional.then(|| view! { <span class="field__optional">"optional"</span> }.into_any())}
            </label>
            {control}
            {error_line(error, error_id)}
            {hint}
        </div>
    }
    .into_any()
}

fn error_line(error: Signal<Option<String>>, id: String) -> AnyView {
    live(move || {
        error.get().map(|text| {
            view! {
                <p class="field__error" id=id.clone()>
                    <Icon name=IconName::CircleAlert/>
                    <span>{text}</span>
                </p>
            }
            .into_any()
        })
    })
}

/// A line of text.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example(email_error: Signal<Option<String>>) -> impl IntoView {
/// view! {
///     <TextField name="email" label="E-mail" kind=InputKind::Email autocomplete="username" required=true
///         error=email_error hint="The address you were invited with"/>
/// }
/// # }
/// ```
#[component]
pub fn TextField(
    /// Name in the form; the id is `field-<name>` unless given.
    #[prop(into)]
    name: String,
    /// What it asks for.
    #[prop(into)]
    label: String,
    /// What it holds.
    #[prop(optional)]
    kind: InputKind,
    /// First value. Later values of a form field belong to the browser.
    #[prop(optional, into)]
    value: String,
    /// How to fill it.
    #[prop(optional, into)]
    hint: MaybeText,
    /// What is wrong with the value.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Must be filled.
    #[prop(optional)]
    required: bool,
    /// Says "optional" beside the label.
    #[prop(optional)]
    optional: bool,
    /// In the monospaced face: names, ids, addresses.
    #[prop(optional)]
    mono: bool,
    /// `username`, `current-password`, `new-password`, `off`.
    #[prop(optional, into)]
    autocomplete: Option<&'static str>,
    /// An example of a value, never the label.
    #[prop(optional, into)]
    placeholder: MaybeText,
    /// An id of its own, where one name appears twice on a page.
    #[prop(optional, into)]
    id: MaybeText,
    /// The element, to focus or read it.
    #[prop(optional)]
    node_ref: NodeRef<leptos::html::Input>,
) -> impl IntoView {
    let MaybeText(hint) = hint;
    let MaybeText(placeholder) = placeholder;
    let MaybeText(id) = id;
    let ids = Ids::new(id, &name, hint.is_some());
    let control = view! {
        <input
            class=if mono { "input input--mono" } else { "input" }
            id=ids.control.clone()
            name=name
            type=kind.name()
            value=value
            required=required
            autocomplete=autocomplete
            placeholder=placeholder
            spellcheck=mono.then_some("false")
            aria-invalid=move || error.with(Option::is_some).then_some("true")
            aria-describedby=ids.described_by(error)
            node_ref=node_ref
        />
    }
    .into_any();
    frame(&ids, label, optional, hint, error, control)
}

/// Several lines of text; grows with its content.
#[component]
pub fn TextArea(
    /// Name in the form.
    #[prop(into)]
    name: String,
    /// What it asks for.
    #[prop(into)]
    label: String,
    /// First value.
    #[prop(optional, into)]
    value: String,
    /// How to fill it.
    #[prop(optional, into)]
    hint: MaybeText,
    /// What is wrong with the value.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Must be filled.
    #[prop(optional)]
    required: bool,
    /// Says "optional" beside the label.
    #[prop(optional)]
    optional: bool,
    /// In the monospaced face.
    #[prop(optional)]
    mono: bool,
    /// Lines at first.
    #[prop(default = 4)]
    rows: u32,
    /// An id of its own, where one name appears twice on a page.
    #[prop(optional, into)]
    id: MaybeText,
    /// The element.
    #[prop(optional)]
    node_ref: NodeRef<leptos::html::Textarea>,
) -> impl IntoView {
    let MaybeText(hint) = hint;
    let MaybeText(id) = id;
    let ids = Ids::new(id, &name, hint.is_some());
    let control = view! {
        <textarea
            class=if mono { "input input--mono" } else { "input" }
            id=ids.control.clone()
            name=name
            rows=rows
            required=required
            spellcheck=mono.then_some("false")
            aria-invalid=move || error.with(Option::is_some).then_some("true")
            aria-describedby=ids.described_by(error)
            node_ref=node_ref
        >
            {value}
        </textarea>
    }
    .into_any();
    frame(&ids, label, optional, hint, error, control)
}

/// One option of a [`SelectField`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SelectOption {
    /// Sent with the form.
    pub value: String,
    /// Shown.
    pub text: String,
}

impl SelectOption {
    /// An option.
    pub fn new(value: impl Into<String>, text: impl Into<String>) -> Self {
        Self { value: value.into(), text: text.into() }
    }
}

/// One of a few values.
#[component]
pub fn SelectField(
    /// Name in the form.
    #[prop(into)]
    name: String,
    /// What it asks for.
    #[prop(into)]
    label: String,
    /// What can be chosen.
    options: Vec<SelectOption>,
    /// The value chosen at first.
    #[prop(optional, into)]
    value: String,
    /// How to choose.
    #[prop(optional, into)]
    hint: MaybeText,
    /// What is wrong with the value.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Shows the control only; the label is still there for those who do not see.
    #[prop(optional)]
    bare: bool,
    /// An id of its own, where one name appears twice on a page.
    #[prop(optional, into)]
    id: MaybeText,
) -> impl IntoView {
    let MaybeText(hint) = hint;
    let MaybeText(id) = id;
    let ids = Ids::new(id, &name, hint.is_some());
    let options = options
        .into_iter()
        .map(|option| {
            let selected = option.value == value;
            view! { <option value=option.value selected=selected>{option.text}</option> }.into_any()
        })
        .collect_view();
    let aria_label = bare.then(|| label.clone());
    let control = view! {
        <div class="select">
            <select
                class="input"
                id=ids.control.clone()
                name=name
                aria-label=aria_label
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                aria-describedby=ids.described_by(error)
            >
                {options}
            </select>
            <Icon name=IconName::ChevronDown/>
        </div>
    }
    .into_any();
    if bare { control } else { frame(&ids, label, false, hint, error, control) }
}

/// A yes or no.
#[component]
pub fn Checkbox(
    /// Name in the form.
    #[prop(into)]
    name: String,
    /// What a tick means.
    #[prop(into)]
    label: String,
    /// Sent when ticked.
    #[prop(default = "true".to_owned(), into)]
    value: String,
    /// Ticked at first.
    #[prop(optional)]
    checked: bool,
    /// What follows from a tick.
    #[prop(optional, into)]
    hint: MaybeText,
    /// What is wrong.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// An id of its own, where one name appears twice on a page.
    #[prop(optional, into)]
    id: MaybeText,
) -> impl IntoView {
    let MaybeText(hint) = hint;
    let MaybeText(id) = id;
    let ids = Ids::new(id, &format!("{name}-{value}"), hint.is_some());
    let hint =
        ids.hint.clone().zip(hint).map(|(id, text)| view! { <p class="field__hint" id=id>{text}</p> }.into_any());
    view! {
        <div class="check">
            <input
                type="checkbox"
                id=ids.control.clone()
                name=name
                value=value
                checked=checked
                aria-describedby=ids.described_by(error)
            />
            <label for=ids.control.clone()>{label}</label>
            {error_line(error, ids.error.clone())}
            {hint}
        </div>
    }
    .into_any()
}

/// The search of a list: a GET form with one field, so that the term is in the URL. `/` focuses it.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! { <SearchField name="q" label="Search prompts" value="support" keep=vec![("tag".into(), "live".into())]/> }
/// # }
/// ```
#[component]
pub fn SearchField(
    /// Parameter in the URL.
    #[prop(into)]
    name: String,
    /// What is searched; also the placeholder.
    #[prop(into)]
    label: String,
    /// The term now.
    #[prop(optional, into)]
    value: String,
    /// The other parameters of the URL, which a search keeps.
    #[prop(optional)]
    keep: Vec<(String, String)>,
) -> impl IntoView {
    let keep = keep
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> }.into_any())
        .collect_view();
    view! {
        <form class="search" role="search" method="get">
            <Icon name=IconName::Search/>
            {keep}
            <input
                class="input"
                type="search"
                name=name
                value=value
                aria-label=label.clone()
                placeholder=label
                autocomplete="off"
                data-key="/"
                aria-keyshortcuts="/"
            />
            <kbd aria-hidden="true">"/"</kbd>
        </form>
    }
    .into_any()
}
