//! The engine as a WASM module that answers the reference cases: the proof that browser and server say the same.
//!
//! Not part of the product. `tests/it/wasm.rs` builds it, runs it under Node and compares every answer with the native
//! one, bit for bit. The case dispatch is that of the tests, and nearly the whole engine is linked in.

#![expect(unsafe_code, reason = "`no_mangle` names the exports; nothing here touches memory by hand")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    unused_imports,
    reason = "shares its modules with the tests, where a broken case should stop"
)]

#[path = "../../tests/it/answers.rs"]
mod answers;
#[path = "../../tests/it/compare.rs"]
mod compare;
#[path = "../../tests/it/monitoring_vectors.rs"]
mod monitoring_vectors;
#[path = "../../benches/page/mod.rs"]
mod page;
#[path = "../../tests/it/tour.rs"]
mod tour;
#[path = "../../tests/it/vectors.rs"]
mod vectors;

use std::sync::Mutex;

/// The request, then the answer.
static BUFFER: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Makes room for a request and says where.
#[unsafe(no_mangle)]
pub extern "C" fn reserve(length: usize) -> *mut u8 {
    let mut buffer = BUFFER.lock().unwrap();
    buffer.clear();
    buffer.resize(length, 0);
    buffer.as_mut_ptr()
}

/// Answers the request in the buffer, replacing it, and says how long the answer is.
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> usize {
    let mut buffer = BUFFER.lock().unwrap();
    let request: serde_json::Value = serde_json::from_slice(&buffer).unwrap();
    *buffer = answers::answer(&request).into_bytes();
    buffer.len()
}

/// Where the answer is.
#[unsafe(no_mangle)]
pub extern "C" fn buffer() -> *const u8 {
    BUFFER.lock().unwrap().as_ptr()
}
