//! Finding anything from anywhere: pages, prompts and their versions, traces, sessions, users, projects, and what can be done.
//! Its code comes when it is first opened; only the empty dialog is in every page.

pub mod choice;
pub mod finder;
pub mod model;
pub mod order;
#[cfg(feature = "ssr")]
mod read;
pub mod recent;
pub mod server;

use leptos::prelude::*;
use ui::{NavGroup, Skeleton, SkeletonShape, close_dialog, live, open_dialog};

use self::finder::Finder;

/// Id of the dialog.
const DIALOG: &str = "find";

/// Opens the palette.
#[derive(Clone, Copy, Debug)]
pub struct Opener {
    /// How often it was opened; its content begins anew each time.
    times: RwSignal<u32>,
}

impl Opener {
    /// Never opened yet.
    #[expect(clippy::new_without_default, reason = "it makes a signal in the present owner")]
    pub fn new() -> Self {
        Self { times: RwSignal::new(0) }
    }

    /// Opens it, with nothing typed.
    pub fn open(self) {
        self.times.update(|times| *times = times.wrapping_add(1));
        open_dialog(DIALOG);
    }
}

/// Closes the palette; what had focus before has it again.
fn close() {
    close_dialog(DIALOG);
}

/// The dialog. Empty until it is opened for the first time.
#[component]
pub fn Palette(
    /// The project's slug.
    project: Memo<String>,
    /// Pages of the navigation.
    places: Signal<Vec<NavGroup>>,
    /// Opens it.
    opener: Opener,
) -> impl IntoView {
    let times = opener.times;
    let was_opened = Memo::new(move |_| times.get() > 0);
    let content = live(move || {
        was_opened.get().then(|| {
            let fallback =
                || view! { <div class="palette__wait"><Skeleton shape=SkeletonShape::Text rows=6/></div> }.into_any();
            view! {
                <Suspense fallback>
                    {Suspend::new(async move { finder(project, places, times.into()).await })}
                </Suspense>
            }
            .into_any()
        })
    });
    view! { <dialog class="palette" id=DIALOG aria-label="Find anything" closedby="any">{content}</dialog> }.into_any()
}

/// A chunk of its own.
#[lazy]
fn finder(project: Memo<String>, places: Signal<Vec<NavGroup>>, opened: Signal<u32>) -> AnyView {
    view! { <Finder project places opened/> }.into_any()
}
