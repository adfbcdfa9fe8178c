//! The form read as a design. The same code runs in the browser while one types and on the server when it is sent.

use assign::{
    Condition,
    attribute::Scalar,
    condition::{Comparison, Existence, Membership, Part, Threshold, Values},
};
use domain::{
    Invalid,
    experiment::{
        Adaptive, Allocation, Arm, ArmKey, BucketRange, Correction, Design, Exclusion, Holdout, Method, OnHarm, Ramp,
        RampStep, Share, UnitKind,
    },
    problem::FieldProblem,
    time::TimeUs,
};

use super::{
    draft::{Draft, RuleDraft},
    metric::metrics,
};

/// How an attribute may be compared: the word of the condition, and words for people.
pub const HOWS: [(&str, &str); 13] = [
    ("eq", "is"),
    ("ne", "is not"),
    ("in", "is one of"),
    ("not_in", "is none of"),
    ("gt", "is above"),
    ("ge", "is at least"),
    ("lt", "is below"),
    ("le", "is at most"),
    ("contains", "contains"),
    ("prefix", "starts with"),
    ("suffix", "ends with"),
    ("exists", "is known"),
    ("missing", "is not known"),
];

/// A design as far as it can be read, and what could not be.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The design; what could not be read is left as it was.
    pub design: Design,
    /// The audience, for whoever assigns.
    pub condition: Option<Condition>,
    /// What could not be read, each at its field.
    pub problems: Vec<FieldProblem>,
}

/// Collects what cannot be read.
#[derive(Default)]
pub(super) struct Reader(Vec<FieldProblem>);

impl Reader {
    pub(super) fn wrong(&mut self, field: impl Into<String>, message: impl ToString) {
        self.0.push(FieldProblem::new(field, message));
    }

    pub(super) fn take<T>(&mut self, field: &str, read: Result<T, Invalid>) -> Option<T> {
        read.map_err(|invalid| self.wrong(field, invalid)).ok()
    }

    /// Percent as a share, exact to the hash's 1/10,000.
    fn share(&mut self, field: &str, text: &str) -> Option<Share> {
        let Some(percent) = number(text) else {
            self.wrong(field, format!("`{text}` is no number; give a percentage such as 50"));
            return None;
        };
        let steps = (percent * 100.0).round();
        if !(0.0..=10_000.0).contains(&steps) || (percent * 100.0 - steps).abs() > 1e-6 {
            self.wrong(field, format!("`{text}` is no share; give 0 to 100 with at most two decimals"));
            return None;
        }
        Share::from_fraction(steps / 10_000.0).ok()
    }

    pub(super) fn whole<T: TryFrom<u64>>(&mut self, field: &str, text: &str) -> Option<T> {
        let read = text.trim().parse::<u64>().ok().and_then(|whole| T::try_from(whole).ok());
        if read.is_none() {
            self.wrong(field, format!("`{text}` is no whole number; give one such as 168"));
        }
        read
    }
}

/// A moment as a browser's own field writes it, read as UTC.
#[cfg(feature = "ssr")]
fn instant(text: &str) -> Result<Option<TimeUs>, Invalid> {
    // Browsers leave the seconds out where they are none.
    let seconds = if text.matches(':').count() < 2 { ":00" } else { "" };
    format!("{}{seconds}Z", text.trim()).parse().map(Some)
}

/// A browser's field gives moments only that are some; reading them would take 60 KB of the page.
#[cfg(not(feature = "ssr"))]
#[expect(clippy::unnecessary_wraps, reason = "the same as on the server")]
fn instant(_text: &str) -> Result<Option<TimeUs>, Invalid> {
    Ok(None)
}

pub(super) fn number(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches('%').trim_end().replace(',', ".");
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

pub(super) fn blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// Reads the form. What the form does not show is kept from `base`.
pub fn parse(draft: &Draft, base: &Design) -> Parsed {
    let mut reader = Reader::default();
    let mut design = base.clone();
    draft.name.trim().clone_into(&mut design.name);
    draft.hypothesis.trim().clone_into(&mut design.hypothesis);
    if let Some(unit) = unit(draft, &mut reader) {
        design.unit = unit;
    }
    design.sticky = draft.sticky == "true";
    design.arms = arms(draft, &mut reader);
    allocation(draft, base, &mut design, &mut reader);
    if let Some(share) = reader.share("coverage", &draft.coverage) {
        design.coverage = share;
    }
    let condition = audience(draft, &mut reader);
    // A condition is texts, numbers and lists: writing it cannot fail. Only what is stored needs it.
    #[cfg(feature = "ssr")]
    {
        design.targeting = condition
            .as_ref()
            .and_then(|condition| serde_json::to_value(condition).ok())
            .map(domain::experiment::Targeting);
    }
    design.exclusion = exclusion(draft, &mut reader);
    design.holdout = (!blank(&draft.holdout))
        .then(|| reader.share("holdout.share", &draft.holdout))
        .flatten()
        .map(|share| Holdout { share });
    forced(draft, &mut design, &mut reader);
    design.ramp = (!draft.ramp.is_empty()).then(|| Ramp { steps: steps(draft, &mut reader) });
    design.metrics = metrics(&draft.metrics, base, &mut reader);
    schedule(draft, &mut design, &mut reader);
    plan(draft, &mut design, &mut reader);
    Parsed { design, condition, problems: reader.0 }
}

impl Parsed {
    /// Everything that keeps it from being launched, as far as it can be seen without the project.
    pub fn all_problems(&self) -> Vec<FieldProblem> {
        let mut all = self.problems.clone();
        // What could not be read is said once.
        let more = self.design.problems();
        all.extend(more.into_iter().filter(|problem| !self.problems.iter().any(|first| first.field == problem.field)));
        all
    }
}

fn unit(draft: &Draft, reader: &mut Reader) -> Option<UnitKind> {
    let text = match draft.unit.as_str() {
        "attribute" => format!("attribute:{}", draft.unit_attribute.trim()),
        other => other.to_owned(),
    };
    reader.take("unit", text.parse())
}

fn arms(draft: &Draft, reader: &mut Reader) -> Vec<Arm> {
    let mut arms = Vec::new();
    for (index, arm) in draft.arms.iter().enumerate() {
        let Some(key) = reader.take(&format!("arms[{index}].key"), arm.key.trim().parse::<ArmKey>()) else { continue };
        let version =
            if blank(&arm.version) { Some(0) } else { reader.whole(&format!("arms[{index}].version"), &arm.version) };
        let weight = reader.share(&format!("arms[{index}].weight"), &arm.weight);
        let (Some(version), Some(weight)) = (version, weight) else { continue };
        arms.push(Arm { key, name: arm.name.trim().to_owned(), version, weight: weight.steps() });
    }
    arms
}

fn allocation(draft: &Draft, base: &Design, design: &mut Design, reader: &mut Reader) {
    (design.allocation, design.adaptive) = (Allocation::Fixed, None);
    if draft.allocation != "adaptive" {
        return;
    }
    let mut adaptive = Adaptive::default();
    if !blank(&draft.batch_hours)
        && let Some(hours) = reader.whole("adaptive.batch_hours", &draft.batch_hours)
    {
        adaptive.batch_hours = hours;
    }
    if !blank(&draft.floor) {
        adaptive.floor = reader.share("adaptive.floor", &draft.floor);
    }
    design.allocation = Allocation::Adaptive;
    // What is as usual need not be said.
    design.adaptive = (adaptive != Adaptive::default() || base.adaptive.is_some()).then_some(adaptive);
}

/// An audience as JSON. Read on the server only: the browser would need a reader of JSON for this one field.
#[cfg(feature = "ssr")]
fn written(text: &str, reader: &mut Reader) -> Option<Condition> {
    serde_json::from_str(text).map_err(|error| reader.wrong("targeting", format!("this is no condition: {error}"))).ok()
}

#[cfg(not(feature = "ssr"))]
fn written(_text: &str, _reader: &mut Reader) -> Option<Condition> {
    None
}

fn audience(draft: &Draft, reader: &mut Reader) -> Option<Condition> {
    if !blank(&draft.audience) {
        return written(&draft.audience, reader);
    }
    let mut rules: Vec<Condition> = Vec::new();
    for (index, row) in draft.rules.iter().enumerate() {
        if blank(&row.attribute) && blank(&row.value) {
            continue;
        }
        match rule(row) {
            Ok(condition) => rules.push(condition),
            Err(message) => reader.wrong(format!("targeting[{index}]"), message),
        }
    }
    match rules.len() {
        0 => None,
        1 => rules.pop(),
        _ if draft.joined == "or" => Some(Condition::Or(rules)),
        _ => Some(Condition::And(rules)),
    }
}

fn rule(row: &RuleDraft) -> Result<Condition, String> {
    let attribute = row.attribute.trim().to_owned();
    if attribute.is_empty() {
        return Err("no attribute; give the name of one your program sends, such as plan".to_owned());
    }
    let value = row.value.trim();
    let needs_value = !matches!(row.how.as_str(), "exists" | "missing");
    if needs_value && value.is_empty() {
        return Err(format!("no value to compare `{attribute}` with"));
    }
    let scalar = || scalar(value);
    let threshold = |attribute: String| match number(value) {
        Some(value) => Ok(Threshold { attribute, value }),
        None => Err(format!("`{value}` is no number")),
    };
    let part = |attribute: String| Part { attribute, text: value.to_owned() };
    let several = |attribute: String| {
        let items: Vec<&str> = value.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        let numbers: Option<Vec<f64>> = items.iter().map(|item| item.parse().ok()).collect();
        let texts = || Values::Texts(items.iter().map(|item| (*item).to_owned()).collect());
        Membership { attribute, values: numbers.map_or_else(texts, Values::Numbers) }
    };
    Ok(match row.how.as_str() {
        "eq" => Condition::Eq(Comparison { attribute, value: scalar() }),
        "ne" => Condition::Ne(Comparison { attribute, value: scalar() }),
        "in" => Condition::In(several(attribute)),
        "not_in" => Condition::NotIn(several(attribute)),
        "gt" => Condition::Gt(threshold(attribute)?),
        "ge" => Condition::Ge(threshold(attribute)?),
        "lt" => Condition::Lt(threshold(attribute)?),
        "le" => Condition::Le(threshold(attribute)?),
        "contains" => Condition::Contains(part(attribute)),
        "prefix" => Condition::Prefix(part(attribute)),
        "suffix" => Condition::Suffix(part(attribute)),
        "exists" => Condition::Exists(Existence { attribute, exists: true }),
        "missing" => Condition::Exists(Existence { attribute, exists: false }),
        other => return Err(format!("`{other}` is no comparison")),
    })
}

/// A value as typed: `true` and `false` are truths, digits are numbers, anything in quotes and all else is a text.
pub fn scalar(text: &str) -> Scalar {
    if let Some(quoted) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        return Scalar::Text(quoted.to_owned());
    }
    match (text, text.parse::<f64>()) {
        ("true", _) => Scalar::Bool(true),
        ("false", _) => Scalar::Bool(false),
        (_, Ok(number)) if number.is_finite() => Scalar::Number(number),
        _ => Scalar::Text(text.to_owned()),
    }
}

fn exclusion(draft: &Draft, reader: &mut Reader) -> Option<Exclusion> {
    if blank(&draft.group) {
        if !blank(&draft.ranges) {
            reader.wrong("exclusion.group", "places without a group; name the group, or leave them out");
        }
        return None;
    }
    let group = reader.take("exclusion.group", draft.group.trim().parse())?;
    let mut ranges = Vec::new();
    for part in draft.ranges.split(',').filter(|part| !blank(part)) {
        let ends =
            part.split_once('-').and_then(|(start, end)| Some((start.trim().parse().ok()?, end.trim().parse().ok()?)));
        match ends {
            Some((start, end)) => ranges.push(BucketRange { start, end }),
            None => {
                reader.wrong("exclusion.ranges", format!("`{}` is no range; write one such as 0-5000", part.trim()));
            }
        }
    }
    Some(Exclusion { group, ranges })
}

fn forced(draft: &Draft, design: &mut Design, reader: &mut Reader) {
    design.forced.clear();
    for line in draft.forced.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((unit, arm)) = line.rsplit_once(char::is_whitespace) else {
            reader.wrong("forced", format!("`{line}` names no arm; write the unit, a space, and the arm’s key"));
            continue;
        };
        if let Some(arm) = reader.take("forced", arm.parse()) {
            design.forced.insert(unit.trim().to_owned(), arm);
        }
    }
}

fn steps(draft: &Draft, reader: &mut Reader) -> Vec<RampStep> {
    let mut steps = Vec::new();
    for (index, step) in draft.ramp.iter().enumerate() {
        let coverage = reader.share(&format!("ramp.steps[{index}].coverage"), &step.coverage);
        let hold = format!("ramp.steps[{index}].hold_minutes");
        let minutes =
            number(&step.hours).map(|hours| (hours * 60.0).round()).filter(|minutes| (0.0..=1e6).contains(minutes));
        if minutes.is_none() {
            reader.wrong(hold, format!("`{}` is no time; give hours, such as 24", step.hours));
        }
        let minimum_units = if blank(&step.units) {
            Some(0)
        } else {
            reader.whole(&format!("ramp.steps[{index}].minimum_units"), &step.units)
        };
        let (Some(coverage), Some(minutes), Some(minimum_units)) = (coverage, minutes, minimum_units) else { continue };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 0 to a million"
        )]
        let hold_minutes = minutes as u32;
        steps.push(RampStep { coverage, hold_minutes, minimum_units, approval: step.approval == "true" });
    }
    steps
}

fn schedule(draft: &Draft, design: &mut Design, reader: &mut Reader) {
    design.schedule.start =
        if blank(&draft.start) { None } else { reader.take("schedule.start", instant(&draft.start)).flatten() };
    design.schedule.end =
        if blank(&draft.end) { None } else { reader.take("schedule.end", instant(&draft.end)).flatten() };
    if let Some(hours) = reader.whole("schedule.minimum_hours", &draft.minimum_hours) {
        design.schedule.minimum_hours = hours;
    }
}

fn plan(draft: &Draft, design: &mut Design, reader: &mut Reader) {
    let plan = &mut design.plan;
    plan.method = match draft.method.as_str() {
        "fixed_horizon" => Method::FixedHorizon,
        "bayesian" => Method::Bayesian,
        _ => Method::Anytime,
    };
    plan.correction = match draft.correction.as_str() {
        "bonferroni" => Correction::Bonferroni,
        "none" => Correction::None,
        _ => Correction::Holm,
    };
    plan.rule.on_harm = match draft.on_harm.as_str() {
        "tell" => OnHarm::Tell,
        "roll_back" => OnHarm::RollBack,
        _ => OnHarm::Pause,
    };
    if let Some(share) = reader.share("plan.alpha", &draft.alpha) {
        plan.alpha = share.fraction();
    }
    if let Some(share) = reader.share("plan.power", &draft.power) {
        plan.power = share.fraction();
    }
    if let Some(units) = reader.whole("plan.tuning_units", &draft.tuning_units) {
        plan.tuning_units = units;
    }
    if let Some(units) = reader.whole("plan.rule.minimum_units", &draft.minimum_units) {
        plan.rule.minimum_units = units;
    }
}
