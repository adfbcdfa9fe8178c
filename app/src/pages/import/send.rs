//! Sends a file from the browser: as the body of the request, so that it is read from the disk piece by piece.

use leptos::prelude::window;
use ui::Query;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, RequestInit, Response, js_sys::Reflect};

/// Sends it.
///
/// # Errors
/// Why it was not taken, in words.
pub(super) async fn send(project: &str, file: &File, format: &str, dry_run: bool) -> Result<(), String> {
    let query = Query::from_pairs([
        ("project", project.to_owned()),
        ("format", format.to_owned()),
        ("dry_run", dry_run.to_string()),
        ("name", file.name()),
    ]);
    let unreached =
        |_: JsValue| "The file could not be sent. Check the connection, and that the file is still there.".to_owned();
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_body(file.as_ref());
    let url = format!("/api/v1/imports{}", query.href());
    let answer = JsFuture::from(window().fetch_with_str_and_init(&url, &request)).await.map_err(unreached)?;
    let answer: Response = answer.unchecked_into();
    if answer.ok() {
        return Ok(());
    }
    let unread = format!("The server answered {}.", answer.status());
    let Ok(body) = answer.json() else { return Err(unread) };
    let problem = JsFuture::from(body).await.map_err(|_| unread.clone())?;
    Err(words(&problem).unwrap_or(unread))
}

/// What a problem document says: of its first field, else of the whole.
fn words(problem: &JsValue) -> Option<String> {
    let get = |of: &JsValue, name: &str| Reflect::get(of, &JsValue::from_str(name)).ok();
    let field = get(problem, "fields").and_then(|fields| Reflect::get_u32(&fields, 0).ok());
    let said = field.filter(|field| !field.is_undefined()).and_then(|field| get(&field, "message")?.as_string());
    said.or_else(|| get(problem, "detail")?.as_string())
}
