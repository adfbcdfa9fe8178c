//! A result as its page shows it: texts, and the places of what is drawn.

use serde::{Deserialize, Serialize};
use ui::{Series, Tone};

use super::look::Look;

/// What a colour and sign say. Travels; [`Tone`] does not.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub enum Mood {
    /// Neither.
    #[default]
    Plain,
    /// Better, healthy.
    Good,
    /// Worse, broken.
    Bad,
    /// Needs a look.
    Warn,
}

impl Mood {
    /// As components take it.
    pub fn tone(self) -> Tone {
        match self {
            Self::Plain => Tone::Plain,
            Self::Good => Tone::Good,
            Self::Bad => Tone::Bad,
            Self::Warn => Tone::Warn,
        }
    }

    /// As drawings take it.
    pub fn series(self) -> Series {
        match self {
            Self::Plain => Series::Flat,
            Self::Good => Series::Good,
            Self::Bad => Series::Bad,
            Self::Warn => Series::Warn,
        }
    }
}

/// The result of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultsView {
    /// What is known; replaced while units come.
    pub head: Head,
    /// The table as the address asked for it when the page was made.
    pub picture: Picture,
    /// What it was made of, for looking otherwise: written by `sent`, read by nothing but the statistics' own chunk.
    pub material: Vec<u8>,
    /// The plan's words for the choices: method, level, correction, difference.
    pub plan: PlanWords,
    /// Whether some metric has a cap.
    pub has_caps: bool,
    /// Its phases, the newest first: number and time; empty where there is one.
    pub phases: Vec<(String, String)>,
    /// The phase looked at.
    pub phase: String,
    /// What it was decided on, if it is over.
    pub decided: Option<DecidedView>,
    /// How a unit comes to be counted, for whoever sees none yet.
    pub exposing: String,
}

/// What is known while units come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// What is known, in words; the plan's, however somebody looks.
    pub verdict: Verdict,
    /// Reasons to trust the numbers or not.
    pub health: Vec<Health>,
    /// The reason they cannot be trusted at all.
    pub broken: Option<String>,
    /// Why they are not the whole truth yet.
    pub partial: Option<String>,
    /// Its arms, the control first.
    pub arms: Vec<ArmHead>,
    /// What is split, in the plural: `users`.
    pub units: String,
    /// Everybody exposed.
    pub exposed: u64,
    /// Segments that come with the page, with their units.
    pub segments: Vec<(String, u64)>,
    /// The experiment's revision and the version of its units this is of, while it may change.
    pub stamp: Option<(u32, u64)>,
}

/// What an experiment was decided on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecidedView {
    /// When.
    pub at_us: i64,
    /// Who.
    pub by: String,
    /// Why, in their words.
    pub note: String,
    /// How long it had run, and how many it had met.
    pub basis: String,
    /// Whether the numbers are the same now.
    pub since: String,
    /// For each metric and treatment: metric, arm where there are several, units, change, interval, and change now where it is
    /// another.
    pub rows: Vec<[String; 6]>,
}

/// What the plan chose, as the address writes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanWords {
    /// The method.
    pub method: String,
    /// The level, such as `5.0%`.
    pub level: String,
    /// The level as the address writes it.
    pub alpha: String,
    /// The correction.
    pub correction: String,
    /// The difference.
    pub difference: String,
}

/// What is known, in words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Its colour.
    pub mood: Mood,
    /// The word people know from other tools: `Ship now`, `~5 days left`.
    pub word: String,
    /// In one sentence.
    pub headline: String,
    /// What it rests on.
    pub text: Vec<String>,
    /// The same for further treatments.
    pub others: Vec<(Mood, String)>,
}

/// A reason to trust the numbers or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// How it is.
    pub mood: Mood,
    /// In a few words.
    pub text: String,
    /// In a sentence, if there is more to say.
    pub more: Option<String>,
}

/// An arm above its column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmHead {
    /// What people call it.
    pub title: String,
    /// Its version.
    pub version: u32,
    /// Units in the analysis.
    pub units: u64,
    /// The query of the list of its traces.
    pub traces: String,
}

/// A table with everything beside it that follows from how one looks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// How it is looked at.
    pub look: Look,
    /// How that differs from the plan, in words.
    pub differs: Vec<String>,
    /// The shared axis, as shares of the control's value.
    pub axis: (f64, f64),
    /// What the interval is called.
    pub interval: String,
    /// What its column of chances is called, and what that means.
    pub chance: (String, String),
    /// One for each role that has metrics.
    pub groups: Vec<Group>,
    /// The effect by segment.
    pub segments: Option<Segments>,
    /// Cost against quality.
    pub trades: Vec<String>,
    /// The table as comma-separated values.
    pub csv: String,
}

/// Metrics of one role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The role.
    pub title: String,
    /// What it decides.
    pub note: String,
    /// Its metrics, one row for each treatment.
    pub rows: Vec<Row>,
}

/// A metric of one treatment against the control.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The metric's key.
    pub key: String,
    /// What people call it.
    pub title: String,
    /// How it is counted.
    pub how: String,
    /// What it was capped at, how it was tested.
    pub notes: Vec<String>,
    /// Whether its traces are those that failed.
    pub failures: bool,
    /// Place of the treatment among the arms.
    pub arm: u32,
    /// The control's number.
    pub control: Figure,
    /// The treatment's.
    pub treatment: Figure,
    /// The difference.
    pub change: Figure,
    /// Its drawing.
    pub bar: Option<Bar>,
    /// Why there is none.
    pub why_not: Option<String>,
    /// How surprising it is.
    pub chance: Figure,
    /// What it means.
    pub reading: (Mood, String),
}

/// A number with what stands beneath it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The number.
    pub text: String,
    /// Beneath.
    pub under: String,
}

/// An interval on the shared axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// Its lower end.
    pub low: f64,
    /// The estimate.
    pub estimate: f64,
    /// Its upper end.
    pub high: f64,
    /// Mean and deviation of the Bayesian belief.
    pub bell: Option<(f64, f64)>,
    /// What a guardrail must not reach.
    pub margin: Option<f64>,
    /// For those who do not see it.
    pub label: String,
}

/// One metric in each segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segments {
    /// The metric.
    pub metric: String,
    /// The axis of its bars.
    pub axis: (f64, f64),
    /// The effect among everybody, then by segment.
    pub rows: Vec<SegmentRow>,
    /// Whether the effect differs between segments, in words.
    pub same: (Mood, String),
    /// Whether the parts contradict the whole.
    pub simpson: (Mood, String),
}

/// The effect in a segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentRow {
    /// Its value; everybody if none.
    pub segment: Option<String>,
    /// What stands under it where there are several treatments.
    pub arm: String,
    /// Units of both arms.
    pub units: String,
    /// The difference.
    pub change: Figure,
    /// Its drawing.
    pub bar: Option<Bar>,
    /// Why there is none.
    pub why_not: Option<String>,
    /// What it means.
    pub reading: (Mood, String),
}
