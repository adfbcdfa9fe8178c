//! What handlers ask of a request: who sends it, and what it says.

mod actor;
mod body;
mod inflate;
mod json;
mod params;
mod query;
mod tag;

pub(crate) use actor::{Caller, IngestCaller, Person, SdkCaller, client_key};
pub(crate) use body::{Held, Kind, read as read_body};
pub(crate) use json::{Body, MAX_JSON_BYTES, SdkBody, parse as parse_json, parse_as};
pub(crate) use params::{Params, SdkList};
pub(crate) use query::{Path, Query, SdkPath, SdkQuery};
pub(crate) use tag::answer_tagged;
