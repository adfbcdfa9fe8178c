//! What the settings pages show.

use domain::{
    auth::{KeyKind, Role, Scope},
    job::JobState,
};
use serde::{Deserialize, Serialize};

use crate::measured::Measured;

/// The keys page.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct KeysView {
    /// Newest first, revoked ones last.
    pub keys: Vec<KeyLine>,
    /// Address clients use.
    pub address: String,
    /// The server's present.
    pub now_us: i64,
}

/// One key.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct KeyLine {
    /// Id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Pair or client key.
    pub kind: KeyKind,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The public part.
    pub public_key: String,
    /// Last characters of the secret; empty for client keys.
    pub secret_hint: String,
    /// Where a client key may be used from; empty for pairs.
    pub origins: Vec<String>,
    /// Who made it.
    pub created_by: String,
    /// When, microseconds.
    pub created_us: i64,
    /// When it was used last.
    pub last_used_us: Option<i64>,
    /// When it was revoked.
    pub revoked_us: Option<i64>,
}

/// A key just made: the only time its secret is shown.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct NewKey {
    /// What it is called.
    pub name: String,
    /// Public part.
    pub public_key: String,
    /// Secret part.
    pub secret_key: String,
}

/// A client key just made. It is public and stays in the list.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct NewClientKey {
    /// What it is called.
    pub name: String,
    /// The key.
    pub public_key: String,
}

/// The members page.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct MembersView {
    /// By address.
    pub members: Vec<MemberLine>,
    /// Whether the visitor may change them.
    pub me: String,
    /// The server's present.
    pub now_us: i64,
}

/// One member.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct MemberLine {
    /// Id.
    pub id: String,
    /// Address.
    pub email: String,
    /// Role.
    pub role: Role,
    /// Since when, microseconds.
    pub since_us: i64,
    /// Whether they have chosen a password.
    pub active: bool,
}

/// A member just invited.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Invited {
    /// Whom.
    pub email: String,
    /// The link to hand them; none when they have an account already.
    pub link: Option<String>,
}

/// The general page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GeneralView {
    /// Name for people.
    pub name: String,
    /// Name in addresses.
    pub slug: String,
    /// Its id, which programs see.
    pub id: String,
    /// When it was made, microseconds.
    pub created_us: i64,
    /// The attribute generations are segmented by, as settings write it.
    pub segment: Option<String>,
    /// Raised by every change of the settings.
    pub revision: u64,
    /// Segments of the last 90 days by number of generations, most first.
    pub segments: Vec<(String, u64)>,
    /// How long events are kept, and what was deleted.
    pub data: DataView,
    /// Whether the visitor may change anything.
    pub may_manage: bool,
    /// The server's present.
    pub now_us: i64,
}

/// The field that repeats the project's address where something goes for good.
pub const CONFIRM: &str = "confirm";

/// How long events are kept, and what was deleted.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct DataView {
    /// For how many days; for ever if absent.
    pub retention_days: Option<u32>,
    /// Raised by every change of the settings.
    pub revision: u64,
    /// Deletions, newest first.
    pub erasures: Vec<ErasureLine>,
}

/// A deletion of events.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ErasureLine {
    /// Whose events; all of the project's if absent.
    pub user: Option<String>,
    /// Where it stands.
    pub state: JobState,
    /// Traces, spans, scores, outcome events, units of experiments and pieces of media that went so far.
    pub counts: [u64; 6],
    /// Why it failed.
    pub error: Option<String>,
    /// Who asked for it.
    pub created_by: String,
    /// When, microseconds.
    pub created_us: i64,
}

/// The environments page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnvironmentsView {
    /// By number of generations of the last 90 days, most first.
    pub lines: Vec<EnvironmentLine>,
    /// The server's present.
    pub now_us: i64,
}

/// One environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnvironmentLine {
    /// As senders name it.
    pub name: String,
    /// Generations of the last 90 days.
    pub generations: u64,
    /// Share of them that failed.
    pub failed: Measured,
    /// What they cost, nano-dollars.
    pub cost: Measured,
    /// Id and start, in microseconds, of its newest trace.
    pub newest: Option<(String, i64)>,
}

/// What a role may do, in a few words.
pub fn role_words(role: Role) -> &'static str {
    match role {
        Role::Viewer => "reads prompts, traces and numbers",
        Role::Analyst => "also adds scores",
        Role::Editor => "also changes prompts and moves labels",
        Role::Owner => "also manages keys and members",
    }
}

/// What a scope is for, in a few words.
pub fn scope_words(scope: Scope) -> &'static str {
    match scope {
        Scope::Ingest => "send traces and scores",
        Scope::Resolve => "resolve a version for a user",
        Scope::Read => "fetch prompts, read traces and numbers",
        Scope::Write => "save versions, move labels",
    }
}
