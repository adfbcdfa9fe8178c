#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod across;
mod block;
mod compare;
mod corrected;
mod csv;
mod sheet;
mod table;

pub use across::{Across, Part, across};
pub use block::{Block, Quantiles, Reading, bin_value, scale};
pub use compare::{Comparison, GuardrailState};
pub use corrected::{Corrected, NextWeights, Pairs, Stretch};
pub use sheet::{ArmUnits, Check, CheckKind, CheckStatus, Choices, Sheet};
pub use table::{MetricRow, Table, TreatmentVerdict, Value, Verdict};
