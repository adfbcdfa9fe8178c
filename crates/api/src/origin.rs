//! The `Origin` check: a browser's session may only change things from our own pages.

use axum::http::{HeaderMap, Method, header};

/// Whether a request with a session cookie may go on: reads always, changes only from our own origin.
///
/// With a configured public address that is the only one; else the request's own host is.
pub fn allows(method: &Method, headers: &HeaderMap, public_url: Option<&str>) -> bool {
    if method.is_safe() {
        return true;
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else { return false };
    match public_url {
        Some(url) => origin.eq_ignore_ascii_case(origin_of(url)),
        None => text(header::HOST).is_some_and(|host| {
            let name = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            name.is_some_and(|name| name.eq_ignore_ascii_case(host))
        }),
    }
}

/// Scheme, host and port of an address, without its path.
fn origin_of(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let path = url.get(after_scheme..).and_then(|rest| rest.find('/')).map(|at| at + after_scheme);
    path.and_then(|at| url.get(..at)).unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(method: &Method, origin: Option<&'static str>, public_url: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "127.0.0.1:3000".parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        allows(method, &headers, public_url)
    }

    #[test]
    fn changes_come_from_our_own_pages_only() {
        assert!(allowed(&Method::GET, Some("https://evil.example"), None));
        assert!(allowed(&Method::POST, Some("http://127.0.0.1:3000"), None));
        for wrong in [None, Some("null"), Some("https://evil.example"), Some("http://127.0.0.1:3001")] {
            assert!(!allowed(&Method::POST, wrong, None), "{wrong:?}");
        }
        let behind_proxy = Some("https://assay.example/base/");
        assert!(allowed(&Method::POST, Some("https://assay.example"), behind_proxy));
        assert!(!allowed(&Method::POST, Some("http://127.0.0.1:3000"), behind_proxy));
    }
}
