//! The state of a page is in its query string. This builds links to the same page in another state.

use std::fmt::Write as _;

/// What RFC 3986 lets stand in a query and has no meaning in forms.
const KEPT: &[u8] = b"-._~:/@,";

/// Parameters in order. Links to another state start from the present one and change what differs.
///
/// ```
/// # use ui::Query;
/// let now = Query::from_pairs([("tab", "metrics"), ("range", "24h"), ("cursor", "abc")]);
/// assert_eq!(now.set("range", "7d").without("cursor").href(), "?tab=metrics&range=7d");
/// assert_eq!(Query::default().href(), "?");
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// From decoded pairs, such as those of `use_query_map()`.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// With a parameter changed, or added at the end.
    #[must_use]
    pub fn set(&self, name: &str, value: impl Into<String>) -> Self {
        let mut pairs = self.0.clone();
        let value = value.into();
        match pairs.iter_mut().find(|(own, _)| own == name) {
            Some(pair) => pair.1 = value,
            None => pairs.push((name.to_owned(), value)),
        }
        Self(pairs)
    }

    /// Without a parameter.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|(own, _)| own != name).cloned().collect())
    }

    /// The pairs, for hidden fields of a GET form.
    pub fn pairs(&self) -> Vec<(String, String)> {
        self.0.clone()
    }

    /// As a link to the same page, encoded: `?tab=metrics`.
    pub fn href(&self) -> String {
        let mut href = String::from("?");
        for (index, (name, value)) in self.0.iter().enumerate() {
            if index > 0 {
                href.push('&');
            }
            encode(&mut href, name, KEPT);
            href.push('=');
            encode(&mut href, value, KEPT);
        }
        href
    }
}

/// `text` as one segment of a path, encoded where RFC 3986 asks for it: `support/answer` becomes `support%2Fanswer`. The
/// same on the server as in the browser, which the router's own two are not.
pub fn segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    encode(&mut segment, text, b"-._~");
    segment
}

/// Percent-encodes all but letters, digits and `kept`.
fn encode(into: &mut String, text: &str, kept: &[u8]) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            into.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_holds_no_slash() {
        assert_eq!(segment("help-desk/ü ~1"), "help-desk%2F%C3%BC%20~1");
    }

    #[test]
    fn names_and_values_are_encoded() {
        let query = Query::from_pairs([("q", "a&b = ü+?#"), ("v", "3")]);
        assert_eq!(query.href(), "?q=a%26b%20%3D%20%C3%BC%2B%3F%23&v=3");
        assert_eq!(query.get("v"), Some("3"));
        assert_eq!(query.set("v", "4").get("v"), Some("4"));
        assert_eq!(query.without("q").without("v").href(), "?");
    }
}
