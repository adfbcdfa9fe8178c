//! The numbers of a prompt as the Metrics tab shows them: written out by the server, so that the browser only draws.

use domain::chart::ChartSpec;
use serde::{Deserialize, Serialize};

use crate::range::RangeShown;

/// The range when the address does not say.
pub const DEFAULT_RANGE: &str = "30d";

/// Something to choose, with the word the address has for it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Choosable {
    /// In the address.
    pub key: String,
    /// Shown.
    pub text: String,
}

/// Everything the tab shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricsView {
    /// Filters: parameter, name and the values seen in the range.
    pub filters: Vec<FilterChoice>,
    /// What rows are, a word of the address: `version`, `model`, ….
    pub by: String,
    /// What one row is called: `Version`.
    pub group: String,
    /// Which numbers the table has.
    pub show: String,
    /// The measure charted, or `all`.
    pub trend: String,
    /// Measures that can be charted.
    pub trends: Vec<Choosable>,
    /// The chart, or the small ones; none when nothing was seen.
    pub charts: Vec<TitledChart>,
    /// The lines of all charts: name and place in the palette.
    pub legend: Vec<(String, u32)>,
    /// Numbers by row.
    pub table: Table,
    /// Scores by row and name.
    pub scores: Vec<ScoreLine>,
    /// How values are spread.
    pub distribution: Option<SpreadView>,
    /// What can be compared.
    pub groups: Vec<Choosable>,
    /// How two rows differ.
    pub comparison: Option<ComparedView>,
    /// What a reader has to know of the numbers.
    pub notices: Vec<String>,
    /// Where days begin.
    pub zone: String,
    /// The range chosen.
    pub range: RangeShown,
    /// Milliseconds the numbers lag behind what was stored.
    pub lag_ms: u64,
    /// Why they are not whole.
    pub partial: Option<String>,
    /// Zones offered; any other name can be typed.
    pub zones: Vec<String>,
    /// The server's present.
    pub now_us: i64,
}

/// A filter and what it can be set to.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct FilterChoice {
    /// Parameter of the address.
    pub key: String,
    /// Shown.
    pub name: String,
    /// Values seen, most used first; the empty text is "none".
    pub values: Vec<String>,
}

/// A chart with its heading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TitledChart {
    /// The measure.
    pub key: String,
    /// What it shows.
    pub title: String,
    /// The chart.
    pub spec: ChartSpec,
}

/// Numbers by row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Headings, and what they mean.
    pub columns: Vec<(String, String)>,
    /// Rows, newest version or most used first.
    pub rows: Vec<Row>,
    /// Rows there are beyond these.
    pub hidden: u64,
}

/// The numbers of one version, model, environment, segment or user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What it is called: `v3`, `gpt-4o`.
    pub name: String,
    /// Where the name leads: the version, or the same page with this as its filter.
    pub href: String,
    /// Place in the palette of the charts; none beyond those drawn.
    pub series: Option<u32>,
    /// What the registry knows of a version; none of other rows.
    pub change: Option<Change>,
    /// Generations by step of time, for a small line.
    pub volume: Vec<f64>,
    /// One a column.
    pub cells: Vec<Cell>,
}

/// What the registry knows of a version.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// Only traces name it.
    Unknown,
    /// It was made.
    Known {
        /// Why.
        message: Option<String>,
        /// Who made it.
        author: String,
        /// When.
        created_us: i64,
        /// Labels on it.
        labels: Vec<String>,
    },
}

/// One number, written out.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The number; `–` when nothing was observed.
    pub text: String,
    /// Where the true value lies with 95% confidence: `1.15 s to 1.27 s`, `±1.9 pts`.
    pub interval: Option<String>,
    /// What it rests on: `n 4,790`.
    pub n: Option<String>,
    /// Why there is no interval where there could be one.
    pub why: Option<String>,
    /// The traces behind it.
    pub href: Option<String>,
}

/// The scores of one name in one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreLine {
    /// The row's name.
    pub group: String,
    /// The score's.
    pub name: String,
    /// Mean, median, p10, p90, smallest, largest, standard deviation.
    pub cells: Vec<Cell>,
}

/// How the values of a subject are spread, row by row on one axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpreadView {
    /// Word of the subject.
    pub key: String,
    /// What it is called.
    pub title: String,
    /// What else can be shown.
    pub choices: Vec<Choosable>,
    /// One a row.
    pub rows: Vec<SpreadRow>,
    /// Marks of the axis: place in percent of the width, and text.
    pub ticks: Vec<(f64, String)>,
}

/// The distribution of one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpreadRow {
    /// The row's name.
    pub group: String,
    /// Place in the palette.
    pub series: Option<u32>,
    /// Values.
    pub n: u64,
    /// The same in words, for those who do not see bars.
    pub words: String,
    /// Bars: place, width and height in percent.
    pub bars: Vec<(f64, f64, f64)>,
}

/// How two rows differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedView {
    /// Key of the baseline.
    pub a: String,
    /// Key of what is compared with it.
    pub b: String,
    /// Their names.
    pub names: (String, String),
    /// What can be said, a sentence each, the sure ones first.
    pub said: Vec<String>,
    /// Measure by measure.
    pub rows: Vec<ComparedRow>,
}

/// How one measure differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedRow {
    /// What is measured.
    pub title: String,
    /// The baseline's value.
    pub before: Cell,
    /// The other's.
    pub after: Cell,
    /// Their difference, and its interval.
    pub difference: Cell,
    /// The relative difference with its ends, for the bar.
    pub relative: Option<(f64, f64, f64)>,
    /// What that means.
    pub reading: Reading,
}

/// What a difference means.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Reading {
    /// Better for certain, as far as 95% are certain.
    Better,
    /// Worse.
    Worse,
    /// It differs; which way is good depends on the score.
    Differs,
    /// It could be luck.
    Unclear,
    /// Both are the same, and nothing varies.
    Same,
    /// There is no interval to tell by.
    NotEnough,
}
