use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize, de};

use crate::{Invalid, invalid::shown};

/// Where an experiment is in its life. In JSON one word; a decided experiment is `shipped`, `stopped` or `inconclusive`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum State {
    /// Being written; serves nobody.
    Draft,
    /// Launched, waiting for its start. It owns its slot.
    Scheduled,
    /// Splitting traffic.
    Running,
    /// Everybody gets the control; it still owns its slot.
    Paused,
    /// Over.
    Decided(Outcome),
    /// Ended by its rule or by hand because it did harm; everybody gets the control.
    RolledBack,
    /// Put away.
    Archived,
}

/// How an experiment ended.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The label moved to an arm's version.
    Ship,
    /// The control stays.
    Stop,
    /// It ran out of time or units; the control stays.
    Inconclusive,
}

/// What can be done to an experiment.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Take over the slot, to start at once or at the scheduled start.
    Launch,
    /// Begin to split a scheduled experiment.
    Start,
    /// Give everybody the control for a while.
    Pause,
    /// Split again.
    Resume,
    /// Climb the next step of the ramp.
    Advance,
    /// Move the label to an arm's version and end.
    Ship,
    /// End and keep the control.
    Stop,
    /// End without an answer and keep the control.
    Conclude,
    /// End because it does harm and keep the control.
    RollBack,
    /// Take back the ending, within seconds: what undo does.
    Reopen,
    /// Put away.
    Archive,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Draft,
        Self::Scheduled,
        Self::Running,
        Self::Paused,
        Self::Decided(Outcome::Ship),
        Self::Decided(Outcome::Stop),
        Self::Decided(Outcome::Inconclusive),
        Self::RolledBack,
        Self::Archived,
    ];

    /// The word stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Decided(Outcome::Ship) => "shipped",
            Self::Decided(Outcome::Stop) => "stopped",
            Self::Decided(Outcome::Inconclusive) => "inconclusive",
            Self::RolledBack => "rolled_back",
            Self::Archived => "archived",
        }
    }

    /// Whether it owns its slot: the label does not move without stopping or rebasing it.
    pub fn owns_slot(self) -> bool {
        matches!(self, Self::Scheduled | Self::Running | Self::Paused)
    }

    /// Whether it is over; its numbers no longer change but for late events.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Decided(_) | Self::RolledBack | Self::Archived)
    }

    /// The state after an action.
    ///
    /// [`Action::Launch`] gives [`Self::Running`]; whoever reads the clock makes that [`Self::Scheduled`] while the start lies
    /// ahead. [`Action::Reopen`] gives [`Self::Paused`]; whoever keeps the record puts the state before the ending back.
    ///
    /// # Errors
    /// When the action means nothing here; the sentence names the states in which it does.
    pub fn after(self, action: Action) -> Result<Self, Invalid> {
        if !action.possible_in(self) {
            let right: Vec<String> = Self::ALL
                .into_iter()
                .filter(|state| action.possible_in(*state))
                .map(|state| format!("`{state}`"))
                .collect();
            return Err(Invalid::new(format!(
                "the experiment is `{self}`; `{action}` is possible while it is {}",
                right.join(" or ")
            )));
        }
        Ok(match action {
            Action::Launch | Action::Start | Action::Resume | Action::Advance => Self::Running,
            Action::Pause | Action::Reopen => Self::Paused,
            Action::Ship => Self::Decided(Outcome::Ship),
            Action::Stop => Self::Decided(Outcome::Stop),
            Action::Conclude => Self::Decided(Outcome::Inconclusive),
            Action::RollBack => Self::RolledBack,
            Action::Archive => Self::Archived,
        })
    }
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 11] = [
        Self::Launch,
        Self::Start,
        Self::Pause,
        Self::Resume,
        Self::Advance,
        Self::Ship,
        Self::Stop,
        Self::Conclude,
        Self::RollBack,
        Self::Reopen,
        Self::Archive,
    ];

    /// The word sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Launch => "launch",
            Self::Start => "start",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Advance => "advance",
            Self::Ship => "ship",
            Self::Stop => "stop",
            Self::Conclude => "conclude",
            Self::RollBack => "roll_back",
            Self::Reopen => "reopen",
            Self::Archive => "archive",
        }
    }

    /// Whether it means something in a state.
    pub fn possible_in(self, state: State) -> bool {
        match self {
            Self::Launch => state == State::Draft,
            Self::Start => state == State::Scheduled,
            Self::Pause | Self::Advance => state == State::Running,
            Self::Resume => state == State::Paused,
            Self::Ship | Self::Conclude | Self::RollBack => matches!(state, State::Running | State::Paused),
            Self::Stop => state.owns_slot(),
            Self::Reopen => matches!(state, State::Decided(_) | State::RolledBack),
            Self::Archive => matches!(state, State::Draft | State::Decided(_) | State::RolledBack),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for State {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
            let known: Vec<String> = Self::ALL.iter().map(|state| format!("`{state}`")).collect();
            Invalid::new(format!("unknown state `{}`; known: {}", shown(text), known.join(", ")))
        })
    }
}

impl Serialize for State {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_read_back_what_they_write() {
        for state in State::ALL {
            assert_eq!(state.to_string().parse::<State>().unwrap(), state);
        }
        assert!("decided".parse::<State>().is_err());
    }

    #[test]
    fn an_action_is_possible_exactly_where_the_sentence_says() {
        for state in State::ALL {
            for action in Action::ALL {
                if let Ok(next) = state.after(action) {
                    assert!(next != State::Draft && next != State::Scheduled, "{action} while {state}");
                }
            }
        }
        assert_eq!(State::Scheduled.after(Action::Stop), Ok(State::Decided(Outcome::Stop)));
        assert_eq!(State::Paused.after(Action::Resume), Ok(State::Running));
        assert!(State::Scheduled.after(Action::Pause).is_err());
        assert_eq!(
            State::Draft.after(Action::Ship).unwrap_err().to_string(),
            "the experiment is `draft`; `ship` is possible while it is `running` or `paused`"
        );
    }

    #[test]
    fn what_is_archived_stays_so_and_what_is_over_serves_nobody() {
        for action in Action::ALL {
            assert!(State::Archived.after(action).is_err());
        }
        for state in State::ALL {
            assert!(!(state.is_over() && state.owns_slot()));
        }
    }
}
