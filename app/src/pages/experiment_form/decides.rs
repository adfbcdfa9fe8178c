//! What decides: the metrics of the form.

use leptos::prelude::*;
use ui::{Button, Card, CardBody, Copy, IconName, Notice, SelectField, SelectOption, TextField, Tone, live};

use super::{
    Typed,
    draft::MetricDraft,
    model::{FormView, MetricChoice},
    sections::{options, set_value, whole},
};
use crate::form::rows::{RemoveRow, Rows, focus_soon};

/// The section.
#[component]
pub fn Decides(typed: Typed, metrics: Rows<MetricDraft>) -> impl IntoView {
    let view = typed.about.view.get_value();
    let add = move |_| {
        let first = typed.about.view.with_value(|view| view.metrics.first().cloned());
        let row = MetricDraft {
            what: first.as_ref().map(|choice| choice.what.clone()).unwrap_or_default(),
            role: "secondary".to_owned(),
            direction: first.map(|choice| choice.direction).unwrap_or_default(),
            ..MetricDraft::empty()
        };
        let id = metrics.append(row);
        typed.read_soon();
        focus_soon(format!("metric-{id}-what"));
    };
    let teach = view.teach.map(|teach| {
        view! {
            <details class="more">
                <summary>{teach.title}</summary>
                <div class="form">
                    <p class="field__hint">{teach.text}</p>
                    <p><code>{teach.code.clone()}</code> <Copy text=teach.code/></p>
                </div>
            </details>
        }
        .into_any()
    });
    view! {
        <Card title="What decides" extra=|| view! { <span class="muted small">"fixed by the launch"</span> }>
            <CardBody>
                <fieldset class="rows">
                    <legend>"Metrics"</legend>
                    <p class="field__hint">{view.hints.roles}</p>
                    <For each=move || metrics.all() key=|(id, _)| *id let:row>
                        <MetricRow typed rows=metrics id=row.0 metric=row.1/>
                    </For>
                    {whole(typed, "metrics")}
                    <div class="actions"><Button icon=IconName::Plus attr:id="add-metric" on:click=add>"Add a metric"</Button></div>
                    {teach}
                </fieldset>
            </CardBody>
        </Card>
    }
    .into_any()
}

/// Of a list of choices, the one a row names.
fn choice<'v>(view: &'v FormView, what: &str) -> Option<&'v MetricChoice> {
    view.metrics.iter().find(|choice| choice.what == what)
}

#[component]
fn MetricRow(typed: Typed, rows: Rows<MetricDraft>, id: u32, metric: MetricDraft) -> impl IntoView {
    let name = move |field: &str| format!("draft[metrics][{id}][{field}]");
    let own_id = move |field: &str| format!("metric-{id}-{field}");
    let error = move |field: &'static str| typed.error(move || format!("metrics[{}].{field}", rows.place(id)));
    let choices = typed.about.view.with_value(|view| {
        let choice = |choice: &MetricChoice| SelectOption::new(choice.what.clone(), choice.title.clone());
        view.metrics.iter().map(choice).collect::<Vec<_>>()
    });
    let first = metric.clone();
    // What is typed now, of what draws something else.
    let now = Memo::new(move |_| {
        let place = rows.place(id);
        typed.draft.with(|draft| {
            let now = draft.metrics.get(place).unwrap_or(&first);
            (now.what.clone(), now.cap_of.clone())
        })
    });
    let chosen = move || typed.about.view.with_value(|view| now.with(|(what, _)| choice(view, what).cloned()));
    let line = move |text: fn(MetricChoice) -> String| {
        live(move || Some(view! { <span class="rows__unit">{text(chosen()?)}</span> }.into_any()))
    };
    // What is better goes with the metric: what costs rarely does as a purchase does.
    let turn = move |_| {
        typed.read();
        if let Some(choice) = chosen() {
            set_value(&own_id("direction"), &choice.direction);
            typed.read();
        }
    };
    let wrong_cap = error("metric.cap");
    let wrong_window = error("metric.window_hours");
    let more = !metric.cap_of.is_empty() || !metric.window.is_empty();
    // Open where something stands or is wrong; what is mended does not close it under somebody's hands.
    let open = Memo::new(move |was: Option<&bool>| {
        was == Some(&true) || more || wrong_cap.with(Option::is_some) || wrong_window.with(Option::is_some)
    });
    let cap = metric.cap;
    let most = live(move || {
        let cap = cap.clone();
        now.with(|(_, cap_of)| matches!(cap_of.as_str(), "percentile" | "value")).then(|| {
            view! { <TextField name=name("cap") id=own_id("cap") label="At most" value=cap autocomplete="off" error=wrong_cap/> }
                .into_any()
        })
    });
    let caps = [("", "as usual"), ("none", "none"), ("percentile", "percentile of units"), ("value", "own unit")];
    view! {
        <div class="rows__row rows__row--metric">
            <SelectField name=name("role") id=own_id("role") label="Role" value=metric.role
                options=options(&[("goal", "Goal"), ("guardrail", "Guardrail"), ("secondary", "Secondary")])/>
            <div class="rows__margin" on:change=turn>
                <SelectField name=name("what") id=own_id("what") label="Metric" options=choices value=metric.what
                    error=typed.error(move || wrong_what(typed, rows.place(id)))/>
                {line(|choice| choice.seen)}
            </div>
            <SelectField name=name("direction") id=own_id("direction") label="Better" value=metric.direction
                options=options(&[("higher", "higher"), ("lower", "lower")])/>
            <TextField name=name("margin") id=own_id("margin") label="Margin" value=metric.margin autocomplete="off" error=error("margin")/>
            <div class="rows__margin">
                <SelectField name=name("margin_of") id=own_id("of") label="Margin in" value=metric.margin_of
                    options=options(&[("relative", "% of control"), ("absolute", "own unit")])/>
                {line(|choice| format!("own unit: {}", choice.unit))}
            </div>
            <RemoveRow rows id label="Remove metric" add="add-metric" typed/>
            <details class="more" open=move || open.get()>
                <summary>"Cap, window"</summary>
                <div class="form__row">
                    <div class="rows__margin">
                        <SelectField name=name("cap_of") id=own_id("cap-of") label="Cap" value=metric.cap_of options=options(&caps)/>
                        {line(|choice| choice.cap)}
                    </div>
                    {most}
                    <TextField name=name("window") id=own_id("window") label="Window" value=metric.window optional=true autocomplete="off"
                        hint="Counts from the exposure." error=wrong_window/>
                    <SelectField name=name("window_of") id=own_id("window-of") label="Window in" value=metric.window_of
                        options=options(&[("days", "days"), ("hours", "hours")])/>
                </div>
            </details>
        </div>
    }
    .into_any()
}

/// The field at fault of what a metric reads; its cap and its window have places of their own.
fn wrong_what(typed: Typed, place: usize) -> String {
    let begins = format!("metrics[{place}].metric.");
    typed
        .problems
        .with(|problems| {
            let of_what =
                |field: &str| field.strip_prefix(&begins).is_some_and(|rest| !matches!(rest, "cap" | "window_hours"));
            problems.iter().find(|problem| of_what(&problem.field)).map(|problem| problem.field.clone())
        })
        .unwrap_or_default()
}

/// Goals and guardrails an adaptive split cannot decide by, as soon as it is chosen, and a way out.
#[component]
pub fn Unfit(typed: Typed, metrics: Rows<MetricDraft>) -> impl IntoView {
    // By place: whether it is a guardrail, and what it is called.
    let unfit = Memo::new(move |_| {
        typed.about.view.with_value(|view| {
            typed.draft.with(|draft| {
                let adaptive = draft.allocation == "adaptive";
                let rows = draft.metrics.iter().enumerate().filter(|(_, row)| adaptive && row.role != "secondary");
                let unfit = rows.filter_map(|(place, row)| {
                    let choice = choice(view, &row.what).filter(|choice| !choice.every_unit)?;
                    Some((place, row.role == "guardrail", choice.title.clone()))
                });
                unfit.collect::<Vec<_>>()
            })
        })
    });
    let only_look = move |_| {
        let rows = metrics.all();
        for (place, _, _) in unfit.get_untracked().into_iter().filter(|(_, guards, _)| *guards) {
            if let Some((id, _)) = rows.get(place) {
                set_value(&format!("metric-{id}-role"), "secondary");
            }
        }
        typed.read();
    };
    live(move || {
        let unfit = unfit.get();
        if unfit.is_empty() {
            return None;
        }
        let guards = unfit.iter().any(|(_, guards, _)| *guards);
        let said: Vec<String> = unfit
            .into_iter()
            .map(|(_, guards, title)| format!("{}: {title}", if guards { "guardrail" } else { "goal" }))
            .collect();
        let button = guards.then(|| {
            view! { <Button attr:id="only-look" on:click=only_look>"Make these guardrails secondary"</Button> }
                .into_any()
        });
        let hint = typed.about.view.with_value(|view| view.hints.unfit.clone());
        let text = format!("{hint} {}.", said.join("; "));
        Some(view! { <Notice tone=Tone::Warn><span id="unfit">{text}</span> {button}</Notice> }.into_any())
    })
}
