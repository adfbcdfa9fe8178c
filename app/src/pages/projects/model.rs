//! What the projects page shows.

use domain::auth::Role;
use serde::{Deserialize, Serialize};

/// The page.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ProjectsView {
    /// The visitor's projects, oldest first.
    pub projects: Vec<ProjectLine>,
    /// Whether the visitor may make one.
    pub may_create: bool,
    /// The server's present.
    pub now_us: i64,
}

/// One project.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ProjectLine {
    /// Its name in addresses.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What the visitor is in it.
    pub role: Role,
    /// Whether it is the demo.
    pub demo: bool,
    /// When it was made, microseconds.
    pub created_us: i64,
}
