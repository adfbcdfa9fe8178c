#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod block;
mod compare;
mod sheet;
mod table;

pub use block::{Block, Quantiles, Reading, scale};
pub use compare::{Comparison, GuardrailState};
pub use sheet::{ArmUnits, Check, CheckKind, CheckStatus, Choices, Sheet};
pub use table::{MetricRow, Table, TreatmentVerdict, Value, Verdict};
