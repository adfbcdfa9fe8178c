//! What an ended experiment was decided on, in words. Server only.

use domain::experiment::{Decision, Difference, Experiment, ExperimentMetric};
use experiment::{Choices, Comparison, MetricRow};
use services::results::{ExperimentResult, KeptEvidence};
use ui::format;

use super::{
    draw::{Ink, why_not},
    measure::Measure,
    model::{DecidedView, Figure},
};
use crate::pages::experiment::words::units;

/// The numbers of the decision beside those of a result. Nothing while it runs, where no numbers were kept, and where the
/// result is of another phase.
pub(super) fn view(experiment: &Experiment, now: &ExperimentResult) -> Option<DecidedView> {
    let decision = experiment.decision.as_ref()?;
    let kept = KeptEvidence::of(decision).filter(|kept| kept.phase == now.phase)?;
    Some(compare(experiment, decision, &kept, &now.table.rows))
}

fn compare(experiment: &Experiment, decision: &Decision, kept: &KeptEvidence, now: &[MetricRow]) -> DecidedView {
    let plan = &experiment.design.plan;
    let words = units(&experiment.design.unit);
    let ink = Ink { choices: Choices::of(plan), difference: plan.difference, units: &words, early: false };
    let mut rows = Vec::new();
    let mut moved = 0_usize;
    for row in &kept.rows {
        let Some(metric) = experiment.design.metrics.iter().find(|metric| metric.metric.key == row.key) else {
            continue;
        };
        let fresh = now.iter().find(|fresh| fresh.key == row.key);
        for (place, (comparison, arm)) in row.comparisons.iter().zip(kept.arms.iter().skip(1)).enumerate() {
            let then = told(metric, row, place, comparison, &ink);
            let today = fresh.and_then(|fresh| Some(told(metric, fresh, place, fresh.comparisons.get(place)?, &ink)));
            let is_same = today.as_ref() == Some(&then);
            moved += usize::from(!is_same);
            let [counted, change, interval] = then;
            let today = match today {
                _ if is_same => "the same".to_owned(),
                None => "not measured any more".to_owned(),
                Some([counted, change, interval]) => format!("{change}, {interval}, {counted}"),
            };
            let several = kept.arms.len() > 2;
            let arm = if several { arm.title().to_owned() } else { String::new() };
            rows.push([metric.metric.title().to_owned(), arm, counted, change, interval, today]);
        }
    }
    let days = format::plural(kept.days.floor() as i64, "day", "days");
    let count = format::count(i64::try_from(kept.exposed).unwrap_or(i64::MAX));
    let since = match moved {
        0 => "They are the same today.".to_owned(),
        some => {
            let rows = format::plural(i64::try_from(some).unwrap_or(i64::MAX), "row", "rows");
            format!("Late data changed {rows} since; what holds now stands in the last column.")
        }
    };
    DecidedView {
        at_us: decision.at_us.0,
        by: decision.by.clone(),
        note: decision.note.clone(),
        basis: format!("It had run {days} and met {count} {words}."),
        since,
        rows,
    }
}

/// Units of control and treatment, the change, and its interval, as the plan tells differences.
fn told(
    metric: &ExperimentMetric,
    row: &MetricRow,
    place: usize,
    comparison: &Comparison,
    ink: &Ink<'_>,
) -> [String; 3] {
    let measure = Measure::of(&metric.metric);
    let counted = [0, place + 1].map(|arm| row.values.get(arm).map_or(0, |value| value.units));
    let [control, treatment] = counted.map(|units| format::count(i64::try_from(units).unwrap_or(i64::MAX)));
    let Figure { text, under } = ink.change(measure, comparison);
    let change = match ink.difference {
        Difference::Relative if !under.is_empty() => format!("{text} ({under})"),
        Difference::Relative | Difference::Absolute => text,
    };
    let interval = ink.interval(measure, comparison);
    let interval = interval.or_else(|| why_not(comparison, false)).unwrap_or_default();
    [format!("{control} / {treatment}"), change, interval]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn experiment(evidence: &Value) -> Experiment {
        let metric = json!({
            "metric": {"key": "thumbs", "name": "Thumbs up", "source": "score:thumbs", "aggregation": "ratio", "direction": "higher"},
            "role": "goal"
        });
        let id = "01890000-0000-7000-8000-000000000001";
        serde_json::from_value(json!({
            "id": id, "key": "tone",
            "slot": {"prompt": id, "prompt_name": "greet", "label": "production", "flag_key": "greet.production"},
            "state": "shipped", "revision": 3, "phases": [], "ramp": null,
            "design": {"metrics": [metric]},
            "decision": {
                "kind": "ship", "arm": "warm", "note": "it sounds better", "at_us": "2026-11-21T09:00:00Z", "by": "a@example.com",
                "before": "running", "evidence": evidence
            },
            "created_by": "a@example.com", "created_us": "2026-11-01T09:00:00Z", "updated_us": "2026-11-21T09:00:00Z",
            "launched_us": null, "started_us": null, "ended_us": null
        }))
        .unwrap()
    }

    fn row(lift: f64, units: u64) -> Value {
        let value = |value: f64| json!({"value": value, "standard_error": 0.01, "units": units, "rows": 10.0});
        json!({
            "key": "thumbs", "role": "goal", "values": [value(0.5), value(0.5 * (1.0 + lift))],
            "comparisons": [{
                "difference": 0.5 * lift, "standard_error": 0.01, "interval": [0.01, 0.09], "lift": lift, "lift_interval": [0.02, 0.18],
                "p": 0.01, "adjusted_p": 0.01, "chance_to_win": null, "expected_loss": null, "belief": null, "better": true,
                "exact": false, "floored": false, "guardrail": null, "why_not": null
            }]
        })
    }

    fn evidence(row: &Value) -> Value {
        json!({
            "format": 1, "at": "2026-11-21T09:00:00Z", "phase": 0, "days": 12.4, "exposed": 812, "partial": null,
            "arms": [{"key": "control", "name": "", "units": 400}, {"key": "warm", "name": "Warm", "units": 400}],
            "checks": [], "rows": [row], "verdicts": []
        })
    }

    #[test]
    fn the_numbers_of_a_decision_stand_beside_those_of_today() {
        let known = row(0.1, 400);
        let experiment = experiment(&evidence(&known));
        let decision = experiment.decision.as_ref().unwrap();
        let kept = KeptEvidence::of(decision).unwrap();
        let of = |row: Value| compare(&experiment, decision, &kept, &[serde_json::from_value(row).unwrap()]);
        let same = of(known);
        assert_eq!(same.basis, "It had run 12 days and met 812 users.");
        assert_eq!(same.since, "They are the same today.");
        let then = ["Thumbs up", "", "400 / 400", "+10.0% (+0.05)", "+2.0% to +18.0%"];
        assert_eq!(same.rows[0][..5], then);
        assert_eq!(same.rows[0][5], "the same");
        let other = of(row(0.12, 405));
        assert_eq!(other.since, "Late data changed 1 row since; what holds now stands in the last column.");
        assert_eq!(other.rows[0][5], "+12.0% (+0.06), +2.0% to +18.0%, 405 / 405");
    }

    #[test]
    fn numbers_nobody_can_read_any_more_are_not_shown() {
        let mut later = evidence(&row(0.1, 400));
        later["format"] = json!(2);
        assert!(KeptEvidence::of(experiment(&later).decision.as_ref().unwrap()).is_none());
    }
}
