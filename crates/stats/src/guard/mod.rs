//! Data-quality guards: reasons not to trust a result.
//!
//! Each guard gives a [`Finding`]. Any that is [`Status::Broken`] forces the decision "don't use these results".

pub mod calibration;
pub mod concentration;
pub mod exposure;
pub mod missing;
pub mod novelty;
pub mod sample_ratio;
pub mod segments;

/// How bad a finding is; ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Nothing to report.
    Ok,
    /// Worth knowing; the numbers stand.
    Warn,
    /// The numbers must not be used.
    Broken,
}

/// A guard's result.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub status: Status,
    /// The number the status rests on; its meaning is the guard's.
    pub number: f64,
    /// What to tell the person who reads the result.
    pub sentence: String,
}

impl Finding {
    /// A finding.
    pub fn new(status: Status, number: f64, sentence: impl Into<String>) -> Self {
        Self { status, number, sentence: sentence.into() }
    }
}

/// `0.0523` as `5.2%`, with as many digits as small shares need.
pub(crate) fn percent(share: f64) -> String {
    let hundred = 100.0 * share;
    let text = if hundred.abs() < 0.095 { format!("{hundred:.2}") } else { format!("{hundred:.1}") };
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}%")
}
