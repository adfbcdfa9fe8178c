//! Chat messages.

use leptos::{children::ViewFnOnce, prelude::*};

/// Who speaks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Role {
    /// Instructions.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A tool's answer.
    Tool,
    /// A place where messages are put in.
    Placeholder,
    /// Any other role a program sent.
    Other(String),
}

impl Role {
    /// From the word a program sent.
    pub fn named(name: &str) -> Self {
        match name {
            "system" | "developer" => Self::System,
            "user" | "human" => Self::User,
            "assistant" | "ai" | "model" => Self::Assistant,
            "tool" | "function" => Self::Tool,
            "placeholder" => Self::Placeholder,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The word shown.
    pub fn name(&self) -> &str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Placeholder => "placeholder",
            Self::Other(name) => name,
        }
    }
}

/// A piece of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Part {
    /// Text as written.
    Text(String),
    /// A template variable, filled or still `{{name}}`.
    Variable {
        /// Its name, shown on hover.
        name: String,
        /// What stands in its place.
        text: String,
    },
}

impl Part {
    /// Splits a template at its `{{variables}}`, so that they are marked.
    pub fn of_template(template: &str) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, tail)) = after.split_once("}}") else { break };
            if !before.is_empty() {
                parts.push(Self::Text(before.to_owned()));
            }
            parts.push(Self::Variable { name: name.trim().to_owned(), text: format!("{{{{{name}}}}}") });
            rest = tail;
        }
        if !rest.is_empty() {
            parts.push(Self::Text(rest.to_owned()));
        }
        parts
    }
}

/// Messages one under another.
#[component]
pub fn Messages(children: Children) -> impl IntoView {
    view! { <div class="messages">{children()}</div> }.into_any()
}

/// One message.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! {
///     <Messages>
///         <Message role=Role::System parts=Part::of_template("You work for {{company}}.")/>
///         <Message role=Role::User parts=vec![Part::Text("Wo ist meine Bestellung?".into())]/>
///     </Messages>
/// }
/// # }
/// ```
#[component]
pub fn Message(
    /// Who speaks.
    role: Role,
    /// The text.
    #[prop(optional)]
    parts: Vec<Part>,
    /// At the right of the role: a copy button, a size.
    #[prop(optional, into)]
    extra: Option<ViewFnOnce>,
    /// Below the text: tool calls as [`crate::Json`], images' names.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let text = (!parts.is_empty()).then(|| {
        let parts = parts
            .into_iter()
            .map(|part| match part {
                Part::Text(text) => text.into_any(),
                Part::Variable { name, text } => view! { <span class="variable" title=name>{text}</span> }.into_any(),
            })
            .collect_view();
        view! { <div class="message__text">{parts}</div> }.into_any()
    });
    view! {
        <div class="message" data-role=role.name().to_owned()>
            <div class="message__role">
                <span>{role.name().to_owned()}</span>
                {extra.map(ViewFnOnce::run)}
            </div>
            {text}
            {children.map(|children| children())}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_told_from_text() {
        let variable = |name: &str| Part::Variable { name: name.into(), text: format!("{{{{{name}}}}}") };
        assert_eq!(
            Part::of_template("Hi {{who}}, {{what}}"),
            [Part::Text("Hi ".into()), variable("who"), Part::Text(", ".into()), variable("what")]
        );
        assert_eq!(Part::of_template("open {{ end"), [Part::Text("open {{ end".into())]);
        assert!(Part::of_template("").is_empty());
    }

    #[test]
    fn roles_have_many_names() {
        assert_eq!(Role::named("human"), Role::User);
        assert_eq!(Role::named("critic").name(), "critic");
    }
}
