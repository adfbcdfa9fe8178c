use serde_json::Value;
use testkit::TestApp;

/// The contract. A change of the interface changes this file in the same commit.
#[tokio::test]
async fn the_document_is_the_one_agreed() {
    let app = TestApp::start().await;
    let document = app.anonymous().get("/openapi.json").await.expect(200).json();
    insta::assert_json_snapshot!("openapi", document, { ".info.version" => "[version]" });
}

#[tokio::test]
async fn every_operation_has_a_name_of_its_own() {
    let app = TestApp::start().await;
    let operations = operations(&app).await;
    let mut names: Vec<&str> = operations.iter().map(|operation| operation.id.as_str()).collect();
    names.sort_unstable();
    let before = names.len();
    names.dedup();
    assert_eq!(names.len(), before);
}

/// Types of the document go by their bare names: the second of a name would silently stand where the first should.
#[test]
fn no_two_types_of_the_document_share_a_name() {
    fn types(folder: &std::path::Path, all: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                types(&path, all);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for after in text.split("ToSchema").skip(1).filter(|after| after.starts_with([')', ','])) {
                let named = after.lines().take(8).find_map(|line| {
                    line.split_once("struct ").or_else(|| line.split_once("enum ")).map(|(_, name)| name)
                });
                let Some(name) = named.and_then(|name| name.split([' ', '{', '(', '<', ';']).next()) else { continue };
                all.push(name.to_owned());
            }
        }
    }
    let mut all = Vec::new();
    types(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    assert!(all.len() > 90, "{} found", all.len());
    all.sort();
    let twice: Vec<&[String]> = all.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

/// One address and method of the document.
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) said: Value,
}

impl Operation {
    /// Whether the document lists an answer with this status.
    pub(crate) fn lists(&self, status: u16) -> bool {
        self.said["responses"].get(status.to_string()).is_some()
    }

    /// Whether a request goes to this operation. A name at the end may hold slashes.
    fn takes(&self, method: &str, path: &str) -> bool {
        let path = path.split('?').next().unwrap();
        let (own, asked): (Vec<&str>, Vec<&str>) = (self.path.split('/').collect(), path.split('/').collect());
        let fits = |(own, asked): (&&str, &&str)| own.starts_with('{') || own == asked;
        let may_be_longer = own.last().is_some_and(|last| *last == "{name}");
        self.method == method
            && (own.len() == asked.len() || (may_be_longer && asked.len() > own.len()))
            && own.iter().zip(&asked).all(fits)
    }
}

/// The operation a request goes to: where several would fit, the longest with the fewest parameters.
pub(crate) fn taking<'o>(operations: &'o [Operation], method: &str, path: &str) -> &'o Operation {
    let fitting = operations.iter().filter(|operation| operation.takes(method, path));
    let nearest = |operation: &&Operation| {
        let parts = operation.path.matches('/').count();
        (std::cmp::Reverse(parts), operation.path.matches('{').count())
    };
    fitting.min_by_key(nearest).unwrap()
}

/// Whoever reads the document knows what every parameter means, who may ask, and that every refusal there is has a shape.
#[tokio::test]
async fn every_operation_says_who_may_and_what_its_parameters_mean() {
    let app = TestApp::start().await;
    let document = app.anonymous().get("/openapi.json").await.expect(200).json();
    let tags: Vec<&str> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut wrong = Vec::new();
    for Operation { id, said, .. } in operations(&app).await {
        for parameter in said["parameters"].as_array().into_iter().flatten() {
            if parameter["description"].as_str().is_none_or(str::is_empty) {
                wrong.push(format!("{id}: what does `{}` mean?", parameter["name"]));
            }
        }
        if !said["x-needs"].is_object() {
            wrong.push(format!("{id}: who may? name it in `openapi/needs.rs`"));
        }
        if !tags.contains(&said["tags"][0].as_str().unwrap_or_default()) {
            wrong.push(format!("{id}: its tag is not described"));
        }
        let takes_json = said["requestBody"]["content"].get("application/json").is_some();
        if takes_json && said["requestBody"]["content"]["application/json"].get("example").is_none() {
            wrong.push(format!("{id}: it takes a body and shows none; add one to `openapi/examples.rs`"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Two types of the same name would silently share one schema.
#[tokio::test]
async fn examples_fit_the_schemas_they_stand_beside() {
    let app = TestApp::start().await;
    let document = app.anonymous().get("/openapi.json").await.expect(200).json();
    let mut wrong = Vec::new();
    for Operation { id, said, .. } in operations(&app).await {
        let content = &said["requestBody"]["content"]["application/json"];
        let Some(name) = content["schema"]["$ref"].as_str().and_then(|path| path.rsplit('/').next()) else { continue };
        let schema = &document["components"]["schemas"][name];
        let Some(example) = content["example"].as_object() else { continue };
        for field in example.keys().filter(|field| schema["properties"].get(field.as_str()).is_none()) {
            wrong.push(format!("{id}: `{name}` has no `{field}`"));
        }
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for field in required.filter(|field| !example.contains_key(*field)) {
            wrong.push(format!("{id}: `{name}` requires `{field}`"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

pub(crate) async fn operations(app: &TestApp) -> Vec<Operation> {
    let document = app.anonymous().get("/openapi.json").await.expect(200).json();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                said: operation.clone(),
            });
        }
    }
    operations.sort_by(|a, b| (&a.path, &a.method).cmp(&(&b.path, &b.method)));
    operations
}
