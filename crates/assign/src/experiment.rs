//! A checked experiment, ready to assign.

use std::collections::{BTreeMap, BTreeSet};

use crate::attribute::Attributes;
use crate::condition::check::check_attribute;
use crate::definition::{Arm, Definition, Holdout};
use crate::exclusion::check_ranges;
use crate::hash::{BUCKETS, Bucket, Seeded, buckets};
use crate::outcome::Outcome;
use crate::problem::{Findings, Problems, shown};
use crate::range::{Range, arm_ranges};

/// Most arms of an experiment.
const MOST_ARMS: usize = 20;
/// Longest key, seed or value, in bytes.
const MOST_BYTES: usize = 200;

/// A [`Definition`] that passed its checks, with everything assignment needs computed beforehand.
///
/// [`assign`](Self::assign) is a pure function of the definition, the unit's id and its attributes, and allocates nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    definition: Definition,
    /// Its own, the holdout's and the exclusion group's; its own again where there is no such thing.
    seeds: [Seeded; 3],
    ranges: Vec<Range>,
    in_use: u16,
    /// The buckets of the holdout's hash that take part.
    admitted: Option<Range>,
    forced: BTreeMap<String, usize>,
}

impl Experiment {
    /// Checks a definition.
    ///
    /// # Errors
    ///
    /// [`Problems`] naming every field that is wrong: fewer than two arms, repeated arm keys, weights that do not sum
    /// to 10,000, coverage outside 0..1 or finer than 0.0001, empty or overlapping ranges, a forced arm that does not
    /// exist, an unusable condition.
    pub fn new(definition: Definition) -> Result<Self, Problems> {
        let mut findings = Findings::default();
        check_identity(&definition, &mut findings);
        check_arms(&definition.arms, &mut findings);
        let coverage = steps(definition.coverage);
        if coverage.is_none() {
            findings.add(
                "coverage",
                format!("`{}` is no share of the traffic; it lies from 0 to 1 in steps of 0.0001", definition.coverage),
            );
        }
        if let Some(condition) = &definition.condition {
            condition.check("condition", &mut findings);
        }
        let admitted = definition.holdout.as_ref().map(|holdout| check_holdout(holdout, &mut findings));
        if let Some(exclusion) = &definition.exclusion {
            check_name(&exclusion.seed, "exclusion.seed", &mut findings);
            check_ranges(&exclusion.ranges, "exclusion.ranges", &mut findings);
        }
        let mut forced = BTreeMap::new();
        for (unit, key) in &definition.forced {
            let Some(arm) = definition.arms.iter().position(|arm| arm.key == *key) else {
                findings.add(format!("forced[{}]", shown(unit)), format!("there is no arm `{}`", shown(key)));
                continue;
            };
            forced.insert(unit.clone(), arm);
        }
        findings.into_result()?;
        let ranges = arm_ranges(definition.arms.iter().map(|arm| arm.weight), coverage.unwrap_or(0));
        let holdout_seed = definition.holdout.as_ref().map(|holdout| &holdout.seed);
        let exclusion_seed = definition.exclusion.as_ref().map(|exclusion| &exclusion.seed);
        Ok(Self {
            seeds: [Some(&definition.seed), holdout_seed, exclusion_seed]
                .map(|seed| Seeded::new(seed.unwrap_or(&definition.seed))),
            in_use: ranges.iter().map(|range| range.width()).sum(),
            ranges,
            admitted,
            forced,
            definition,
        })
    }

    /// Which arm a unit gets, and why.
    ///
    /// `unit` is the id found in the attribute [`Definition::unit`]. The checks run in the clients' order: unit,
    /// filters (holdout, then exclusion), condition, ranges; before them the forced units. No allocation, no clock, no
    /// randomness: the same input gives the same answer for ever.
    ///
    /// *In plain words: every user is put on a wheel with 10,000 places by their id, and each version owns a stretch of
    /// the wheel.*
    #[must_use]
    pub fn assign(&self, unit: Option<&str>, attributes: &dyn Attributes) -> Outcome<'_> {
        let Some(unit) = unit.filter(|unit| !unit.is_empty()) else {
            return Outcome::MissingUnit;
        };
        if !self.forced.is_empty()
            && let Some(arm) = self.forced.get(unit).and_then(|&index| self.definition.arms.get(index))
        {
            return Outcome::Forced { arm };
        }
        let bucket = match self.let_in(unit, attributes) {
            Ok(bucket) => bucket,
            Err(outcome) => return outcome,
        };
        for (arm, range) in self.definition.arms.iter().zip(&self.ranges) {
            if range.contains(bucket) {
                return Outcome::Assigned { arm, bucket, propensity: self.share(*range) };
            }
        }
        Outcome::OutsideCoverage { bucket }
    }

    /// The arm a unit keeps that was given it before, whatever its place is now: the arm is still there, somebody takes part at
    /// all, and nothing but the arms' ranges would keep the unit out.
    ///
    /// Forced units keep nothing.
    #[must_use]
    pub fn keeps(&self, unit: &str, attributes: &dyn Attributes, arm: &str) -> Option<&Arm> {
        let arm = self.definition.arms.iter().find(|own| own.key == arm)?;
        let may = self.in_use > 0 && !self.forced.contains_key(unit) && self.let_in(unit, attributes).is_ok();
        may.then_some(arm)
    }

    /// The unit's place, unless a filter or the condition keeps it out.
    fn let_in(&self, unit: &str, attributes: &dyn Attributes) -> Result<Bucket, Outcome<'_>> {
        let [bucket, of_holdout, of_exclusion] = self.buckets(unit);
        if self.admitted.is_some_and(|admitted| !admitted.contains(of_holdout)) {
            return Err(Outcome::HeldOut);
        }
        if let Some(filter) = &self.definition.exclusion
            && !filter.ranges.iter().any(|range| range.contains(of_exclusion))
        {
            return Err(Outcome::Excluded);
        }
        if let Some(condition) = &self.definition.condition
            && !condition.matches(attributes)
        {
            return Err(Outcome::NotTargeted);
        }
        Ok(bucket)
    }

    /// The definition.
    #[must_use]
    pub const fn definition(&self) -> &Definition {
        &self.definition
    }

    /// Each arm's buckets, in the order of the arms.
    #[must_use]
    pub fn ranges(&self) -> &[Range] {
        &self.ranges
    }

    /// Each arm's share of the units that take part, in the order of the arms: what the sample ratio is tested against.
    ///
    /// Counted in buckets, so that it is what the hash really does: at small coverage a weight of 3,333 may own 34
    /// buckets of 100. All zero when nobody takes part.
    #[must_use]
    pub fn shares(&self) -> Vec<f64> {
        self.ranges.iter().map(|&range| self.share(range)).collect()
    }

    /// The buckets of the holdout's hash that take part.
    pub(crate) fn admitted(&self) -> Option<Range> {
        self.admitted
    }

    /// The buckets of each of the seeds.
    fn buckets(&self, unit: &str) -> [Bucket; 3] {
        let [own, ..] = self.seeds;
        if self.admitted.is_none() && self.definition.exclusion.is_none() {
            return [own.bucket(unit); 3];
        }
        buckets(self.seeds, unit)
    }

    fn share(&self, range: Range) -> f64 {
        if self.in_use == 0 { 0.0 } else { f64::from(range.width()) / f64::from(self.in_use) }
    }
}

/// A share as a number of buckets, if it is one.
fn steps(share: f64) -> Option<u16> {
    let scaled = share * f64::from(BUCKETS);
    let nearest = scaled.round();
    let fits = (0.0..=f64::from(BUCKETS)).contains(&nearest) && (scaled - nearest).abs() < 1e-6;
    fits.then_some(nearest as u16)
}

fn check_identity(definition: &Definition, findings: &mut Findings) {
    check_name(&definition.key, "key", findings);
    check_name(&definition.seed, "seed", findings);
    check_attribute(&definition.unit, "unit", findings);
    if definition.unit.contains('.') {
        findings.add("unit", format!("`{}` is a path; clients hash on a plain attribute", shown(&definition.unit)));
    }
}

fn check_arms(arms: &[Arm], findings: &mut Findings) {
    if arms.len() < 2 {
        findings.add("arms", format!("`{}` arms; an experiment compares at least 2", arms.len()));
    }
    if arms.len() > MOST_ARMS {
        findings.add("arms", format!("`{}` arms; at most {MOST_ARMS}", arms.len()));
        return;
    }
    let mut seen = BTreeSet::new();
    for (index, arm) in arms.iter().enumerate() {
        let field = format!("arms[{index}].key");
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if arm.key.is_empty() || arm.key.len() > MOST_BYTES || !arm.key.bytes().all(plain) {
            findings.add(
                &*field,
                format!("`{}` is no key; a key has 1 to {MOST_BYTES} letters, digits, `.`, `_`, `-`", shown(&arm.key)),
            );
        } else if !seen.insert(arm.key.as_str()) {
            findings.add(&*field, format!("`{}` is taken by another arm", shown(&arm.key)));
        }
        if arm.value.len() > MOST_BYTES {
            findings
                .add(format!("arms[{index}].value"), format!("`{}` bytes long; at most {MOST_BYTES}", arm.value.len()));
        }
    }
    let total: u32 = arms.iter().map(|arm| u32::from(arm.weight)).sum();
    if total != u32::from(BUCKETS) {
        findings.add("arms", format!("the weights sum to `{total}`; they must sum to 10000"));
    }
}

fn check_holdout(holdout: &Holdout, findings: &mut Findings) -> Range {
    check_name(&holdout.seed, "holdout.seed", findings);
    let held = steps(holdout.share).filter(|&held| 0 < held && held < BUCKETS);
    if held.is_none() {
        findings.add(
            "holdout.share",
            format!("`{}` is no share to hold out; it lies between 0 and 1 in steps of 0.0001", holdout.share),
        );
    }
    Range { start: held.unwrap_or(0), end: BUCKETS }
}

fn check_name(name: &str, field: &str, findings: &mut Findings) {
    if name.is_empty() || name.len() > MOST_BYTES {
        findings.add(field, format!("`{}` is not usable; give 1 to {MOST_BYTES} bytes", shown(name)));
    }
}
