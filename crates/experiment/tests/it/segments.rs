//! Segments beside the whole.

use experiment::{CheckStatus, Choices, Comparison, Part, Sheet, across};

use crate::sheets::{block, goal, sheet};

fn of(seed: u64, units: [u64; 2], means: [f64; 2]) -> Sheet {
    let goal = goal();
    let blocks = vec![block(&goal, seed, units[0], means[0], 0.2), block(&goal, seed + 1, units[1], means[1], 0.2)];
    sheet(vec![goal], vec![blocks])
}

fn comparison(sheet: &Sheet) -> Comparison {
    sheet.rows(&Choices::of(&sheet.plan)).unwrap()[0].comparisons[0].clone()
}

#[test]
fn an_effect_that_differs_between_segments_is_noticed() {
    let whole = comparison(&of(1, [2_000, 2_000], [0.6, 0.6]));
    let (up, down) = (comparison(&of(3, [1_000, 1_000], [0.6, 0.7])), comparison(&of(5, [1_000, 1_000], [0.6, 0.5])));
    let parts = [Part { comparison: &up, units: [1_000, 1_000] }, Part { comparison: &down, units: [1_000, 1_000] }];
    let found = across(&whole, &parts).unwrap();
    assert!(found.same < 1e-6 && found.spread > 0.9, "{found:?}");
    assert!(found.adjusted.iter().all(|p| p.unwrap() < 0.001));
    assert_eq!(found.simpson, CheckStatus::Ok);
}

#[test]
fn alike_segments_are_alike() {
    let whole = comparison(&of(1, [2_000, 2_000], [0.6, 0.62]));
    let (one, other) =
        (comparison(&of(3, [1_000, 1_000], [0.6, 0.62])), comparison(&of(5, [1_000, 1_000], [0.6, 0.62])));
    let parts = [Part { comparison: &one, units: [1_000, 1_000] }, Part { comparison: &other, units: [1_000, 1_000] }];
    assert!(across(&whole, &parts).unwrap().same > 0.01);
}

#[test]
fn arms_that_are_mixed_differently_are_broken() {
    // Worse in both, better on the whole, because the treatment had the users who are pleased anyway.
    let whole = comparison(&of(1, [1_000, 1_000], [0.5, 0.6]));
    let (hard, easy) = (comparison(&of(3, [800, 200], [0.4, 0.35])), comparison(&of(5, [200, 800], [0.8, 0.75])));
    let parts = [Part { comparison: &hard, units: [800, 200] }, Part { comparison: &easy, units: [200, 800] }];
    let found = across(&whole, &parts).unwrap();
    assert_eq!(found.simpson, CheckStatus::Broken);
    assert!(found.sentence.contains("yet overall it looks higher"), "{}", found.sentence);
}

#[test]
fn a_segment_that_knows_nothing_is_left_out() {
    let whole = comparison(&of(1, [1_000, 1_000], [0.6, 0.6]));
    let (one, two) = (comparison(&of(3, [500, 500], [0.6, 0.6])), comparison(&of(5, [400, 400], [0.6, 0.6])));
    let tiny = comparison(&of(7, [5, 5], [0.6, 0.6]));
    let part = |comparison, units| Part { comparison, units };
    let found = across(&whole, &[part(&one, [500, 500]), part(&tiny, [5, 5]), part(&two, [400, 400])]).unwrap();
    assert!(found.adjusted[0].is_some() && found.adjusted[1].is_none() && found.adjusted[2].is_some());
    assert_eq!(across(&whole, &[part(&one, [500, 500]), part(&tiny, [5, 5])]), None);
}
