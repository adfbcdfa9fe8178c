//! The statements of the tables of totals.

use super::{ledger::Book, statement::Statement};

/// Generations by the hour.
pub(super) static SPAN_HOURS: Book = Book {
    // CROSS JOIN, here and below: the keys drive, each finds its row.
    find: Statement::new(
        "WITH wanted (project, prompt, hour, version, model, environment, segment, arm) AS (VALUES ",
        "(?,?,?,?,?,?,?,?)",
        ") SELECT wanted.*, cell.data FROM wanted CROSS JOIN cell_span AS cell ON cell.project = wanted.project \
         AND cell.prompt = wanted.prompt AND cell.hour = wanted.hour AND cell.version = wanted.version \
         AND cell.model = wanted.model AND cell.environment = wanted.environment AND cell.segment = wanted.segment \
         AND cell.arm = wanted.arm",
    ),
    put: Statement::new(
        "INSERT OR REPLACE INTO cell_span (project, prompt, hour, version, model, environment, segment, arm, data) VALUES ",
        "(?,?,?,?,?,?,?,?,?)",
        "",
    ),
    drop: Statement::new(
        "DELETE FROM cell_span WHERE (project, prompt, hour, version, model, environment, segment, arm) IN (VALUES ",
        "(?,?,?,?,?,?,?,?)",
        ")",
    ),
};
/// Generations by the day.
pub(super) static SPAN_DAYS: Book = Book {
    find: Statement::new(
        "WITH wanted (project, prompt, day, version, model, environment, segment, arm) AS (VALUES ",
        "(?,?,?,?,?,?,?,?)",
        ") SELECT wanted.*, cell.data FROM wanted CROSS JOIN day_span AS cell ON cell.project = wanted.project \
         AND cell.prompt = wanted.prompt AND cell.day = wanted.day AND cell.version = wanted.version \
         AND cell.model = wanted.model AND cell.environment = wanted.environment AND cell.segment = wanted.segment \
         AND cell.arm = wanted.arm",
    ),
    put: Statement::new(
        "INSERT OR REPLACE INTO day_span (project, prompt, day, version, model, environment, segment, arm, data) VALUES ",
        "(?,?,?,?,?,?,?,?,?)",
        "",
    ),
    drop: Statement::new(
        "DELETE FROM day_span WHERE (project, prompt, day, version, model, environment, segment, arm) IN (VALUES ",
        "(?,?,?,?,?,?,?,?)",
        ")",
    ),
};
/// Generations by the day and unit group.
pub(super) static SPAN_GROUPS: Book = Book {
    find: Statement::new(
        "WITH wanted (project, prompt, day, version, environment, arm, unit_group) AS (VALUES ",
        "(?,?,?,?,?,?,?)",
        ") SELECT wanted.*, cell.data FROM wanted CROSS JOIN group_span AS cell ON cell.project = wanted.project \
         AND cell.prompt = wanted.prompt AND cell.day = wanted.day AND cell.version = wanted.version \
         AND cell.environment = wanted.environment AND cell.arm = wanted.arm AND cell.unit_group = wanted.unit_group",
    ),
    put: Statement::new(
        "INSERT OR REPLACE INTO group_span (project, prompt, day, version, environment, arm, unit_group, data) VALUES ",
        "(?,?,?,?,?,?,?,?)",
        "",
    ),
    drop: Statement::new(
        "DELETE FROM group_span WHERE (project, prompt, day, version, environment, arm, unit_group) IN (VALUES ",
        "(?,?,?,?,?,?,?)",
        ")",
    ),
};
/// Scores by the hour.
pub(super) static SCORE_HOURS: Book = Book {
    find: Statement::new(
        "WITH wanted (project, prompt, hour, version, model, environment, segment, arm, name, level) AS (VALUES ",
        "(?,?,?,?,?,?,?,?,?,?)",
        ") SELECT wanted.*, cell.data FROM wanted CROSS JOIN cell_score AS cell ON cell.project = wanted.project \
         AND cell.prompt = wanted.prompt AND cell.hour = wanted.hour AND cell.version = wanted.version \
         AND cell.model = wanted.model AND cell.environment = wanted.environment AND cell.segment = wanted.segment \
         AND cell.arm = wanted.arm AND cell.name = wanted.name AND cell.level = wanted.level",
    ),
    put: Statement::new(
        "INSERT OR REPLACE INTO cell_score (project, prompt, hour, version, model, environment, segment, arm, name, level, \
         data) VALUES ",
        "(?,?,?,?,?,?,?,?,?,?,?)",
        "",
    ),
    drop: Statement::new(
        "DELETE FROM cell_score WHERE (project, prompt, hour, version, model, environment, segment, arm, name, level) \
         IN (VALUES ",
        "(?,?,?,?,?,?,?,?,?,?)",
        ")",
    ),
};
/// Scores by the day.
pub(super) static SCORE_DAYS: Book = Book {
    find: Statement::new(
        "WITH wanted (project, prompt, day, version, model, environment, segment, arm, name, level) AS (VALUES ",
        "(?,?,?,?,?,?,?,?,?,?)",
        ") SELECT wanted.*, cell.data FROM wanted CROSS JOIN day_score AS cell ON cell.project = wanted.project \
         AND cell.prompt = wanted.prompt AND cell.day = wanted.day AND cell.version = wanted.version \
         AND cell.model = wanted.model AND cell.environment = wanted.environment AND cell.segment = wanted.segment \
         AND cell.arm = wanted.arm AND cell.name = wanted.name AND cell.level = wanted.level",
    ),
    put: Statement::new(
        "INSERT OR REPLACE INTO day_score (project, prompt, day, version, model, environment, segment, arm, name, level, \
         data) VALUES ",
        "(?,?,?,?,?,?,?,?,?,?,?)",
        "",
    ),
    drop: Statement::new(
        "DELETE FROM day_score WHERE (project, prompt, day, version, model, environment, segment, arm, name, level) \
         IN (VALUES ",
        "(?,?,?,?,?,?,?,?,?,?)",
        ")",
    ),
};
/// Scores by the day and unit group.
pub(super) static SCORE_GROUPS: Book = Book {
    find: Statement::new(
        "WITH wanted (project, prompt, day, version, environment, arm, name, level, unit_group) AS (VALUES ",
        "(?,?,?,?,?,?,?,?,?)",
        ") SELECT wanted.*, cell.data FROM wanted CROSS JOIN group_score AS cell ON cell.project = wanted.project \
         AND cell.prompt = wanted.prompt AND cell.day = wanted.day AND cell.version = wanted.version \
         AND cell.environment = wanted.environment AND cell.arm = wanted.arm AND cell.name = wanted.name \
         AND cell.level = wanted.level AND cell.unit_group = wanted.unit_group",
    ),
    put: Statement::new(
        "INSERT OR REPLACE INTO group_score (project, prompt, day, version, environment, arm, name, level, unit_group, data) \
         VALUES ",
        "(?,?,?,?,?,?,?,?,?,?)",
        "",
    ),
    drop: Statement::new(
        "DELETE FROM group_score WHERE (project, prompt, day, version, environment, arm, name, level, unit_group) IN (VALUES ",
        "(?,?,?,?,?,?,?,?,?)",
        ")",
    ),
};
