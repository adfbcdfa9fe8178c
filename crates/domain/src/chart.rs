//! A chart as it travels to the browser: drawn options, one sentence, and the same data as a table.

use serde::{Deserialize, Serialize};

/// A chart and its text alternative, built on the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChartSpec {
    /// ECharts option as JSON, without functions; colours as `token:arm-1` names.
    pub option: String,
    /// What the chart shows, in one sentence.
    pub summary: String,
    /// The data behind it.
    pub table: DataTable,
}

/// Rows of text for people who do not see the chart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataTable {
    /// Column headings.
    pub columns: Vec<String>,
    /// Cells, one inner list a row, as long as `columns`.
    pub rows: Vec<Vec<String>>,
}
