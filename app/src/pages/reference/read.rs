//! From the interface's own OpenAPI document to what the page shows. Server only.

use domain::auth::KeyKind;
use serde_json::Value;
use services::ServiceError;

use super::{
    model::{
        AnswerView, Content, GroupLine, Introduction, Opened, OperationGroup, OperationLine, OperationView,
        ReferenceView, SchemaLine,
    },
    request::{PUBLIC_KEY, Request, Sender},
    schema::Schemas,
};
use crate::{
    context::{self, Visit},
    error::AppError,
};

/// Methods in the order they are shown.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// Refusals as `/api/v1` names them, by status.
const REFUSALS: [&str; 9] = [
    "Invalid",
    "Unauthenticated",
    "Forbidden",
    "NotFound",
    "Conflict",
    "TooLarge",
    "UnsupportedMediaType",
    "RateLimited",
    "Unavailable",
];
/// Longest text that is looked for.
const MOST_CHARS: usize = 200;

/// One operation: its tag, its line, what the document says of it.
struct Entry<'d> {
    tag: &'d str,
    line: OperationLine,
    said: &'d Value,
}

/// Every operation, in the order of the document's tags.
fn operations(document: &Value) -> Vec<Entry<'_>> {
    let tags: Vec<&str> = tags(document).map(|(name, _)| name).collect();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(said) = item.get(method) else { continue };
            let line = OperationLine {
                id: text(said, "operationId"),
                method: method.to_uppercase(),
                path: path.clone(),
                // A title: what would be code is words in it.
                summary: text(said, "summary").replace('`', ""),
            };
            all.push(Entry { tag: said["tags"][0].as_str().unwrap_or("Other"), line, said });
        }
    }
    // Stable: within a tag the paths stay in order.
    all.sort_by_key(|entry| tags.iter().position(|tag| *tag == entry.tag).unwrap_or(tags.len()));
    all
}

/// Names and descriptions of tags, in the order the document has them: what people write for first, what SDKs and operators
/// use by themselves last.
fn tags(document: &Value) -> impl Iterator<Item = (&str, &str)> {
    let tags = document["tags"].as_array().into_iter().flatten();
    tags.filter_map(|tag| Some((tag["name"].as_str()?, tag["description"].as_str().unwrap_or_default())))
}

pub(super) fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

pub(super) fn list(document: &Value, asked: String) -> ReferenceView {
    let looked_for: String = asked.to_lowercase().chars().take(MOST_CHARS).collect();
    let words: Vec<&str> = looked_for.split_whitespace().collect();
    let mut view = ReferenceView { groups: Vec::new(), text: asked, found: 0, total: 0 };
    for Entry { tag, line, .. } in operations(document) {
        view.total += 1;
        let all = format!("{} {} {} {} {tag}", line.method, line.path, line.id, line.summary).to_lowercase();
        if !words.iter().all(|word| all.contains(word)) {
            continue;
        }
        view.found += 1;
        match view.groups.last_mut().filter(|group| group.name == tag) {
            Some(group) => group.operations.push(line),
            None => view.groups.push(OperationGroup { name: tag.to_owned(), operations: vec![line] }),
        }
    }
    view
}

pub(super) async fn open(visit: &Visit, document: &Value, operation: Option<&str>) -> Result<Opened, AppError> {
    let sender = Sender {
        address: context::address(),
        public_key: public_key(visit).await?,
        project: visit.project.slug.to_string(),
    };
    let Some(id) = operation.filter(|id| !id.is_empty()) else {
        return Ok(Opened::Introduction(Box::new(introduction(document, &sender))));
    };
    let Some(entry) = operations(document).into_iter().find(|entry| entry.line.id == id) else {
        let id = id.chars().take(MOST_CHARS).collect();
        return Err(context::refusal(ServiceError::NotFound { entity: "operation", id }));
    };
    Ok(Opened::Operation(Box::new(whole(document, entry, &sender))))
}

fn introduction(document: &Value, sender: &Sender) -> Introduction {
    let all = operations(document);
    let groups = tags(document).filter_map(|(name, words)| {
        let own: Vec<&Entry<'_>> = all.iter().filter(|entry| entry.tag == name).collect();
        Some(GroupLine {
            name: name.to_owned(),
            words: words.to_owned(),
            operations: u32::try_from(own.len()).unwrap_or(u32::MAX),
            first: own.first()?.line.id.clone(),
        })
    });
    let refusals = REFUSALS.into_iter().filter_map(|name| {
        let said = document["components"]["responses"][name]["description"].as_str()?;
        Some((status_of(&all, name)?, said.to_owned()))
    });
    Introduction {
        words: text(&document["info"], "description"),
        curl: format!("curl {} \\\n  \"{}/api/v1/project\"", sender.pair(), sender.address),
        address: sender.address.clone(),
        groups: groups.collect(),
        refusals: refusals.collect(),
    }
}

/// The status a named refusal is answered with, from the first operation that lists it.
fn status_of(all: &[Entry<'_>], name: &str) -> Option<String> {
    let wanted = format!("#/components/responses/{name}");
    all.iter().find_map(|entry| {
        let mut answers = entry.said["responses"].as_object()?.iter();
        answers.find(|(_, answer)| answer["$ref"] == wanted).map(|(status, _)| status.clone())
    })
}

fn whole(document: &Value, entry: Entry<'_>, sender: &Sender) -> OperationView {
    let schemas = Schemas::of(document);
    let Entry { line, said, .. } = entry;
    let parameters = said["parameters"].as_array().into_iter().flatten().map(|one| parameter(one, &schemas)).collect();
    let bodies = contents(&said["requestBody"], &schemas);
    let (mut answers, mut refusals, mut refusal) = (Vec::new(), Vec::new(), None);
    for (status, answer) in said["responses"].as_object().into_iter().flatten() {
        let answer = named(document, answer);
        let words = text(answer, "description");
        if status.starts_with(['4', '5']) {
            refusals.push((status.clone(), words));
            let shape = || contents(answer, &schemas).into_iter().next();
            refusal = refusal.or_else(shape).map(|content| Content { example: None, ..content });
        } else {
            let content = contents(answer, &schemas).into_iter().next();
            answers.push(AnswerView { status: status.clone(), words, content });
        }
    }
    let curl = Request { line: &line, said }.curl(sender);
    OperationView {
        description: said["description"].as_str().filter(|words| !words.is_empty()).map(str::to_owned),
        needs: needs_words(&said["x-needs"]),
        parameters,
        bodies,
        answers,
        refusals,
        refusal,
        curl,
        line,
    }
}

/// What a reference to a response stands for; anything else itself.
fn named<'d>(document: &'d Value, answer: &'d Value) -> &'d Value {
    match answer["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        Some(name) => &document["components"]["responses"][name],
        None => answer,
    }
}

/// The newest pair's public half where the visitor may see it.
async fn public_key(visit: &Visit) -> Result<String, AppError> {
    let keys = match visit.services.access.keys(&visit.actor, visit.project.id).await {
        Ok(keys) => keys,
        Err(ServiceError::Forbidden(_)) => Vec::new(),
        Err(error) => return Err(context::refusal(error)),
    };
    let pair = keys.into_iter().find(|key| key.kind == KeyKind::Pair && key.revoked_us.is_none());
    Ok(pair.map_or_else(|| PUBLIC_KEY.to_owned(), |key| key.public_key))
}

/// `x-needs` as a sentence.
fn needs_words(needs: &Value) -> String {
    if needs["anybody"] == true {
        return "Anybody may ask; an address that carries a key or a signature is checked by these.".to_owned();
    }
    let mut ways = Vec::new();
    if let Some(scopes) = needs["scopes"].as_array() {
        let scopes: Vec<String> = scopes.iter().filter_map(Value::as_str).map(|scope| format!("`{scope}`")).collect();
        ways.push(match scopes.as_slice() {
            [] => "any key pair".to_owned(),
            [one] => format!("a key pair with the scope {one}"),
            several => format!("a key pair with the scopes {}", several.join(" and ")),
        });
    }
    if needs["client_key"] == true {
        ways.push("a public client key on a page of its origins".to_owned());
    }
    if let Some(role) = needs["role"].as_str() {
        let article = if role.starts_with(['a', 'e', 'o']) { "an" } else { "a" };
        ways.push(match role {
            "viewer" => "any member of the project who is signed in".to_owned(),
            "owner" => "an owner of the project who is signed in".to_owned(),
            _ => format!("{article} {role} or higher who is signed in"),
        });
    }
    format!("Needs {}.", ways.join(", or "))
}

fn parameter(parameter: &Value, schemas: &Schemas<'_>) -> SchemaLine {
    SchemaLine {
        depth: 0,
        name: text(parameter, "name"),
        kind: format!("{}, in the {}", schemas.kind(&parameter["schema"]), text(parameter, "in")),
        required: parameter["required"].as_bool().unwrap_or(false),
        words: text(parameter, "description"),
    }
}

fn contents(of: &Value, schemas: &Schemas<'_>) -> Vec<Content> {
    let all = of["content"].as_object().into_iter().flatten();
    let content = |(media, content): (&String, &Value)| {
        let schema = &content["schema"];
        let example = match &content["example"] {
            Value::Null if schema.is_object() => {
                Some(schemas.example(schema)).filter(|example| *example != Value::Null)
            }
            Value::Null => None,
            said => Some(said.clone()),
        };
        Content {
            media: media.clone(),
            lines: schemas.lines(schema),
            example: example.and_then(|example| serde_json::to_string_pretty(&example).ok()),
        }
    };
    all.map(content).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "tags": [{ "name": "Keys", "description": "Keys." }, { "name": "Operators" }],
            "paths": {
                "/healthz": { "get": { "tags": ["Operators"], "operationId": "healthz", "summary": "Whether it runs",
                    "responses": { "200": { "description": "`ok`" } } } },
                "/keys": {
                    "post": {
                        "tags": ["Keys"], "operationId": "create_key", "summary": "Make a key",
                        "x-needs": { "scopes": null, "role": "owner", "client_key": false },
                        "requestBody": { "content": { "application/json": { "example": { "name": "a" } } } },
                        "responses": {
                            "201": { "description": "made" },
                            "403": { "$ref": "#/components/responses/Forbidden" },
                        },
                    },
                    "get": { "tags": ["Keys"], "operationId": "list_keys", "summary": "Keys of the project" },
                },
            },
            "components": { "responses": { "Forbidden": { "description": "Not you." } } },
        })
    }

    fn sender() -> Sender {
        Sender { address: "https://a.example".into(), public_key: "pk-1".into(), project: "demo".into() }
    }

    #[test]
    fn operations_are_found_by_every_word_and_stand_in_the_order_of_tags() {
        let all = list(&document(), String::new());
        assert_eq!((all.found, all.total), (3, 3));
        assert_eq!(all.groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["Keys", "Operators"]);
        let found = list(&document(), "post KEYS".to_owned());
        assert_eq!((found.found, found.groups.len()), (1, 1));
        assert_eq!(found.groups[0].operations[0].id, "create_key");
        assert!(list(&document(), "ghost".to_owned()).groups.is_empty());
    }

    #[test]
    fn an_operation_says_what_it_answers_and_how_it_refuses() {
        let document = document();
        let entry = operations(&document).into_iter().find(|entry| entry.line.id == "create_key").unwrap();
        let shown = whole(&document, entry, &sender());
        assert_eq!(shown.needs, "Needs an owner of the project who is signed in.");
        assert_eq!(shown.bodies[0].example.as_deref(), Some("{\n  \"name\": \"a\"\n}"));
        assert_eq!(shown.answers.iter().map(|answer| answer.status.as_str()).collect::<Vec<_>>(), ["201"]);
        assert_eq!(shown.refusals, [("403".to_owned(), "Not you.".to_owned())]);
        let introduction = introduction(&document, &sender());
        assert_eq!(introduction.refusals, [("403".to_owned(), "Not you.".to_owned())]);
        assert_eq!(introduction.groups[0].first, "list_keys");
    }

    #[test]
    fn who_may_is_a_sentence() {
        let said = |needs| needs_words(&needs);
        assert_eq!(
            said(json!({ "scopes": ["write", "ingest"], "role": "editor", "client_key": false })),
            "Needs a key pair with the scopes `write` and `ingest`, or an editor or higher who is signed in."
        );
        assert_eq!(
            said(json!({ "scopes": ["read"], "role": null, "client_key": false })),
            "Needs a key pair with the scope `read`."
        );
        assert_eq!(
            said(json!({ "scopes": [], "role": "viewer", "client_key": false })),
            "Needs any key pair, or any member of the project who is signed in."
        );
    }
}
