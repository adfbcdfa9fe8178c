//! What experiments promise, held against the whole path: assignment, exposures, events, folding, results. `ASSAY_SLOW=1` lives
//! through many, the quick tier through a few; `--nocapture` prints the figures.

use std::collections::BTreeMap;

use domain::experiment::ExposureDoor;
use experiment::{ArmUnits, Block, CheckKind, CheckStatus, Choices, Sheet, TreatmentVerdict, Verdict};
use serde_json::{Value, json};
use stats::{
    moments::Moments,
    power::{Design as Sizes, sample_size},
    random::Generator,
};

use crate::pipeline::{KEY, Pipeline, metric, units};

const DAY_S: i64 = 86_400;

fn slow() -> bool {
    std::env::var_os("ASSAY_SLOW").is_some_and(|value| value == "1")
}

/// A sheet of two arms and one goal, as pages get it.
fn sheet(arms: &[Moments; 2], how: &str, tuning_units: u64, days: f64) -> Sheet {
    let keys = ["control", "warm"];
    let goal = metric("buy", how, "higher", "goal", Value::Null);
    let plan = json!({"tuning_units": tuning_units});
    Sheet {
        plan: serde_json::from_value(plan).unwrap(),
        metrics: vec![serde_json::from_value(goal).unwrap()],
        arms: arms
            .iter()
            .zip(keys)
            .map(|(arm, key)| ArmUnits { key: key.parse().unwrap(), name: String::new(), units: arm.units() })
            .collect(),
        blocks: vec![arms.iter().map(|arm| Block::new(&arm.parts(), None)).collect()],
        uncapped: Vec::new(),
        corrected: Vec::new(),
        past: Vec::new(),
        checks: Vec::new(),
        least_days: 0.0,
        days,
        forecast: None,
    }
}

/// One experiment looked at daily until it is called: the day and the verdict, if it is.
fn lived(
    days: u32,
    a_day: u64,
    tuning_units: u64,
    how: &str,
    mut unit: impl FnMut(usize) -> f64,
) -> Option<(u32, Verdict)> {
    let mut arms = [Moments::new(), Moments::new()];
    for day in 1..=days {
        for _ in 0..a_day {
            for (place, arm) in arms.iter_mut().enumerate() {
                arm.insert(unit(place), 1.0).unwrap();
            }
        }
        let sheet = sheet(&arms, how, tuning_units, f64::from(day));
        let verdict = sheet.table(&Choices::of(&sheet.plan)).unwrap().verdicts[0].verdict;
        if matches!(verdict, Verdict::Ship | Verdict::DoNotShip) {
            return Some((day, verdict));
        }
    }
    None
}

#[test]
fn of_a_thousand_experiments_without_a_difference_few_are_called() {
    for (how, what) in [("rate", "rates of 20%"), ("mean", "skewed amounts")] {
        let called = (0..1_000).filter(|seed| {
            let mut random = Generator::new(1_000 + seed);
            let unit = |_: usize| match how {
                "rate" => f64::from(u8::from(random.uniform() < 0.2)),
                _ => (0.8 * random.normal()).exp(),
            };
            lived(28, 50, 1_000, how, unit).is_some()
        });
        let called = called.count();
        println!("{what}: {called} of 1,000 experiments without a difference were called within 28 daily looks");
        assert!(called <= 50, "{what}: {called} of 1,000");
    }
}

#[test]
fn the_planned_difference_is_shipped_in_time() {
    // Rates of 20% and 25%.
    let (control, treatment) = (0.20_f64, 0.25_f64);
    let of = |rate: f64| rate * (1.0 - rate);
    let sizes =
        Sizes { control_variance: of(control), treatment_variance: of(treatment), ratio: 1.0, alpha: 0.05, power: 0.8 };
    let fixed = sample_size(treatment - control, &sizes).unwrap().ceil() as u64;
    // Looked at a hundred times until 1.67 times the sample one look would take. What is promised is for whoever looks all the
    // time; by twenty looks some 4 in 100 fewer are found by then, and are a little later.
    let looks = 100;
    let a_day = (1.67 * fixed as f64 / f64::from(looks)).round() as u64;
    let runs = if slow() { 4_000 } else { 400 };
    let mut days = Vec::new();
    for seed in 0..runs {
        let mut random = Generator::new(9_000 + seed);
        let unit = |place: usize| f64::from(u8::from(random.uniform() < [control, treatment][place]));
        match lived(looks, a_day, fixed, "rate", unit) {
            Some((day, Verdict::Ship)) => days.push(day),
            Some((day, other)) => println!("seed {seed}: {other:?} at look {day}"),
            None => {}
        }
    }
    days.sort_unstable();
    let share = days.len() as f64 / runs as f64;
    let half = days.get(runs as usize / 2).map_or(f64::NAN, |day| f64::from(*day) * a_day as f64 / fixed as f64);
    println!(
        "{:.1}% of {runs} shipped by 1.67 times {fixed} units an arm; half of all by {half:.2} times",
        100.0 * share
    );
    let luck = (0.8 * 0.2 / runs as f64).sqrt();
    assert!(share >= 0.8 - 3.0 * luck, "{share}");
}

/// One experiment through everything, looked at daily: the days on which it was called or broken.
struct Life {
    called: Option<u32>,
    flagged: Option<u32>,
    last: TreatmentVerdict,
}

async fn through_everything(
    pipeline: &mut Pipeline,
    (key, days, a_day): (&str, u32, u64),
    rates: [f64; 2],
    arrives: fn(&mut Generator, &str) -> bool,
    random: &mut Generator,
) -> Life {
    let goal = [metric("buy", "rate", "higher", "goal", Value::Null)];
    pipeline.launch(key, &goal, |design| design["plan"] = json!({"tuning_units": 500})).await;
    let mut life: Option<Life> = None;
    for day in 0..days {
        let mut exposures = Vec::new();
        for exposure in pipeline.assigned(&units(&format!("{key}-{day}"), 0..a_day)).await.into_iter().flatten() {
            if arrives(random, exposure.arm.as_str()) {
                exposures.push(exposure);
            }
        }
        let mut events = Vec::new();
        for exposure in &exposures {
            let rate = if exposure.arm.as_str() == "control" { rates[0] } else { rates[1] };
            if random.uniform() < rate {
                events.push((exposure.unit.clone(), "buy", 1.0));
            }
        }
        pipeline.expose(exposures).await;
        pipeline.world.clock.pass_s(DAY_S);
        pipeline.happened(events).await;
        pipeline.fold().await;
        let result = pipeline.result().await;
        let verdict = result.table.verdicts[0].clone();
        let held = life.get_or_insert(Life { called: None, flagged: None, last: verdict.clone() });
        if matches!(verdict.verdict, Verdict::Ship | Verdict::DoNotShip) {
            held.called.get_or_insert(day);
        }
        if result.sheet.checks.iter().any(|check| check.status == CheckStatus::Broken) {
            held.flagged.get_or_insert(day);
        }
        held.last = verdict;
    }
    pipeline.stop().await;
    life.unwrap()
}

#[tokio::test]
async fn through_the_whole_path_alike_arms_are_not_called_and_not_flagged() {
    let runs = if slow() { 1_000 } else { 4 };
    let mut pipeline = Pipeline::new().await;
    let mut random = Generator::new(31);
    let (mut called, mut flagged) = (0, 0);
    for run in 0..runs {
        let life =
            through_everything(&mut pipeline, (&format!("aa-{run}"), 10, 60), [0.3, 0.3], |_, _| true, &mut random)
                .await;
        called += u32::from(life.called.is_some());
        flagged += u32::from(life.flagged.is_some());
    }
    println!("{called} of {runs} called, {flagged} flagged");
    assert!(f64::from(called) <= (0.05 * f64::from(runs)).max(1.0), "{called} of {runs}");
    assert_eq!(flagged, 0);
}

#[tokio::test]
async fn through_the_whole_path_a_split_gone_wrong_is_flagged_before_any_verdict() {
    let runs = if slow() { 50 } else { 2 };
    let mut pipeline = Pipeline::new().await;
    let mut random = Generator::new(32);
    for run in 0..runs {
        // Of the treatment's units a third is lost, so 60 arrive with 40; about 1,500 within ten days.
        let lost = |random: &mut Generator, arm: &str| arm == "control" || random.uniform() < 2.0 / 3.0;
        let life =
            through_everything(&mut pipeline, (&format!("lost-{run}"), 10, 180), [0.3, 0.35], lost, &mut random).await;
        assert_eq!(life.last.verdict, Verdict::Broken, "run {run}: {}", life.last.sentence);
        assert!(life.called.is_none_or(|called| life.flagged.is_some_and(|flagged| flagged <= called)), "run {run}");
    }
}

#[tokio::test]
async fn through_the_whole_path_a_difference_is_found() {
    let runs = if slow() { 40 } else { 2 };
    let mut pipeline = Pipeline::new().await;
    let mut random = Generator::new(33);
    let mut shipped = 0;
    for run in 0..runs {
        let life =
            through_everything(&mut pipeline, (&format!("ab-{run}"), 10, 100), [0.2, 0.4], |_, _| true, &mut random)
                .await;
        shipped += u32::from(life.last.verdict == Verdict::Ship);
    }
    assert_eq!(shipped, runs, "twenty points are far above what is planned for");
}

/// Arms and outcomes of an experiment that was really made.
fn read(file: &str, arm: &str, outcome: &str) -> Vec<(bool, bool)> {
    let path = format!("{}/../stats/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = |name: &str| header.iter().position(|own| *own == name).unwrap();
    let (arm, outcome) = (column(arm), column(outcome));
    let cells = lines.map(|line| line.split(',').collect::<Vec<_>>());
    cells.map(|cells| (cells[arm] == "1", cells[outcome] == "1")).collect()
}

/// Fed through everything, in some order, a week long; verdicts by day.
async fn real(file: &str, arm: &str, outcome: &str, most_units: Option<u64>) -> Vec<TreatmentVerdict> {
    let mut rows: Vec<(usize, (bool, bool))> = read(file, arm, outcome).into_iter().enumerate().collect();
    Generator::new(7).shuffle(&mut rows);
    let treated = rows.iter().filter(|(_, (treated, _))| *treated).count();
    let weight = (10_000.0 * treated as f64 / rows.len() as f64).round() as u16;
    let mut pipeline = Pipeline::new().await;
    let mut goal = metric("buy", "rate", "higher", "goal", Value::Null);
    goal["margin"] = json!({"absolute": 0.02});
    let experiment = pipeline
        .launch(KEY, &[goal], |design| {
            design["arms"][0]["weight"] = json!(10_000 - weight);
            design["arms"][1]["weight"] = json!(weight);
            design["plan"] = json!({"tuning_units": 1_000, "rule": {"maximum_units": most_units}});
        })
        .await;
    let mut verdicts = Vec::new();
    for part in rows.chunks(rows.len().div_ceil(8)) {
        // The arms are those of the data: as a client reports them.
        let now = pipeline.world.services.now();
        let exposure = |(number, (treated, _)): &(usize, (bool, bool))| domain::experiment::Exposure {
            experiment: experiment.id,
            phase: 0,
            epoch: 0,
            unit: format!("person-{number}"),
            arm: if *treated { "warm" } else { "control" }.parse().unwrap(),
            propensity: 0.5,
            bucket: 0,
            eligibility: domain::experiment::Eligibility::Untargeted,
            door: ExposureDoor::Tracking,
            first_us: now,
        };
        pipeline.expose(part.iter().map(exposure).collect()).await;
        pipeline.world.clock.pass_s(DAY_S);
        let bought = part.iter().filter(|(_, (_, success))| *success);
        pipeline.happened(bought.map(|(number, _)| (format!("person-{number}"), "buy", 1.0))).await;
        pipeline.fold().await;
        let result = pipeline.result().await;
        assert!(
            result
                .sheet
                .checks
                .iter()
                .all(|check| check.kind != CheckKind::SampleRatio || check.status == CheckStatus::Ok)
        );
        verdicts.push(result.table.verdicts[0].clone());
    }
    verdicts
}

#[tokio::test]
async fn real_experiments_end_in_the_right_verdict() {
    let found = real("incentive_trial.csv", "treated", "converted", None).await;
    assert_eq!(found.last().unwrap().verdict, Verdict::Ship, "{}", found.last().unwrap().sentence);
    let worse = real("black_politicians.csv", "treat_out", "responded", None).await;
    assert_eq!(worse.last().unwrap().verdict, Verdict::DoNotShip, "{}", worse.last().unwrap().sentence);
    assert!(worse.iter().all(|day| day.verdict != Verdict::Ship));
    let nothing = real("social_insure.csv", "intensive", "takeup_survey", Some(650)).await;
    assert_eq!(nothing.last().unwrap().verdict, Verdict::Inconclusive, "{}", nothing.last().unwrap().sentence);
    assert!(nothing.iter().all(|day| !matches!(day.verdict, Verdict::Ship | Verdict::DoNotShip)));
}

#[tokio::test]
async fn delivery_does_not_change_a_result() {
    let mut sheets = Vec::new();
    for messy in [false, true] {
        let mut pipeline = Pipeline::new().await;
        let metrics = [
            metric("buy", "rate", "higher", "goal", Value::Null),
            metric("spend", "mean", "higher", "secondary", Value::Null),
        ];
        pipeline.launch(KEY, &metrics, |_| ()).await;
        let (mut random, mut order) = (Generator::new(50), Generator::new(51));
        let exposures: Vec<_> = pipeline.assigned(&units("a", 0..200)).await.into_iter().flatten().collect();
        pipeline.world.clock.pass_s(3_600);
        let mut happened: BTreeMap<String, f64> = BTreeMap::new();
        for exposure in &exposures {
            if random.uniform() < 0.4 {
                happened.insert(exposure.unit.clone(), (random.uniform() * 100.0).round());
            }
        }
        let mut steps: Vec<(usize, bool)> = (0..exposures.len()).flat_map(|at| [(at, true), (at, false)]).collect();
        if messy {
            // Twice, in any order: events before their exposures, and long after.
            steps.extend(steps.clone());
            order.shuffle(&mut steps);
        }
        for part in steps.chunks(if messy { 37 } else { 400 }) {
            let met = part.iter().filter(|(_, exposure)| *exposure).map(|(at, _)| exposures[*at].clone()).collect();
            pipeline.expose(met).await;
            let units = part.iter().filter(|(_, exposure)| !*exposure).map(|(at, _)| &exposures[*at].unit);
            let events = units.filter_map(|unit| Some((unit.clone(), *happened.get(unit)?)));
            let events = events.flat_map(|(unit, spent)| [(unit.clone(), "buy", 1.0), (unit, "spend", spent)]);
            pipeline.happened(events).await;
            if messy && order.uniform() < 0.5 {
                pipeline.fold().await;
            }
        }
        pipeline.fold().await;
        let result = pipeline.result().await;
        sheets.push(serde_json::to_string(&(result.sheet, result.table, result.exposed)).unwrap());
    }
    assert_eq!(sheets[0], sheets[1]);
}

#[tokio::test]
async fn a_result_is_there_soon_after_an_end() {
    // What was added up stands when the phase closes.
    let mut pipeline = Pipeline::new().await;
    pipeline.launch(KEY, &[metric("buy", "rate", "higher", "goal", Value::Null)], |_| ()).await;
    pipeline.meet(&units("a", 0..100)).await;
    pipeline.fold().await;
    let before = pipeline.result().await;
    pipeline.world.clock.pass_s(60);
    pipeline.stop().await;
    let after = pipeline.result().await;
    assert_eq!((after.sheet.arms, after.table.rows), (before.sheet.arms, before.table.rows));
}
