//! Makes the picture of a result. The same code on the server, for the first paint, and in the browser, in the statistics' own
//! chunk, when somebody looks otherwise.

use domain::experiment::{
    Aggregation, Cap, Correction, Difference, Direction, ExperimentMetric, Margin, Method, MetricRole, MetricSource,
    Plan,
};
use experiment::{Choices, Comparison, GuardrailState, MetricRow, Sheet, Value};
use ui::format;

use super::{
    look::{CORRECTIONS, Look, METHODS, words},
    measure::{Measure, how},
    model::{Bar, Figure, Group, Mood, Picture, Row},
    parts,
    sent::Material,
    trade,
};

/// Largest part of the axis a row may take that is no goal, in times of what goals and margins take.
const STRETCH: f64 = 1.6;

/// What rows are written with.
pub(super) struct Ink<'a> {
    pub(super) choices: Choices,
    pub(super) difference: Difference,
    pub(super) units: &'a str,
    pub(super) early: bool,
}

/// The table as somebody looks at it.
///
/// # Errors
/// The choices are out of range.
pub fn draw(material: &Material, look: &Look) -> Result<Picture, String> {
    let plan = &material.whole.plan;
    let choices = Choices {
        method: look.method(plan),
        alpha: look.alpha(plan),
        correction: look.correction(plan),
        capped: !look.uncapped,
    };
    let sheet = match &look.segment {
        None => &material.whole,
        // Never everybody's numbers under a segment's name.
        Some(segment) => {
            let part = material.parts.iter().find(|(own, _)| own == segment);
            &part.ok_or_else(|| format!("Nobody of the segment {segment} is in these results."))?.1
        }
    };
    let rows = sheet.rows(&choices).map_err(|undefined| undefined.to_string())?;
    let ink = Ink { choices, difference: look.difference(plan), units: &material.units, early: material.early };
    let roles = [
        (MetricRole::Goal, "Goal", "decides"),
        (MetricRole::Guardrail, "Guardrails", "must not get worse by more than their margin"),
        (MetricRole::Secondary, "Secondary", "reported, decides nothing"),
    ];
    let mut groups = Vec::new();
    for (role, title, note) in roles {
        let own = sheet.metrics.iter().zip(&rows).filter(|(metric, _)| metric.role == role);
        let drawn: Vec<Row> = own.flat_map(|(metric, row)| ink.rows(sheet, metric, row)).collect();
        if !drawn.is_empty() {
            let title = if role == MetricRole::Goal && drawn.len() > 1 { "Goals" } else { title };
            groups.push(Group { title: title.to_owned(), note: note.to_owned(), rows: drawn });
        }
    }
    let percent = format::percent(1.0 - choices.alpha);
    let interval = match choices.method {
        Method::Anytime => format!("{percent} always-valid interval"),
        Method::FixedHorizon => format!("{percent} interval, valid if looked at once"),
        Method::Bayesian => format!("{percent} of the belief"),
    };
    let chance = match choices.method {
        Method::Bayesian => (
            "Chance",
            "How likely the version is better, given a weak belief that effects are small. It promises nothing about false alarms when looked at every day.",
        ),
        Method::Anytime => (
            "Luck",
            "How easily luck alone makes such a difference, however often one looked: the p-value. Beneath, corrected for all comparisons of its kind.",
        ),
        Method::FixedHorizon => (
            "Luck",
            "How easily luck alone makes such a difference, if nobody looked before: the p-value. Beneath, corrected for all comparisons of its kind.",
        ),
    };
    Ok(Picture {
        axis: axis(groups.iter().flat_map(|group| {
            group.rows.iter().filter_map(|row| Some((row.bar.as_ref()?, group.title.starts_with("Goal"))))
        })),
        differs: differs(plan, look, &choices),
        interval,
        chance: (chance.0.to_owned(), chance.1.to_owned()),
        segments: parts::draw(material, look, &ink),
        trades: trade::sentences(sheet, &rows, &ink),
        csv: sheet.csv(&choices, &rows),
        look: look.clone(),
        groups,
    })
}

/// The axis all rows share: zero, goals and margins whole, others as far as they do not squeeze those.
pub(super) fn axis<'a>(bars: impl Iterator<Item = (&'a Bar, bool)> + Clone) -> (f64, f64) {
    let reach = |bar: &Bar| bar.low.abs().max(bar.high.abs());
    let of_goals = bars.clone().filter(|(_, goal)| *goal).map(|(bar, _)| reach(bar)).fold(0.0, f64::max);
    let of_margins = bars.clone().filter_map(|(bar, _)| Some(bar.margin?.abs() * 1.25)).fold(0.0, f64::max);
    let mut limit = of_goals.max(of_margins) * STRETCH;
    if limit <= 0.0 {
        limit = bars.clone().map(|(bar, _)| reach(bar)).fold(0.0, f64::max);
    }
    let (mut low, mut high) = (0.0_f64, 0.0_f64);
    for (bar, _) in bars {
        let margin = bar.margin.map_or(0.0, |margin| margin * 1.25);
        low = low.min(bar.low).min(margin);
        high = high.max(bar.high).max(margin);
    }
    let (low, high) = (low.max(-limit), high.min(limit));
    let room = (high - low) * 0.04;
    (low - room, high + room)
}

/// Why there is no interval; nothing where there is one.
pub(super) fn why_not(comparison: &Comparison, has_interval: bool) -> Option<String> {
    let why = comparison.why_not.as_ref().map(|why| why.replace('`', ""));
    why.or_else(|| (!has_interval).then(|| "the control is too close to zero for a percentage".to_owned()))
}

/// How a look differs from the plan, in words.
fn differs(plan: &Plan, look: &Look, choices: &Choices) -> Vec<String> {
    let mut said = Vec::new();
    if choices.method != plan.method {
        let (shown, planned) = (words(&METHODS, choices.method).1, words(&METHODS, plan.method).1);
        said.push(format!("method {} instead of {}", shown.to_lowercase(), planned.to_lowercase()));
    }
    if look.level.is_some() && (choices.alpha - plan.alpha).abs() > 1e-9 {
        said.push(format!("error level {} instead of {}", format::percent(choices.alpha), format::percent(plan.alpha)));
    }
    if choices.correction != plan.correction {
        let name = |choice: Correction| match choice {
            Correction::None => "no correction",
            other => words(&CORRECTIONS, other).1,
        };
        said.push(format!("{} instead of {}", name(choices.correction), name(plan.correction)));
    }
    if look.uncapped {
        said.push("without caps".to_owned());
    }
    if let Some(segment) = &look.segment {
        said.push(format!("only the segment {segment}"));
    }
    said
}

impl Ink<'_> {
    fn rows<'b>(
        &'b self,
        sheet: &'b Sheet,
        metric: &'b ExperimentMetric,
        row: &'b MetricRow,
    ) -> impl Iterator<Item = Row> + 'b {
        let control = row.values.first();
        let treatments = row.comparisons.iter().zip(row.values.iter().skip(1)).enumerate();
        treatments.map(move |(index, (comparison, value))| {
            let definition = &metric.metric;
            let measure = Measure::of(definition);
            let bar = self.bar(metric, comparison, control.and_then(|control| control.value));
            Row {
                key: definition.key.to_string(),
                title: definition.title().to_owned(),
                how: how(definition, self.units),
                notes: self.notes(sheet, metric, comparison),
                failures: matches!(definition.source, MetricSource::Errors),
                arm: u32::try_from(index + 1).unwrap_or(u32::MAX),
                control: self.figure(metric, control),
                treatment: self.figure(metric, Some(value)),
                change: self.change(measure, comparison),
                why_not: why_not(comparison, bar.is_some()),
                bar,
                chance: self.chance(measure, comparison),
                reading: self.reading(metric, comparison),
            }
        })
    }

    fn notes(&self, sheet: &Sheet, metric: &ExperimentMetric, comparison: &Comparison) -> Vec<String> {
        let mut notes = Vec::new();
        let measure = Measure::of(&metric.metric);
        if let Some(cap) = metric.metric.cap {
            let at = match cap {
                Cap::Value(value) => measure.value(value),
                Cap::Percentile(share) => format!("the {} quantile", format::percent(share)),
            };
            let is_off = !self.choices.capped && !sheet.uncapped.is_empty();
            notes.push(if is_off { format!("not capped at {at}") } else { format!("capped at {at}") });
        }
        if let (Some(margin), MetricRole::Guardrail) = (metric.margin, metric.role) {
            let worse = match metric.metric.direction {
                Direction::Higher => "lower",
                Direction::Lower => "higher",
            };
            notes.push(match margin {
                Margin::Relative(share) => format!("at most {} {worse}", format::percent(share)),
                Margin::Absolute(value) => format!("at most {} {worse}", measure.amount(value)),
            });
        }
        let is_told = metric.role == MetricRole::Goal && comparison.adjusted_p.is_some_and(|p| p <= self.choices.alpha);
        if is_told && comparison.interval.is_some_and(|[low, high]| low < 0.0 && high > 0.0) {
            notes.push("told apart at an earlier look".to_owned());
        }
        if comparison.exact {
            notes.push("few of them: the exact test leads".to_owned());
        }
        notes
    }

    fn figure(&self, metric: &ExperimentMetric, value: Option<&Value>) -> Figure {
        let Some(value) = value else { return Figure::default() };
        let count = |number: f64| format::count(number.round() as i64);
        let units = format::count(i64::try_from(value.units).unwrap_or(i64::MAX));
        let measure = Measure::of(&metric.metric);
        let under = match (metric.metric.aggregation, value.value) {
            (Aggregation::Rate, Some(share)) => {
                format!("{} of {units}", count(share * value.units as f64))
            }
            (Aggregation::Ratio | Aggregation::Quantile(_), _) => {
                format!("n {}, {units} {}", count(value.rows), self.units)
            }
            _ => format!("n {units} {}", self.units),
        };
        Figure { text: value.value.map_or_else(|| "–".to_owned(), |value| measure.value(value)), under }
    }

    pub(super) fn change(&self, measure: Measure, comparison: &Comparison) -> Figure {
        let relative = comparison.lift.map(format::change);
        let absolute = comparison.difference.map(|difference| measure.difference(difference));
        let (text, under) = match self.difference {
            Difference::Relative => (relative.or_else(|| absolute.clone()), absolute),
            Difference::Absolute => (absolute, relative),
        };
        let text = text.unwrap_or_else(|| "–".to_owned());
        let under = under.filter(|under| *under != text).unwrap_or_default();
        Figure { text, under }
    }

    pub(super) fn bar(&self, metric: &ExperimentMetric, comparison: &Comparison, control: Option<f64>) -> Option<Bar> {
        let control = control?.abs();
        let share = |value: f64| (control > 0.0).then(|| value / control).filter(|share| share.is_finite());
        let measure = Measure::of(&metric.metric);
        let (low, estimate, high) = match self.difference {
            Difference::Relative => {
                let [low, high] = comparison.lift_interval?;
                (low, comparison.lift?, high)
            }
            Difference::Absolute => {
                let [low, high] = comparison.interval?;
                (share(low)?, share(comparison.difference?)?, share(high)?)
            }
        };
        let bell = comparison.belief.and_then(|[mean, deviation]| Some((share(mean)?, share(deviation)?)));
        let towards = match metric.metric.direction {
            Direction::Higher => -1.0,
            Direction::Lower => 1.0,
        };
        let margin = metric.margin.filter(|_| metric.role == MetricRole::Guardrail).and_then(|margin| match margin {
            Margin::Relative(share) => Some(share),
            Margin::Absolute(value) => share(value),
        });
        let written = self.interval(measure, comparison)?;
        let Figure { text, .. } = self.change(measure, comparison);
        Some(Bar {
            low,
            estimate,
            high,
            bell,
            margin: margin.map(|margin| margin * towards),
            label: format!("{}: {text}, {written}", metric.metric.title()),
        })
    }

    /// The interval in the way differences are told.
    pub(super) fn interval(&self, measure: Measure, comparison: &Comparison) -> Option<String> {
        match (self.difference, comparison.lift_interval) {
            (Difference::Relative, Some([low, high])) => {
                Some(format!("{} to {}", format::change(low), format::change(high)))
            }
            _ => comparison
                .interval
                .map(|[low, high]| format!("{} to {}", measure.difference(low), measure.difference(high))),
        }
    }

    fn chance(&self, measure: Measure, comparison: &Comparison) -> Figure {
        if self.choices.method == Method::Bayesian {
            let text = comparison.chance_to_win.map_or_else(|| "–".to_owned(), sure);
            let under =
                comparison.expected_loss.map(|loss| format!("risk {}", measure.amount(loss))).unwrap_or_default();
            return Figure { text, under };
        }
        let Some(p) = comparison.p else { return Figure { text: "–".to_owned(), under: String::new() } };
        let text = p_value(p);
        let under = comparison.adjusted_p.filter(|adjusted| p_value(*adjusted) != text);
        Figure { under: under.map(|adjusted| format!("corrected {}", p_value(adjusted))).unwrap_or_default(), text }
    }

    /// What a comparison means, in a word or two.
    pub(super) fn reading(&self, metric: &ExperimentMetric, comparison: &Comparison) -> (Mood, String) {
        let (mood, text) = self.colourful(metric, comparison);
        // No number has a colour before it may be judged; harm shows at once.
        if self.early && mood == Mood::Good { (Mood::Plain, "Too early".to_owned()) } else { (mood, text.to_owned()) }
    }

    fn colourful(&self, metric: &ExperimentMetric, comparison: &Comparison) -> (Mood, &'static str) {
        if comparison.difference.is_none() {
            return (Mood::Plain, "Not enough data");
        }
        if metric.role == MetricRole::Guardrail {
            return match comparison.guardrail {
                Some(GuardrailState::Passes) => (Mood::Good, "Within margin"),
                Some(GuardrailState::Harmed) => (Mood::Warn, "Worse, margin open"),
                Some(GuardrailState::SeriouslyHarmed) => (Mood::Bad, "Beyond margin"),
                Some(GuardrailState::Undecided) | None => (Mood::Plain, "Cannot tell yet"),
            };
        }
        if self.choices.method == Method::Bayesian {
            return match comparison.chance_to_win {
                Some(chance) if chance >= 1.0 - self.choices.alpha => (Mood::Good, "Likely better"),
                Some(chance) if chance <= self.choices.alpha => (Mood::Bad, "Likely worse"),
                _ => (Mood::Plain, "Could be luck"),
            };
        }
        let is_sure = comparison.adjusted_p.is_some_and(|p| p <= self.choices.alpha);
        match comparison.better {
            Some(true) if is_sure => (Mood::Good, "Better"),
            Some(false) if is_sure => (Mood::Bad, "Worse"),
            _ => (Mood::Plain, "Could be luck"),
        }
    }
}

/// A p-value with as many digits as matter.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.0005 {
        return "<0.001".to_owned();
    }
    if p > 0.995 {
        return "1".to_owned();
    }
    format::fixed(p, if p < 0.0995 { 3 } else { 2 })
}

/// A chance that is never said to be certain.
fn sure(chance: f64) -> String {
    if chance > 0.9995 {
        return ">99.9%".to_owned();
    }
    if chance < 0.0005 { "<0.1%".to_owned() } else { format::percent(chance) }
}

#[cfg(test)]
#[path = "draw_tests.rs"]
mod tests;
