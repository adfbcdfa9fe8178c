//! Who asks, and what they may do. The rules are one table, [`Permission::needs`]; `services` applies it, nobody else decides.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    Invalid,
    ids::{KeyId, ProjectId, UserId},
    invalid::shown,
};

/// Names of the session's cookie: over https, and on plain http, where browsers refuse the prefix.
pub const SESSION_COOKIES: [&str; 2] = ["__Host-assay_session", "assay_session"];

/// What a member of a project may do; each role may do all that the ones before it may.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads everything but keys and members.
    Viewer,
    /// Also adds scores and saved views.
    Analyst,
    /// Also changes prompts, labels, experiments and prices.
    Editor,
    /// Also manages members, keys and the project.
    Owner,
}

impl Role {
    /// Every role, weakest first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Analyst, Self::Editor, Self::Owner];

    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Editor => "editor",
            Self::Owner => "owner",
        }
    }
}

impl FromStr for Role {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            Invalid::new(format!("unknown role `{}`; roles: `viewer`, `analyst`, `editor`, `owner`", shown(text)))
        })
    }
}

/// What a key may be used for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Send spans, scores and events.
    Ingest,
    /// Resolve a slot to a version, report exposures.
    Resolve,
    /// Read prompts, traces, metrics.
    Read,
    /// Create prompt versions, move labels, set prices.
    Write,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::Ingest, Self::Resolve, Self::Read, Self::Write];

    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Resolve => "resolve",
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl FromStr for Scope {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or_else(|| {
            Invalid::new(format!("unknown scope `{}`; scopes: `ingest`, `resolve`, `read`, `write`", shown(text)))
        })
    }
}

/// Which kind of key: the secret one of a server, or the public one of a browser.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// Public and secret key (Basic), or the secret alone (Bearer).
    Pair,
    /// Public by design, for browsers: write-only or resolve-only, bound to origins.
    Client,
}

impl KeyKind {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pair => "pair",
            Self::Client => "client",
        }
    }
}

/// Whoever makes a request, once authenticated.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Actor {
    /// Nobody is known.
    Anonymous,
    /// A signed-in person with the roles they hold.
    Person {
        /// Who.
        user: UserId,
        /// Their role in each of their projects.
        roles: Vec<(ProjectId, Role)>,
    },
    /// A program with a key, which belongs to one project.
    Key {
        /// Which key.
        key: KeyId,
        /// Its project.
        project: ProjectId,
        /// Its kind.
        kind: KeyKind,
        /// What it may do.
        scopes: Vec<Scope>,
    },
    /// The server itself: start-up, command line, workers.
    System,
}

/// What every client key begins with, so that one is known from a secret without asking.
pub const CLIENT_KEY_PREFIX: &str = "ck-assay-";

/// One kind of thing that can be done in a project.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Permission {
    /// Send spans and scores.
    Ingest,
    /// See the project, its prompts, traces, scores and metrics.
    Read,
    /// Add scores by hand.
    Annotate,
    /// Say what one thinks of a trace or session: thumbs, a rating, a comment. With resolving, all a public client key may do.
    Feedback,
    /// Create prompts and versions, move labels.
    WritePrompts,
    /// Make, change, launch and end experiments.
    WriteExperiments,
    /// Ask which version a unit gets, and report that it did.
    Resolve,
    /// Set prices of models, and have stored spans priced again.
    WritePrices,
    /// Have everything of a user taken away for good.
    Erase,
    /// See and change members and keys, change the project.
    Manage,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 10] = [
        Self::Ingest,
        Self::Read,
        Self::Annotate,
        Self::Feedback,
        Self::WritePrompts,
        Self::WriteExperiments,
        Self::Resolve,
        Self::WritePrices,
        Self::Erase,
        Self::Manage,
    ];

    /// The weakest role that may, and the key scope that may (`None`: no key ever may).
    pub fn needs(self) -> (Role, Option<Scope>) {
        match self {
            Self::Ingest => (Role::Editor, Some(Scope::Ingest)),
            Self::Read => (Role::Viewer, Some(Scope::Read)),
            Self::Annotate | Self::Feedback => (Role::Analyst, Some(Scope::Ingest)),
            Self::Resolve => (Role::Analyst, Some(Scope::Resolve)),
            Self::WritePrompts | Self::WriteExperiments | Self::WritePrices => (Role::Editor, Some(Scope::Write)),
            Self::Erase => (Role::Owner, Some(Scope::Write)),
            Self::Manage => (Role::Owner, None),
        }
    }
}

/// What an actor is to a project, as far as a permission goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// May.
    Granted,
    /// Is known and belongs to the project, but may not do this.
    Forbidden,
    /// Has nothing to do with the project: to them it does not exist.
    Unknown,
    /// Nobody is signed in.
    Unauthenticated,
}

impl Actor {
    /// Whether the actor may do `permission` in `project`.
    pub fn access(&self, project: ProjectId, permission: Permission) -> Access {
        let (least, scope) = permission.needs();
        let granted = |yes: bool| if yes { Access::Granted } else { Access::Forbidden };
        match self {
            Self::System => Access::Granted,
            Self::Anonymous => Access::Unauthenticated,
            Self::Person { roles, .. } => match roles.iter().find(|(of, _)| *of == project) {
                Some((_, role)) => granted(*role >= least),
                None => Access::Unknown,
            },
            Self::Key { project: of, .. } if *of != project => Access::Unknown,
            // A client key is public: it reads nothing and writes no prompt, whatever its scopes say.
            Self::Key { kind: KeyKind::Client, scopes, .. } => granted(
                matches!(permission, Permission::Feedback | Permission::Resolve)
                    && scope.is_some_and(|scope| scopes.contains(&scope)),
            ),
            Self::Key { scopes, .. } => granted(scope.is_some_and(|scope| scopes.contains(&scope))),
        }
    }
}

/// An e-mail address, lower-cased; it is only checked for shape.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Email {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let shaped = text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty()
                && host.contains('.')
                && !host.starts_with('.')
                && !host.ends_with('.')
                && !host.contains('@')
        });
        if !shaped || text.len() > 254 || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(Invalid::new(format!("`{}` is not an e-mail address, such as `ana@example.com`", shown(text))));
        }
        Ok(Self(text.to_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const MINE: ProjectId = ProjectId(Uuid::from_u128(1));
    const OTHER: ProjectId = ProjectId(Uuid::from_u128(2));

    #[test]
    fn a_stronger_role_may_all_that_a_weaker_one_may() {
        for permission in Permission::ALL {
            let mut granted_before = false;
            for role in Role::ALL {
                let actor = Actor::Person { user: UserId(Uuid::from_u128(9)), roles: vec![(MINE, role)] };
                let granted = actor.access(MINE, permission) == Access::Granted;
                assert!(granted || !granted_before, "{role:?} lost {permission:?}");
                granted_before = granted;
                assert_eq!(actor.access(OTHER, permission), Access::Unknown);
            }
            assert!(granted_before, "no role may {permission:?}");
        }
    }

    #[test]
    fn a_client_key_gives_feedback_and_resolves_and_nothing_else_whatever_its_scopes() {
        let with = |scopes: &[Scope]| Actor::Key {
            key: KeyId(Uuid::from_u128(3)),
            project: MINE,
            kind: KeyKind::Client,
            scopes: scopes.to_vec(),
        };
        for permission in Permission::ALL {
            let may = |yes: bool| if yes { Access::Granted } else { Access::Forbidden };
            let (feedback, resolve) = (permission == Permission::Feedback, permission == Permission::Resolve);
            assert_eq!(with(&Scope::ALL).access(MINE, permission), may(feedback || resolve));
            assert_eq!(with(&[Scope::Resolve]).access(MINE, permission), may(resolve));
            assert_eq!(with(&[Scope::Ingest]).access(MINE, permission), may(feedback));
            assert_eq!(with(&Scope::ALL).access(OTHER, permission), Access::Unknown);
        }
    }
}
