//! The built browser files: inside the binary, or read once from the folder `ASSAY_SITE` names.

use std::{
    borrow::Cow,
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use app::site::{Manifest, Site};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG,
            IF_NONE_MATCH, VARY,
        },
    },
    response::{IntoResponse as _, Response},
    routing::get,
};

use crate::state::AppState;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded_site.rs"));
}

/// Everything below a content-hashed folder never changes.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Files with fixed names are asked for again after an hour.
const SHORT: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// The element other sites embed: the one file they may load.
const FEEDBACK: &str = "/feedback.js";

/// The files by path, and the manifest that says what they are for.
#[derive(Debug, Default)]
pub(crate) struct SiteFiles {
    files: HashMap<String, Bytes>,
    manifest: Manifest,
}

impl SiteFiles {
    /// From `folder`, else from the binary.
    pub(crate) fn load(folder: Option<&Path>) -> anyhow::Result<Self> {
        let files: HashMap<String, Bytes> = match folder {
            Some(folder) => read_folder(folder).with_context(|| {
                format!("cannot read the site in `{}`; `cargo xtask build` makes one", folder.display())
            })?,
            None => {
                embedded::FILES.iter().map(|(name, bytes)| ((*name).to_owned(), Bytes::from_static(bytes))).collect()
            }
        };
        let manifest = match files.get("site.json") {
            Some(json) => serde_json::from_slice(json).context("`site.json` of the site is damaged")?,
            None if files.is_empty() => Manifest::default(),
            None => anyhow::bail!("the site has no `site.json`; `cargo xtask build` makes one"),
        };
        Ok(Self { files, manifest })
    }

    /// Whether there is no site at all, as in a plain `cargo run`.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// What the pages need to know of it.
    pub(crate) fn page_site(&self) -> Site {
        Site::new(self.manifest.clone())
    }
}

/// Routes of the files.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/pkg/{*path}", get(serve))
        .route("/favicon.svg", get(serve))
        .route(FEEDBACK, get(serve))
        .route("/disk.css", get(serve))
        .route("/disk.js", get(serve))
        .route("/icons.svg", get(serve))
        .route("/robots.txt", get(serve))
}

async fn serve(State(site): State<Arc<SiteFiles>>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let Some(identity) = site.files.get(path) else { return StatusCode::NOT_FOUND.into_response() };

    let immutable = path.starts_with("pkg/");
    let etag = format!("\"{}\"", site.manifest.hash);
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, if immutable { IMMUTABLE } else { SHORT });
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if request.uri().path() == FEEDBACK {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers
            .insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
    }
    if let Ok(value) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, value);
    }
    if request.headers().get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(path)));

    let (body, encoding) = best_encoding(&site.files, path, request.headers()).unwrap_or((identity, None));
    if let Some(encoding) = encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    *response.body_mut() = Body::from(body.clone());
    response
}

/// The smallest stored form the client takes.
fn best_encoding<'a>(
    files: &'a HashMap<String, Bytes>,
    path: &str,
    headers: &HeaderMap,
) -> Option<(&'a Bytes, Option<&'static str>)> {
    let accepted: Cow<'_, str> = headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .fold(Cow::Borrowed(""), |all, value| Cow::Owned(format!("{all},{value}")));
    [("br", ".br"), ("gzip", ".gz")].into_iter().find_map(|(coding, suffix)| {
        let wanted = accepted.split(',').any(|item| accepts(item, coding));
        let body = files.get(&format!("{path}{suffix}")).filter(|_| wanted)?;
        Some((body, Some(coding)))
    })
}

/// Whether one item of `Accept-Encoding` asks for `coding` with a weight above zero.
fn accepts(item: &str, coding: &str) -> bool {
    let mut parts = item.split(';').map(str::trim);
    let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
    let refused = parts.any(|parameter| {
        parameter.strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok()).is_some_and(|weight| weight <= 0.0)
    });
    named && !refused
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

fn read_folder(folder: &Path) -> anyhow::Result<HashMap<String, Bytes>> {
    let mut files = HashMap::new();
    let mut open: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
            files.insert(name, Bytes::from(fs::read(&path)?));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(accept: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(accept))])
    }

    fn files() -> HashMap<String, Bytes> {
        ["a.js", "a.js.br", "a.js.gz", "plain.js"]
            .into_iter()
            .map(|name| (name.to_owned(), Bytes::from_static(name.as_bytes())))
            .collect()
    }

    #[test]
    fn brotli_is_preferred_where_it_is_taken() {
        let files = files();
        let chosen = best_encoding(&files, "a.js", &headers("gzip, deflate, br")).map(|(_, coding)| coding);
        assert_eq!(chosen, Some(Some("br")));
    }

    #[test]
    fn a_weight_of_zero_refuses_an_encoding() {
        let files = files();
        let chosen = best_encoding(&files, "a.js", &headers("br;q=0, gzip;q=0.5")).map(|(_, coding)| coding);
        assert_eq!(chosen, Some(Some("gzip")));
    }

    #[test]
    fn a_file_without_stored_forms_is_sent_as_it_is() {
        assert!(best_encoding(&files(), "plain.js", &headers("br, gzip")).is_none());
    }
}
