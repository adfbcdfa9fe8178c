//! Which arm a unit keeps from phase to phase.

use std::ops::RangeInclusive;

use super::{ArmKey, Experiment, Exposure, Phase};

/// The arms of the phases whose exposures count for who keeps which, up to one of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Keeping {
    /// The first of them.
    since: u32,
    /// The last one.
    last: u32,
    /// The arms each of them has, from the first on.
    arms: Vec<Vec<ArmKey>>,
}

impl Experiment {
    /// What a unit keeps in a phase.
    pub fn keeping(&self, phase: &Phase) -> Keeping {
        let since = self.dealt_since(phase);
        let within = |one: &&Phase| (since..=phase.number).contains(&one.number);
        let arms = |one: &Phase| one.definition.arms.iter().map(|arm| arm.key.clone()).collect();
        Keeping { since, last: phase.number, arms: self.phases.iter().filter(within).map(arms).collect() }
    }
}

impl Keeping {
    /// The phases whose exposures count.
    pub fn phases(&self) -> RangeInclusive<u32> {
        self.since..=self.last
    }

    /// Whether an arm was there in every phase from one of them on, so that nobody was dealt another one for it.
    pub fn was_always_there(&self, from: u32, arm: &ArmKey) -> bool {
        let since = from.checked_sub(self.since).and_then(|place| self.arms.get(usize::try_from(place).ok()?..));
        since.is_some_and(|phases| !phases.is_empty() && phases.iter().all(|arms| arms.contains(arm)))
    }

    /// The exposure whose arm a unit keeps, of all it had, the oldest phase first: the first one, or the one after its arm was
    /// removed. None where the unit has no arm that is there.
    pub fn kept<'e>(&self, exposures: impl IntoIterator<Item = &'e Exposure>) -> Option<&'e Exposure> {
        let mut held: Option<&Exposure> = None;
        for one in exposures {
            let Some(there) = self.arms_of(one.phase).filter(|there| there.contains(&one.arm)) else { continue };
            if held.is_none_or(|held| !there.contains(&held.arm)) {
                held = Some(one);
            }
        }
        held.filter(|held| self.has(&held.arm))
    }

    /// The arm a unit had last that is no longer there.
    pub fn lost<'e>(&self, exposures: impl IntoIterator<Item = &'e Exposure>) -> Option<&'e ArmKey> {
        let counts = |one: &&Exposure| self.phases().contains(&one.phase) && !self.has(&one.arm);
        exposures.into_iter().filter(counts).last().map(|one| &one.arm)
    }

    /// Whether the last of the phases has an arm.
    fn has(&self, arm: &ArmKey) -> bool {
        self.arms.last().is_some_and(|arms| arms.contains(arm))
    }

    fn arms_of(&self, phase: u32) -> Option<&Vec<ArmKey>> {
        self.arms.get(usize::try_from(phase.checked_sub(self.since)?).ok()?)
    }
}
