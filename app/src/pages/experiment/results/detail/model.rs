//! One metric in detail, as its open row shows it.

use serde::{Deserialize, Serialize};

use crate::pages::experiment::results::model::Mood;

/// One metric in detail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetailView {
    /// The metric's key.
    pub key: String,
    /// What people call it.
    pub title: String,
    /// The effect at every look.
    pub course: Option<Course>,
    /// How its values are spread.
    pub spread: Option<SpreadView>,
    /// The effect by time since the first exposure.
    pub ages: Vec<AgesView>,
}

/// The effect at every look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// In one sentence, for those who do not see it too.
    pub summary: String,
    /// Lower and upper end of the drawing.
    pub axis: (f64, f64),
    /// Values with lines, and how they are written.
    pub ticks: Vec<(f64, String)>,
    /// What a guardrail must not reach.
    pub margin: Option<f64>,
    /// Days that are named, by place among all.
    pub days: Vec<(u32, String)>,
    /// How many days there are.
    pub count: u32,
    /// One line for each treatment.
    pub lines: Vec<CourseLine>,
}

/// A treatment's effect at every look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CourseLine {
    /// Place among the arms.
    pub arm: u32,
    /// What people call it.
    pub title: String,
    /// Place of the day, lower end, estimate, upper end.
    pub points: Vec<(u32, f64, f64, f64)>,
    /// Every look: day, units, difference, interval, p-value.
    pub looks: Vec<[String; 5]>,
}

/// How values are spread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpreadView {
    /// What one value is.
    pub caption: String,
    /// The lower end of the first and the last bar.
    pub ends: (String, String),
    /// The arms: place, title, share of values in each bar relative to the tallest of all, quantiles.
    pub arms: Vec<(u32, String, Vec<f64>, Vec<String>)>,
    /// Names of the quantiles.
    pub quantiles: Vec<String>,
}

/// The effect by time since the first exposure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgesView {
    /// The treatment.
    pub title: String,
    /// What it says, if anything can be said.
    pub finding: Option<(Mood, String)>,
    /// Days since the exposure, difference with its error, units.
    pub steps: Vec<[String; 3]>,
}
