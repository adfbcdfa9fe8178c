//! The screens of the reference, built from components only.

pub(crate) mod components;
pub(crate) mod lists;
pub(crate) mod others;
pub(crate) mod prompt;
pub(crate) mod trace;

use domain::time::TimeUs;
use leptos::prelude::*;
use ui::{IconName, NavGroup, NavItem, Shell};

/// 2026-11-21T14:02:11Z
pub(crate) const NOW: TimeUs = TimeUs(1_795_269_731_000_000);
pub(crate) const DAY: i64 = 86_400_000_000;

pub(crate) fn days_ago(days: i64) -> TimeUs {
    TimeUs(NOW.0 - days * DAY)
}

pub(crate) fn in_shell(path: &'static str, children: impl FnOnce() -> AnyView + Send + 'static) -> AnyView {
    let item = |text: &str, slug: &str, icon| NavItem::new(text, format!("/p/support-bot/{slug}"), icon);
    let places = vec![
        NavGroup::new("", vec![NavItem::new("Home", "/p/support-bot", IconName::Home).exact().go('h').dock()]),
        NavGroup::new(
            "Improve",
            vec![
                item("Prompts", "prompts", IconName::FileText).go('p').note("14").dock(),
                item("Experiments", "experiments", IconName::Flask).go('x').note("2 live"),
            ],
        ),
        NavGroup::new("Observe", vec![item("Traces", "traces", IconName::Activity).go('t').dock()]),
        NavGroup::new("Project", vec![item("Settings", "settings", IconName::Settings).go('s')]),
    ];
    view! {
        <Shell project="support-bot" projects_href="/p/support-bot/settings/projects" places=places path=path.to_owned() find=|()| ()>
            {children()}
        </Shell>
    }
    .into_any()
}
