//! The theme switch without script: a form post that sets the cookie and goes back where it came from.

use axum::{
    http::{
        HeaderMap, StatusCode,
        header::{LOCATION, REFERER, SET_COOKIE},
    },
    response::{IntoResponse as _, Response},
};
use ui::ThemeChoice;

/// `POST /theme` with `theme=light|dark|system`.
pub(crate) async fn choose(headers: HeaderMap, body: String) -> Response {
    let name = body.split('&').find_map(|pair| pair.strip_prefix("theme=")).unwrap_or_default();
    let cookie = ThemeChoice::named(name).cookie();
    (StatusCode::SEE_OTHER, [(SET_COOKIE, cookie), (LOCATION, back(&headers))]).into_response()
}

/// The path the form stood on: never another server's, whatever the header says.
fn back(headers: &HeaderMap) -> String {
    let referer = headers.get(REFERER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let after_scheme = referer.split_once("://").map_or("", |(_, rest)| rest);
    let path = after_scheme.find('/').and_then(|at| after_scheme.get(at..)).unwrap_or("/");
    if path.starts_with("//") { "/".to_owned() } else { path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn returns_to(referer: &'static str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(REFERER, referer.parse().unwrap());
        back(&headers)
    }

    #[test]
    fn it_goes_back_to_a_path_of_ours_only() {
        assert_eq!(returns_to("http://127.0.0.1:3000/p/demo/traces?range=24h"), "/p/demo/traces?range=24h");
        assert_eq!(returns_to("http://evil.example//evil.example/"), "/");
        assert_eq!(returns_to("nonsense"), "/");
        assert_eq!(back(&HeaderMap::new()), "/");
    }
}
