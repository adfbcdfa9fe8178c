//! The list of prompts: what the address asks for, its order, and one line.

use std::{cmp::Ordering, collections::BTreeMap};

use domain::prompt::PromptType;
use serde::{Deserialize, Serialize};

use crate::measured::Measured;

/// Lines a page.
pub const PAGE: usize = 50;

/// What the query string says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PromptsQuery {
    /// Part of the name.
    pub q: Option<String>,
    /// In this folder or below.
    pub folder: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
    /// The order: a word of [`Sort`], with `-` before it for the greatest first.
    pub sort: Option<String>,
    /// Which page, from 1.
    pub page: Option<String>,
}

impl PromptsQuery {
    /// Reads the parameters of an address.
    #[cfg(feature = "ssr")]
    pub fn of(query: &ui::Query) -> Self {
        let get = |name: &str| query.get(name).map(str::to_owned);
        Self { q: get("q"), folder: get("folder"), tag: get("tag"), sort: get("sort"), page: get("page") }
    }

    /// Whether anything narrows the list.
    pub fn is_filtered(&self) -> bool {
        [&self.q, &self.folder, &self.tag].into_iter().flatten().any(|text| !text.is_empty())
    }
}

/// What the list is ordered by.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Sort {
    /// Name.
    #[default]
    Name,
    /// Generations of the week.
    Volume,
    /// Median latency.
    Latency,
    /// Cost of the week.
    Cost,
    /// Mean score.
    Score,
    /// Last change.
    Changed,
}

impl Sort {
    const ALL: [Self; 6] = [Self::Name, Self::Volume, Self::Latency, Self::Cost, Self::Score, Self::Changed];

    /// The word in the address.
    pub fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Volume => "volume",
            Self::Latency => "latency",
            Self::Cost => "cost",
            Self::Score => "score",
            Self::Changed => "changed",
        }
    }

    /// The order an address asks for, and whether the greatest comes first; by name when it asks for none there is.
    pub fn of(text: Option<&str>) -> (Self, bool) {
        let text = text.unwrap_or_default();
        let (word, descending) = text.strip_prefix('-').map_or((text, false), |word| (word, true));
        let found = Self::ALL.into_iter().find(|sort| sort.word() == word);
        found.map_or((Self::Name, false), |sort| (sort, descending))
    }

    /// What the heading's link asks for: the other direction where the list is in this order, else what people look for first.
    pub fn next(self, now: (Self, bool)) -> String {
        let descending = if now.0 == self { !now.1 } else { self != Self::Name };
        format!("{}{}", if descending { "-" } else { "" }, self.word())
    }

    fn value(self, line: &PromptLine) -> Option<f64> {
        match self {
            Self::Name => None,
            Self::Volume => Some(line.count as f64),
            Self::Latency => line.latency.value,
            Self::Cost => line.cost.value,
            Self::Score => line.score.value,
            Self::Changed => Some(line.updated_us as f64),
        }
    }

    /// Orders lines. What has no value comes last either way; equal ones by name.
    pub fn apply(self, descending: bool, lines: &mut [PromptLine]) {
        let names = |a: &PromptLine, b: &PromptLine| a.name.cmp(&b.name);
        lines.sort_by(|a, b| {
            let by_value = match (self.value(a), self.value(b)) {
                (Some(a), Some(b)) if descending => b.total_cmp(&a),
                (Some(a), Some(b)) => a.total_cmp(&b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) if descending => names(b, a),
                (None, None) => Ordering::Equal,
            };
            by_value.then_with(|| names(a, b))
        });
    }
}

/// One page of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromptsPage {
    /// The page's lines.
    pub lines: Vec<PromptLine>,
    /// Which page it is, from 1.
    pub page: u32,
    /// How many match in all.
    pub total: u32,
    /// Whether there are more prompts than one list takes in.
    pub truncated: bool,
    /// Folders shown beside the list.
    pub folders: Vec<Folder>,
    /// Tags of the project's prompts, each with how many have it.
    pub tags: Vec<(String, u32)>,
    /// What has to be known to read the numbers.
    pub notices: Vec<String>,
    /// The server's present.
    pub now_us: i64,
    /// Address clients use, for the empty state.
    pub address: String,
}

/// One prompt, with the last seven days in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromptLine {
    /// Whole name.
    pub name: String,
    /// Text or chat.
    pub kind: PromptType,
    /// Number of the newest version.
    pub latest: u32,
    /// Labels with the version they point at, production first.
    pub labels: Vec<(String, u32)>,
    /// Tags.
    pub tags: Vec<String>,
    /// When it changed last, microseconds.
    pub updated_us: i64,
    /// Generations.
    pub count: u64,
    /// Median latency, nanoseconds.
    pub latency: Measured,
    /// Total cost, nano-dollars.
    pub cost: Measured,
    /// Mean of its numeric and boolean scores.
    pub score: Measured,
    /// Half the width of the mean's 95% interval.
    pub score_margin: Option<f64>,
    /// Mean score day by day, oldest first.
    pub score_days: Vec<Option<f64>>,
}

/// A folder in the tree.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Folder {
    /// Its whole path.
    pub path: String,
    /// How deep it lies, from 0.
    pub level: u32,
    /// Prompts in it and below.
    pub count: u32,
}

impl Folder {
    /// Its own name.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// The folders of prompts by these names that are shown while `open` is looked at: the top ones, those on the way to it, and
/// those right below each of them.
pub fn folders<'a>(names: impl Iterator<Item = &'a str>, open: &str) -> Vec<Folder> {
    let mut counts: BTreeMap<Vec<&str>, u32> = BTreeMap::new();
    for name in names {
        let parts: Vec<&str> = name.split('/').collect();
        for depth in 1..parts.len() {
            *counts.entry(parts.iter().take(depth).copied().collect()).or_default() += 1;
        }
    }
    let open: Vec<&str> = open.split('/').filter(|part| !part.is_empty()).collect();
    let shown = |path: &[&str]| path.split_last().is_some_and(|(_, parent)| open.starts_with(parent));
    counts
        .into_iter()
        .filter(|(path, _)| shown(path))
        .map(|(path, count)| Folder {
            level: u32::try_from(path.len().saturating_sub(1)).unwrap_or(u32::MAX),
            path: path.join("/"),
            count,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, count: u64, score: Option<f64>) -> PromptLine {
        PromptLine {
            name: name.to_owned(),
            kind: PromptType::Text,
            latest: 1,
            labels: Vec::new(),
            tags: Vec::new(),
            updated_us: 0,
            count,
            latency: Measured::default(),
            cost: Measured::default(),
            score: Measured { value: score, n: 1 },
            score_margin: None,
            score_days: Vec::new(),
        }
    }

    #[test]
    fn lines_without_a_value_come_last_either_way() {
        let lines = [line("a", 5, None), line("b", 7, Some(0.5)), line("c", 5, Some(0.9))];
        let sorted = |text: &str| {
            let mut lines = lines.to_vec();
            let (sort, descending) = Sort::of(Some(text));
            sort.apply(descending, &mut lines);
            lines.into_iter().map(|line| line.name).collect::<String>()
        };
        assert_eq!(sorted("score"), "bca");
        assert_eq!(sorted("-score"), "cba");
        assert_eq!(sorted("-volume"), "bac");
        assert_eq!(sorted("name"), "abc");
        assert_eq!(sorted("-name"), "cba");
        assert_eq!(sorted("colour"), "abc");
    }

    #[test]
    fn headings_lead_to_the_other_direction_or_to_the_greatest_first() {
        let by_name = Sort::of(None);
        assert_eq!(Sort::Volume.next(by_name), "-volume");
        assert_eq!(Sort::Volume.next(Sort::of(Some("-volume"))), "volume");
        assert_eq!(Sort::Name.next(by_name), "-name");
        assert_eq!(Sort::Name.next(Sort::of(Some("-volume"))), "name");
    }

    #[test]
    fn the_tree_opens_along_the_way() {
        let names = ["a/b/one", "a/b/two", "a/c/three", "d/e/four", "five"];
        let shown = |open: &str| -> Vec<(String, u32, u32)> {
            folders(names.into_iter(), open).into_iter().map(|f| (f.path, f.level, f.count)).collect()
        };
        let top = |name: &str, count| (name.to_owned(), 0, count);
        let sub = |name: &str, count| (name.to_owned(), 1, count);
        assert_eq!(shown(""), [top("a", 3), top("d", 1)]);
        assert_eq!(shown("a"), [top("a", 3), sub("a/b", 2), sub("a/c", 1), top("d", 1)]);
        assert_eq!(shown("a/b"), shown("a"));
    }
}
