//! Icons come from one sprite (`icons.svg`, Lucide); nothing of them is in the WASM but their names.

use leptos::prelude::*;

use crate::asset;

macro_rules! icons {
    ($($(#[$doc:meta])* $variant:ident => $id:literal),+ $(,)?) => {
        /// An icon of the sprite. Names are Lucide's; `style/icons.txt` lists the same ones.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum IconName {
            $($(#[$doc])* $variant),+
        }

        impl IconName {
            /// Every icon.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Id of the symbol in the sprite.
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id),+ }
            }
        }
    };
}

icons! {
    /// Activity: traces, live.
    Activity => "activity",
    /// Goes back.
    ArrowLeft => "arrow-left",
    /// Goes on.
    ArrowRight => "arrow-right",
    /// Sorted upwards.
    ArrowUp => "arrow-up",
    /// Sorted downwards.
    ArrowDown => "arrow-down",
    /// Can be sorted.
    ArrowUpDown => "arrow-up-down",
    /// Alerts.
    Bell => "bell",
    /// Documentation.
    Book => "book-open",
    /// Time range.
    Calendar => "calendar",
    /// Metrics.
    Chart => "chart-line",
    /// Done, good.
    Check => "check",
    /// Step done.
    CircleCheck => "circle-check",
    /// Step not done.
    Circle => "circle",
    /// Wrong.
    CircleAlert => "circle-alert",
    /// Opens downwards.
    ChevronDown => "chevron-down",
    /// Earlier.
    ChevronLeft => "chevron-left",
    /// Later; collapsed.
    ChevronRight => "chevron-right",
    /// When.
    Clock => "clock",
    /// Code.
    Code => "code",
    /// Copies.
    Copy => "copy",
    /// Opens in another place.
    ExternalLink => "external-link",
    /// Unreadable on purpose.
    EyeOff => "eye-off",
    /// Readable.
    Eye => "eye",
    /// Prompts.
    FileText => "file-text",
    /// Filters.
    Filter => "list-filter",
    /// Experiments.
    Flask => "flask-conical",
    /// Folder of prompts.
    Folder => "folder",
    /// A change of a version.
    GitCommit => "git-commit-horizontal",
    /// Help.
    Help => "circle-question-mark",
    /// Version history.
    History => "history",
    /// Home.
    Home => "house",
    /// Explains.
    Info => "info",
    /// API keys.
    Key => "key-round",
    /// A link to copy.
    Link => "link",
    /// Signs out.
    LogOut => "log-out",
    /// More navigation.
    Menu => "menu",
    /// More actions.
    More => "ellipsis",
    /// Messages, sessions.
    Message => "message-square",
    /// Follows the system's theme.
    Monitor => "monitor",
    /// Dark theme.
    Moon => "moon",
    /// Edits.
    Pencil => "pencil",
    /// Tries out.
    Play => "play",
    /// Adds.
    Plus => "plus",
    /// Draws again.
    Refresh => "refresh-cw",
    /// Undoes.
    Undo => "undo-2",
    /// Evaluates, judges.
    Scale => "scale",
    /// Searches.
    Search => "search",
    /// Settings.
    Settings => "settings",
    /// Shares.
    Share => "share-2",
    /// Light theme.
    Sun => "sun",
    /// A label.
    Tag => "tag",
    /// Terminal.
    Terminal => "terminal",
    /// Removes.
    Trash => "trash-2",
    /// Careful.
    Warning => "triangle-alert",
    /// A person.
    User => "user",
    /// People.
    Users => "users",
    /// Closes, removes.
    X => "x",
    /// Zooms out.
    ZoomOut => "zoom-out",
}

/// Draws an icon in the colour of the text around it. It is decoration: the control around it has the name.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! { <Icon name=IconName::Check/> }
/// # }
/// ```
#[component]
pub fn Icon(
    /// Which one.
    name: IconName,
) -> impl IntoView {
    let href = asset::url(&format!("icons.svg#{}", name.id()));
    view! { <svg class="icon" aria-hidden="true" focusable="false"><use href=href></use></svg> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sprite_list_names_exactly_these_icons() {
        let listed: Vec<&str> = include_str!("../../../style/icons.txt")
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect();
        let mut names: Vec<&str> = IconName::ALL.iter().map(|icon| icon.id()).collect();
        names.sort_unstable();
        assert_eq!(listed, names, "style/icons.txt must list the ids of `IconName`, sorted");
    }
}
