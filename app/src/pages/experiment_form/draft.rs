//! What stands in the form: texts as typed, named like the form's fields, so that the browser can keep a half-filled form and
//! put it back, and a form sent without script reads the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::About;
use crate::form;

/// The form.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// Its key; fixed once it is made.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// What is expected, and why.
    pub hypothesis: String,
    /// The versions compared, the control first.
    pub arms: Vec<ArmDraft>,
    /// `fixed` or `adaptive`.
    pub allocation: String,
    /// Hours of a batch, when adaptive.
    pub batch_hours: String,
    /// Percent every arm keeps, when adaptive.
    pub floor: String,
    /// `user`, `session`, `trace`, or `attribute`.
    pub unit: String,
    /// The attribute, for the last.
    pub unit_attribute: String,
    /// `true`: a unit keeps the arm it met first.
    pub sticky: String,
    /// Percent of the traffic.
    pub coverage: String,
    /// `and` or `or`.
    pub joined: String,
    /// The audience, a rule a row; everybody without rules.
    pub rules: Vec<RuleDraft>,
    /// An audience rows cannot say, as JSON; comes before the rows.
    pub audience: String,
    /// Exclusion group.
    pub group: String,
    /// Its places, such as `0-5000, 7500-10000`.
    pub ranges: String,
    /// Percent held out.
    pub holdout: String,
    /// Testers, one a line: unit, space, arm.
    pub forced: String,
    /// What decides.
    pub metrics: Vec<MetricDraft>,
    /// When it starts, a local time read as UTC.
    pub start: String,
    /// When it ends.
    pub end: String,
    /// No verdict before that many hours.
    pub minimum_hours: String,
    /// Steps before the full traffic.
    pub ramp: Vec<StepDraft>,
    /// `anytime`, `fixed_horizon`, `bayesian`.
    pub method: String,
    /// Error level in percent.
    pub alpha: String,
    /// Chance to find the goal's margin, in percent.
    pub power: String,
    /// `holm`, `bonferroni`, `none`.
    pub correction: String,
    /// Units an arm planned for.
    pub tuning_units: String,
    /// No verdict before every arm has so many units.
    pub minimum_units: String,
    /// `tell`, `pause`, `roll_back`.
    pub on_harm: String,
}

/// An arm.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArmDraft {
    /// Its key.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// The version's number.
    pub version: String,
    /// Percent of the units that take part.
    pub weight: String,
}

/// A rule of the audience.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleDraft {
    /// The attribute's name or path.
    pub attribute: String,
    /// How it is compared: `eq`, `in`, `gt`…
    pub how: String,
    /// With what; several values with commas.
    pub value: String,
}

/// A metric.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetricDraft {
    /// Source and aggregation, a space between: `score:thumbs ratio`.
    pub what: String,
    /// `goal`, `guardrail`, `secondary`.
    pub role: String,
    /// `higher` or `lower`.
    pub direction: String,
    /// The margin as typed.
    pub margin: String,
    /// `relative`: percent of the control; `absolute`: in the metric's own unit.
    pub margin_of: String,
    /// What a unit counts for at most, as typed.
    pub cap: String,
    /// `percentile` of all units, `value` in the metric's own unit, `none`; nothing for what is usual.
    pub cap_of: String,
    /// How long after its exposure a unit is looked at, as typed; nothing for all along.
    pub window: String,
    /// `days` or `hours`.
    pub window_of: String,
}

impl MetricDraft {
    /// A row nobody has filled, each choice at its first.
    pub fn empty() -> Self {
        Self { margin_of: "relative".to_owned(), window_of: "days".to_owned(), ..Self::default() }
    }
}

/// A step of the ramp.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepDraft {
    /// Percent of the traffic while it lasts.
    pub coverage: String,
    /// How long it lasts at least.
    pub hours: String,
    /// How many units it waits for.
    pub units: String,
    /// `true`: it waits for a person.
    pub approval: String,
}

/// Puts a text where its name says; a name nobody knows is left out.
macro_rules! put {
    ($into:expr, $name:expr, $text:expr; $($field:ident)+) => {
        match $name {
            $(stringify!($field) => $into.$field = $text,)+
            _ => {}
        }
    };
}

impl form::Draft for Draft {
    type About = About;

    /// Rows come in the order of their numbers, with gaps. The reader of arguments on the server would
    /// read it as well, at 50 KB of the browser's code.
    fn of_form(text: &str) -> Self {
        let mut draft = Self::default();
        let (mut arms, mut rules, mut metrics, mut ramp) =
            (Rows::<ArmDraft>::new(), Rows::<RuleDraft>::new(), Rows::<MetricDraft>::new(), Rows::<StepDraft>::new());
        for (name, text) in form_urlencoded::parse(text.as_bytes()) {
            let Some(path) = name.strip_prefix("draft[").and_then(|path| path.strip_suffix(']')) else { continue };
            let mut path = path.split("][");
            let (field, row, of_row) = (path.next().unwrap_or_default(), path.next(), path.next());
            let text = text.into_owned();
            let (Some(row), Some(of_row)) = (row.and_then(|row| row.parse::<u32>().ok()), of_row) else {
                put!(draft, field, text; key name hypothesis allocation batch_hours floor unit unit_attribute sticky coverage joined
                    audience group ranges holdout
                    forced start end minimum_hours method alpha power correction tuning_units minimum_units on_harm);
                continue;
            };
            match field {
                "arms" => put!(arms.entry(row).or_default(), of_row, text; key name version weight),
                "rules" => put!(rules.entry(row).or_default(), of_row, text; attribute how value),
                "metrics" => put!(metrics.entry(row).or_default(), of_row, text; what role direction margin margin_of
                    cap cap_of window window_of),
                "ramp" => put!(ramp.entry(row).or_default(), of_row, text; coverage hours units approval),
                _ => {}
            }
        }
        draft.arms = arms.into_values().collect();
        draft.rules = rules.into_values().collect();
        draft.metrics = metrics.into_values().collect();
        draft.ramp = ramp.into_values().collect();
        draft
    }
}

type Rows<T> = BTreeMap<u32, T>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::Draft as _;

    #[test]
    fn a_form_reads_back_with_gaps_in_its_rows() {
        let text = "draft%5Bname%5D=A+b&draft%5Barms%5D%5B0%5D%5Bkey%5D=control&draft%5Barms%5D%5B7%5D%5Bkey%5D=warm\
            &draft%5Barms%5D%5B12%5D%5Bkey%5D=cold&project=demo";
        let draft = Draft::of_form(text);
        assert_eq!(draft.name, "A b");
        let keys: Vec<&str> = draft.arms.iter().map(|arm| arm.key.as_str()).collect();
        assert_eq!(keys, ["control", "warm", "cold"]);
        assert!(draft.metrics.is_empty());
    }

    #[derive(Serialize)]
    struct Sent<'a> {
        draft: &'a Draft,
    }

    #[test]
    fn the_browser_reads_what_the_server_reads() {
        let text = |word: &str| format!("{word} ü&=+");
        let whole = Draft {
            key: text("key"),
            name: text("name"),
            hypothesis: text("hypothesis"),
            arms: vec![ArmDraft { key: text("a"), name: text("b"), version: text("c"), weight: text("d") }],
            allocation: text("allocation"),
            batch_hours: text("batch_hours"),
            floor: text("floor"),
            unit: text("unit"),
            unit_attribute: text("unit_attribute"),
            sticky: text("sticky"),
            coverage: text("coverage"),
            joined: text("joined"),
            rules: vec![RuleDraft { attribute: text("a"), how: text("b"), value: text("c") }; 2],
            audience: text("audience"),
            group: text("group"),
            ranges: text("ranges"),
            holdout: text("holdout"),
            forced: text("forced"),
            metrics: vec![MetricDraft {
                what: text("a"),
                role: text("b"),
                direction: text("c"),
                margin: text("d"),
                margin_of: text("e"),
                cap: text("f"),
                cap_of: text("g"),
                window: text("h"),
                window_of: text("i"),
            }],
            start: text("start"),
            end: text("end"),
            minimum_hours: text("minimum_hours"),
            ramp: vec![StepDraft { coverage: text("a"), hours: text("b"), units: text("c"), approval: text("d") }],
            method: text("method"),
            alpha: text("alpha"),
            power: text("power"),
            correction: text("correction"),
            tuning_units: text("tuning_units"),
            minimum_units: text("minimum_units"),
            on_harm: text("on_harm"),
        };
        assert_eq!(Draft::of_form(&serde_qs::to_string(&Sent { draft: &whole }).unwrap()), whole);
    }
}
