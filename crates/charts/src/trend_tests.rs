use serde_json::Value;

use super::*;

/// 2026-11-18, midnight.
const START: i64 = 1_794_960_000_000_000;

fn point(day: i64, value: f64) -> Point {
    Point { at: TimeUs(START + day * DAY_US), value, interval: Some((value - 0.02, value + 0.02)), n: Some(1_200) }
}

fn example() -> Trend {
    Trend {
        metric: "Thumbs up".into(),
        unit: Unit::Score,
        range: TimeRange { from: TimeUs(START), to: TimeUs(START + 4 * DAY_US) },
        bucket_us: DAY_US,
        zone: "UTC".into(),
        groups: vec![
            Group { name: "v7".into(), series: 1, points: vec![point(0, 0.612), point(1, 0.604), point(3, 0.61)] },
            Group { name: "v8".into(), series: 3, points: vec![point(2, 0.65), point(3, 0.653)] },
        ],
        legend: true,
        markers: vec![Marker { at: TimeUs(START + 2 * DAY_US), text: "experiment 50/50".into() }],
    }
}

fn option(data: &Trend) -> Value {
    serde_json::from_str(&trend(data).unwrap().option).unwrap()
}

fn ids(option: &Value) -> Vec<&str> {
    option["series"].as_array().unwrap().iter().map(|series| series["id"].as_str().unwrap()).collect()
}

#[test]
fn the_option_summary_and_table_are_as_reviewed() {
    let spec = trend(&example()).unwrap();
    insta::assert_json_snapshot!("trend_option", option(&example()));
    insta::assert_snapshot!(spec.summary, @"Thumbs up from Nov 18, 2026 to Nov 21, 2026: v7 0.612 to 0.610; v8 0.650 to 0.653.");
    insta::assert_json_snapshot!("trend_table", spec.table);
}

#[test]
fn a_missing_bucket_is_a_gap_not_a_line() {
    let option = option(&example());
    let line = option["series"].as_array().unwrap().iter().find(|series| series["id"] == "line:0").unwrap();
    let values: Vec<&Value> = line["data"].as_array().unwrap().iter().map(|row| &row[1]).collect();
    assert_eq!(values.len(), 4);
    assert!(values[2].is_null());
}

#[test]
fn the_text_of_a_late_mark_stays_in_the_picture() {
    let mut data = example();
    data.markers.push(Marker { at: TimeUs(START + 4 * DAY_US - 1), text: "v8 → production".into() });
    let option = option(&data);
    let marks = option.pointer("/series/2/markLine/data").or(option.pointer("/series/1/markLine/data")).unwrap();
    assert_eq!(marks[0].get("label"), None);
    assert_eq!(marks[1]["label"]["align"], "right");
}

#[test]
fn series_without_intervals_have_no_band() {
    let mut data = example();
    for point in data.groups.iter_mut().flat_map(|group| &mut group.points) {
        point.interval = None;
        point.n = None;
    }
    assert_eq!(ids(&option(&data)), ["line:0", "line:1"]);
    assert_eq!(trend(&data).unwrap().table.columns, ["When", "Series", "Thumbs up"]);
}

#[test]
fn bands_lie_on_their_lower_end_even_below_zero() {
    let option = option(&example());
    assert_eq!(ids(&option), ["floor:0", "band:0", "line:0", "floor:1", "band:1", "line:1"]);
    assert_eq!(option["series"][1]["stackStrategy"], "all");
}

#[test]
fn no_data_says_so() {
    let mut data = example();
    data.groups.clear();
    let spec = trend(&data).unwrap();
    assert_eq!(spec.summary, "Thumbs up: no data in this range.");
    assert!(spec.table.rows.is_empty());
}

#[test]
fn numbers_that_are_none_never_reach_the_option() {
    let mut data = example();
    data.groups[0].points[0].value = f64::NAN;
    data.groups[0].points[1].interval = Some((f64::NEG_INFINITY, 1.0));
    let spec = trend(&data).unwrap();
    assert!(!spec.option.contains("NaN") && !spec.option.contains("inf"), "{}", spec.option);
    assert_eq!(spec.table.rows[0][2], "–");
}

#[test]
fn options_hold_no_code() {
    let text = trend(&example()).unwrap().option;
    assert!(!text.contains("function") && !text.contains("=>"), "{text}");
    assert!(text.contains("token:arm-1") && text.contains("tip:score"));
}

#[test]
fn texts_of_marks_do_not_hide_one_another() {
    let axis = TimeRange { from: TimeUs(0), to: TimeUs(1_000) };
    let mark = |at: i64| Marker { at: TimeUs(at), text: "v2 → production".into() };
    let texts = mark_texts(&[mark(100), mark(150), mark(400), mark(900)], axis);
    assert_eq!(texts, [MarkText::Hidden, MarkText::After, MarkText::After, MarkText::Before]);
}

#[test]
fn the_axis_stays_above_zero_when_only_an_interval_passes_it() {
    let scores = |value: f64, low: f64| {
        let point = Point { at: TimeUs(0), value, interval: Some((low, 0.9)), n: Some(4) };
        Trend {
            unit: Unit::Score,
            groups: vec![Group { name: "v1".into(), series: 0, points: vec![point] }],
            ..example()
        }
    };
    let floors = [(0.3, -0.1), (0.3, 0.1), (-0.2, -0.4)].map(|(value, low)| ends(&scores(value, low)).floor);
    assert_eq!(floors, [Some(0.0), None, None]);
}

#[test]
fn shares_end_at_the_whole_where_they_would_pass_it() {
    let shares = |value: f64| {
        let point = Point { at: TimeUs(0), value, interval: None, n: None };
        Trend {
            unit: Unit::Percent,
            groups: vec![Group { name: "v1".into(), series: 0, points: vec![point] }],
            ..example()
        }
    };
    assert_eq!(
        [0.0, 0.3, 0.95, 1.0].map(|share| ends(&shares(share)).ceiling),
        [Some(1.0), None, Some(1.0), Some(1.0)]
    );
}

#[test]
fn side_by_side_the_legend_stands_outside() {
    let drawn: serde_json::Value =
        serde_json::from_str(&trend(&Trend { legend: false, ..example() }).unwrap().option).unwrap();
    assert!(drawn.get("legend").is_none());
    assert_eq!(drawn["series"][2]["endLabel"]["show"], serde_json::json!(false));
}
