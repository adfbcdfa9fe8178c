#![doc = include_str!("../README.md")]

mod option;
mod trend;
mod unit;

pub use domain::chart::{ChartSpec, DataTable};
pub use trend::{Group, Marker, Point, Trend, trend};
pub use unit::Unit;
