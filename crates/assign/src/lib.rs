#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod attribute;
pub mod condition;
pub mod definition;
pub mod exclusion;
pub mod experiment;
pub mod hash;
pub mod outcome;
pub mod problem;
pub mod range;
pub mod rule;
pub mod stage;

pub use attribute::{Attribute, Attributes};
pub use condition::Condition;
pub use definition::{Allocation, Arm, Definition, Filter, Holdout};
pub use exclusion::ExclusionGroup;
pub use experiment::Experiment;
pub use hash::Bucket;
pub use outcome::{Outcome, Reason};
pub use problem::{FieldProblem, Problems};
pub use range::Range;
pub use rule::{Rule, ServerOnly};
pub use stage::{Change, Stage};
