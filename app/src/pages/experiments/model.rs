//! What the list of experiments shows.

use domain::experiment::{Arm, State};
use serde::{Deserialize, Serialize};

/// The list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExperimentsView {
    /// Newest first.
    pub lines: Vec<ExperimentLine>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
    /// Whether the project has none at all, in any state.
    pub none_yet: bool,
    /// Whether the visitor may make one.
    pub may_write: bool,
    /// The server's present.
    pub now_us: i64,
}

/// One experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExperimentLine {
    /// Its key.
    pub key: String,
    /// What people call it.
    pub title: String,
    /// Where it is in its life.
    pub state: State,
    /// The prompt.
    pub prompt: String,
    /// The label.
    pub label: String,
    /// Its arms, the control first.
    pub arms: Vec<ArmLine>,
    /// The share of the traffic that takes part, such as `40%`.
    pub coverage: String,
    /// When it began to split, microseconds.
    pub started_us: Option<i64>,
    /// When it ended.
    pub ended_us: Option<i64>,
    /// When it was changed last.
    pub updated_us: i64,
    /// What is known so far, in a sentence; of those that run or are paused.
    pub known: Option<String>,
}

/// One arm.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ArmLine {
    /// Its key.
    pub key: String,
    /// What people call it: its name, else its key.
    pub title: String,
    /// The version it serves; 0 while none is chosen.
    pub version: u32,
    /// Its share of the units that take part, in 1/10,000.
    pub weight: u16,
}

impl From<&Arm> for ArmLine {
    fn from(arm: &Arm) -> Self {
        Self { key: arm.key.to_string(), title: arm.title().to_owned(), version: arm.version, weight: arm.weight }
    }
}

impl ArmLine {
    /// The version in words: `v8`.
    pub fn version_words(&self) -> String {
        if self.version == 0 { "no version".to_owned() } else { format!("v{}", self.version) }
    }
}

/// Which experiments the address asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// All but archived ones.
    Current,
    /// Scheduled, running, paused.
    Live,
    /// Being written.
    Drafts,
    /// Decided or rolled back.
    Ended,
    /// Put away.
    Archived,
}

impl Status {
    /// Every one, in the order of the page.
    pub const ALL: [Self; 5] = [Self::Current, Self::Live, Self::Drafts, Self::Ended, Self::Archived];

    /// The one an address names; all but archived ones when it names none there is.
    pub fn of(word: Option<&str>) -> Self {
        Self::ALL.into_iter().find(|status| Some(status.word()) == word).unwrap_or(Self::Current)
    }

    /// The word in the address.
    pub fn word(self) -> &'static str {
        match self {
            Self::Current => "",
            Self::Live => "live",
            Self::Drafts => "draft",
            Self::Ended => "ended",
            Self::Archived => "archived",
        }
    }

    /// The word on the page.
    pub fn title(self) -> &'static str {
        match self {
            Self::Current => "All",
            Self::Live => "Live",
            Self::Drafts => "Drafts",
            Self::Ended => "Ended",
            Self::Archived => "Archived",
        }
    }

    /// Whether an experiment in this state belongs to it.
    pub fn holds(self, state: State) -> bool {
        match self {
            Self::Current => state != State::Archived,
            Self::Live => state.owns_slot(),
            Self::Drafts => state == State::Draft,
            Self::Ended => state.is_over() && state != State::Archived,
            Self::Archived => state == State::Archived,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_in_exactly_one_part_of_the_list() {
        for state in State::ALL {
            let parts = Status::ALL.into_iter().skip(1).filter(|status| status.holds(state)).count();
            assert_eq!(parts, 1, "{state}");
        }
        for status in Status::ALL {
            assert_eq!(Status::of(Some(status.word())), status);
        }
        assert_eq!(Status::of(Some("colour")), Status::Current);
    }
}
