//! Pages and answers of server functions go out compressed. Files of the site are stored compressed, and programs get theirs
//! plain: neither passes here.

use axum::http::{
    Extensions, HeaderMap, StatusCode, Version,
    header::{CONTENT_TYPE, HeaderValue},
};
use tower_http::{
    CompressionLevel,
    compression::{
        CompressionLayer,
        predicate::{Predicate, SizeAbove},
    },
};

/// Below this a response of known size fits one packet anyway.
const WORTH_IT_BYTES: u16 = 1024;
/// Of nine: pages are made for each request, and the levels above cost more time than the few percent they save.
const LEVEL: i32 = 4;

/// gzip for whoever takes it. What a page has ready is flushed whenever it waits for more, so streaming goes on.
pub(crate) fn layer() -> CompressionLayer<impl Predicate> {
    let text = |_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions| is_text(headers.get(CONTENT_TYPE));
    CompressionLayer::new()
        .quality(CompressionLevel::Precise(LEVEL))
        .compress_when(SizeAbove::new(WORTH_IT_BYTES).and(text))
}

/// Whether it gets smaller. An event stream would, but proxies hold back compressed ones.
fn is_text(kind: Option<&HeaderValue>) -> bool {
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    matches!(essence, "text/html" | "text/plain" | "text/csv" | "application/json" | "image/svg+xml")
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write as _,
        sync::{Arc, Mutex},
        time::Duration,
    };

    use axum::{
        Router,
        body::{Body, Bytes},
        extract::Request,
        http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, VARY},
        response::{IntoResponse as _, Response},
    };
    use flate2::write::GzDecoder;
    use futures::channel::mpsc;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn answer(accept: &'static str, kind: &'static str, body: Body) -> Response {
        let response = ([(CONTENT_TYPE, kind)], body).into_response();
        let once = Arc::new(Mutex::new(Some(response)));
        let handler = async move || once.lock().unwrap().take().expect("asked once");
        let router = Router::<()>::new().fallback(handler).layer(layer());
        let request = Request::builder().uri("/").header(ACCEPT_ENCODING, accept).body(Body::empty()).unwrap();
        router.oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn what_a_page_has_ready_is_sent_before_the_rest_is_known() {
        let (pieces, body) = mpsc::unbounded::<Result<Bytes, std::io::Error>>();
        let response = answer("gzip, br", "text/html; charset=utf-8", Body::from_stream(body)).await;
        assert_eq!(response.headers()[CONTENT_ENCODING], "gzip");
        assert_eq!(response.headers()[VARY], "accept-encoding");
        assert!(!response.headers().contains_key(CONTENT_LENGTH));
        let mut body = response.into_body();
        let mut page = GzDecoder::new(Vec::new());
        let mut sent = String::new();
        for piece in ["<main><h1>Traces</h1>".to_owned(), "<p>loading</p>".repeat(500), "<table></table>".to_owned()] {
            sent.push_str(&piece);
            pieces.unbounded_send(Ok(piece.into())).unwrap();
            // The sender stays open: nothing but a flush can bring the whole piece.
            while page.get_ref().len() < sent.len() {
                let frame = tokio::time::timeout(Duration::from_secs(10), body.frame()).await;
                let frame = frame.expect("the piece is held back").unwrap().unwrap();
                page.write_all(&frame.into_data().unwrap()).unwrap();
                page.flush().unwrap();
            }
            assert_eq!(String::from_utf8_lossy(page.get_ref()), sent);
        }
        drop(pieces);
        while let Some(frame) = body.frame().await {
            page.write_all(&frame.unwrap().into_data().unwrap()).unwrap();
        }
        assert_eq!(page.finish().unwrap(), sent.into_bytes());
    }

    #[tokio::test]
    async fn only_text_of_some_size_is_compressed_for_those_who_take_it() {
        let long = "x".repeat(2000);
        for (accept, kind, text, packed) in [
            ("gzip", "application/json", long.as_str(), true),
            ("gzip;q=0", "application/json", &long, false),
            ("identity", "text/html", &long, false),
            ("gzip", "application/json", "{}", false),
            ("gzip", "text/event-stream", &long, false),
            ("gzip", "image/png", &long, false),
        ] {
            let response = answer(accept, kind, Body::from(text.to_owned())).await;
            assert_eq!(response.headers().contains_key(CONTENT_ENCODING), packed, "{accept} {kind} {}", text.len());
        }
    }
}
