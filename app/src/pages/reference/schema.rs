//! JSON schemas as indented lines, and as an example. Server only.

use serde_json::{Map, Value, json};

use super::model::SchemaLine;

/// Deeper than this nothing is shown: schemas may hold themselves.
const DEPTH: u8 = 5;

/// The named schemas of a document.
pub(super) struct Schemas<'d>(&'d Value);

impl<'d> Schemas<'d> {
    pub(super) fn of(document: &'d Value) -> Self {
        Self(&document["components"]["schemas"])
    }

    /// What a reference stands for; anything else itself.
    fn resolved<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) else { return schema };
        &self.0[name]
    }

    /// Where several forms are possible, those that are something.
    fn forms(schema: &Value) -> Vec<&Value> {
        let all = ["oneOf", "anyOf"].into_iter().filter_map(|name| schema[name].as_array()).flatten();
        all.filter(|form| form["type"] != "null").collect()
    }

    /// The fields, children after their parent.
    pub(super) fn lines(&self, schema: &Value) -> Vec<SchemaLine> {
        let mut lines = Vec::new();
        self.push(schema, 0, &mut lines);
        lines
    }

    fn push(&self, schema: &Value, depth: u8, lines: &mut Vec<SchemaLine>) {
        if depth > DEPTH {
            return;
        }
        let schema = self.resolved(schema);
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.push(part, depth, lines);
        }
        let forms = Self::forms(schema);
        let several = forms.len() > 1;
        for form in forms {
            if several && self.resolved(form)["properties"].is_object() {
                lines.push(SchemaLine {
                    depth,
                    name: String::new(),
                    kind: "either".to_owned(),
                    required: false,
                    words: said(self.resolved(form)),
                });
            }
            self.push(form, depth + u8::from(several), lines);
        }
        if schema["items"].is_object() {
            self.push(&schema["items"], depth, lines);
        }
        if schema["additionalProperties"].is_object() {
            self.push(&schema["additionalProperties"], depth, lines);
        }
        let required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            lines.push(SchemaLine {
                depth,
                name: name.clone(),
                kind: self.kind(field),
                required: required(name),
                words: if field["description"].is_string() { said(field) } else { said(self.resolved(field)) },
            });
            self.push(field, depth + 1, lines);
        }
    }

    /// What a value is, in words.
    pub(super) fn kind(&self, schema: &Value) -> String {
        let schema = self.resolved(schema);
        let forms = Self::forms(schema);
        if !forms.is_empty() {
            let mut kinds: Vec<String> = forms.into_iter().map(|form| self.kind(form)).collect();
            kinds.dedup();
            return kinds.join(" or ");
        }
        if let Some(words) = schema["enum"].as_array() {
            return words
                .iter()
                .map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned))
                .collect::<Vec<_>>()
                .join(" | ");
        }
        match types(schema).first() {
            Some(&"array") => format!("list of {}", self.kind(&schema["items"])),
            Some(&"object") if schema["additionalProperties"].is_object() => {
                format!("map to {}", self.kind(&schema["additionalProperties"]))
            }
            Some(one) => match schema["format"].as_str() {
                Some("date-time") => "time".to_owned(),
                Some("uuid") => "uuid".to_owned(),
                _ => (*one).to_owned(),
            },
            None if schema["allOf"].is_array() || schema["properties"].is_object() => "object".to_owned(),
            None => "anything".to_owned(),
        }
    }

    /// Such a value, with every field there may be.
    pub(super) fn example(&self, schema: &Value) -> Value {
        self.value(schema, 0)
    }

    fn value(&self, schema: &Value, depth: u8) -> Value {
        let schema = self.resolved(schema);
        if depth > DEPTH {
            return Value::Null;
        }
        if !schema["example"].is_null() {
            return schema["example"].clone();
        }
        if let Some(form) = Self::forms(schema).first() {
            return self.value(form, depth + 1);
        }
        if let Some(word) = schema["enum"].as_array().and_then(|words| words.first()) {
            return word.clone();
        }
        let mut fields = Map::new();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            if let Value::Object(own) = self.value(part, depth + 1) {
                fields.extend(own);
            }
        }
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            fields.insert(name.clone(), self.value(field, depth + 1));
        }
        match types(schema).first() {
            Some(&"array") => json!([self.value(&schema["items"], depth + 1)]),
            Some(&"string") => json!(match schema["format"].as_str() {
                Some("date-time") => "2026-01-31T12:00:00Z",
                Some("uuid") => "0190a7c8-0000-7000-8000-000000000001",
                _ => "…",
            }),
            Some(&"integer") => json!(1),
            Some(&"number") => json!(0.5),
            Some(&"boolean") => json!(true),
            _ => Value::Object(fields),
        }
    }
}

/// What a value may be, but nothing.
fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).filter(|one| *one != "null").collect(),
        _ => Vec::new(),
    }
}

fn said(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_used_by_name() {
        let document =
            json!({"components": {"schemas": {"A": {"type": "object", "properties": {"b": {"type": "string"}}}}}});
        let lines = Schemas::of(&document).lines(&json!({"$ref": "#/components/schemas/A"}));
        assert_eq!(lines[0].name, "b");
    }

    #[test]
    fn a_schema_is_a_tree_of_lines_and_ends() {
        let document = json!({"components": {"schemas": {
            "Node": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": "string", "description": "What it is called."},
                "at": {"type": ["string", "null"], "format": "date-time"},
                "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
            }},
        }}});
        let schemas = Schemas::of(&document);
        let node = json!({"$ref": "#/components/schemas/Node"});
        let lines = schemas.lines(&node);
        let name = lines.iter().find(|line| line.name == "name").unwrap();
        assert_eq!((name.kind.as_str(), name.required, name.words.as_str()), ("string", true, "What it is called."));
        assert!(lines.iter().any(|line| line.name == "at" && line.kind == "time"));
        assert!(lines.iter().any(|line| line.kind == "list of object" && line.depth == 0));
        assert_eq!(lines.iter().map(|line| line.depth).max(), Some(DEPTH), "what holds itself ends somewhere");
        let example = schemas.example(&node);
        assert_eq!((&example["name"], &example["at"]), (&json!("…"), &json!("2026-01-31T12:00:00Z")));
        assert_eq!(example["children"][0]["name"], "…");
    }
}
