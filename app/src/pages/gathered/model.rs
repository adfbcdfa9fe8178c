//! Lists of sessions and of users: what the address asks for, and one line.

use serde::{Deserialize, Serialize};

/// What the list is of.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub enum Kind {
    /// Sessions.
    #[default]
    Session,
    /// Users.
    User,
}

impl Kind {
    /// The parameter of the list of traces, and the word in sentences.
    pub fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::User => "user",
        }
    }

    /// The list's title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Session => "Sessions",
            Self::User => "Users",
        }
    }

    /// Its segment in addresses.
    pub fn segment(self) -> &'static str {
        match self {
            Self::Session => "sessions",
            Self::User => "users",
        }
    }
}

/// What the query string says.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GatheredQuery {
    /// How the id begins.
    pub q: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A session or a user.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct GatheredLine {
    /// As the sender names it.
    pub id: String,
    /// Start of the earliest trace, microseconds.
    pub first_us: i64,
    /// Start of the newest.
    pub last_us: i64,
    /// Name of the newest trace.
    pub last_name: String,
    /// Its id.
    pub last_trace: String,
    /// Its user.
    pub user: Option<String>,
    /// Its environment.
    pub environment: String,
    /// The traces added up here: the newest.
    pub traces: u32,
    /// Those with a failed span.
    pub failed: u32,
    /// Generations in them.
    pub generations: u64,
    /// Tokens read and written.
    pub tokens: (u64, u64),
    /// Nano-dollars; `None` when none says.
    pub cost: Option<i64>,
    /// Whether there are older traces, which are not in these numbers.
    pub more: bool,
}

/// One page of the list.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct GatheredLines {
    /// The lines.
    pub lines: Vec<GatheredLine>,
    /// Cursor of the next page.
    pub next: Option<String>,
    /// Set when the page ended early: traces that began before this, in microseconds, were not looked at.
    pub looked_back_to_us: Option<i64>,
    /// The server's present.
    pub now_us: i64,
}
