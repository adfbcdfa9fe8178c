//! Sends a file from the browser: as the body of the request, so that it is read from the disk piece by piece, and told how far
//! it is, which `fetch` cannot do.

use ui::Query;
use wasm_bindgen::{JsCast as _, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    File, ProgressEvent, XmlHttpRequest,
    js_sys::{JSON, Promise, Reflect},
};

/// Sends it; `told` hears what share of it has left, from 0 to 1.
///
/// # Errors
/// Why it was not taken, in words.
pub(super) async fn send(
    project: &str,
    file: &File,
    format: &str,
    dry_run: bool,
    told: impl Fn(f64) + 'static,
) -> Result<(), String> {
    let query = Query::from_pairs([
        ("project", project.to_owned()),
        ("format", format.to_owned()),
        ("dry_run", dry_run.to_string()),
        ("name", file.name()),
    ]);
    let url = format!("/api/v1/imports{}", query.href());
    let sent = request(&url, file, told).await.ok().filter(|request| request.status().is_ok_and(|status| status > 0));
    let Some(request) = sent else {
        return Err("The file could not be sent. Check the connection, and that the file is still there.".to_owned());
    };
    let status = request.status().unwrap_or_default();
    if (200..300).contains(&status) {
        return Ok(());
    }
    let said = request.response_text().ok().flatten().and_then(|text| JSON::parse(&text).ok());
    Err(said.as_ref().and_then(words).unwrap_or_else(|| format!("The server answered {status}.")))
}

/// The request once it has ended, well or not.
async fn request(url: &str, file: &File, told: impl Fn(f64) + 'static) -> Result<XmlHttpRequest, JsValue> {
    let request = XmlHttpRequest::new()?;
    request.open("POST", url)?;
    let on_progress = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
        if event.total() > 0.0 {
            told(event.loaded() / event.total());
        }
    });
    request.upload()?.set_onprogress(Some(on_progress.as_ref().unchecked_ref()));
    let ended = Promise::new(&mut |resolve, _| request.set_onloadend(Some(&resolve)));
    request.send_with_opt_blob(Some(file))?;
    JsFuture::from(ended).await?;
    Ok(request)
}

/// What a problem document says: of its first field, else of the whole.
fn words(problem: &JsValue) -> Option<String> {
    let get = |of: &JsValue, name: &str| Reflect::get(of, &JsValue::from_str(name)).ok();
    let field = get(problem, "fields").and_then(|fields| Reflect::get_u32(&fields, 0).ok());
    let said = field.filter(|field| !field.is_undefined()).and_then(|field| get(&field, "message")?.as_string());
    said.or_else(|| get(problem, "detail")?.as_string())
}
