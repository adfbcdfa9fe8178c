//! Commands: forms that are sent by the browser code where it runs and by the browser itself where it does not.

use std::{fmt, marker::PhantomData};

use leptos::{
    ev::SubmitEvent,
    prelude::*,
    server::ServerActionError,
    server_fn::{ServerFn, error::ServerFnUrlError},
    task::spawn_local,
};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::JsCast as _;
use web_sys::{FormData, HtmlElement, HtmlFormElement, UrlSearchParams};

use super::{Command, arguments, codec::Answer, fetch};
use crate::error::AppError;

/// A server function that changes something.
pub trait Acts:
    ServerFn<Protocol = Command, Error = AppError, Output: Serialize + DeserializeOwned> + Serialize + 'static
{
}

impl<F> Acts for F where
    F: ServerFn<Protocol = Command, Error = AppError, Output: Serialize + DeserializeOwned> + Serialize + 'static
{
}

/// A command a page can send, and how it went.
pub struct Act<F> {
    state: State,
    of: PhantomData<fn() -> F>,
}

#[derive(Clone, Copy)]
struct State {
    path: &'static str,
    /// Number of the command under way.
    under_way: RwSignal<Option<u32>>,
    last: StoredValue<u32>,
    answer: RwSignal<Answer>,
}

impl<F> Clone for Act<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Act<F> {}

impl<F> fmt::Debug for Act<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Act").field("path", &self.state.path).finish_non_exhaustive()
    }
}

impl<F: Acts> Act<F> {
    /// Not sent yet; or refused, when the form was sent without script and the server led back here.
    #[expect(clippy::new_without_default, reason = "it makes signals in the present owner")]
    pub fn new() -> Self {
        Self { state: State::new(F::PATH), of: PhantomData }
    }

    /// Sends it.
    pub fn send(self, command: &F) {
        self.state.send(arguments(command));
    }

    /// Sends a form as it stands, whose fields are named like the arguments. Browser only.
    pub fn send_form(self, form: String) {
        self.state.send(form);
    }

    /// Whether it is under way.
    pub fn pending(self) -> Signal<bool> {
        let under_way = self.state.under_way;
        Signal::derive(move || under_way.get().is_some())
    }

    /// How the last one went; `None` before the first. Tracked.
    pub fn outcome(self) -> Option<Result<F::Output, AppError>> {
        self.state.answer.with(Answer::read)
    }

    /// Why the last one was refused, if it was. Tracked.
    pub fn refused(self) -> Option<AppError> {
        self.state.refused()
    }

    /// Whether the last one went through. Tracked.
    pub fn is_done(self) -> bool {
        self.state.answer.with(|answer| matches!(answer, Answer::Value(_)))
    }
}

impl State {
    fn new(path: &'static str) -> Self {
        let before = use_context::<ServerActionError>().filter(|error| error.path() == path);
        let answer = match before {
            Some(error) => Answer::Refused(ServerFnUrlError::decode_err(error.err())),
            None => Answer::Nothing,
        };
        Self { path, under_way: RwSignal::new(None), last: StoredValue::new(0), answer: RwSignal::new(answer) }
    }

    fn send(self, form: String) {
        let own = self.last.get_value().wrapping_add(1);
        self.last.set_value(own);
        self.under_way.set(Some(own));
        spawn_local(async move {
            let answer = fetch::post(self.path, form).await;
            // The page may be gone by now, or another command sent.
            if self.under_way.try_get_untracked() == Some(Some(own)) {
                let _ = self.answer.try_set(answer);
                let _ = self.under_way.try_set(None);
            }
        });
    }

    fn refused(self) -> Option<AppError> {
        self.answer.with(|answer| match answer {
            Answer::Refused(error) => Some(error.clone()),
            _ => None,
        })
    }
}

/// A form that sends a command; its fields are named like the arguments.
#[component]
pub fn ActForm<F: Acts>(
    /// What it sends.
    act: Act<F>,
    /// Classes.
    #[prop(optional)]
    class: Option<&'static str>,
    /// The dialog it stands in, which closes when it is sent.
    #[prop(optional, into)]
    closes: Option<String>,
    /// Fields and buttons.
    children: Children,
) -> impl IntoView {
    form(act.state, class, closes, children)
}

fn form(state: State, class: Option<&'static str>, closes: Option<String>, children: Children) -> AnyView {
    let submit = move |event: SubmitEvent| {
        if event.default_prevented() {
            return;
        }
        // A form that cannot be read is left to the browser.
        let form = event.target().and_then(|target| target.dyn_into().ok());
        let Some(form) = form.and_then(|form| form_text(&form, event.submitter())) else { return };
        event.prevent_default();
        state.send(form);
        if let Some(dialog) = &closes {
            ui::close_dialog(dialog);
        }
    };
    view! { <form action=state.path method="post" class=class on:submit=submit>{children()}</form> }.into_any()
}

/// The fields as the browser itself would send them. The button pressed is a field too, when it has a name. Browser only.
pub fn form_text(form: &HtmlFormElement, pressed: Option<HtmlElement>) -> Option<String> {
    let fields = FormData::new_with_form(form).ok()?;
    let pressed = pressed.and_then(|button| Some((button.get_attribute("name")?, button)));
    if let Some((name, button)) = pressed {
        fields.append_with_str(&name, &button.get_attribute("value").unwrap_or_default()).ok()?;
    }
    let fields = UrlSearchParams::new_with_str_sequence_sequence(&fields).ok()?;
    fields.to_string().as_string()
}
