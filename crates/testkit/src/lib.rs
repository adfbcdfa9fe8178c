#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::panic, reason = "test support: a broken set-up ends the test")]

mod answer;
mod app;
mod client;
mod clock;
mod counts;
pub mod otlp;
mod random;

pub use answer::Answer;
pub use app::{Serving, TestApp};
pub use client::{Client, Sender};
pub use clock::FakeClock;
pub use counts::Counts;
pub use random::SeededRandom;
