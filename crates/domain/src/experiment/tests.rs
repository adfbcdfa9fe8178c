use serde_json::{Value, json};

use super::*;

fn good() -> Value {
    json!({
        "name": "Warmer tone",
        "unit": "user",
        "arms": [
            {"key": "control", "name": "Today", "version": 7, "weight": 5000},
            {"key": "warm", "version": 8, "weight": 5000}
        ],
        "coverage": 0.8,
        "targeting": {"eq": {"attribute": "plan", "value": "pro"}},
        "exclusion": {"group": "tone", "ranges": [{"start": 0, "end": 5000}]},
        "holdout": {"share": 0.05},
        "forced": {"tester-1": "warm"},
        "ramp": {"steps": [{"coverage": 0.05, "hold_minutes": 60}, {"coverage": 0.25, "hold_minutes": 1440}]},
        "schedule": {"start": "2026-11-21T09:00:00.000000Z", "end": "2026-12-21T09:00:00.000000Z"},
        "metrics": [
            {
                "metric": {"key": "thumbs", "source": "score:thumbs", "aggregation": "ratio", "direction": "higher"},
                "role": "goal", "margin": {"absolute": 0.03}
            },
            {
                "metric": {
                    "key": "cost", "source": "cost", "aggregation": "ratio", "direction": "lower",
                    "cap": {"percentile": 0.999}, "window_hours": 168
                },
                "role": "guardrail", "margin": {"relative": 0.05}
            },
            {
                "metric": {"key": "p95", "source": "latency", "aggregation": "p95", "direction": "lower"},
                "role": "secondary"
            }
        ],
        "plan": {"alpha": 0.05, "rule": {"on_harm": "roll_back"}}
    })
}

fn fields_of(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut value = good();
    change(&mut value);
    let design: Design = serde_json::from_value(value).unwrap();
    design.problems().into_iter().map(|problem| problem.field).collect()
}

#[test]
fn a_whole_design_has_no_problem_and_reads_back_what_it_writes() {
    let design: Design = serde_json::from_value(good()).unwrap();
    assert_eq!(design.problems(), []);
    let again: Design = serde_json::from_value(serde_json::to_value(&design).unwrap()).unwrap();
    assert_eq!(again, design);
    assert_eq!(design.schedule.minimum_hours, Schedule::WEEK_HOURS);
}

#[test]
fn an_adaptive_split_keeps_a_share_for_every_arm() {
    for (arms, share) in [(2, 0.05), (4, 0.025), (5, 0.02), (10, 0.02)] {
        assert!((Adaptive::default().floor_of(arms).fraction() - share).abs() < 1e-9, "{arms}");
    }
    let adaptive = |design: &mut Value| {
        design["allocation"] = json!("adaptive");
        design["adaptive"] = json!({"floor": 0.2});
        design["coverage"] = json!(1);
        design["ramp"] = Value::Null;
        design["metrics"][0]["metric"]["aggregation"] = json!("rate");
        design["metrics"][0]["metric"]["source"] = json!("event:buy");
        design["metrics"][1]["metric"]["aggregation"] = json!("mean");
    };
    assert_eq!(fields_of(adaptive), Vec::<String>::new());
    // Quantiles may be looked at, and decide nothing.
    assert_eq!(fields_of(|design| design["allocation"] = json!("adaptive")).len(), 4);
}

#[test]
fn every_mistake_is_told_at_its_field() {
    for (path, value, field) in [
        ("/arms/0/weight", json!(6000), "arms"),
        ("/arms/1/weight", json!(0), "arms[1].weight"),
        ("/arms/1/version", json!(0), "arms[1].version"),
        ("/arms/1/key", json!("control"), "arms[1].key"),
        ("/coverage", json!(0), "coverage"),
        ("/exclusion/ranges", json!([]), "exclusion.ranges"),
        ("/exclusion/ranges/0/end", json!(10_001), "exclusion.ranges[0]"),
        ("/exclusion/ranges", json!([{"start": 0, "end": 10}, {"start": 9, "end": 20}]), "exclusion.ranges[1]"),
        ("/holdout/share", json!(1), "holdout.share"),
        ("/forced/tester-1", json!("cold"), "forced[tester-1]"),
        ("/ramp/steps", json!([]), "ramp.steps"),
        ("/ramp/steps/1/coverage", json!(0.05), "ramp.steps[1].coverage"),
        ("/ramp/steps/1/coverage", json!(0.8), "ramp.steps[1].coverage"),
        ("/schedule/end", json!("2026-11-20T09:00:00Z"), "schedule.end"),
        ("/schedule/end", json!("2026-11-22T09:00:00Z"), "schedule.end"),
        ("/metrics/0/role", json!("secondary"), "metrics"),
        ("/metrics/1/margin/relative", json!(-0.05), "metrics[1].margin"),
        ("/metrics/1/margin/relative", json!(5), "metrics[1].margin"),
        ("/metrics/1/margin", Value::Null, "metrics[1].margin"),
        ("/metrics/1/metric/key", json!("thumbs"), "metrics[1].metric.key"),
        ("/metrics/1/metric/cap/percentile", json!(99.9), "metrics[1].metric.cap"),
        ("/metrics/1/metric/window_hours", json!(0), "metrics[1].metric.window_hours"),
        ("/metrics/2/metric/aggregation", json!("mean"), "metrics[2].metric.aggregation"),
        ("/plan/alpha", json!(5), "plan.alpha"),
        ("/plan/rule/on_harm", json!("pause"), ""),
    ] {
        let fields = fields_of(|design| *design.pointer_mut(path).unwrap() = value.clone());
        if field.is_empty() {
            assert_eq!(fields, [""; 0], "{path}");
        } else {
            assert!(fields.contains(&field.to_owned()), "{path} = {value}: {fields:?}");
        }
    }
}

#[test]
fn one_arm_or_eleven_are_refused() {
    let arm = |index: u32, weight: u16| json!({"key": format!("a{index}"), "version": index + 1, "weight": weight});
    let one = json!([arm(0, 10_000)]);
    let eleven: Vec<Value> = (0..11).map(|index| arm(index, if index == 0 { 1000 } else { 900 })).collect();
    for arms in [one, json!(eleven)] {
        let fields = fields_of(|design| {
            design["arms"] = arms.clone();
            design["forced"] = json!({});
        });
        assert_eq!(fields, ["arms"], "{arms}");
    }
}

#[test]
fn an_empty_draft_can_be_kept_and_says_what_is_missing() {
    let design: Design = serde_json::from_value(json!({})).unwrap();
    assert_eq!(design, Design::default());
    let fields: Vec<String> = design.problems().into_iter().map(|problem| problem.field).collect();
    assert_eq!(fields, ["arms", "metrics"]);
    assert!(serde_json::from_value::<Design>(json!({"colour": "red"})).is_err());
}

#[test]
fn ranges_of_one_group_overlap_and_of_two_do_not() {
    let part =
        |group: &str, start, end| Exclusion { group: group.parse().unwrap(), ranges: vec![BucketRange { start, end }] };
    assert!(part("tone", 0, 5000).overlap(&part("tone", 4999, 6000)).is_some());
    assert_eq!(part("tone", 0, 5000).overlap(&part("tone", 5000, 6000)), None);
    assert_eq!(part("tone", 0, 5000).overlap(&part("length", 0, 5000)), None);
}

#[test]
fn a_ramp_ends_at_the_designs_coverage() {
    let design: Design = serde_json::from_value(good()).unwrap();
    let ramp = design.ramp.as_ref().unwrap();
    let climbed: Vec<f64> = (0..4).map(|step| ramp.coverage(step, design.coverage).fraction()).collect();
    assert_eq!(climbed, [0.05, 0.25, 0.8, 0.8]);
}
