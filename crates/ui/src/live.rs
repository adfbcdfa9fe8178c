//! Parts of a page that draw themselves again.

use std::sync::{Arc, Mutex};

use leptos::prelude::*;

type Draw = Arc<Mutex<dyn FnMut() -> Option<AnyView> + Send>>;

/// Draws, and draws again whenever something it read has changed; `None` draws nothing. A closure straight in `view!` does the
/// same. One that was given a name would be a type of its own there, which is 1.5 KB of WASM; this makes all of them the
/// same.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example(count: Signal<u32>) -> impl IntoView {
/// let many = live(move || (count.get() > 9).then(|| view! { <Chip>"many"</Chip> }.into_any()));
/// view! { <p>{move || count.get()} {many}</p> }
/// # }
/// ```
pub fn live(draw: impl FnMut() -> Option<AnyView> + Send + 'static) -> AnyView {
    let draw: Draw = Arc::new(Mutex::new(draw));
    draw.into_any()
}
