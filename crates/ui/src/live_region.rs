//! Tells those who do not see the screen what just happened.

use leptos::prelude::*;

/// Says a sentence through the page's [`LiveRegion`].
#[derive(Clone, Copy, Debug)]
pub struct Announcer(RwSignal<(u32, String)>);

impl Announcer {
    /// Makes one and puts it into context; `Shell` does this.
    pub fn provide() -> Self {
        let announcer = Self(RwSignal::new((0, String::new())));
        provide_context(announcer);
        announcer
    }

    /// The one in context, if there is one.
    pub fn from_context() -> Option<Self> {
        use_context()
    }

    /// Says it. The same sentence twice is said twice.
    pub fn say(self, text: impl Into<String>) {
        let text = text.into();
        self.0.update(|(turn, said)| {
            *turn = turn.wrapping_add(1);
            *said = text;
        });
    }
}

/// The polite live region; one a page, drawn by `Shell`.
#[component]
pub fn LiveRegion() -> impl IntoView {
    let announcer = Announcer::from_context().unwrap_or_else(Announcer::provide);
    view! {
        <div class="visually-hidden" role="status" aria-live="polite">
            // A trailing no-break space on every second turn makes a repeated sentence a change.
            {move || announcer.0.with(|(turn, said)| if turn % 2 == 0 { said.clone() } else { format!("{said}\u{a0}") })}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_sentence_changes_the_region() {
        let owner = Owner::new();
        owner.with(|| {
            let announcer = Announcer::provide();
            announcer.say("Copied");
            let first = announcer.0.get_untracked();
            announcer.say("Copied");
            assert_ne!(first.0 % 2, announcer.0.get_untracked().0 % 2);
        });
    }
}
