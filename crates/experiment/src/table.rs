use domain::experiment::{ArmKey, Margin, Method, MetricKey, MetricRole};
use serde::{Deserialize, Serialize};
use stats::{
    Undefined,
    decision::{self, Guardrail, Primary, Treatment, decide},
    multiplicity::{self, adjust},
};

use crate::{
    Block, Choices, Comparison, Sheet,
    block::Reading,
    compare::{GuardrailState, Terms, compare, compare_corrected, direction, margin},
};

/// A result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// What it was looked at with.
    pub choices: Choices,
    /// One row for each metric, in the order of the design.
    pub rows: Vec<MetricRow>,
    /// What follows for each treatment, in the order of the arms. It rests on the plan, whatever was chosen.
    pub verdicts: Vec<TreatmentVerdict>,
}

/// A metric in all arms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricRow {
    /// The metric.
    pub key: MetricKey,
    /// What it decides.
    pub role: MetricRole,
    /// Each arm by itself, the control first.
    pub values: Vec<Value>,
    /// Each treatment against the control.
    pub comparisons: Vec<Comparison>,
}

/// A metric in one arm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// The estimate.
    pub value: Option<f64>,
    /// Its standard error.
    pub standard_error: Option<f64>,
    /// Units that have the metric.
    pub units: u64,
    /// Rows of a ratio or quantile; units otherwise.
    pub rows: f64,
}

/// What follows for a treatment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TreatmentVerdict {
    /// The arm.
    pub arm: ArmKey,
    /// What to do.
    pub verdict: Verdict,
    /// The same for people.
    pub sentence: String,
}

/// What to do, in the order in which it is looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A check is broken.
    Broken,
    /// Something protected is harmed by more than its margin.
    StopNow,
    /// The least duration or sample is not reached.
    TooEarly,
    /// A goal is worse, none better.
    DoNotShip,
    /// A goal is better, another worse.
    YourCall,
    /// A goal is better and every guardrail passes.
    Ship,
    /// A goal is better, a guardrail has not passed yet.
    Nearly,
    /// All goals lie within what matters, and every guardrail passes.
    NoMeaningfulDifference,
    /// The planned sample is used up.
    Inconclusive,
    /// Otherwise.
    KeepRunning,
}

impl Verdict {
    /// Its place when treatments differ: what asks for most is said first, from 0.
    pub fn urgency(self) -> u8 {
        match self {
            Self::Broken => 0,
            Self::StopNow => 1,
            Self::Ship => 2,
            Self::YourCall => 3,
            Self::Nearly => 4,
            Self::DoNotShip => 5,
            Self::KeepRunning => 6,
            Self::NoMeaningfulDifference => 7,
            Self::Inconclusive => 8,
            Self::TooEarly => 9,
        }
    }
}

impl From<decision::Verdict> for Verdict {
    fn from(verdict: decision::Verdict) -> Self {
        match verdict {
            decision::Verdict::Broken => Self::Broken,
            decision::Verdict::StopNow => Self::StopNow,
            decision::Verdict::TooEarly => Self::TooEarly,
            decision::Verdict::DoNotShip => Self::DoNotShip,
            decision::Verdict::YourCall => Self::YourCall,
            decision::Verdict::Ship => Self::Ship,
            decision::Verdict::Nearly => Self::Nearly,
            decision::Verdict::NoMeaningfulDifference => Self::NoMeaningfulDifference,
            decision::Verdict::Inconclusive => Self::Inconclusive,
            decision::Verdict::KeepRunning => Self::KeepRunning,
        }
    }
}

impl Sheet {
    /// The result under some choices. The verdict is the plan's.
    ///
    /// # Errors
    /// The choices are out of range.
    pub fn table(&self, choices: &Choices) -> stats::Result<Table> {
        // The sequence decides even where the plan names another method: only it may be looked at every day.
        let planned = Choices { method: Method::Anytime, ..Choices::of(&self.plan) };
        let rows = self.rows(choices)?;
        let verdicts = if *choices == planned { self.verdicts(&rows) } else { self.verdicts(&self.rows(&planned)?) };
        Ok(Table { choices: *choices, rows, verdicts: verdicts? })
    }

    /// The numbers alone, without what follows from them: for looking otherwise at what is judged already.
    ///
    /// # Errors
    /// The choices are out of range.
    pub fn rows(&self, choices: &Choices) -> stats::Result<Vec<MetricRow>> {
        if !(choices.alpha > 0.0 && choices.alpha < 0.5) {
            return Err(Undefined::InvalidInput { name: "alpha", need: "between 0 and 0.5" });
        }
        let treatments = self.arms.len().saturating_sub(1);
        let goals = self.metrics.iter().filter(|metric| metric.role == MetricRole::Goal).count();
        let mut rows = Vec::with_capacity(self.metrics.len());
        for (index, (metric, blocks)) in self.metrics.iter().zip(&self.blocks).enumerate() {
            let uncapped = self.uncapped.get(index).and_then(Option::as_ref).filter(|_| !choices.capped);
            let blocks = uncapped.unwrap_or(blocks);
            let values =
                blocks.iter().map(|block| value(metric.metric.source.clone(), metric.metric.aggregation, block));
            let mut values: Vec<Value> = values.collect();
            let corrected = self
                .corrected
                .get(index)
                .and_then(|[capped, without]| without.as_ref().filter(|_| !choices.capped).or(capped.as_ref()));
            // Where every unit has a value, only the corrected one is told: raw means of a split that moved are biased.
            let told = corrected.filter(|_| metric.metric.aggregation.is_of_every_unit());
            for (value, arm) in values.iter_mut().zip(told.iter().flat_map(|own| &own.arms)) {
                value.value = arm.map(|[mean, _]| mean);
                value.standard_error = arm.map(|[_, error]| error);
            }
            let mut comparisons = Vec::with_capacity(treatments);
            if let Some((control, others)) = blocks.split_first() {
                for (place, block) in others.iter().enumerate() {
                    let comparisons_of_goals = if metric.role == MetricRole::Goal { goals * treatments } else { 1 };
                    let terms = self.terms(place + 1).with(choices, comparisons_of_goals as f64);
                    let mut comparison = match corrected.and_then(|own| own.pairs.get(place)) {
                        Some(pairs) => compare_corrected(metric, pairs, terms),
                        None => compare(metric, control, block, terms),
                    };
                    let past =
                        self.past.get(index).and_then(|past| past.get(place)).filter(|_| self.is_planned(choices));
                    if let Some(past) = past {
                        comparison.remember(*past);
                    }
                    comparisons.push(comparison);
                }
            }
            rows.push(MetricRow { key: metric.metric.key.clone(), role: metric.role, values, comparisons });
        }
        adjust_role(
            &mut rows,
            MetricRole::Goal,
            match choices.correction {
                domain::experiment::Correction::Holm => Some(multiplicity::Correction::Holm),
                domain::experiment::Correction::Bonferroni => Some(multiplicity::Correction::Bonferroni),
                domain::experiment::Correction::None => None,
            },
        )?;
        adjust_role(&mut rows, MetricRole::Secondary, Some(multiplicity::Correction::BenjaminiHochberg))?;
        Ok(rows)
    }

    /// Whether somebody looks as the looks so far did.
    fn is_planned(&self, choices: &Choices) -> bool {
        *choices == Choices { method: Method::Anytime, ..Choices::of(&self.plan) }
    }

    fn terms(&self, treatment: usize) -> Terms {
        let units = |index: usize| self.arms.get(index).map_or(0, |arm| arm.units) as f64;
        let (control, own) = (units(0), units(treatment));
        Terms {
            method: Method::Anytime,
            alpha: self.plan.alpha,
            guardrail_alpha: self.plan.alpha,
            // The plan counts units an arm, the sequence those of both.
            tightest_at: 2.0 * self.plan.tuning_units as f64,
            share: if control + own > 0.0 { own / (control + own) } else { 0.5 },
        }
    }

    fn verdicts(&self, rows: &[MetricRow]) -> stats::Result<Vec<TreatmentVerdict>> {
        let findings: Vec<_> = self.checks.iter().map(crate::Check::finding).collect();
        let mut treatments = Vec::new();
        for (index, arm) in self.arms.iter().enumerate().skip(1) {
            let mut treatment = Treatment {
                name: arm.title().to_owned(),
                findings: findings.clone(),
                primaries: Vec::new(),
                guardrails: Vec::new(),
                canary: None,
                units_per_arm: arm.units.min(self.arms.first().map_or(0, |control| control.units)),
            };
            for (metric, row) in self.metrics.iter().zip(rows) {
                let Some(comparison) = row.comparisons.get(index - 1) else { continue };
                let name = metric.metric.title().to_owned();
                match (metric.role, metric.margin) {
                    (MetricRole::Goal, smallest) => {
                        let decided = comparison.decided;
                        treatment.primaries.push(Primary {
                            name,
                            direction: direction(metric.metric.direction),
                            effect: decided.map(|own| own.effect).ok_or(Undefined::TooFewUnits {
                                have: treatment.units_per_arm,
                                need: stats::anytime::LEAST_UNITS,
                            }),
                            p: decided.map_or(1.0, |own| own.p),
                            interval: decided.map(|own| own.interval),
                            lift: decided.and_then(|own| own.lift),
                            smallest_relevant: smallest.zip(decided).map(|(smallest, own)| match smallest {
                                Margin::Absolute(number) => number,
                                Margin::Relative(share) => share * own.control.abs(),
                            }),
                        });
                    }
                    (MetricRole::Guardrail, Some(allowed)) => treatment.guardrails.push(Guardrail {
                        name,
                        margin: margin(allowed),
                        state: Ok(match comparison.guardrail {
                            Some(GuardrailState::Passes) => decision::GuardrailState::Passes,
                            Some(GuardrailState::Harmed) => decision::GuardrailState::Harmed,
                            Some(GuardrailState::SeriouslyHarmed) => decision::GuardrailState::SeriouslyHarmed,
                            Some(GuardrailState::Undecided) | None => decision::GuardrailState::Undecided,
                        }),
                    }),
                    (MetricRole::Guardrail | MetricRole::Secondary, _) => {}
                }
            }
            treatments.push(treatment);
        }
        let plan = decision::Plan {
            alpha: self.plan.alpha,
            least_days: self.least_days,
            least_units: self.plan.rule.minimum_units,
            most_units: self.plan.rule.maximum_units.unwrap_or(u64::MAX),
            days: self.days,
            forecast: self.forecast,
        };
        let decisions = decide(&treatments, &plan)?;
        let verdict = |(arm, decision): (&crate::ArmUnits, decision::Decision)| TreatmentVerdict {
            arm: arm.key.clone(),
            verdict: decision.verdict.into(),
            sentence: decision.sentence,
        };
        Ok(self.arms.iter().skip(1).zip(decisions).map(verdict).collect())
    }
}

/// Corrects the p-values of one role over all its metrics and treatments.
fn adjust_role(rows: &mut [MetricRow], role: MetricRole, how: Option<multiplicity::Correction>) -> stats::Result<()> {
    let own = || rows.iter().filter(|row| row.role == role).flat_map(|row| &row.comparisons);
    let p: Vec<Option<f64>> = own().map(|comparison| comparison.p).collect();
    let adjusted = match how {
        Some(how) => adjust(how, &p)?,
        None => p,
    };
    let own = rows.iter_mut().filter(|row| row.role == role).flat_map(|row| &mut row.comparisons);
    for (comparison, p) in own.zip(adjusted) {
        comparison.adjusted_p = p;
    }
    Ok(())
}

fn value(source: domain::experiment::MetricSource, how: domain::experiment::Aggregation, block: &Block) -> Value {
    let empty = Value { units: block.units(), ..Value::default() };
    match Reading::of(&source, how) {
        Reading::Units(kind) => {
            let Ok(moments) = block.moments() else { return empty };
            let estimate = kind.estimate(&moments).ok();
            Value {
                // A single unit has a value, and no error.
                value: estimate
                    .map(|own| own.value())
                    .or_else(|| (moments.units() > 0 && !kind.is_ratio()).then(|| moments.mean_value())),
                standard_error: estimate.map(|own| own.standard_error()),
                units: moments.units(),
                rows: moments.rows(),
            }
        }
        Reading::Quantile(level) => {
            let scores = matches!(source, domain::experiment::MetricSource::Score(_));
            let rows = block.quantiles.as_ref().map_or(0, |own| own.bins.iter().map(|(_, count)| count).sum::<u64>());
            let estimate = block.quantile(level, scores, 1.96).ok();
            Value {
                value: estimate.map(|own| own.value()).or_else(|| block.plain_quantile(level, scores)),
                standard_error: estimate.map(|own| own.standard_error()),
                units: block.units(),
                rows: rows as f64,
            }
        }
    }
}
