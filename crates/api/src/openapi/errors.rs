//! How operations refuse: the same few answers everywhere, in the shape of the door. What is listed for an operation here is
//! held against every answer of the tests of actors and faults.

use std::collections::BTreeMap;

use utoipa::openapi::{Content, Ref, RefOr, Response, path::Operation};

use super::needs::Needs;
use crate::refusal::{FlagRefusalDocument, ProblemDocument, SdkRefusalDocument};

/// Status, name, when it is answered.
const REFUSALS: [(&str, &str, &str); 9] = [
    ("400", "Invalid", "Something sent is not valid; it is named, with what was wrong and what would be right."),
    ("401", "Unauthenticated", "No key, a key that is wrong or revoked, or nobody is signed in."),
    ("403", "Forbidden", "The key lacks the scope, or the person the role."),
    ("404", "NotFound", "This project has no such thing, or there is no such project for whoever asks."),
    (
        "409",
        "Conflict",
        "It is no longer, or not yet, as the request expects: somebody changed it, it exists, it is in use, or its \
         `Idempotency-Key` stands for another request.",
    ),
    ("413", "TooLarge", "The body is larger than is read here."),
    ("415", "UnsupportedMediaType", "The body's media type or encoding is none that is read here."),
    ("429", "RateLimited", "Too many requests; `Retry-After` says in how many seconds to come back."),
    (
        "503",
        "Unavailable",
        "Busy, or the disk is full (code `disk_full`) and nothing was stored; `Retry-After` says in how many seconds to come back.",
    ),
];

/// Operations of the SDKs that may find things otherwise than they expect.
const SDK_CONFLICTS: [&str; 3] = ["sdk_create_prompt", "sdk_label_prompt", "sdk_delete_prompt"];

/// Operations whose body names something that may not be there.
const NAME_OTHERS: [&str; 2] = ["sdk_create_dataset_item", "sdk_create_run_item"];

/// The shape of a refusal.
#[derive(Clone, Copy)]
enum Shape {
    Problem,
    Sdk,
    Flag,
}

impl Shape {
    const ALL: [Self; 3] = [Self::Problem, Self::Sdk, Self::Flag];

    fn of(path: &str) -> Self {
        if path.starts_with("/ofrep/") {
            Self::Flag
        } else if path.starts_with("/api/public/") || path.starts_with("/v1/") {
            Self::Sdk
        } else {
            Self::Problem
        }
    }

    /// Before the names of its refusals.
    fn name(self) -> &'static str {
        match self {
            Self::Problem => "",
            Self::Sdk => "Sdk",
            Self::Flag => "Flag",
        }
    }

    fn content(self) -> (&'static str, Content) {
        let (media, schema) = match self {
            Self::Problem => ("application/problem+json", <ProblemDocument as utoipa::ToSchema>::name()),
            Self::Sdk => ("application/json", <SdkRefusalDocument as utoipa::ToSchema>::name()),
            Self::Flag => ("application/json", <FlagRefusalDocument as utoipa::ToSchema>::name()),
        };
        (media, Content::new(Some(Ref::from_schema_name(schema))))
    }
}

/// Every refusal by its name.
pub(super) fn all() -> BTreeMap<String, RefOr<Response>> {
    let mut refusals = BTreeMap::new();
    for shape in Shape::ALL {
        let (media, content) = shape.content();
        for (_, name, words) in REFUSALS {
            let mut response = Response::new(words);
            response.content.insert(media.to_owned(), content.clone().into());
            refusals.insert(format!("{}{name}", shape.name()), response.into());
        }
    }
    refusals
}

/// Lists how an operation may refuse, beside what its route says itself.
pub(super) fn add(operation: &mut Operation, method: &str, path: &str, needs: Needs) {
    let is_ours = path.starts_with("/api/v1/");
    let has_body = operation.request_body.is_some();
    let reads_parameters = operation.parameters.as_ref().is_some_and(|parameters| !parameters.is_empty());
    let id = operation.operation_id.clone().unwrap_or_default();
    // GrowthBook's clients have the key in the address.
    let asks = !needs.is_nothing() || id.starts_with("growthbook_");
    for (status, name, _) in REFUSALS {
        let may = match status {
            // Who is a person has to say which project is meant.
            "400" => has_body || reads_parameters || is_ours,
            "403" => asks && !needs.is_known(),
            "404" => {
                path.contains('{')
                    || ((is_ours || path.starts_with("/ofrep/")) && !needs.is_known())
                    || NAME_OTHERS.contains(&id.as_str())
            }
            "409" => (is_ours && method != "GET") || SDK_CONFLICTS.contains(&id.as_str()),
            "413" | "415" => has_body,
            _ => asks,
        };
        if may {
            let refusal = Ref::from_response_name(format!("{}{name}", Shape::of(path).name()));
            operation.responses.responses.entry(status.to_owned()).or_insert_with(|| refusal.into());
        }
    }
}
