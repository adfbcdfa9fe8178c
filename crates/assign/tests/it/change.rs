//! Which edits restart the analysis.

use assign::{Allocation, Change, Definition, Holdout, Stage};

use crate::experiment::{arms, definition};

fn base() -> Definition {
    definition("s", &[5000, 5000], 0.1)
}

#[test]
fn a_ramp_step_opens_an_epoch() {
    assert_eq!(base().change_to(&Definition { coverage: 0.2, ..base() }), Change::Epoch);
}

#[test]
fn weights_by_hand_open_a_phase_and_adaptive_batches_an_epoch() {
    let moved = arms(&[4000, 6000]);
    assert_eq!(base().change_to(&Definition { arms: moved.clone(), ..base() }), Change::Phase);
    let adaptive = Definition { allocation: Allocation::Adaptive, ..base() };
    assert_eq!(adaptive.change_to(&Definition { arms: moved, ..adaptive.clone() }), Change::Epoch);
    assert_eq!(base().change_to(&adaptive), Change::Phase);
}

#[test]
fn another_question_opens_a_phase() {
    let mut other_value = base();
    other_value.arms[1].value = "9".to_owned();
    for next in [
        other_value,
        Definition { seed: "reshuffled".to_owned(), ..base() },
        Definition { unit: "session".to_owned(), ..base() },
        Definition { arms: arms(&[5000, 2500, 2500]), ..base() },
        Definition { holdout: Some(Holdout { seed: "h".to_owned(), share: 0.05 }), ..base() },
        Definition {
            condition: serde_json::from_str(r#"{"exists": {"attribute": "a", "exists": true}}"#).unwrap(),
            coverage: 0.2,
            ..base()
        },
    ] {
        assert_eq!(base().change_to(&next), Change::Phase, "{next:?}");
    }
}

#[test]
fn names_and_forced_units_change_nothing() {
    let mut next = Definition { forced: [("u".to_owned(), "arm-0".to_owned())].into(), ..base() };
    next.arms[0].name = "Renamed".to_owned();
    next.stage = Stage { phase: 4, epoch: 2 };
    assert_eq!(base().change_to(&next), Change::Same);
}

#[test]
fn stages_count_up_and_a_phase_restarts_the_epochs() {
    let stage = Stage { phase: 1, epoch: 3 };
    assert_eq!(stage.after(Change::Same), stage);
    assert_eq!(stage.after(Change::Epoch), Stage { phase: 1, epoch: 4 });
    assert_eq!(stage.after(Change::Phase), Stage { phase: 2, epoch: 0 });
}
