//! Looks into JSON: objects and lists fold; large ones are drawn when opened.

use leptos::prelude::*;
use serde_json::Value;

/// A document with more values than this starts folded below its first level, and draws folded parts only when opened.
const LARGE: usize = 200;
/// Children shown of one object or list before the rest is only counted.
const WIDEST: usize = 500;

/// A JSON document. Text that is no JSON is shown as it is.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! { <Json text=r#"{"temperature":0.2,"stop":["\n"]}"#/> }
/// # }
/// ```
#[component]
pub fn Json(
    /// The document as text.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    match serde_json::from_str::<Value>(&text) {
        Ok(value) => {
            let is_large = count(&value, LARGE + 1) > LARGE;
            view! { <div class="json">{node(None, value, 0, is_large)}</div> }.into_any()
        }
        Err(_) => view! { <div class="json"><pre class="json__raw">{text}</pre></div> }.into_any(),
    }
}

/// How many values there are; stops counting at `limit`.
fn count(value: &Value, limit: usize) -> usize {
    let children: Box<dyn Iterator<Item = &Value>> = match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(fields) => Box::new(fields.values()),
        _ => return 1,
    };
    let mut total = 1;
    for child in children {
        if total >= limit {
            break;
        }
        total += count(child, limit - total);
    }
    total
}

fn node(key: Option<String>, value: Value, depth: usize, is_large: bool) -> AnyView {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let size = format!("{{{}}}", fields.len());
            let children = fields.into_iter().map(|(key, value)| (Some(key), value)).collect();
            branch(key, size, children, depth, is_large)
        }
        Value::Array(items) if !items.is_empty() => {
            let size = format!("[{}]", items.len());
            let children =
                items.into_iter().enumerate().map(|(index, value)| (Some(index.to_string()), value)).collect();
            branch(key, size, children, depth, is_large)
        }
        value => leaf(key, &value),
    }
}

fn branch(
    key: Option<String>,
    size: String,
    mut children: Vec<(Option<String>, Value)>,
    depth: usize,
    is_large: bool,
) -> AnyView {
    let starts_open = if is_large { depth == 0 } else { depth < 3 };
    let left_out = children.len().saturating_sub(WIDEST);
    children.truncate(WIDEST);
    let was_opened = RwSignal::new(starts_open || !is_large);
    let children = StoredValue::new(children);
    let drawn = move || {
        was_opened.get().then(|| {
            let nodes = children
                .get_value()
                .into_iter()
                .map(|(key, value)| node(key, value, depth + 1, is_large))
                .collect_view();
            let more = (left_out > 0)
                .then(|| view! { <div class="json__more">{format!("and {left_out} more; copy the document to see them")}</div> });
            view! { <div class="json__children">{nodes}{more}</div> }
        })
    };
    view! {
        <details class="json__node" open=starts_open on:toggle=move |_| was_opened.set(true)>
            <summary>
                {key.map(|key| view! { <span class="json__key">{key}</span> })}
                <span class="json__size">{size}</span>
            </summary>
            {drawn}
        </details>
    }
    .into_any()
}

fn leaf(key: Option<String>, value: &Value) -> AnyView {
    let (kind, text) = match value {
        Value::Null => ("null", "null".to_owned()),
        Value::Bool(value) => ("bool", value.to_string()),
        Value::Number(value) => ("number", value.to_string()),
        Value::String(value) => ("string", format!("\"{value}\"")),
        Value::Array(_) => ("null", "[]".to_owned()),
        Value::Object(_) => ("null", "{}".to_owned()),
    };
    view! {
        <div class="json__leaf">
            {key.map(|key| view! { <span class="json__key">{key}</span> })}
            <span class="json__value" data-type=kind>{text}</span>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_stops_at_the_limit() {
        let value: Value = serde_json::from_str("[1,2,[3,4],{\"a\":5}]").unwrap();
        assert_eq!(count(&value, 100), 8);
        assert_eq!(count(&value, 3), 3);
    }

    #[test]
    fn large_documents_draw_only_their_first_level() {
        let large = format!("{{\"rows\":[{}],\"n\":1}}", vec!["1"; 300].join(","));
        // Signals live in an owner; servers make one a request.
        let html = Owner::new().with(|| view! { <Json text=large/> }.to_html());
        assert!(html.contains("rows") && html.contains("[300]"), "{html}");
        assert_eq!(html.matches("json__leaf").count(), 1, "only `n` is drawn");
    }

    #[test]
    fn text_that_is_no_json_is_shown() {
        assert!(view! { <Json text="<b>no"/> }.to_html().contains("&lt;b&gt;no"));
    }
}
