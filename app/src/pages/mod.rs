//! The pages, one folder a group. How to add one is told at the top of the crate.

pub mod auth;
pub mod experiment;
pub mod experiment_form;
pub mod experiments;
pub mod feedback;
pub mod gathered;
pub mod home;
pub mod import;
pub mod moved;
pub mod not_found;
pub mod prices;
pub mod projects;
pub mod prompt;
pub mod prompt_form;
pub mod prompts;
pub mod reference;
pub mod session;
pub mod settings;
pub mod trace;
pub mod traces;
pub mod unlinked;
pub mod user;
