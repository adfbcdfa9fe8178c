//! The whole engine as one WASM module, to weigh it: every module is called, nothing is printed.
//!
//! Not part of the product. `tests/it/wasm.rs` builds it, runs it under Node and holds it to the budget of issue 3; that its
//! answers are right is shown by `wasm_answers`, which takes the same tour.

#![expect(unsafe_code, reason = "`no_mangle` names the export; nothing here touches memory by hand")]
#![expect(clippy::panic, reason = "shares its modules with the tests, where a broken case should stop")]

#[path = "../../benches/page/mod.rs"]
mod page;
#[path = "../../tests/it/tour.rs"]
mod tour;

use std::fmt::Debug;

/// Keeps results from being optimised away.
struct Kept(u32);

impl tour::Sink for Kept {
    fn put<T: Debug>(&mut self, result: T) {
        std::hint::black_box(&result);
        self.0 += 1;
    }
}

/// Takes the tour and says how many results there were.
#[unsafe(no_mangle)]
pub extern "C" fn results() -> u32 {
    let mut kept = Kept(0);
    tour::tour(&mut kept);
    kept.0
}
