//! What went into a span or trace, and what came out.

use leptos::prelude::*;
use ui::{Copy, Json, JsonValue, Message, Messages, Part, Role};

use super::chat;

/// How input and output are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reading {
    /// As a conversation or text, where they are one.
    Plain,
    /// As JSON.
    Json,
}

/// Input or output, as a conversation or text where it is one.
#[component]
pub fn Io(
    /// `Input` or `Output`.
    title: &'static str,
    /// What was sent.
    value: Option<JsonValue>,
    /// How to read it.
    reading: Reading,
) -> impl IntoView {
    let Some(value) = value else {
        return view! {
            <div class="detail__section">
                <h3>{title}</h3>
                <p class="faint">"Nothing was sent."</p>
            </div>
        }
        .into_any();
    };
    let whole = match &value {
        JsonValue::Text(text) => text.clone(),
        other => other.pretty(),
    };
    let conversation = if reading == Reading::Plain { chat::messages(&value) } else { None };
    let body = match (conversation, value) {
        (Some(messages), _) => {
            let messages = messages
                .into_iter()
                .map(
                    |message| view! { <Message role=Role::named(&message.role) parts=vec![Part::Text(message.text)]/> },
                )
                .collect_view();
            view! { <Messages>{messages}</Messages> }.into_any()
        }
        (None, JsonValue::Text(text)) if text.is_empty() => view! { <p class="faint">"An empty text."</p> }.into_any(),
        (None, JsonValue::Text(text)) if reading == Reading::Plain => {
            view! { <p class="detail__text">{text}</p> }.into_any()
        }
        (None, value) => view! { <Json value/> }.into_any(),
    };
    view! {
        <div class="detail__section">
            <h3>{title} <Copy text=whole label=format!("Copy {}", title.to_lowercase())/></h3>
            {body}
        </div>
    }
    .into_any()
}
