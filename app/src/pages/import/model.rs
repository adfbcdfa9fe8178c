//! What the import page shows.

use domain::job::JobState;
use serde::{Deserialize, Serialize};

/// The page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImportsView {
    /// Newest first.
    pub jobs: Vec<ImportLine>,
    /// What became of the file of the job the address names, else of the newest.
    pub report: Option<Report>,
    /// Whether the visitor may import.
    pub may_import: bool,
    /// The server's present.
    pub now_us: i64,
}

impl ImportsView {
    /// The one under way: there is one at most.
    pub fn under_way(&self) -> Option<&ImportLine> {
        self.jobs.iter().find(|job| !job.state.is_final())
    }
}

/// One import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportLine {
    /// Id.
    pub id: String,
    /// What the file is called.
    pub name: String,
    /// `langfuse`, `jsonl` or `csv`.
    pub format: String,
    /// Nothing is stored.
    pub dry_run: bool,
    /// Size of the file.
    pub bytes: u64,
    /// Where it stands.
    pub state: JobState,
    /// How far it is, whole percent.
    pub percent: u8,
    /// Records stored, and left out, once it is done.
    pub outcome: Option<(u64, u64)>,
    /// Why it failed as a whole.
    pub error: Option<String>,
    /// Who sent it.
    pub created_by: String,
    /// When, microseconds.
    pub created_us: i64,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Of which job.
    pub job: String,
    /// What the file is called.
    pub name: String,
    /// Nothing was stored.
    pub dry_run: bool,
    /// Each sort of record: its name, how many the file has, stored, left out.
    pub counts: Vec<(String, [u64; 3])>,
    /// Records that are none of these.
    pub unknown: u64,
    /// Things worth knowing, in the order of the file.
    pub notes: Vec<NoteLine>,
    /// How many more there were.
    pub more_notes: u64,
}

/// Something about one record.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct NoteLine {
    /// Where it is in the file.
    pub place: String,
    /// What sort of record it is.
    pub kind: String,
    /// Whether it was left out.
    pub skipped: bool,
    /// Why, or what was changed.
    pub reason: String,
}

/// The format a file's name speaks of.
pub fn format_of(name: &str) -> Option<&'static str> {
    let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
    match ending.as_str() {
        "json" => Some("langfuse"),
        "jsonl" | "ndjson" => Some("jsonl"),
        "csv" => Some("csv"),
        _ => None,
    }
}

/// A format in words.
pub fn format_words(format: &str) -> &'static str {
    match format {
        "langfuse" => "JSON (Langfuse)",
        "jsonl" => "JSON lines",
        _ => "CSV",
    }
}

/// A size: `412 bytes`, `3.4 MB`.
pub fn size_words(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} KB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_format_where_it_can() {
        assert_eq!(format_of("export.2026.JSON"), Some("langfuse"));
        assert_eq!(format_of("a.ndjson"), Some("jsonl"));
        assert_eq!(format_of("scores.csv"), Some("csv"));
        assert_eq!(format_of("export.json.gz"), None);
        assert_eq!(format_of("export"), None);
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!(size_words(412), "412 bytes");
        assert_eq!(size_words(3_440_000), "3.4 MB");
    }
}
