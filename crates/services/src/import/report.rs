//! What became of a file.

use serde::{Deserialize, Serialize};

use super::source::Place;

/// Notes kept; the rest are counted.
const NOTES: usize = 200;

/// Of one sort of record.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// Records of this sort in the file.
    pub read: u64,
    /// Stored, or there already; in a dry run: would be.
    pub stored: u64,
    /// Not brought; the notes say why.
    pub skipped: u64,
}

/// Something about one record.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Where it is: `line 12`, `traces[3]`.
    pub place: String,
    /// What sort of record it is: `prompt`, `trace`, `observation`, `score`, `record`.
    pub kind: String,
    /// Whether the record was left out; else it was brought with a change.
    pub skipped: bool,
    /// What was wrong and what would be right, or what was changed.
    pub reason: String,
}

/// What became of a file.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct ImportReport {
    /// Nothing was stored.
    pub dry_run: bool,
    /// Versions of prompts.
    pub prompts: Count,
    /// Traces.
    pub traces: Count,
    /// Observations.
    pub observations: Count,
    /// Scores.
    pub scores: Count,
    /// Records that are none of these.
    pub unknown: u64,
    /// The first 200 things worth knowing, in the order of the file.
    pub notes: Vec<Note>,
    /// How many more there were.
    pub more_notes: u64,
}

impl ImportReport {
    fn note(&mut self, place: Place, kind: &str, skipped: bool, reason: String) {
        if self.notes.len() < NOTES {
            self.notes.push(Note { place: place.to_string(), kind: kind.to_owned(), skipped, reason });
        } else {
            self.more_notes += 1;
        }
    }

    pub(super) fn skip_prompt(&mut self, place: Place, reason: String) {
        self.prompts.skipped += 1;
        self.note(place, "prompt", true, reason);
    }

    pub(super) fn change_prompt(&mut self, place: Place, change: String) {
        self.note(place, "prompt", false, change);
    }

    pub(super) fn skip_trace(&mut self, place: Place, reason: String) {
        self.traces.skipped += 1;
        self.note(place, "trace", true, reason);
    }

    pub(super) fn skip_observation(&mut self, place: Place, reason: String) {
        self.observations.skipped += 1;
        self.note(place, "observation", true, reason);
    }

    pub(super) fn skip_score(&mut self, place: Place, reason: String) {
        self.scores.skipped += 1;
        self.note(place, "score", true, reason);
    }

    pub(super) fn skip_record(&mut self, place: Place, reason: String) {
        self.unknown += 1;
        self.note(place, "record", true, reason);
    }
}
