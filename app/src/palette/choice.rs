//! What can be chosen: something to open, or something to do.

use domain::problem::ProblemCode;
use ui::{IconName, NavGroup, ThemeChoice};

use super::{
    model::{Hit, HitKind},
    recent::Recent,
};
use crate::{
    error::AppError,
    pages::settings::nav,
    routes::{new_prompt_href, project_href},
};

/// What happens when it is chosen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Deed {
    /// Another page.
    Open(String),
    /// Another theme.
    Theme(ThemeChoice),
}

/// One line of the list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Choice {
    /// Before the text.
    pub icon: IconName,
    /// Its name.
    pub text: String,
    /// Beside it.
    pub note: Option<String>,
    /// Other words it is found by.
    pub words: &'static str,
    /// The keys that do the same.
    pub keys: Option<String>,
    /// What happens.
    pub deed: Deed,
}

impl Choice {
    fn open(icon: IconName, text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { icon, text: text.into(), note: None, words: "", keys: None, deed: Deed::Open(href.into()) }
    }

    fn words(mut self, words: &'static str) -> Self {
        self.words = words;
        self
    }

    /// What was found by the server.
    pub fn of_hit(hit: Hit) -> Self {
        Self { note: hit.note, ..Self::open(icon(hit.kind), hit.text, hit.href) }
    }

    /// What was chosen before.
    pub fn of_recent(recent: Recent) -> Self {
        Self { note: recent.note, ..Self::open(IconName::History, recent.text, recent.href) }
    }
}

fn icon(kind: HitKind) -> IconName {
    match kind {
        HitKind::Prompt => IconName::FileText,
        HitKind::Version => IconName::GitCommit,
        HitKind::Trace => IconName::Activity,
        HitKind::Session => IconName::Message,
        HitKind::User => IconName::User,
        HitKind::Project => IconName::Folder,
    }
}

/// Heading of finds.
pub fn title(kind: HitKind) -> &'static str {
    match kind {
        HitKind::Prompt => "Prompts",
        HitKind::Version => "Versions",
        HitKind::Trace => "Traces",
        HitKind::Session => "Sessions",
        HitKind::User => "Users",
        HitKind::Project => "Projects",
    }
}

/// Every page that has no name of its own: those of the navigation and all settings.
pub fn pages(project: &str, places: &[NavGroup]) -> Vec<Choice> {
    let base = project_href(project);
    let places = places.iter().flat_map(|group| &group.items).map(|item| Choice {
        keys: item.letter().map(|letter| format!("g {letter}")),
        ..Choice::open(item.icon(), item.text(), item.href())
    });
    let unlinked = Choice::open(IconName::Link, "Unlinked generations", format!("{base}/unlinked"))
        .words("missing link prompt report coverage");
    // The first one is where the navigation's own entry leads.
    let settings = nav::PAGES.iter().skip(1).map(|page| Choice {
        note: Some("Settings".to_owned()),
        ..Choice::open(page.icon, page.title, page.href(project)).words(page.words)
    });
    places.chain([unlinked]).chain(settings).collect()
}

/// What can be done from here.
pub fn actions(project: &str) -> Vec<Choice> {
    let base = project_href(project);
    let theme = |icon, text: &str, theme| Choice {
        deed: Deed::Theme(theme),
        ..Choice::open(icon, text, "").words("appearance mode colour color switch")
    };
    vec![
        Choice::open(IconName::FileText, "Write a prompt", new_prompt_href(project, "")).words("new create prompt add"),
        Choice::open(IconName::Key, "Make an API key", format!("{base}/settings/keys#new-key"))
            .words("new create token secret"),
        Choice::open(IconName::Users, "Invite a member", format!("{base}/settings/members#invite"))
            .words("new add person user role"),
        Choice::open(IconName::Plus, "Make a project", format!("{base}/settings/projects#new-project"))
            .words("new create demo"),
        Choice::open(IconName::CircleAlert, "Show failed traces", format!("{base}/traces?errors=yes"))
            .words("errors failures"),
        Choice::open(IconName::Tag, "Set the price of a model", format!("{base}/settings/prices#set-price"))
            .words("cost override"),
        theme(IconName::Moon, "Use the dark theme", ThemeChoice::Dark),
        theme(IconName::Sun, "Use the light theme", ThemeChoice::Light),
        theme(IconName::Monitor, "Use the system's theme", ThemeChoice::System),
    ]
}

/// What to say when the server did not answer.
pub fn words_of(error: &AppError) -> String {
    if error.code() == ProblemCode::Unauthenticated {
        return "You are signed out: only pages are found. Reload the page to sign in.".to_owned();
    }
    format!("Only pages are found: {}", error.0.message)
}
