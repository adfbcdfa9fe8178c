//! Looks into JSON: objects and lists fold; large ones are drawn when opened.

mod value;

use leptos::prelude::*;

pub use self::value::JsonValue;
use crate::live;

/// A document with more values than this starts folded below its first level, and draws folded parts only when opened.
const LARGE: usize = 200;
/// Children shown of one object or list before the rest is only counted.
const WIDEST: usize = 500;

/// A JSON document.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example(value: JsonValue) -> impl IntoView {
/// view! { <Json value/> }
/// # }
/// ```
#[component]
pub fn Json(
    /// The document.
    #[prop(into)]
    value: JsonValue,
) -> impl IntoView {
    let is_large = count(&value, LARGE + 1) > LARGE;
    view! { <div class="json">{node(None, value, 0, is_large)}</div> }.into_any()
}

/// How many values there are; stops counting at `limit`.
fn count(value: &JsonValue, limit: usize) -> usize {
    let mut open = vec![value];
    let mut total = 0;
    while let Some(next) = open.pop() {
        total += 1;
        if total >= limit {
            break;
        }
        match next {
            JsonValue::List(items) => open.extend(items),
            JsonValue::Object(fields) => open.extend(fields.iter().map(|(_, value)| value)),
            _ => {}
        }
    }
    total
}

fn node(key: Option<String>, value: JsonValue, depth: usize, is_large: bool) -> AnyView {
    match value {
        JsonValue::Object(fields) if !fields.is_empty() => {
            let size = format!("{{{}}}", fields.len());
            branch(key, size, fields, depth, is_large)
        }
        JsonValue::List(items) if !items.is_empty() => {
            let size = format!("[{}]", items.len());
            let children = items.into_iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect();
            branch(key, size, children, depth, is_large)
        }
        value => leaf(key, &value),
    }
}

fn branch(
    key: Option<String>,
    size: String,
    mut children: Vec<(String, JsonValue)>,
    depth: usize,
    is_large: bool,
) -> AnyView {
    let starts_open = if is_large { depth == 0 } else { depth < 3 };
    let left_out = children.len().saturating_sub(WIDEST);
    children.truncate(WIDEST);
    let was_opened = RwSignal::new(starts_open || !is_large);
    let children = StoredValue::new(children);
    let drawn = live(move || {
        was_opened.get().then(|| {
            let nodes = children
                .get_value()
                .into_iter()
                .map(|(key, value)| node(Some(key), value, depth + 1, is_large))
                .collect_view();
            let more = (left_out > 0)
                .then(|| view! { <div class="json__more">{format!("and {left_out} more; copy the document to see them")}</div> }.into_any());
            view! { <div class="json__children">{nodes}{more}</div> }.into_any()
        })
    });
    view! {
        <details class="json__node" open=starts_open on:toggle=move |_| was_opened.set(true)>
            <summary>
                {key.map(|key| view! { <span class="json__key">{key}</span> }.into_any())}
                <span class="json__size">{size}</span>
            </summary>
            {drawn}
        </details>
    }
    .into_any()
}

fn leaf(key: Option<String>, value: &JsonValue) -> AnyView {
    let (kind, text) = match value {
        JsonValue::Bool(_) => ("bool", value.line()),
        JsonValue::Number(_) => ("number", value.line()),
        // As written, not as JSON escapes it: this is for reading.
        JsonValue::Text(text) => ("string", format!("\"{text}\"")),
        JsonValue::Null | JsonValue::List(_) | JsonValue::Object(_) => ("null", value.line()),
    };
    view! {
        <div class="json__leaf">
            {key.map(|key| view! { <span class="json__key">{key}</span> }.into_any())}
            <span class="json__value" data-type=kind>{text}</span>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counting_stops_at_the_limit() {
        let value = JsonValue::from(json!([1, 2, [3, 4], {"a": 5}]));
        assert_eq!(count(&value, 100), 8);
        assert_eq!(count(&value, 3), 3);
    }

    #[test]
    fn large_documents_draw_only_their_first_level() {
        let large = json!({"rows": vec![1; 300], "n": 1});
        // Signals live in an owner; servers make one a request.
        let html = Owner::new().with(|| view! { <Json value=large/> }.to_html());
        assert!(html.contains("rows") && html.contains("[300]"), "{html}");
        assert_eq!(html.matches("json__leaf").count(), 1, "only `n` is drawn");
    }
}
