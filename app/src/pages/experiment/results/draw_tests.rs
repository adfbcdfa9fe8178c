use super::*;

fn bar(low: f64, high: f64, margin: Option<f64>) -> Bar {
    Bar { low, estimate: f64::midpoint(low, high), high, bell: None, margin, label: String::new() }
}

#[test]
fn a_row_that_knows_little_does_not_squeeze_the_goal() {
    let (goal, loose) = (bar(0.01, 0.12, None), bar(-4.0, 9.0, None));
    let (low, high) = axis([(&goal, true), (&loose, false)].into_iter());
    assert!(low < 0.0 && low > -0.3 && high > 0.12 && high < 0.3, "{low} {high}");
}

#[test]
fn the_axis_holds_margins() {
    let (goal, guard) = (bar(-0.01, 0.02, None), bar(-0.01, 0.01, Some(0.05)));
    let (_, high) = axis([(&goal, true), (&guard, false)].into_iter());
    assert!(high > 0.05);
}

#[test]
fn chances_are_never_certain() {
    assert_eq!(
        (p_value(0.0), p_value(0.0123), p_value(0.5), p_value(1.0)),
        ("<0.001".into(), "0.012".into(), "0.50".into(), "1".into())
    );
    assert_eq!((sure(1.0), sure(0.0), sure(0.973)), (">99.9%".into(), "<0.1%".into(), "97.3%".into()));
}
