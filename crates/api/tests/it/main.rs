//! The interface from outside: the real router on temporary stores.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stdout, reason = "a long fuzz run says how far it got")]

mod actors;
mod bad_designs;
mod experiments;
mod faults;
mod feedback;
mod fuzz;
mod hostile;
mod imports;
mod limits;
mod logs;
mod metrics;
mod once;
mod openapi;
mod operate;
mod planning;
mod prices;
mod rest;
mod results;
mod sdk_datasets;
mod sdk_media;
mod sdk_metrics;
mod sdk_prompts;
mod sdk_reads;
mod sdk_scores;
mod sdk_traces;
mod spans;
mod unlinked;
