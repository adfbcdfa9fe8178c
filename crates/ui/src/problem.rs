//! What failed, and what to do about it.

use domain::Problem;
use leptos::prelude::*;

use crate::{
    copy::CopyLine,
    icon::{Icon, IconName},
    text::MaybeText,
    tone::Tone,
};

/// A refusal or failure: the message, the fields at fault, the request id to quote. Children are what can be done: a retry
/// button, a link.
///
/// ```
/// # use leptos::prelude::*; use ui::*; use domain::problem::{Problem, ProblemCode};
/// # fn example() -> impl IntoView {
/// view! {
///     <ProblemPanel problem=Problem::new(ProblemCode::Unavailable, "the store is busy; try again in a few seconds")>
///         <LinkButton href="" icon=IconName::Refresh>"Try again"</LinkButton>
///     </ProblemPanel>
/// }
/// # }
/// ```
#[component]
pub fn ProblemPanel(
    /// What the server said.
    problem: Problem,
    /// In place of the code's own title: `Traces could not be loaded`.
    #[prop(optional, into)]
    title: MaybeText,
    /// What can be done.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let MaybeText(title) = title;
    let title = title.unwrap_or_else(|| problem.code.title().to_owned());
    let fields = (!problem.fields.is_empty()).then(|| {
        let rows = problem
            .fields
            .into_iter()
            .map(|field| view! { <li><code>{field.field}</code> ": " {field.message}</li> }.into_any())
            .collect_view();
        view! { <ul class="problem__fields">{rows}</ul> }.into_any()
    });
    let wait = problem.retry_after_s.map(|seconds| {
        let plural = if seconds == 1 { "second" } else { "seconds" };
        view! { <p class="problem__text">{format!("Wait {seconds} {plural} before trying again.")}</p> }.into_any()
    });
    let request = problem.request_id.map(|id| {
        view! {
            <div class="problem__id">
                "Request "
                <CopyLine text=id label="Copy request id"/>
            </div>
        }
        .into_any()
    });
    view! {
        <div class="problem" role="alert">
            <Icon name=IconName::CircleAlert/>
            <div class="problem__body">
                <p class="problem__title">{title}</p>
                <p class="problem__text">{sentence(&problem.message)}</p>
                {fields}
                {wait}
                {children.map(|children| view! { <div class="actions">{children()}</div> }.into_any())}
                {request}
            </div>
        </div>
    }
    .into_any()
}

/// Messages of the server begin lower-case and have no final stop; a page shows sentences.
pub fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let Some(first) = letters.next() else { return String::new() };
    let mut text: String = first.to_uppercase().chain(letters).collect();
    if !text.ends_with(['.', '!', '?', '…']) {
        text.push('.');
    }
    text
}

/// A remark that is no failure: partial results, a thing that was just made.
#[component]
pub fn Notice(
    /// What it is.
    #[prop(optional)]
    tone: Tone,
    /// Text and actions.
    children: Children,
) -> impl IntoView {
    let name = match tone {
        Tone::Good => IconName::CircleCheck,
        Tone::Bad => IconName::CircleAlert,
        Tone::Warn => IconName::Warning,
        Tone::Plain | Tone::Accent => IconName::Info,
    };
    view! {
        <div class="notice" data-tone=tone.name()>
            <Icon name/>
            <div class="notice__body">{children()}</div>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_messages_become_sentences() {
        assert_eq!(sentence("unknown metric `ctr2`"), "Unknown metric `ctr2`.");
        assert_eq!(sentence("Already one."), "Already one.");
        assert_eq!(sentence(""), "");
    }
}
