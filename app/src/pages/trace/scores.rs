//! Scores of a trace and its spans: what programs sent and what people say, and the form to say it.

use leptos::prelude::*;
use ui::{Button, ButtonKind, IconName, ProblemPanel, SelectField, SelectOption, TextArea, TextField, Toaster, live};

use super::{
    model::{ScoreConfigView, ScoreDraft, ScoreView, ScoredOn},
    server::{GiveScore, TakeBackScore},
};
use crate::wire::{Act, ActForm};

/// Gives scores and takes them back. Made by the page, because a toast with its way back outlives what is redrawn.
#[derive(Clone, Copy)]
pub struct Scorer {
    project: Memo<String>,
    trace: Memo<String>,
    give: Act<GiveScore>,
    take_back: Act<TakeBackScore>,
}

impl Scorer {
    /// `changed` is told after every change. `project` and `trace` say what is scored.
    pub fn new(project: Memo<String>, trace: Memo<String>, changed: Callback<()>) -> Self {
        let toaster = Toaster::from_context();
        let give = Act::<GiveScore>::new();
        let take_back = Act::<TakeBackScore>::new();
        let give_again = Act::<GiveScore>::new();
        let take_new = Act::<TakeBackScore>::new();
        let again = move |draft: ScoreDraft| {
            give_again.send(&GiveScore { project: project.get_untracked(), trace: trace.get_untracked(), draft });
        };
        Effect::new(move |_| {
            let Some(Ok(kept)) = give.outcome() else { return };
            let text = match &kept.before {
                Some(_) => format!("{} changed", kept.name),
                None => format!("{} added", kept.name),
            };
            let back = Callback::new(move |()| match kept.before.clone() {
                Some(before) => again(before),
                None => take_new.send(&TakeBackScore { project: project.get_untracked(), id: kept.id.clone() }),
            });
            toaster.undoable(text, back);
            changed.run(());
        });
        Effect::new(move |_| {
            let Some(Ok(draft)) = take_back.outcome() else { return };
            let text = format!("{} deleted", draft.name);
            toaster.undoable(text, Callback::new(move |()| again(draft.clone())));
            changed.run(());
        });
        Effect::new(move |_| {
            // Both are read in any case: what an effect does not read, it does not follow.
            if [give_again.is_done(), take_new.is_done()].contains(&true) {
                toaster.done("The score is as it was");
                changed.run(());
            }
        });
        Self { project, trace, give, take_back }
    }
}

/// The scores that concern a span, and the form for another one.
#[component]
pub fn Scores(
    scores: Vec<ScoreView>,
    span: String,
    may_score: bool,
    configs: Vec<ScoreConfigView>,
    scorer: Scorer,
) -> impl IntoView {
    let lines = scores.into_iter().map(|score| line(score, scorer)).collect_view();
    let give = scorer.give;
    let take_back = scorer.take_back;
    let refused = live(move || {
        let error = give.refused().or_else(|| take_back.refused())?;
        Some(view! { <ProblemPanel problem=error.0/> }.into_any())
    });
    let form = may_score.then(|| {
        let draft = ScoreDraft { span, kind: "numeric".to_owned(), ..ScoreDraft::default() };
        view! {
            <details class="score-form">
                <summary class="button" data-key="s" aria-keyshortcuts="s">"Add score " <kbd aria-hidden="true">"s"</kbd></summary>
                {fields(draft, &configs, scorer)}
            </details>
        }
        .into_any()
    });
    view! {
        <div class="detail__section">
            <h3>"Scores"</h3>
            <ul class="scores" aria-label="Scores">{lines}</ul>
            {refused}
            {form}
        </div>
    }
}

fn line(score: ScoreView, scorer: Scorer) -> AnyView {
    let level = match score.on {
        ScoredOn::Span(_) => "",
        ScoredOn::Trace => " (trace)",
        ScoredOn::Session => " (session)",
    };
    let said = format!("{}{level}: {}", score.name, score.text);
    let comment = score.comment.map(|comment| view! { <p class="scores__comment">{comment}</p> }.into_any());
    let author =
        score.author.map(|author| view! { <span class="muted small">{format!("by {author}")}</span> }.into_any());
    let actions = score.draft.map(|draft| {
        let name = draft.name.clone();
        let id = draft.id.clone();
        view! {
            <details class="score-form">
                <summary class="button" data-kind="quiet">"Change" <span class="visually-hidden">{format!(" {name}")}</span></summary>
                {fields(draft, &[], scorer)}
            </details>
            <ActForm act=scorer.take_back>
                <input type="hidden" name="project" value=move || scorer.project.get()/>
                <input type="hidden" name="id" value=id/>
                <Button kind=ButtonKind::Quiet icon=IconName::Trash submit=true label=format!("Delete {name}")/>
            </ActForm>
        }
        .into_any()
    });
    view! {
        <li class="scores__item">
            <span class="scores__said">{said}</span>
            {author}
            <span class="scores__actions">{actions}</span>
            {comment}
        </li>
    }
    .into_any()
}

/// The fields of a score. Ids differ, because the form is there once for each score.
fn fields(draft: ScoreDraft, configs: &[ScoreConfigView], scorer: Scorer) -> AnyView {
    let is_new = draft.id.is_empty();
    let own = if is_new { "new" } else { draft.id.as_str() };
    let [about, name, kind, value, comment] =
        ["about", "name", "kind", "value", "comment"].map(|field| format!("score-{field}-{own}"));
    let target = if is_new && !draft.span.is_empty() {
        let options =
            vec![SelectOption::new(draft.span.clone(), "This span"), SelectOption::new("", "The whole trace")];
        view! { <SelectField name="draft[span]" label="About" options value=draft.span.clone() id=about/> }.into_any()
    } else {
        view! { <input type="hidden" name="draft[span]" value=draft.span.clone()/> }.into_any()
    };
    let kinds = [("numeric", "Number"), ("boolean", "Yes or no"), ("categorical", "Category"), ("text", "Text")]
        .map(|(value, text)| SelectOption::new(value, text))
        .to_vec();
    let agreed = (!configs.is_empty()).then(|| {
        let names = configs
            .iter()
            .map(|config| {
                let (name, values) = (config.name.clone(), config.values.clone());
                view! { <li><b>{name}</b> ": " {values}</li> }.into_any()
            })
            .collect_view();
        view! { <div class="small muted"><p>"Agreed on in this project:"</p> <ul>{names}</ul></div> }.into_any()
    });
    let give = scorer.give;
    view! {
        <ActForm act=give class="score-form__fields">
            <input type="hidden" name="project" value=move || scorer.project.get()/>
            <input type="hidden" name="trace" value=move || scorer.trace.get()/>
            <input type="hidden" name="draft[id]" value=draft.id.clone()/>
            {target}
            <TextField name="draft[name]" label="Name" value=draft.name.clone() required=true placeholder="correctness" id=name/>
            <SelectField name="draft[kind]" label="Type" options=kinds value=draft.kind.clone() id=kind/>
            <TextField name="draft[value]" label="Value" value=draft.value.clone() required=true placeholder="0.8, yes, polite" id=value/>
            <TextArea name="draft[comment]" label="Comment" value=draft.comment.clone() optional=true rows=2 id=comment/>
            {agreed}
            <Button kind=ButtonKind::Primary submit=true busy=give.pending()>
                {if is_new { "Add score" } else { "Save" }}
            </Button>
        </ActForm>
    }
    .into_any()
}
