//! The reference of the interface for programs, as the page shows it.

use serde::{Deserialize, Serialize};

/// The list of operations.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ReferenceView {
    /// By what they are about; only those that were looked for.
    pub groups: Vec<OperationGroup>,
    /// What was looked for.
    pub text: String,
    /// How many were found.
    pub found: u32,
    /// How many there are.
    pub total: u32,
}

/// Operations about one thing.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct OperationGroup {
    /// What they are about.
    pub name: String,
    /// At least one.
    pub operations: Vec<OperationLine>,
}

/// One operation in the list.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct OperationLine {
    /// Its name, unique in the document.
    pub id: String,
    /// `GET`, `POST`, …
    pub method: String,
    /// Its path, with parameters in braces.
    pub path: String,
    /// What it does, in a line.
    pub summary: String,
}

/// What stands beside the list.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Opened {
    /// No operation is chosen.
    Introduction(Box<Introduction>),
    /// This one.
    Operation(Box<OperationView>),
}

/// What holds for all operations.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Introduction {
    /// In the document's own words.
    pub words: String,
    /// Address programs use, without a slash at the end.
    pub address: String,
    /// A first request.
    pub curl: String,
    /// What the groups are about.
    pub groups: Vec<GroupLine>,
    /// How operations refuse: status and when.
    pub refusals: Vec<(String, String)>,
}

/// A group and what it is about.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct GroupLine {
    /// Its name.
    pub name: String,
    /// What it is about, and for doors of other programs what to tell these.
    pub words: String,
    /// Operations in it.
    pub operations: u32,
    /// The first of them.
    pub first: String,
}

/// One operation in full.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct OperationView {
    /// As in the list.
    pub line: OperationLine,
    /// More about it.
    pub description: Option<String>,
    /// Who may, in words.
    pub needs: String,
    /// In path and query.
    pub parameters: Vec<SchemaLine>,
    /// What is sent, in each form it may have.
    pub bodies: Vec<Content>,
    /// What comes back when it worked, by status.
    pub answers: Vec<AnswerView>,
    /// How it may refuse: status and when.
    pub refusals: Vec<(String, String)>,
    /// The shape of a refusal.
    pub refusal: Option<Content>,
    /// A request to copy.
    pub curl: String,
}

/// A body.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// Its media type.
    pub media: String,
    /// Its shape: a line for each field, children after their parent.
    pub lines: Vec<SchemaLine>,
    /// One such body, written out.
    pub example: Option<String>,
}

/// An answer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct AnswerView {
    /// `200`, `201`.
    pub status: String,
    /// When it is given, or what it holds.
    pub words: String,
    /// Its body.
    pub content: Option<Content>,
}

/// One field, or one parameter.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct SchemaLine {
    /// How deep it is nested.
    pub depth: u8,
    /// Its name; empty for one of several forms.
    pub name: String,
    /// `string`, `list of object`, `integer, in the query`.
    pub kind: String,
    /// Whether it has to be sent; of answers, whether it is always there.
    pub required: bool,
    /// What it means.
    pub words: String,
}
