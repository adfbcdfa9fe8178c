//! Light, dark, or as the system has it.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

use crate::icon::{Icon, IconName};

/// Cookie that keeps the choice: `light` or `dark`; absent for the system's. Prefixed, because cookies are shared by all
/// ports of `localhost`.
pub const COOKIE: &str = "assay_theme";

/// The choice.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ThemeChoice {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl ThemeChoice {
    /// From the value of the cookie or form field.
    pub fn named(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// Value of the cookie and form field.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Value of `data-theme` on `<html>`.
    pub fn attribute(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    /// The `Set-Cookie` value, the same from server and browser.
    pub fn cookie(self) -> String {
        match self.attribute() {
            Some(name) => format!("{COOKIE}={name}; Path=/; Max-Age=31536000; SameSite=Lax"),
            None => format!("{COOKIE}=; Path=/; Max-Age=0; SameSite=Lax"),
        }
    }
}

/// The choice as everything on the page sees it; `Shell` provides it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chosen(RwSignal<ThemeChoice>);

impl Chosen {
    /// Makes one and puts it into context.
    pub(crate) fn provide(initial: ThemeChoice) -> Self {
        let chosen = Self(RwSignal::new(initial));
        provide_context(chosen);
        chosen
    }

    fn choose(self, theme: ThemeChoice) {
        self.0.set(theme);
        apply(theme);
    }
}

/// Gives what chooses a theme, like the switch does. Call it while a component is made, its result in the browser only.
pub fn theme_chooser() -> impl Fn(ThemeChoice) + Copy + Send + Sync + 'static {
    let chosen = use_context::<Chosen>().unwrap_or_else(|| Chosen::provide(ThemeChoice::default()));
    move |theme| chosen.choose(theme)
}

/// Three buttons. In the browser they act at once. Before and without script they post `theme=` to `action`, where the
/// server answers with [`ThemeChoice::cookie`] and a redirect back.
#[component]
pub fn ThemeSwitch(
    /// The choice made so far. Server and browser must start with the same: pass it on with `SharedValue`.
    #[prop(optional)]
    initial: ThemeChoice,
    /// Where the form goes.
    #[prop(default = "/theme".to_owned(), into)]
    action: String,
) -> impl IntoView {
    let chosen = use_context::<Chosen>().unwrap_or_else(|| Chosen::provide(initial));
    let Chosen(choice) = chosen;
    let choices = [
        (ThemeChoice::System, IconName::Monitor, "System theme"),
        (ThemeChoice::Light, IconName::Sun, "Light theme"),
        (ThemeChoice::Dark, IconName::Moon, "Dark theme"),
    ]
    .into_iter()
    .map(|(own, name, label)| {
        let pressed = move || if choice.get() == own { "true" } else { "false" };
        let choose = move |event: web_sys::MouseEvent| {
            event.prevent_default();
            chosen.choose(own);
        };
        view! {
            <button
                class="theme__choice"
                name="theme"
                value=own.name()
                aria-label=label
                title=label
                aria-pressed=pressed
                on:click=choose
            >
                <Icon name/>
            </button>
        }
        .into_any()
    })
    .collect_view();
    view! {
        <form class="theme" method="post" action=action>
            <div class="theme__set" role="group" aria-label="Theme">{choices}</div>
        </form>
    }
    .into_any()
}

fn apply(choice: ThemeChoice) {
    let document = document();
    if let Some(root) = document.document_element() {
        // Neither call fails with these constant names.
        let _ = match choice.attribute() {
            Some(name) => root.set_attribute("data-theme", name),
            None => root.remove_attribute("data-theme"),
        };
    }
    if let Ok(document) = document.dyn_into::<web_sys::HtmlDocument>() {
        // Fails only where cookies are forbidden; the choice then lasts as long as the page.
        let _ = document.set_cookie(&choice.cookie());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_read_back_and_the_system_clears_the_cookie() {
        for choice in [ThemeChoice::System, ThemeChoice::Light, ThemeChoice::Dark] {
            assert_eq!(ThemeChoice::named(choice.name()), choice);
        }
        assert!(ThemeChoice::System.cookie().contains("Max-Age=0"));
        assert!(ThemeChoice::Dark.cookie().starts_with("assay_theme=dark;"));
    }
}
