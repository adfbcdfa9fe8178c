//! The one table of settings pages, and what surrounds each of them.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use ui::{Crumb, IconName, Page, page::PageHead};

use crate::routes::project_href;

/// A page of the settings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SettingsPage {
    /// Last part of its address; empty for the first page.
    pub segment: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What it is for, beside the heading.
    pub lead: &'static str,
    /// Before its name in lists.
    pub icon: IconName,
    /// Other words one may look for it by.
    pub words: &'static str,
}

impl SettingsPage {
    /// Its address.
    pub fn href(&self, project: &str) -> String {
        let base = format!("{}/settings", project_href(project));
        if self.segment.is_empty() { base } else { format!("{base}/{}", self.segment) }
    }
}

/// The project itself.
pub const GENERAL: SettingsPage = SettingsPage {
    segment: "",
    title: "General",
    lead: "The project, and what its numbers are split by",
    icon: IconName::Settings,
    words: "project name rename segment attribute id address",
};
/// Environments.
pub const ENVIRONMENTS: SettingsPage = SettingsPage {
    segment: "environments",
    title: "Environments",
    lead: "Where traces come from",
    icon: IconName::Scale,
    words: "production staging development default",
};
/// API keys.
pub const KEYS: SettingsPage = SettingsPage {
    segment: "keys",
    title: "API keys",
    lead: "Programs sign in with these",
    icon: IconName::Key,
    words: "token secret public credentials",
};
/// Members.
pub const MEMBERS: SettingsPage = SettingsPage {
    segment: "members",
    title: "Members",
    lead: "Who may see and change this project",
    icon: IconName::Users,
    words: "people team roles invite owner editor viewer password",
};
/// Prices.
pub const PRICES: SettingsPage = SettingsPage {
    segment: "prices",
    title: "Prices",
    lead: "What calls of models cost",
    icon: IconName::Tag,
    words: "cost models dollars catalogue",
};
/// Feedback.
pub const FEEDBACK: SettingsPage = SettingsPage {
    segment: "feedback",
    title: "Feedback",
    lead: "What the users of your application say of its answers",
    icon: IconName::Message,
    words: "thumbs rating stars snippet web page",
};
/// Import.
pub const IMPORT: SettingsPage = SettingsPage {
    segment: "import",
    title: "Import",
    lead: "What another tool keeps: prompts, traces, scores",
    icon: IconName::Folder,
    words: "langfuse json csv upload migrate file dry run",
};
/// Projects.
pub const PROJECTS: SettingsPage = SettingsPage {
    segment: "projects",
    title: "Projects",
    lead: "Each has its own prompts, traces, keys and members",
    icon: IconName::Folder,
    words: "new switch demo remove",
};

/// All of them, in the order of the navigation.
pub const PAGES: [SettingsPage; 8] = [GENERAL, ENVIRONMENTS, KEYS, MEMBERS, PRICES, FEEDBACK, IMPORT, PROJECTS];

/// A page of the settings: heading, the way to the others, content.
#[component]
pub fn Settings(
    /// Which.
    here: SettingsPage,
    /// Content.
    children: Children,
) -> impl IntoView {
    let params = use_params_map();
    let project = Memo::new(move |_| params.read().get("project").unwrap_or_default());
    let crumbs = Signal::derive(move || {
        vec![Crumb::link("Settings", format!("{}/settings", project_href(&project.get()))), Crumb::here(here.title)]
    });
    let links = move || {
        let project = project.get();
        let link = |page: SettingsPage| {
            let current = (page == here).then_some("page");
            view! { <a class="settings__link" href=page.href(&project) aria-current=current>{page.title}</a> }
                .into_any()
        };
        PAGES.into_iter().map(link).collect_view()
    };
    view! {
        <Title text=here.title/>
        <Page crumbs>
            <div class="settings">
                <nav class="settings__nav" aria-label="Settings">{links}</nav>
                <div class="settings__content">
                    <PageHead title=here.title lead=here.lead/>
                    {children()}
                </div>
            </div>
        </Page>
    }
    .into_any()
}
