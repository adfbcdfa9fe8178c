//! What the feedback page shows, and the code it hands out.

use serde::{Deserialize, Serialize};

/// The page.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct FeedbackView {
    /// Address clients use.
    pub address: String,
    /// The newest client key that may give feedback.
    pub key: Option<ClientKey>,
    /// Whether the visitor may make one.
    pub may_make_keys: bool,
    /// What can be judged to try it; none before the first trace.
    pub example: Option<Example>,
}

/// A client key.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ClientKey {
    /// The key itself; it is public.
    pub public_key: String,
    /// Where it may be used from.
    pub origins: Vec<String>,
}

/// A trace to judge.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// Its id.
    pub trace: String,
    /// Its name.
    pub name: String,
}

/// The element, as a page embeds it.
pub fn html(address: &str, key: &str) -> String {
    format!(
        "<script type=\"module\" src=\"{address}/feedback.js\"></script>\n\n\
         <!-- under each answer; the trace id comes from the program that made it -->\n\
         <assay-feedback key=\"{key}\" trace=\"TRACE_ID\" user=\"USER_ID\"></assay-feedback>\n\
         <!-- stars instead of thumbs: kind=\"rating\"; no comment: comment=\"off\" -->"
    )
}

/// The request behind it, for pages with buttons of their own.
pub fn own_buttons(address: &str, key: &str) -> String {
    format!(
        "await fetch(\"{address}/api/v1/feedback\", {{\n  method: \"POST\",\n  headers: {{\n    \
         \"authorization\": \"Bearer {key}\",\n    \"content-type\": \"application/json\",\n  }},\n  \
         // thumbs: \"up\" or \"down\"; or rating: 1 to 5; comment and user may be left out\n  \
         body: JSON.stringify({{ trace: traceId, thumbs: \"up\", comment: \"Just right\", user: userId }}),\n}});"
    )
}
