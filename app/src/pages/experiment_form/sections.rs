//! The sections of the form: what is tested, who takes part, when it runs. What decides is in [`super::decides`].

use domain::experiment::Design;
use leptos::prelude::*;
use ui::{
    Button, Card, CardBody, Checkbox, Chip, IconName, InputKind, Notice, SelectField, SelectOption, TextArea,
    TextField, Tone, live,
};

use super::{
    Typed,
    decides::Unfit,
    draft::{ArmDraft, Draft, MetricDraft, RuleDraft, StepDraft},
    parse::HOWS,
};
use crate::form::rows::{RemoveRow, Rows, focus_soon};

pub(super) fn options(pairs: &[(&str, &str)]) -> Vec<SelectOption> {
    pairs.iter().map(|(value, text)| SelectOption::new(*value, *text)).collect()
}

/// A sentence about a list as a whole.
pub(super) fn whole(typed: Typed, field: &'static str) -> AnyView {
    let error = typed.error_of(field);
    live(move || error.get().map(|text| view! { <p class="field__error" role="alert">{text}</p> }.into_any()))
}

/// What is tested: name, hypothesis, arms.
#[component]
pub fn Tested(typed: Typed, draft: Draft, metrics: Rows<MetricDraft>) -> impl IntoView {
    let view = typed.about.view.get_value();
    let slot = view.slot.clone();
    let beside = move || {
        slot.map(|slot| {
            let points_at = format!("on v{}", slot.points_at);
            view! { <span class="chips"><Chip>{slot.prompt}</Chip> <Chip>{slot.label}</Chip> <span class="muted small">{points_at}</span></span> }
                .into_any()
        })
    };
    let key = if view.edited.is_some() {
        view! { <input type="hidden" name="draft[key]" value=draft.key.clone()/> }.into_any()
    } else {
        view! {
            <TextField name="draft[key]" id="key" label="Key" value=draft.key.clone() mono=true required=true autocomplete="off"
                hint="Names it in addresses and in what clients report. It stays." error=typed.error_of("key")/>
        }
        .into_any()
    };
    let rows = Rows::new(draft.arms);
    let add = move |_| {
        let id = rows.append(ArmDraft { weight: "0".to_owned(), ..ArmDraft::default() });
        typed.read_soon();
        focus_soon(format!("arm-{id}-key"));
    };
    let even = move |_| {
        let count = u16::try_from(rows.all().len().max(1)).unwrap_or(1);
        let (each, rest) = (10_000 / count, 10_000 % count);
        for (index, (id, _)) in (0_u16..).zip(rows.all()) {
            let weight = each + u16::from(index < rest);
            set_value(&format!("arm-{id}-weight"), &(f64::from(weight) / 100.0).to_string());
        }
        typed.read();
    };
    let full = move || rows.count() >= Design::MOST_ARMS;
    let (batch_hours, floor) = (draft.batch_hours, draft.floor);
    let batches = live(move || {
        let (batch_hours, floor) = (batch_hours.clone(), floor.clone());
        typed.draft.with(|draft| draft.allocation == "adaptive").then(|| {
            view! {
                <TextField name="draft[batch_hours]" id="batch-hours" label="Hours a batch" value=batch_hours autocomplete="off"
                    error=typed.error_of("adaptive.batch_hours")/>
                <TextField name="draft[floor]" id="floor" label="Every arm keeps, %" value=floor optional=true autocomplete="off"
                    error=typed.error_of("adaptive.floor")/>
            }
            .into_any()
        })
    });
    let hint = view.hints.adaptive;
    view! {
        <Card title="What is tested" beside>
            <CardBody>
                <div class="form">
                    <div class="form__row">
                        <TextField name="draft[name]" id="name" label="Name" value=draft.name optional=true autocomplete="off"
                            placeholder="Shorter greeting" error=typed.error_of("name")/>
                        {key}
                    </div>
                    <TextArea name="draft[hypothesis]" id="hypothesis" label="Hypothesis" value=draft.hypothesis rows=2
                        hint="What you expect and why. It is kept beside the results." error=typed.error_of("hypothesis")/>
                    <fieldset class="rows" aria-describedby="arms-hint">
                        <legend>"Arms"</legend>
                        <p class="field__hint" id="arms-hint">"The first is the control: what everybody else gets, too. Weights sum to 100%."</p>
                        <For each=move || rows.all() key=|(id, _)| *id let:row>
                            <ArmRow typed rows id=row.0 arm=row.1/>
                        </For>
                        {whole(typed, "arms")}
                        <div class="actions">
                            <Button icon=IconName::Plus attr:id="add-arm" disabled=Signal::derive(full) on:click=add>"Add an arm"</Button>
                            <Button on:click=even>"Split evenly"</Button>
                        </div>
                    </fieldset>
                    <div class="form__row">
                        <SelectField name="draft[allocation]" id="allocation" label="Split" value=draft.allocation hint
                            options=options(&[("fixed", "Fixed"), ("adaptive", "Adaptive")]) error=typed.error_of("allocation")/>
                        {batches}
                    </div>
                    <Unfit typed metrics/>
                </div>
            </CardBody>
        </Card>
    }
    .into_any()
}

/// Fills a field, or chooses an option, as if it had been typed. Browser only.
pub(super) fn set_value(id: &str, value: &str) {
    use wasm_bindgen::JsCast as _;
    use web_sys::{HtmlInputElement, HtmlSelectElement};

    let Some(field) = document().get_element_by_id(id) else { return };
    if let Some(input) = field.dyn_ref::<HtmlInputElement>() {
        input.set_value(value);
    } else if let Some(select) = field.dyn_ref::<HtmlSelectElement>() {
        select.set_value(value);
    }
}

#[component]
fn ArmRow(typed: Typed, rows: Rows<ArmDraft>, id: u32, arm: ArmDraft) -> impl IntoView {
    let name = move |field: &str| format!("draft[arms][{id}][{field}]");
    let error = move |field: &'static str| typed.error(move || format!("arms[{}].{field}", rows.place(id)));
    let versions =
        typed.about.view.with_value(|view| view.slot.as_ref().map(|slot| slot.versions.clone()).unwrap_or_default());
    let mut choices = vec![SelectOption::new("", "choose…")];
    choices.extend(versions.into_iter().map(|(number, message)| {
        let message: String = message.chars().take(60).collect();
        let text = if message.is_empty() { format!("v{number}") } else { format!("v{number} · {message}") };
        SelectOption::new(number.to_string(), text)
    }));
    let role = move || if rows.place(id) == 0 { "Control" } else { "Treatment" };
    view! {
        <div class="rows__row rows__row--arm">
            <span class="rows__role">{role}</span>
            <TextField name=name("key") id=format!("arm-{id}-key") label="Key" value=arm.key mono=true autocomplete="off" error=error("key")/>
            <TextField name=name("name") id=format!("arm-{id}-name") label="Name" value=arm.name optional=true autocomplete="off" error=error("name")/>
            <SelectField name=name("version") id=format!("arm-{id}-version") label="Version" options=choices value=arm.version error=error("version")/>
            <TextField name=name("weight") id=format!("arm-{id}-weight") label="Weight, %" value=arm.weight autocomplete="off" error=error("weight")/>
            <RemoveRow rows id label="Remove arm" add="add-arm" typed/>
        </div>
    }
    .into_any()
}

/// Who takes part.
#[component]
pub fn Who(typed: Typed, draft: Draft) -> impl IntoView {
    let rows = Rows::new(draft.rules);
    let add = move |_| {
        let id = rows.append(RuleDraft { how: "eq".to_owned(), ..RuleDraft::default() });
        typed.read_soon();
        focus_soon(format!("rule-{id}-attribute"));
    };
    let audience = if draft.audience.is_empty() {
        view! {
            <For each=move || rows.all() key=|(id, _)| *id let:row>
                <RuleRow typed rows id=row.0 rule=row.1/>
            </For>
            {whole(typed, "targeting")}
            <div class="actions">
                <Button icon=IconName::Plus attr:id="add-rule" on:click=add>"Add a rule"</Button>
                <SelectField name="draft[joined]" id="joined" label="Rules hold together" bare=true value=draft.joined
                    options=options(&[("and", "all rules hold"), ("or", "one rule is enough")])/>
            </div>
        }
        .into_any()
    } else {
        view! {
            <TextArea name="draft[audience]" id="audience" label="Condition" value=draft.audience mono=true rows=4
                hint="This condition says more than rules can. Empty it to write rules." error=typed.error_of("targeting")/>
        }
        .into_any()
    };
    let attribute = draft.unit_attribute;
    let more = [&draft.group, &draft.holdout, &draft.forced].into_iter().any(|text| !text.is_empty());
    let units = [("user", "User"), ("session", "Session"), ("trace", "Request"), ("attribute", "An attribute…")];
    let by_attribute = live(move || {
        let attribute = attribute.clone();
        typed.draft.with(|draft| draft.unit == "attribute").then(|| {
            view! {
                <TextField name="draft[unit_attribute]" id="unit-attribute" label="Attribute" value=attribute mono=true autocomplete="off"
                    hint="Sent with every question, such as team_id."/>
            }
            .into_any()
        })
    });
    view! {
        <Card title="Who">
            <CardBody>
                <div class="form">
                    <div class="form__row">
                        <SelectField name="draft[unit]" id="unit" label="Split by" options=options(&units) value=draft.unit
                            hint="Whoever this names keeps one arm." error=typed.error_of("unit")/>
                        {by_attribute}
                        <TextField name="draft[coverage]" id="coverage" label="Traffic share, %" value=draft.coverage autocomplete="off"
                            hint="How many of them take part at all; the others get the control’s version." error=typed.error_of("coverage")/>
                    </div>
                    <Checkbox name="draft[sticky]" id="sticky" label="Whoever met an arm keeps it" checked=draft.sticky == "true"
                        hint="Also when weights or audience change. Clients that decide by themselves serve the control."
                        error=typed.error_of("sticky")/>
                    <fieldset class="rows">
                        <legend>"Audience"</legend>
                        <p class="field__hint">"Everybody without rules. Attributes are what programs send with their question."</p>
                        {audience}
                    </fieldset>
                    <details class="more" open=more>
                        <summary>"Exclusion group, holdout, testers"</summary>
                        <div class="form">
                            <div class="form__row">
                                <TextField name="draft[group]" id="group" label="Exclusion group" value=draft.group mono=true optional=true autocomplete="off"
                                    hint="Experiments of one group share no unit." error=typed.error_of("exclusion.group")/>
                                <TextField name="draft[ranges]" id="ranges" label="Its places, of 10000" value=draft.ranges mono=true optional=true autocomplete="off"
                                    placeholder="0-5000" error=typed.error(move || first_of(typed, "exclusion.ranges"))/>
                                <TextField name="draft[holdout]" id="holdout" label="Holdout, %" value=draft.holdout optional=true autocomplete="off"
                                    hint="Take part in no experiment at all." error=typed.error_of("holdout.share")/>
                            </div>
                            <TextArea name="draft[forced]" id="forced" label="Testers" value=draft.forced mono=true rows=3
                                hint="One a line: the unit, a space, the arm’s key. They are never analysed."
                                error=typed.error(move || first_of(typed, "forced"))/>
                        </div>
                    </details>
                </div>
            </CardBody>
        </Card>
    }
    .into_any()
}

/// The first field at fault that begins so: lists typed as one text have one place for all of them.
fn first_of(typed: Typed, begins: &str) -> String {
    typed
        .problems
        .with(|problems| {
            problems.iter().find(|problem| problem.field.starts_with(begins)).map(|problem| problem.field.clone())
        })
        .unwrap_or_default()
}

#[component]
fn RuleRow(typed: Typed, rows: Rows<RuleDraft>, id: u32, rule: RuleDraft) -> impl IntoView {
    let name = move |field: &str| format!("draft[rules][{id}][{field}]");
    let error = typed.error(move || format!("targeting[{}]", rows.place(id)));
    view! {
        <div class="rows__row rows__row--rule">
            <TextField name=name("attribute") id=format!("rule-{id}-attribute") label="Attribute" value=rule.attribute mono=true autocomplete="off"
                placeholder="plan" error/>
            <SelectField name=name("how") id=format!("rule-{id}-how") label="Comparison" options=options(&HOWS) value=rule.how/>
            <TextField name=name("value") id=format!("rule-{id}-value") label="Value" value=rule.value autocomplete="off" placeholder="pro"/>
            <RemoveRow rows id label="Remove rule" add="add-rule" typed/>
        </div>
    }
    .into_any()
}

/// When it runs and how it is judged.
#[component]
pub fn When(typed: Typed, draft: Draft) -> impl IntoView {
    let rows = Rows::new(draft.ramp);
    let add = move |_| {
        let id = rows.append(StepDraft { coverage: "5".to_owned(), hours: "24".to_owned(), ..StepDraft::default() });
        typed.read_soon();
        focus_soon(format!("step-{id}-coverage"));
    };
    let at_once = live(move || {
        typed.draft.with(|draft| draft.minimum_hours.trim() == "0").then(|| {
            view! {
                <Notice tone=Tone::Warn>
                    "A verdict may come before every weekday was seen. 168 hours are a week."
                </Notice>
            }
            .into_any()
        })
    });
    let methods = [
        ("anytime", "Always valid: look as often as you like"),
        ("fixed_horizon", "Fixed horizon: valid once"),
        ("bayesian", "Bayesian"),
    ];
    let harm =
        [("pause", "Pause: everybody gets the control"), ("roll_back", "Roll back and end"), ("tell", "Only say so")];
    view! {
        <Card title="When">
            <CardBody>
                <div class="form">
                    <div class="form__row">
                        <TextField name="draft[start]" id="start" label="Start" kind=InputKind::DateTime value=draft.start optional=true
                            hint="UTC. Empty: when it is launched." error=typed.error_of("schedule.start")/>
                        <TextField name="draft[end]" id="end" label="End" kind=InputKind::DateTime value=draft.end optional=true
                            hint="UTC. It then ends as inconclusive." error=typed.error_of("schedule.end")/>
                        <TextField name="draft[minimum_hours]" id="minimum-hours" label="Least hours" value=draft.minimum_hours autocomplete="off"
                            hint="No verdict before. 168 is a week." error=typed.error_of("schedule.minimum_hours")/>
                    </div>
                    {at_once}
                    <fieldset class="rows">
                        <legend>"Ramp"</legend>
                        <p class="field__hint">"Begins with less traffic, so that a bad version meets few. Then the traffic share above applies."</p>
                        <For each=move || rows.all() key=|(id, _)| *id let:row>
                            <StepRow typed rows id=row.0 step=row.1/>
                        </For>
                        {whole(typed, "ramp.steps")}
                        <div class="actions"><Button icon=IconName::Plus attr:id="add-step" on:click=add>"Add a step"</Button></div>
                    </fieldset>
                    <div class="form__row">
                        <SelectField name="draft[method]" id="method" label="Method" options=options(&methods) value=draft.method error=typed.error_of("plan")/>
                        <TextField name="draft[alpha]" id="alpha" label="Error level, %" value=draft.alpha autocomplete="off"
                            hint="How often luck alone may look like a difference." error=typed.error_of("plan.alpha")/>
                        <SelectField name="draft[on_harm]" id="on-harm" label="If a guardrail is harmed" options=options(&harm) value=draft.on_harm/>
                    </div>
                    <details class="more">
                        <summary>"Power, correction, sample"</summary>
                        <div class="form__row">
                            <TextField name="draft[power]" id="power" label="Power, %" value=draft.power autocomplete="off"
                                hint="The chance to find the goal’s margin." error=typed.error_of("plan.power")/>
                            <SelectField name="draft[correction]" id="correction" label="Correction" value=draft.correction
                                options=options(&[("holm", "Holm"), ("bonferroni", "Bonferroni"), ("none", "none")])
                                hint="How goals and treatments share the error level."/>
                            <TextField name="draft[tuning_units]" id="tuning-units" label="Planned units an arm" value=draft.tuning_units autocomplete="off"
                                hint="Intervals are tightest there." error=typed.error_of("plan.tuning_units")/>
                            <TextField name="draft[minimum_units]" id="minimum-units" label="Least units an arm" value=draft.minimum_units autocomplete="off"
                                hint="No verdict before." error=typed.error_of("plan.rule.minimum_units")/>
                        </div>
                    </details>
                </div>
            </CardBody>
        </Card>
    }
    .into_any()
}

#[component]
fn StepRow(typed: Typed, rows: Rows<StepDraft>, id: u32, step: StepDraft) -> impl IntoView {
    let name = move |field: &str| format!("draft[ramp][{id}][{field}]");
    let error = move |field: &'static str| typed.error(move || format!("ramp.steps[{}].{field}", rows.place(id)));
    view! {
        <div class="rows__row rows__row--step">
            <TextField name=name("coverage") id=format!("step-{id}-coverage") label="Traffic, %" value=step.coverage autocomplete="off" error=error("coverage")/>
            <TextField name=name("hours") id=format!("step-{id}-hours") label="Hours at least" value=step.hours autocomplete="off" error=error("hold_minutes")/>
            <TextField name=name("units") id=format!("step-{id}-units") label="Units at least" value=step.units optional=true autocomplete="off" error=error("minimum_units")/>
            <Checkbox name=name("approval") id=format!("step-{id}-approval") label="Waits for a person" checked=step.approval == "true"/>
            <RemoveRow rows id label="Remove step" add="add-step" typed/>
        </div>
    }
    .into_any()
}
