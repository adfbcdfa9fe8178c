//! Server functions of signing in, out, and setting up. They work as plain form posts too.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    error::AppError,
    wire::{Command, Question},
};

/// Begins a session and goes where the visitor wanted to.
#[server(protocol = Command)]
pub async fn sign_in(email: String, password: String, next: Option<String>) -> Result<(), AppError> {
    use crate::context;

    let session =
        context::services().access.sign_in(&email, &password, &context::client()).await.map_err(wrong_password)?;
    context::begin(&session);
    leptos_axum::redirect(&super::model::safe_next(next.as_deref()));
    Ok(())
}

/// Ends the session.
#[server(protocol = Command)]
pub async fn sign_out() -> Result<(), AppError> {
    use crate::context;

    if let Some(token) = context::session_token() {
        context::services().access.sign_out(&token).await.map_err(context::refusal)?;
    }
    context::end_session();
    leptos_axum::redirect("/signin");
    Ok(())
}

/// Makes the first owner and project.
#[server(protocol = Command)]
pub async fn set_up(token: String, email: String, password: String, project: String) -> Result<(), AppError> {
    use crate::context;

    let access = context::services().access;
    let session = access.set_up(&token, &email, &password, &project).await.map_err(context::refusal)?;
    context::begin(&session);
    leptos_axum::redirect("/");
    Ok(())
}

/// Sets the password a link was made for.
#[server(protocol = Command)]
pub async fn set_password(token: String, password: String) -> Result<(), AppError> {
    use crate::context;

    let session = context::services().access.set_password(&token, &password).await.map_err(context::refusal)?;
    context::begin(&session);
    leptos_axum::redirect("/");
    Ok(())
}

/// What a one-time link opens.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum LinkOpens {
    /// The form for the first owner.
    FirstOwner,
    /// The form for a new password.
    Password {
        /// Whose.
        email: String,
    },
}

/// What a link opens, without using it up.
#[server(protocol = Question)]
pub async fn open_link(token: String) -> Result<LinkOpens, AppError> {
    use services::access::LinkFor;

    use crate::context;

    match context::services().access.link(&token).await.map_err(context::refusal)? {
        LinkFor::FirstOwner => Ok(LinkOpens::FirstOwner),
        LinkFor::Password { email } => Ok(LinkOpens::Password { email: email.to_string() }),
    }
}

/// Where `/` leads: the visitor's first project, or the sign-in.
#[server(protocol = Question)]
pub async fn start() -> Result<String, AppError> {
    use crate::{context, routes::project_href};

    let Ok(person) = context::person().await else {
        // Not being signed in is an answer here, not a failure.
        crate::error::set_status(200);
        return Ok("/signin".to_owned());
    };
    let projects = context::services().access.projects(&person.actor).await.map_err(context::refusal)?;
    Ok(projects.first().map_or_else(|| "/signin".to_owned(), |project| project_href(project.slug.as_str())))
}

/// The general words for missing credentials do not fit a form that just sent some.
#[cfg(feature = "ssr")]
fn wrong_password(error: services::ServiceError) -> AppError {
    use domain::{Problem, problem::ProblemCode};
    use services::ServiceError;

    match error {
        ServiceError::Unauthenticated => Problem::new(
            ProblemCode::Unauthenticated,
            "The e-mail address or the password is wrong. An owner can give you a new link.",
        )
        .into(),
        other => crate::context::refusal(other),
    }
}
