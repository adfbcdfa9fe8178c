//! What is different about a selection of rows: which attribute values it has more or less often than the rest.
//!
//! For a value a, lift = p_S(a)/p_R(a), the shares of rows with it in the selection S and in the rest R, on the log scale,
//! with the clustered variance over units. Values are tested together by e-Benjamini–Hochberg, so that at most 5% of what
//! is listed is expected to be chance, whatever the dependence. Then pairs among the strongest values, kept only if they
//! say more than either value alone. An exploration: it names associations, not causes.
//!
//! *In plain words: in the bad answers, "language: German" is 3 times as common as elsewhere (at least 2.1 times).*

mod correlation;
mod counting;

use core::cmp::Ordering;

use crate::anytime::Sequence;
use crate::contrast::Effect;
use crate::drift::deciles;
use crate::error::{Result, open_unit};
use crate::interval::Interval;
use crate::multiplicity::e_benjamini_hochberg;
use crate::order;
use counting::Units;

/// Fewest units of the selection that must have a value.
const LEAST_UNITS: u64 = 20;
/// How many of the strongest single values are paired.
const PAIRED: usize = 20;
/// The correlation from which two attributes say the same.
const SAME: f64 = 0.9;

/// The rows to explain, column by column.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// Each row's unit.
    pub units: &'a [u64],
    /// Whether each row belongs to the selection.
    pub selected: &'a [bool],
    /// Each attribute's code for each row; numbers as deciles ([`decile_codes`]).
    pub attributes: &'a [&'a [u32]],
}

/// An attribute (by its index) and one of its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// Index into [`Table::attributes`].
    pub attribute: usize,
    /// The value's code.
    pub value: u32,
}

/// A value, or a pair of values, that is more or less common in the selection.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// One term, or two that hold together.
    pub terms: Vec<Term>,
    /// Share of the selection's rows.
    pub share_selected: f64,
    /// Share of the other rows; if there are none, as if there were one.
    pub share_rest: f64,
    /// p_S/p_R.
    pub lift: f64,
    /// Where the lift plausibly lies.
    pub interval: Interval,
    /// ln of the evidence against lift 1.
    pub ln_e: f64,
    /// Units of the selection with the value.
    pub units: u64,
    /// Other attributes that say the same (Cramér's V above 0.9) and are therefore not listed.
    pub also: Vec<usize>,
}

impl Finding {
    /// How far the interval stays from 1, on the log scale; 0 if it does not.
    fn strength(&self) -> f64 {
        libm::log(self.interval.lower()).max(-libm::log(self.interval.upper())).max(0.0)
    }
}

/// The differences between the selection and the rest, strongest first.
///
/// `alpha` is both the false discovery rate of the list and the error level of each interval. The evidence is that of a
/// [`Sequence`] tuned to the units of the selection. Assumes independent units.
///
/// # Errors
/// Columns of different length, α outside (0, 1), or an empty selection or rest.
pub fn explain(table: &Table<'_>, alpha: f64) -> Result<Vec<Finding>> {
    let alpha = open_unit("alpha", alpha)?;
    let units = Units::new(table)?;
    let sequence = Sequence::new(alpha, units.selected() as f64)?;
    let singles: Vec<Finding> =
        all_values(table).into_iter().filter_map(|term| test(table, &units, &sequence, &[term])).collect();
    let mut strongest: Vec<&Finding> =
        significant(&singles, alpha)?.into_iter().filter_map(|at| singles.get(at)).collect();
    order::sort(&mut strongest, |left, right| stronger_first(left, right));
    strongest.truncate(PAIRED);

    let mut pairs = Vec::new();
    for (index, first) in strongest.iter().enumerate() {
        for second in strongest.iter().skip(index + 1) {
            let terms: Vec<Term> = first.terms.iter().chain(&second.terms).copied().collect();
            let (Some(left), Some(right)) = (terms.first(), terms.last()) else { continue };
            if left.attribute == right.attribute {
                continue;
            }
            let parents = first.strength().max(second.strength());
            pairs.extend(test(table, &units, &sequence, &terms).filter(|pair| pair.strength() > parents));
        }
    }
    let tested: Vec<Finding> = singles.into_iter().chain(pairs).collect();
    let kept = significant(&tested, alpha)?;
    let mut findings: Vec<Finding> =
        tested.into_iter().enumerate().filter(|(at, _)| kept.contains(at)).map(|(_, finding)| finding).collect();
    order::sort(&mut findings, stronger_first);
    Ok(grouped(table, findings))
}

/// By strength, then by terms so that the order is complete.
fn stronger_first(left: &Finding, right: &Finding) -> Ordering {
    right.strength().total_cmp(&left.strength()).then_with(|| left.terms.cmp(&right.terms))
}

/// Which findings e-Benjamini–Hochberg keeps.
fn significant(findings: &[Finding], alpha: f64) -> Result<Vec<usize>> {
    if findings.is_empty() {
        return Ok(Vec::new());
    }
    let evidence: Vec<f64> = findings.iter().map(|finding| finding.ln_e).collect();
    e_benjamini_hochberg(&evidence, alpha)
}

fn all_values(table: &Table<'_>) -> Vec<Term> {
    let mut terms: Vec<Term> = table
        .attributes
        .iter()
        .enumerate()
        .flat_map(|(attribute, codes)| codes.iter().map(move |&value| Term { attribute, value }))
        .collect();
    order::sort(&mut terms, Ord::cmp);
    terms.dedup();
    terms
}

/// The finding for these terms; `None` when the selection has too few units with them or nothing varies.
fn test(table: &Table<'_>, units: &Units, sequence: &Sequence, terms: &[Term]) -> Option<Finding> {
    let counts = units.count(|row| {
        terms
            .iter()
            .all(|term| table.attributes.get(term.attribute).and_then(|codes| codes.get(row)) == Some(&term.value))
    });
    if counts.units < LEAST_UNITS {
        return None;
    }
    let effect = Effect::new(counts.ln_lift, counts.standard_error, units.selected()).ok()?;
    let bounds = sequence.interval(&effect).ok()?;
    Some(Finding {
        terms: terms.to_vec(),
        share_selected: counts.share_selected,
        share_rest: counts.share_rest,
        lift: libm::exp(counts.ln_lift),
        interval: Interval::new(libm::exp(bounds.lower()), libm::exp(bounds.upper())).ok()?,
        ln_e: sequence.ln_e(&effect),
        units: counts.units,
        also: Vec::new(),
    })
}

/// Leaves out findings whose attributes say the same as a stronger finding's, and lists them there.
fn grouped(table: &Table<'_>, findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        let same_attribute = |one: &Term, other: &Term| {
            one.attribute == other.attribute || correlation::cramers_v(table, one.attribute, other.attribute) > SAME
        };
        let twin = kept.iter_mut().find(|stronger| {
            stronger.terms.len() == finding.terms.len()
                && stronger.terms.iter().map(|term| term.attribute).ne(finding.terms.iter().map(|term| term.attribute))
                && stronger.terms.iter().zip(&finding.terms).all(|(one, other)| same_attribute(one, other))
        });
        match twin {
            None => kept.push(finding),
            Some(stronger) => {
                for term in &finding.terms {
                    let known = stronger.terms.iter().any(|own| own.attribute == term.attribute);
                    if !known && !stronger.also.contains(&term.attribute) {
                        stronger.also.push(term.attribute);
                    }
                }
            }
        }
    }
    kept
}

/// Codes 0 to 9 for a numeric attribute: the deciles of all rows together. Tied deciles share a code.
///
/// # Errors
/// No values, or a value that is not a number.
pub fn decile_codes(values: &[f64]) -> Result<Vec<u32>> {
    let edges = deciles(values)?;
    Ok(values.iter().map(|value| edges.partition_point(|edge| edge < value) as u32).collect())
}
