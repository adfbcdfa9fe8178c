//! The life of experiments: drafts, launches, edits, time, endings, and whoever gets in the way.

use domain::{
    auth::{Actor, Role},
    experiment::{ActivityKind, Design, Experiment, Outcome, State},
    ids::ProjectId,
    page::PageSize,
    prompt::PromptBody,
};
use serde_json::{Value, json};
use services::{
    ServiceError, Services,
    experiments::{Act, Edit, ListExperiments, NewExperiment, TakeLabel, Takeover},
    prompts::SaveVersion,
};

use crate::world::World;

/// A project with three versions of `greet`, production on 1 and staging on 2.
pub(crate) async fn with_prompt(world: &World) -> (Actor, ProjectId) {
    let (actor, project) = world.set_up().await;
    for number in 1..=3 {
        let save = SaveVersion {
            labels: match number {
                1 => vec!["production".to_owned()],
                2 => vec!["staging".to_owned()],
                _ => Vec::new(),
            },
            ..SaveVersion::new("greet", PromptBody::Text(format!("Hello {number}")))
        };
        world.services.prompts.save(&actor, project, save).await.unwrap();
    }
    (actor, project)
}

/// A design that can be launched.
pub(crate) fn design() -> Value {
    json!({
        "arms": [
            {"key": "control", "version": 1, "weight": 5000},
            {"key": "warm", "version": 2, "weight": 5000}
        ],
        "metrics": [{
            "metric": {"key": "thumbs", "source": "score:thumbs", "aggregation": "ratio", "direction": "higher"},
            "role": "goal", "margin": {"absolute": 0.03}
        }]
    })
}

fn with(change: impl FnOnce(&mut Value)) -> Design {
    let mut value = design();
    change(&mut value);
    serde_json::from_value(value).unwrap()
}

pub(crate) async fn draft(world: &World, actor: &Actor, project: ProjectId, key: &str, design: Design) -> Experiment {
    let new = NewExperiment { key: key.to_owned(), prompt: "greet".to_owned(), label: None, design };
    world.services.experiments.create(actor, project, new).await.unwrap()
}

pub(crate) async fn launched(
    world: &World,
    actor: &Actor,
    project: ProjectId,
    key: &str,
    design: Design,
) -> Experiment {
    draft(world, actor, project, key, design).await;
    world.services.experiments.launch(actor, project, key, &Act::default()).await.unwrap()
}

fn fields(error: ServiceError) -> Vec<String> {
    match error {
        ServiceError::Invalid(fields) => fields.into_iter().map(|problem| problem.field).collect(),
        other => panic!("{other:?}"),
    }
}

fn conflict(error: ServiceError) -> String {
    match error {
        ServiceError::Conflict(sentence) => sentence,
        other => panic!("{other:?}"),
    }
}

async fn label(services: &Services, actor: &Actor, project: ProjectId, name: &str) -> u32 {
    let prompt = services.prompts.prompt(actor, project, "greet").await.unwrap();
    prompt.labels.iter().find(|label| label.name.as_str() == name).unwrap().version
}

/// Coverage of each epoch of each phase.
fn served(experiment: &Experiment) -> Vec<Vec<f64>> {
    let epochs =
        |phase: &domain::experiment::Phase| phase.epochs.iter().map(|epoch| epoch.coverage.fraction()).collect();
    experiment.phases.iter().map(epochs).collect()
}

#[tokio::test]
async fn a_draft_may_be_incomplete_and_says_what_is_missing() {
    let world = World::new().await;
    let (actor, project) = with_prompt(&world).await;
    let made = draft(&world, &actor, project, "tone", Design::default()).await;
    assert_eq!((made.state, made.revision), (State::Draft, 1));
    let experiments = &world.services.experiments;
    let report = experiments.report(&actor, project, "tone").await.unwrap();
    let missing: Vec<&str> = report.problems.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(missing, ["arms", "metrics"]);
    assert_eq!(fields(experiments.launch(&actor, project, "tone", &Act::default()).await.unwrap_err()), missing);
    let again =
        NewExperiment { key: "tone".to_owned(), prompt: "greet".to_owned(), label: None, design: Design::default() };
    conflict(experiments.create(&actor, project, again.clone()).await.unwrap_err());
    for (field, wrong) in [
        ("key", NewExperiment { key: "Two words".to_owned(), ..again.clone() }),
        ("prompt", NewExperiment { key: "b".to_owned(), prompt: "none".to_owned(), ..again.clone() }),
        ("label", NewExperiment { key: "b".to_owned(), label: Some("beta".to_owned()), ..again.clone() }),
    ] {
        assert_eq!(fields(experiments.create(&actor, project, wrong).await.unwrap_err()), [field]);
    }
    let viewer = world.member(project, "viewer@example.com", Role::Analyst).await;
    let refused = experiments.create(&viewer, project, again).await.unwrap_err();
    assert!(matches!(refused, ServiceError::Forbidden(_)), "{refused:?}");
}

#[tokio::test]
async fn every_bad_configuration_is_refused_at_its_field() {
    let world = World::new().await;
    let (actor, project) = with_prompt(&world).await;
    let group = |start: u16, end: u16| json!({"group": "tone", "ranges": [{"start": start, "end": end}]});
    launched(&world, &actor, project, "first", with(|design| design["exclusion"] = group(0, 5000))).await;
    let experiments = &world.services.experiments;
    // On the other label, whose control is version 2; only what the case breaks is wrong.
    let arm = |key: &str, version: u32, weight: u16| json!({"key": key, "version": version, "weight": weight});
    let mut harmful = design()["metrics"].clone();
    harmful[0]["margin"] = json!({"absolute": -0.03});
    let cases = [
        ("arms", json!({"arms": [arm("control", 2, 6000), arm("other", 3, 5000)]})),
        ("arms", json!({"arms": [arm("only", 2, 10_000)]})),
        ("arms[1].version", json!({"arms": [arm("control", 2, 5000), arm("other", 9, 5000)]})),
        ("arms[0].version", json!({"arms": [arm("control", 3, 5000), arm("other", 1, 5000)]})),
        ("exclusion.ranges[0]", json!({"exclusion": group(4999, 6000)})),
        ("metrics[0].margin", json!({"metrics": harmful})),
        ("schedule.end", json!({"schedule": {"start": "2030-01-02T00:00:00Z", "end": "2030-01-01T00:00:00Z"}})),
        ("schedule.end", json!({"schedule": {"end": "2020-01-01T00:00:00Z"}})),
        // Scores are ratios, which a split that moves cannot judge.
        ("metrics[0].metric.aggregation", json!({"allocation": "adaptive"})),
        ("coverage", json!({"coverage": 0})),
        ("plan.alpha", json!({"plan": {"alpha": 0.9}})),
    ];
    for (index, (field, changes)) in cases.into_iter().enumerate() {
        let key = format!("case-{index}");
        let whole = with(|design| {
            design["arms"] = json!([arm("control", 2, 5000), arm("other", 3, 5000)]);
            for (field, value) in changes.as_object().unwrap() {
                design[field.as_str()] = value.clone();
            }
        });
        let new = NewExperiment {
            key: key.clone(),
            prompt: "greet".to_owned(),
            label: Some("staging".to_owned()),
            design: whole,
        };
        experiments.create(&actor, project, new).await.unwrap();
        let found = fields(experiments.launch(&actor, project, &key, &Act::default()).await.unwrap_err());
        assert!(found.contains(&field.to_owned()), "{field}: {found:?}");
    }
    draft(&world, &actor, project, "taken", with(|_| ())).await;
    let found = fields(experiments.launch(&actor, project, "taken", &Act::default()).await.unwrap_err());
    assert_eq!(found, ["label"]);
    let wrong = with(|design| design["targeting"] = json!({"and": [{"eq": {"attribute": "plan"}}]}));
    let new = NewExperiment { key: "targeted".to_owned(), prompt: "greet".to_owned(), label: None, design: wrong };
    let found = fields(experiments.create(&actor, project, new).await.unwrap_err());
    assert!(found[0].starts_with("targeting.and[0]"), "{found:?}");
}

#[tokio::test]
async fn launched_paused_resumed_and_shipped_with_undo() {
    let world = World::new().await;
    let (actor, project) = with_prompt(&world).await;
    let services = &world.services;
    let experiments = &services.experiments;
    let running = launched(&world, &actor, project, "tone", with(|_| ())).await;
    assert_eq!((running.state, running.revision), (State::Running, 2));
    assert_eq!(served(&running), [[1.0]]);
    world.clock.pass_s(60);
    let paused = experiments.pause(&actor, project, "tone", &Act::default()).await.unwrap();
    assert_eq!(served(&paused), [[1.0, 0.0]]);
    assert_eq!(paused.phases[0].epochs[0].to_us, Some(paused.phases[0].epochs[1].from_us));
    let again = experiments.pause(&actor, project, "tone", &Act::default()).await.unwrap_err();
    assert_eq!(conflict(again), "The experiment is `paused`; `pause` is possible while it is `running`.");
    let resumed = experiments.resume(&actor, project, "tone", &Act::default()).await.unwrap();
    assert_eq!(served(&resumed), [[1.0, 0.0, 1.0]]);

    let wrong = experiments.ship(&actor, project, "tone", "cold", &Act::default()).await.unwrap_err();
    assert_eq!(fields(wrong), ["arm"]);
    let note = Act { note: Some("better on thumbs".to_owned()), ..Act::default() };
    let shipped = experiments.ship(&actor, project, "tone", "warm", &note).await.unwrap();
    assert_eq!(shipped.state, State::Decided(Outcome::Ship));
    assert_eq!(label(services, &actor, project, "production").await, 2);
    assert_eq!(shipped.phases[0].to_us, shipped.ended_us);
    let moves = services.prompts.label_moves(&actor, project, "greet").await.unwrap();
    assert_eq!((moves[0].source.as_str(), moves[0].reason.as_deref()), ("experiment", Some("better on thumbs")));

    world.clock.pass_s(5);
    let undone = experiments.reopen(&actor, project, "tone", &Act::default()).await.unwrap();
    assert_eq!((undone.state, undone.decision.as_ref(), undone.ended_us), (State::Running, None, None));
    assert_eq!(label(services, &actor, project, "production").await, 1);
    assert_eq!(served(&undone), [[1.0, 0.0, 1.0, 1.0]]);
    assert_eq!(undone.phase().unwrap().to_us, None);

    experiments.ship(&actor, project, "tone", "warm", &Act::default()).await.unwrap();
    world.clock.pass_s(61);
    conflict(experiments.reopen(&actor, project, "tone", &Act::default()).await.unwrap_err());
    let archived = experiments.archive(&actor, project, "tone", &Act::default()).await.unwrap();
    assert_eq!(archived.state, State::Archived);
    let size = PageSize::new(3).unwrap();
    let log = experiments.activity(&actor, project, "tone", None, size).await.unwrap();
    let kinds: Vec<ActivityKind> = log.items.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [ActivityKind::Archived, ActivityKind::Shipped, ActivityKind::Reopened]);
    let older = experiments.activity(&actor, project, "tone", log.next.as_deref(), size).await.unwrap();
    assert_eq!(older.items[0].note, "better on thumbs");
}

#[tokio::test]
async fn shipping_is_not_undone_over_a_later_move() {
    let world = World::new().await;
    let (actor, project) = with_prompt(&world).await;
    let services = &world.services;
    launched(&world, &actor, project, "tone", with(|_| ())).await;
    services.experiments.ship(&actor, project, "tone", "warm", &Act::default()).await.unwrap();
    services.prompts.move_label(&actor, project, "greet", "production", 3, None).await.unwrap();
    let refused = services.experiments.reopen(&actor, project, "tone", &Act::default()).await.unwrap_err();
    assert!(conflict(refused).contains("has moved since"));
    assert_eq!(label(services, &actor, project, "production").await, 3);
}

#[tokio::test]
async fn a_stale_change_is_told_what_changed_meanwhile() {
    let world = World::new().await;
    let (actor, project) = with_prompt(&world).await;
    let experiments = &world.services.experiments;
    let made = draft(&world, &actor, project, "tone", with(|_| ())).await;
    let edit = |revision, design| Edit { revision, design, note: None, reshuffle: false };
    let bolder = with(|design| design["arms"][0]["weight"] = json!(4000));
    let first = experiments.edit(&actor, project, "tone", edit(made.revision, bolder.clone())).await.unwrap();
    assert_eq!(first.revision, 2);
    let unchanged = experiments.edit(&actor, project, "tone", edit(2, bolder)).await.unwrap();
    assert_eq!(unchanged.revision, 2, "nothing changed, so nothing is logged");
    let stale = experiments.edit(&actor, project, "tone", edit(made.revision, with(|_| ()))).await.unwrap_err();
    assert_eq!(
        conflict(stale),
        "The experiment `tone` is at revision 2, and you changed revision 1. Since then: edited by owner@example.com \
         (`arms[0].weight`). Look at it before you change it."
    );
    let act = Act { revision: Some(1), note: None };
    conflict(experiments.launch(&actor, project, "tone", &act).await.unwrap_err());
}

#[tokio::test]
async fn an_edit_while_running_opens_what_it_changes() {
    let world = World::new().await;
    let (actor, project) = with_prompt(&world).await;
    let experiments = &world.services.experiments;
    let running = launched(&world, &actor, project, "tone", with(|design| design["coverage"] = json!(0.2))).await;
    let mut at = running.revision;
    let mut edit = async |change: Value, reshuffle| {
        let mut next = design();
        next["coverage"] = json!(0.2);
        for (field, value) in change.as_object().unwrap() {
            next[field.as_str()] = value.clone();
        }
        let design = serde_json::from_value(next).unwrap();
        world.clock.pass_s(60);
        let done =
            experiments.edit(&actor, project, "tone", Edit { revision: at, design, note: None, reshuffle }).await;
        if let Ok(done) = &done {
            at = done.revision;
        }
        done
    };
    let renamed = edit(json!({"hypothesis": "warmer is better"}), false).await.unwrap();
    assert_eq!(served(&renamed), [[0.2]]);
    let wider = edit(json!({"coverage": 0.5}), false).await.unwrap();
    assert_eq!(served(&wider), [[0.2, 0.5]]);
    assert_eq!(wider.phases[0].epochs[1].why, "changed hypothesis, coverage");
    let weights = json!([
        {"key": "control", "version": 1, "weight": 3000}, {"key": "warm", "version": 2, "weight": 7000}
    ]);
    let heavier = edit(json!({"coverage": 0.5, "arms": weights}), false).await.unwrap();
    assert_eq!(served(&heavier), [vec![0.2, 0.5], vec![0.5]]);
    assert_eq!(heavier.phases[0].definition.seed, heavier.phases[1].definition.seed);
    let dealt = edit(json!({"coverage": 0.5, "arms": weights}), true).await.unwrap();
    assert_eq!(dealt.phases.len(), 3);
    assert_ne!(dealt.phases[2].definition.seed, heavier.phases[1].definition.seed);
    let frozen = edit(json!({"plan": {"alpha": 0.1}, "metrics": []}), false).await.unwrap_err();
    assert_eq!(fields(frozen), ["plan", "metrics", "metrics"]);
    let late = edit(json!({"ramp": {"steps": [{"coverage": 0.1, "hold_minutes": 60}]}}), false).await.unwrap_err();
    assert_eq!(fields(late), ["ramp"]);
    let broken = edit(json!({"arms": []}), false).await.unwrap_err();
    assert!(fields(broken).contains(&"arms".to_owned()));
}

#[tokio::test]
async fn a_label_with_an_owner_moves_only_with_a_choice() {
    let world = World::new().await;
    let (actor, project) = with_prompt(&world).await;
    let services = &world.services;
    launched(&world, &actor, project, "tone", with(|_| ())).await;
    let refused = services.prompts.move_label(&actor, project, "greet", "production", 3, None).await.unwrap_err();
    assert!(matches!(&refused, ServiceError::Owned { experiment, .. } if experiment == "tone"), "{refused:?}");
    let text = refused.into_problem(None).message;
    assert!(text.contains("`stop` ends it, `rebase` makes"), "{text}");
    let free = services.prompts.move_label(&actor, project, "greet", "staging", 3, None).await.unwrap();
    assert_eq!(free.version, 3);

    world.clock.pass_s(10);
    let experiments = &services.experiments;
    let take = |to, takeover| {
        let take = TakeLabel { prompt: "greet", label: "production", to, reason: None, takeover };
        experiments.move_label(&actor, project, take)
    };
    let taken = take(3, Takeover::Rebase).await.unwrap();
    assert_eq!((taken.label.version, taken.from.as_ref().map(ToString::to_string).as_deref()), (3, Some("tone")));
    let rebased = experiments.get(&actor, project, "tone").await.unwrap();
    assert_eq!((rebased.state, rebased.phases.len()), (State::Running, 2));
    assert_eq!(rebased.phases[1].definition.arms[0].version, 3);
    let missing = take(9, Takeover::Rebase).await.unwrap_err();
    assert!(matches!(missing, ServiceError::NotFound { .. }), "{missing:?}");

    assert_eq!(take(1, Takeover::Stop).await.unwrap().label.version, 1);
    let stopped = experiments.get(&actor, project, "tone").await.unwrap();
    assert_eq!(stopped.state, State::Decided(Outcome::Stop));
    let plain = take(2, Takeover::Stop).await.unwrap();
    assert_eq!((plain.label.version, plain.from), (2, None), "without an owner it is a plain move");
}

#[tokio::test]
async fn a_protected_label_is_shipped_by_owners_only() {
    let world = World::new().await;
    let (owner, project) = with_prompt(&world).await;
    let editor = world.member(project, "editor@example.com", Role::Editor).await;
    let services = &world.services;
    services.prompts.protect_label(&owner, project, "greet", "production", true).await.unwrap();
    launched(&world, &editor, project, "tone", with(|_| ())).await;
    let refused = services.experiments.ship(&editor, project, "tone", "warm", &Act::default()).await.unwrap_err();
    assert!(matches!(refused, ServiceError::Protected(_)), "{refused:?}");
    assert_eq!(services.experiments.get(&owner, project, "tone").await.unwrap().state, State::Running);
    services.experiments.ship(&owner, project, "tone", "warm", &Act::default()).await.unwrap();
}

#[tokio::test]
async fn time_starts_climbs_and_ends() {
    let world = World::new().await;
    let (actor, project) = with_prompt(&world).await;
    let experiments = &world.services.experiments;
    let now = world.services.now().0;
    let at = |seconds: i64| domain::time::TimeUs(now + seconds * 1_000_000).to_string();
    let planned = with(|design| {
        design["schedule"] = json!({"start": at(3600), "end": at(10 * 86_400)});
        design["ramp"] = json!({"steps": [
            {"coverage": 0.05, "hold_minutes": 60},
            {"coverage": 0.25, "hold_minutes": 60, "approval": true},
            {"coverage": 0.5, "hold_minutes": 0, "minimum_units": 2}
        ]});
        design["schedule"]["minimum_hours"] = json!(0);
    });
    let waiting = launched(&world, &actor, project, "tone", planned).await;
    assert_eq!((waiting.state, waiting.phases.len()), (State::Scheduled, 0));
    assert_eq!(experiments.tick().await.unwrap(), 0);
    world.clock.pass_s(3600);
    assert_eq!(experiments.tick().await.unwrap(), 1);
    world.clock.pass_s(3599);
    assert_eq!(experiments.tick().await.unwrap(), 0);
    world.clock.pass_s(1);
    assert_eq!(experiments.tick().await.unwrap(), 1);
    world.clock.pass_s(7200);
    assert_eq!(experiments.tick().await.unwrap(), 0, "this step waits for a person");
    let climbed = experiments.advance(&actor, project, "tone", &Act::default()).await.unwrap();
    assert_eq!(served(&climbed), [[0.05, 0.25, 0.5]]);
    let expose = async |unit: &str| {
        let rules = world.services.assignment.rules(&actor, project).await.unwrap();
        let attributes = serde_json::Map::from_iter([("id".to_owned(), json!(unit))]);
        let split = rules.by_flag_key("greet.production").unwrap().resolve(&attributes).split.unwrap();
        let report = services::ingest::NewExposure {
            experiment: "tone".parse().unwrap(),
            unit: unit.to_owned(),
            arm: split.arm.cloned().unwrap_or_else(|| "control".parse().unwrap()),
            at: None,
        };
        let ingest = &world.services.ingest;
        let exposures = ingest.tracked(&actor, project, vec![report]).await.unwrap();
        ingest.store_exposures(project, exposures).await.unwrap();
        ingest.fold().await.unwrap();
    };
    expose("user-1").await;
    assert_eq!(experiments.tick().await.unwrap(), 0, "this one waits for a second unit");
    expose("user-2").await;
    assert_eq!(experiments.tick().await.unwrap(), 1);
    let top = experiments.advance(&actor, project, "tone", &Act::default()).await.unwrap_err();
    assert!(conflict(top).contains("no step left"));
    world.clock.pass_s(10 * 86_400);
    assert_eq!(experiments.tick().await.unwrap(), 1);
    let over = experiments.get(&actor, project, "tone").await.unwrap();
    assert_eq!(over.state, State::Decided(Outcome::Inconclusive));
    assert_eq!(over.decision.unwrap().note, "the scheduled end came");
    assert_eq!(experiments.tick().await.unwrap(), 0);
}

#[tokio::test]
async fn buckets_of_a_group_rest_for_two_weeks() {
    let world = World::new().await;
    let (actor, project) = with_prompt(&world).await;
    let experiments = &world.services.experiments;
    let grouped =
        || with(|design| design["exclusion"] = json!({"group": "tone", "ranges": [{"start": 0, "end": 5000}]}));
    launched(&world, &actor, project, "first", grouped()).await;
    experiments.stop(&actor, project, "first", &Act::default()).await.unwrap();
    draft(&world, &actor, project, "second", grouped()).await;
    let resting = experiments.launch(&actor, project, "second", &Act::default()).await.unwrap_err();
    assert_eq!(fields(resting), ["exclusion.ranges[0]"]);
    world.clock.pass_s(14 * 86_400);
    experiments.launch(&actor, project, "second", &Act::default()).await.unwrap();
    let all = experiments.list(&actor, project, ListExperiments::default(), None, PageSize::default()).await.unwrap();
    let keys: Vec<&str> = all.items.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(keys, ["second", "first"]);
    let running = ListExperiments { states: vec![State::Running], prompt: Some("greet".to_owned()) };
    let running = experiments.list(&actor, project, running, None, PageSize::default()).await.unwrap();
    assert_eq!(running.items.len(), 1);
}
