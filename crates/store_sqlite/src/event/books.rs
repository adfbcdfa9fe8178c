//! The tables of totals, by their keys.

use std::sync::LazyLock;

use super::ledger::Book;

/// Generations by the hour.
pub(super) static SPAN_HOURS: LazyLock<Book<8>> = LazyLock::new(|| {
    Book::new("cell_span", ["project", "prompt", "hour", "version", "model", "environment", "segment", "arm"])
});
/// Generations by the day.
pub(super) static SPAN_DAYS: LazyLock<Book<8>> = LazyLock::new(|| {
    Book::new("day_span", ["project", "prompt", "day", "version", "model", "environment", "segment", "arm"])
});
/// Sums of generations by the day, all unit groups in a row.
pub(super) static SPAN_GROUPS: LazyLock<Book<6>> =
    LazyLock::new(|| Book::new("group_span", ["project", "prompt", "day", "version", "environment", "arm"]));
/// Bins of generations by the day and unit group.
pub(super) static BINS_OF_GROUPS: LazyLock<Book<7>> = LazyLock::new(|| {
    Book::new("group_bins", ["project", "prompt", "day", "version", "environment", "arm", "unit_group"])
});
/// Scores by the hour.
pub(super) static SCORE_HOURS: LazyLock<Book<10>> = LazyLock::new(|| {
    Book::new(
        "cell_score",
        ["project", "prompt", "hour", "version", "model", "environment", "segment", "arm", "name", "level"],
    )
});
/// Scores by the day.
pub(super) static SCORE_DAYS: LazyLock<Book<10>> = LazyLock::new(|| {
    Book::new(
        "day_score",
        ["project", "prompt", "day", "version", "model", "environment", "segment", "arm", "name", "level"],
    )
});
/// Scores by the day, all unit groups in a row.
pub(super) static SCORE_GROUPS: LazyLock<Book<8>> = LazyLock::new(|| {
    Book::new("group_score", ["project", "prompt", "day", "version", "environment", "arm", "name", "level"])
});
