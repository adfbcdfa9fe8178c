//! What parameters mean that many operations have, where the route itself does not say.

use utoipa::openapi::{RefOr, path::Operation};

/// Says what each parameter means.
pub(super) fn describe(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && parameter.description.as_ref().is_none_or(String::is_empty)
        {
            parameter.description = words(&parameter.name).map(str::to_owned);
        }
    }
}

/// `None` for a name that is not listed, which the test finds.
fn words(name: &str) -> Option<&'static str> {
    Some(match name {
        "cursor" => "Where the page before ended, as its answer says; the first page without.",
        "limit" => "Items a page.",
        "page" => "Number of the page, from 1.",
        "from" => "Start of a fixed range, RFC 3339; instead of `range`.",
        "to" => "End of a fixed range, RFC 3339; now when left out.",
        "fromTimestamp" | "fromStartTime" | "fromUpdatedAt" => "Not before this instant, RFC 3339.",
        "toTimestamp" | "toStartTime" | "toUpdatedAt" => "Before this instant, RFC 3339.",
        "environment" => "Only from this environment.",
        "fields" => "Groups of fields wanted besides the core, separated by commas.",
        "label" => "A label of the prompt, such as `production`.",
        "version" => "Number of a version.",
        "name" => "The name. In a path one percent-encoded segment: `support%2Fanswer`.",
        "tag" | "tags" | "traceTags" => "Only with this tag.",
        "release" => "Only of this release.",
        "user" | "userId" | "authorUserId" => "Id of a user of your application; below `members`, of a member.",
        "session" | "sessionId" => "Id of a session.",
        "trace" | "traceId" | "sourceTraceId" => "Id of a trace: 32 hexadecimal digits.",
        "span" | "observationId" | "sourceObservationId" => "Id of a span: 16 hexadecimal digits.",
        "parentObservationId" => "Only children of this span.",
        "isRootObservation" => "Only spans without a parent, or only those with one.",
        "type" => "Only of this type, such as `GENERATION`.",
        "level" => "Only of this level: `DEBUG`, `DEFAULT`, `WARNING`, `ERROR`.",
        "source" => "Only from this source: `API`, `EVAL`, `ANNOTATION`.",
        "dataType" => "Only of this type: `NUMERIC`, `BOOLEAN`, `CATEGORICAL`, `TEXT`.",
        "operator" => "How `value` compares: `=`, `!=`, `<`, `<=`, `>`, `>=`.",
        "value" => "The value compared with.",
        "valueMin" => "Not below this value.",
        "valueMax" => "Not above this value.",
        "scoreIds" => "Only these scores: ids separated by commas.",
        "score" | "id" => "Id of a score.",
        "config" | "configId" => "Id of a score configuration.",
        "comment" => "Id of a comment.",
        "objectType" => "What it is about: `TRACE`, `OBSERVATION`, `SESSION`, `PROMPT`.",
        "objectId" => "Id of what it is about.",
        "dataset" | "datasetName" => "Name of a dataset.",
        "datasetId" => "Id of a dataset.",
        "item" => "Id of an item of a dataset.",
        "run" | "runName" => "Name of a run.",
        "media" => "Id of a piece of media.",
        "project" => "Id of a project.",
        "expires" => "Until when the address is good; part of what is signed.",
        "signature" => "Signature of the address.",
        "query" => "The question, as JSON.",
        "key" => "Id of a key.",
        "job" => "Id of the job.",
        "price" => "Id of the price.",
        _ => return None,
    })
}
