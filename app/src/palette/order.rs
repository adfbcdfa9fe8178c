//! What is shown, and in which order.

use super::{
    choice::{Choice, actions, pages, title},
    model::{Hit, HitKind},
    recent::Recent,
};
use ui::NavGroup;

/// Choices under one heading.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Group {
    /// The heading.
    pub title: &'static str,
    /// At least one.
    pub choices: Vec<Choice>,
}

/// Recent choices shown.
const RECENT: usize = 5;

/// The order in which finds of the server stand.
const KINDS: [HitKind; 6] =
    [HitKind::Trace, HitKind::Prompt, HitKind::Version, HitKind::Session, HitKind::User, HitKind::Project];

/// The list for what was typed: with nothing typed recent choices first, then everything of ours; else what matches best first.
pub fn groups(text: &str, project: &str, places: &[NavGroup], recent: Vec<Recent>, hits: Vec<Hit>) -> Vec<Group> {
    let text = text.trim().to_lowercase();
    let chosen: Vec<Choice> =
        recent.into_iter().map(Choice::of_recent).filter(|choice| rank(choice, &text).is_some()).take(RECENT).collect();
    let is_recent = |choice: &Choice| chosen.iter().any(|recent| recent.deed == choice.deed);
    let fitting = |all: Vec<Choice>| {
        let mut ranked: Vec<(u8, Choice)> =
            all.into_iter().filter_map(|choice| Some((rank(&choice, &text)?, choice))).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, choice)| choice).filter(|choice| !is_recent(choice)).collect::<Vec<_>>()
    };
    let mut groups = vec![Group { title: "Recent", choices: chosen.clone() }];
    let own = [
        Group { title: "Pages", choices: fitting(pages(project, places)) },
        Group { title: "Actions", choices: fitting(actions(project)) },
    ];
    let found = KINDS.map(|kind| {
        let of_kind = hits.iter().filter(|hit| hit.kind == kind).cloned().map(Choice::of_hit);
        Group { title: title(kind), choices: of_kind.filter(|choice| !is_recent(choice)).collect() }
    });
    // A page whose name begins with the text is what was meant; else things with names come before pages that only mention it.
    let page_is_meant = own.iter().flat_map(|group| &group.choices).any(|choice| rank(choice, &text) == Some(0));
    if text.is_empty() || page_is_meant {
        groups.extend(own);
        groups.extend(found);
    } else {
        groups.extend(found);
        groups.extend(own);
    }
    groups.retain(|group| !group.choices.is_empty());
    groups
}

/// How well a choice fits a text in lower case, 0 best; `None` when some word of the text is nowhere in it.
fn rank(choice: &Choice, text: &str) -> Option<u8> {
    let name = choice.text.to_lowercase();
    if name.starts_with(text) {
        return Some(0);
    }
    if name.split([' ', '/', '-']).any(|word| word.starts_with(text)) {
        return Some(1);
    }
    let all = format!("{name} {} {}", choice.note.as_deref().unwrap_or_default().to_lowercase(), choice.words);
    text.split_whitespace().all(|word| all.contains(word)).then_some(2)
}

#[cfg(test)]
mod tests {
    use ui::{IconName, NavItem};

    use super::*;

    fn places() -> Vec<NavGroup> {
        vec![NavGroup::new(
            "",
            vec![
                NavItem::new("Prompts", "/p/demo/prompts", IconName::FileText).go('p'),
                NavItem::new("Traces", "/p/demo/traces", IconName::Activity),
            ],
        )]
    }

    fn shown(text: &str, recent: Vec<Recent>, hits: Vec<Hit>) -> Vec<(&'static str, Vec<String>)> {
        let groups = groups(text, "demo", &places(), recent, hits);
        groups
            .into_iter()
            .map(|group| (group.title, group.choices.into_iter().map(|choice| choice.text).collect()))
            .collect()
    }

    fn prompt(name: &str) -> Hit {
        Hit { kind: HitKind::Prompt, text: name.to_owned(), note: None, href: format!("/p/demo/prompts/{name}") }
    }

    #[test]
    fn recent_choices_come_first_and_once() {
        let recent = Recent { text: "Traces".to_owned(), note: None, href: "/p/demo/traces".to_owned() };
        let shown = shown("", vec![recent], Vec::new());
        assert_eq!(shown[0], ("Recent", vec!["Traces".to_owned()]));
        assert!(!shown[1].1.contains(&"Traces".to_owned()));
        assert_eq!(shown[1].1[0], "Prompts");
    }

    #[test]
    fn what_begins_with_the_text_is_meant_and_things_come_before_mere_mentions() {
        let pages_first = shown("prom", Vec::new(), vec![prompt("prompts-of-ana")]);
        assert_eq!((pages_first[0].0, pages_first[0].1[0].as_str()), ("Pages", "Prompts"));
        let things_first = shown("cost", Vec::new(), vec![prompt("cost-report")]);
        assert_eq!(things_first[0], ("Prompts", vec!["cost-report".to_owned()]));
        assert!(things_first.iter().any(|(title, choices)| *title == "Actions" && choices.len() == 1));
    }

    #[test]
    fn every_word_has_to_be_somewhere() {
        assert_eq!(shown("dark theme", Vec::new(), Vec::new()), [("Actions", vec!["Use the dark theme".to_owned()])]);
        assert!(shown("dark matter", Vec::new(), Vec::new()).is_empty());
    }
}
