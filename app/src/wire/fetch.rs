//! One request of the browser.

use std::{future::Future, pin::Pin, sync::Arc};

use domain::{Problem, problem::ProblemCode};
use leptos::{
    prelude::{document, window},
    server_fn::{
        ContentType as _,
        error::FromServerFnError as _,
        redirect::{REDIRECT_HEADER, call_redirect_hook},
    },
};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, RequestInit, Response,
    js_sys::{Promise, Uint8Array},
};

use super::codec::{Answer, BUILD_HEADER, Wire};
use crate::error::AppError;

type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// How often it is looked whether a pointer that is down was let go, in milliseconds.
const LOOK_MS: i32 = 20;
/// As often at most: what is pressed for seconds is not being clicked.
const LOOKS: usize = 100;

/// Asks a question.
#[cfg(not(feature = "ssr"))]
pub(super) fn get(path: &'static str, arguments: String) -> Answering {
    answer(format!("{path}?{arguments}"), None)
}

/// Sends a form.
pub(super) fn post(path: &'static str, form: String) -> Answering {
    answer(path.to_owned(), Some(form))
}

fn answer(url: String, form: Option<String>) -> Answering {
    // The browser has one thread; a resource asks for what may move between several.
    Box::pin(SendWrapper::new(async move {
        let answer = send(&url, form).await;
        let_go().await;
        match answer {
            Ok(answer) => answer,
            Err(_) => Answer::Refused(AppError(Problem::new(
                ProblemCode::Unavailable,
                "The server could not be reached. Check the connection and try again.",
            ))),
        }
    }))
}

async fn send(url: &str, form: Option<String>) -> Result<Answer, JsValue> {
    let headers = Headers::new()?;
    headers.set("accept", Wire::CONTENT_TYPE)?;
    let request = RequestInit::new();
    if let Some(form) = form {
        headers.set("content-type", "application/x-www-form-urlencoded")?;
        request.set_method("POST");
        request.set_body(&form.into());
    }
    request.set_headers(&headers);
    let abort = AbortOnDrop(AbortController::new()?);
    request.set_signal(Some(&abort.0.signal()));

    let response: Response = JsFuture::from(window().fetch_with_str_and_init(url, &request)).await?.unchecked_into();
    let body = JsFuture::from(response.array_buffer()?).await?;
    let bytes: Arc<[u8]> = Uint8Array::new(&body).to_vec().into();

    let said = response.headers();
    let is_ours = said.get("content-type")?.is_some_and(|kind| kind == Wire::CONTENT_TYPE);
    if is_ours && said.get(BUILD_HEADER)?.is_some_and(|build| build != ui::asset::url("")) {
        return Ok(Answer::Refused(AppError::outdated()));
    }
    if !response.ok() {
        // A proxy on the way answers in its own words.
        let error = if is_ours { AppError::de(bytes.to_vec().into()) } else { AppError::unreadable() };
        return Ok(Answer::Refused(error));
    }
    if said.has(REDIRECT_HEADER)? {
        let location = said.get("location")?;
        call_redirect_hook(&location.unwrap_or_else(|| response.url()));
    }
    Ok(if is_ours { Answer::Value(bytes) } else { Answer::Refused(AppError::unreadable()) })
}

/// Until nothing is pressed. An answer that draws something anew between the press and its end takes away what is being clicked, and
/// then there is no click.
async fn let_go() {
    let is_pressed = || document().query_selector(":active").is_ok_and(|pressed| pressed.is_some());
    for _ in 0..LOOKS {
        if !is_pressed() {
            return;
        }
        let later = Promise::new(&mut |resolve, _| {
            // Fails for what is no function only.
            let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, LOOK_MS);
        });
        let _ = JsFuture::from(later).await;
    }
}

/// A question nobody waits for any more is not answered in vain. Aborting what is done does nothing.
struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
