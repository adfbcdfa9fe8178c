//! A request to copy. Server only.

use domain::auth::SESSION_COOKIES;
use serde_json::Value;

use super::{model::OperationLine, read::text};

/// Stands where a reader puts the public half of a key.
pub(super) const PUBLIC_KEY: &str = "PUBLIC_KEY";
/// Stands where a reader puts the secret half of a key.
const SECRET_KEY: &str = "SECRET_KEY";

/// Who sends it, and where to.
pub(super) struct Sender {
    /// Address of the server, without a slash at the end.
    pub(super) address: String,
    /// Public half of a key pair.
    pub(super) public_key: String,
    /// Slug of the project.
    pub(super) project: String,
}

impl Sender {
    /// How `curl` signs in with the pair.
    pub(super) fn pair(&self) -> String {
        format!("-u \"{}:{SECRET_KEY}\"", self.public_key)
    }

    /// How `curl` signs in for what the operation needs.
    fn signed(&self, needs: &Value) -> Option<String> {
        if needs["anybody"] == true {
            return None;
        }
        if needs["scopes"].is_array() {
            return Some(self.pair());
        }
        let [over_https, plain] = SESSION_COOKIES;
        let cookie = if self.address.starts_with("https:") { over_https } else { plain };
        Some(format!(
            "-b \"{cookie}=SESSION\" \\\n  -H \"origin: {}\" \\\n  -H \"x-assay-project: {}\"",
            self.address, self.project
        ))
    }
}

/// An operation as the document has it.
pub(super) struct Request<'d> {
    pub(super) line: &'d OperationLine,
    pub(super) said: &'d Value,
}

impl Request<'_> {
    /// As a line of a shell.
    pub(super) fn curl(&self, sender: &Sender) -> String {
        let mut parts = vec![match self.line.method.as_str() {
            "GET" => "curl".to_owned(),
            method => format!("curl -X {method}"),
        }];
        parts.extend(sender.signed(&self.said["x-needs"]));
        parts.extend(self.body());
        parts.push(format!("\"{}{}{}\"", sender.address, self.line.path, self.query()));
        parts.join(" \\\n  ")
    }

    fn body(&self) -> Vec<String> {
        let Some(contents) = self.said["requestBody"]["content"].as_object() else { return Vec::new() };
        if let Some(example) =
            contents.get("application/json").map(|content| &content["example"]).filter(|one| !one.is_null())
        {
            let written = serde_json::to_string(example).unwrap_or_default();
            let quoted = written.replace('\'', "'\\''");
            return vec!["-H \"content-type: application/json\"".to_owned(), format!("-d '{quoted}'")];
        }
        let media = contents.keys().next().map_or("application/octet-stream", String::as_str);
        vec![format!("-H \"content-type: {media}\""), "--data-binary @FILE".to_owned()]
    }

    /// Parameters that have to be there.
    fn query(&self) -> String {
        let all = self.said["parameters"].as_array().into_iter().flatten();
        let needed = all.filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
        let pairs: Vec<String> = needed.map(|parameter| format!("{}=…", text(parameter, "name"))).collect();
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn curl(method: &str, said: &Value) -> String {
        let line =
            OperationLine { id: "x".into(), method: method.into(), path: "/keys".into(), summary: String::new() };
        let sender = Sender { address: "https://a.example".into(), public_key: "pk-1".into(), project: "demo".into() };
        Request { line: &line, said }.curl(&sender)
    }

    #[test]
    fn a_request_to_copy_has_key_body_and_address() {
        let said = json!({
            "x-needs": { "scopes": ["write"] },
            "requestBody": { "content": { "application/json": { "example": { "name": "it's" } } } },
        });
        assert_eq!(
            curl("POST", &said),
            "curl -X POST \\\n  -u \"pk-1:SECRET_KEY\" \\\n  -H \"content-type: application/json\" \\\n  \
             -d '{\"name\":\"it'\\''s\"}' \\\n  \"https://a.example/keys\""
        );
    }

    #[test]
    fn what_keys_cannot_do_is_done_by_a_session() {
        let said = json!({ "x-needs": { "scopes": null, "role": "owner" } });
        assert_eq!(
            curl("GET", &said),
            "curl \\\n  -b \"__Host-assay_session=SESSION\" \\\n  -H \"origin: https://a.example\" \\\n  \
             -H \"x-assay-project: demo\" \\\n  \"https://a.example/keys\""
        );
    }

    #[test]
    fn parameters_that_have_to_be_there_stand_in_the_address() {
        let said = json!({
            "x-needs": { "anybody": true },
            "parameters": [{ "name": "unit", "in": "query", "required": true }, { "name": "q", "in": "query" }],
        });
        assert_eq!(curl("GET", &said), "curl \\\n  \"https://a.example/keys?unit=…\"");
    }
}
