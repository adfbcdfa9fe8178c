//! What every page of a project knows of its visitor.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{error::AppError, wire::Question};

/// The visitor and what they may do here.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// Their address.
    pub email: String,
    /// Name of the project.
    pub project_name: String,
    /// Whether they may change prompts and labels.
    pub may_write: bool,
    /// Whether they may manage keys and members.
    pub may_manage: bool,
}

/// The visitor of a project.
#[server(protocol = Question)]
pub async fn load_frame(project: String) -> Result<Frame, AppError> {
    use domain::auth::Role;

    let visit = crate::context::visit(&project).await?;
    Ok(Frame {
        email: visit.email,
        project_name: visit.project.name,
        may_write: visit.role >= Role::Editor,
        may_manage: visit.role >= Role::Owner,
    })
}

/// The theme the visitor chose, the same on both sides of hydration: the server reads the cookie, the browser what the server
/// wrote on the document.
pub fn theme() -> ui::ThemeChoice {
    #[cfg(feature = "ssr")]
    let name = crate::context::cookie(ui::theme::COOKIE);
    #[cfg(not(feature = "ssr"))]
    let name = document().document_element().and_then(|root| root.get_attribute("data-theme"));
    ui::ThemeChoice::named(&name.unwrap_or_default())
}
