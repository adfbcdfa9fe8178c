//! How pages and server functions talk. Reads are declared with `#[server(protocol = Question)]`, changes with
//! `#[server(protocol = Command)]`; pages hold them as [`Asked`] and [`Act`].
//!
//! Everything here but the thinnest shell is one piece of code for all server functions: pages carry the decoding of what they
//! show and nothing else.

pub mod act;
pub mod codec;
mod fetch;

use std::{fmt, future::Future, marker::PhantomData, pin::Pin, time::Duration};

use leptos::{prelude::*, server_fn::ServerFn, task::spawn_local};
use serde::{Serialize, de::DeserializeOwned};

pub use self::{
    act::{Act, ActForm, Acts},
    codec::{Answer, AnswerResource, BUILD_HEADER, Command, InPage, Question, Wire},
};
use crate::error::AppError;

/// A server function that reads.
pub trait Asks:
    ServerFn<Protocol = Question, Error = AppError, Output: Serialize + DeserializeOwned>
    + Serialize
    + DeserializeOwned
    + 'static
{
}

impl<F> Asks for F where
    F: ServerFn<Protocol = Question, Error = AppError, Output: Serialize + DeserializeOwned>
        + Serialize
        + DeserializeOwned
        + 'static
{
}

type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What a page asked, and the answer once it is there. Start it in `data()`, show it with [`crate::panel::Panel`].
pub struct Asked<T> {
    answer: AnswerResource,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Asked<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Asked<T> {}

impl<T> fmt::Debug for Asked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").finish_non_exhaustive()
    }
}

impl<T: 'static> Asked<T> {
    /// Asks, and asks again whenever the question changes. The server waits for the answer before it sends the page.
    pub fn new<F: Asks<Output = T>>(question: impl Fn() -> F + Send + Sync + 'static) -> Self {
        Self::when(move || Some(question()))
    }

    /// The same where there may be nothing to ask.
    pub fn when<F: Asks<Output = T>>(question: impl Fn() -> Option<F> + Send + Sync + 'static) -> Self {
        let arguments = move || question().map(|question| arguments(&question));
        Self { answer: resource(Box::new(arguments), answer_to::<F>), of: PhantomData }
    }

    /// Asks the same again.
    pub fn again(self) {
        self.answer.refetch();
    }

    /// The answer as it travels, for whoever draws it.
    pub fn resource(self) -> AnswerResource {
        self.answer
    }
}

fn resource(
    arguments: Box<dyn Fn() -> Option<String> + Send + Sync>,
    answer_to: fn(String) -> Answering,
) -> AnswerResource {
    Resource::new_with_options(
        arguments,
        move |arguments| -> Answering {
            match arguments {
                Some(arguments) => answer_to(arguments),
                None => Box::pin(async { Answer::Nothing }),
            }
        },
        true,
    )
}

/// Asks once, without a place in a page.
///
/// # Errors
/// What the server function answers, or that it could not be reached.
pub async fn ask<F: Asks>(question: F) -> Result<F::Output, AppError> {
    let answer = answer_to::<F>(arguments(&question)).await;
    answer.read().unwrap_or_else(|| Err(AppError::unreadable()))
}

/// Asks every moment while something is under way, and hands on what is answered. A look that fails says nothing: the next one
/// may. Browser only.
pub fn follow<F: Asks>(
    is_under_way: impl Fn() -> bool + Send + Sync + 'static,
    every: Duration,
    question: impl Fn() -> F + Clone + Send + Sync + 'static,
    take: impl Fn(F::Output) + Clone + Send + Sync + 'static,
) {
    let is_under_way = Memo::new(move |_| is_under_way());
    Effect::new(move |_| {
        if !is_under_way.get() {
            return;
        }
        let (question, take) = (question.clone(), take.clone());
        let look = move || {
            let (question, take) = (question(), take.clone());
            spawn_local(async move {
                if let Ok(now) = ask(question).await {
                    take(now);
                }
            });
        };
        if let Ok(timer) = set_interval_with_handle(look, every) {
            on_cleanup(move || timer.clear());
        }
    });
}

/// Arguments as they stand in an address.
fn arguments<F: Serialize>(function: &F) -> String {
    // Only a map with keys that are no texts cannot be written; arguments are structs.
    serde_qs::to_string(function).unwrap_or_default()
}

/// On the server a plain call, of what the browser would have asked.
#[cfg(feature = "ssr")]
fn answer_to<F: Asks>(arguments: String) -> Answering {
    use domain::{Problem, problem::ProblemCode};

    Box::pin(async move {
        // As deep as `leptos` lets a request go.
        let question = serde_qs::Config::new(5, false).deserialize_str::<F>(&arguments);
        let given = match question {
            Ok(question) => question.run_body().await,
            Err(cause) => {
                let message = format!("The request could not be read: {cause}");
                Err(Problem::new(ProblemCode::Invalid, message).into())
            }
        };
        Answer::of(given)
    })
}

#[cfg(not(feature = "ssr"))]
fn answer_to<F: Asks>(arguments: String) -> Answering {
    fetch::get(F::PATH, arguments)
}
