//! What can be done to an experiment: each says what it does before it is done, and endings can be taken back.

use domain::{
    experiment::{Action, State},
    problem::ProblemCode,
};
use leptos::prelude::*;
use ui::{Button, ButtonKind, Dialog, DialogButton, ProblemPanel, SelectField, SelectOption, TextField, Toaster, live};

use super::{
    model::{Acted, ExperimentView},
    server::ActOnExperiment,
};
use crate::{
    pages::experiments::model::ArmLine,
    wire::{Act, ActForm},
};

/// Acts, and takes endings back. Made by the page, because a toast with its way back outlives what is redrawn.
#[derive(Clone, Copy)]
pub struct Doer {
    act: Act<ActOnExperiment>,
    undo: Act<ActOnExperiment>,
}

impl Doer {
    /// `changed` is told after everything that was done.
    pub fn new(project: Memo<String>, key: Memo<String>, changed: Callback<()>) -> Self {
        let toaster = Toaster::from_context();
        let (act, undo) = (Act::<ActOnExperiment>::new(), Act::<ActOnExperiment>::new());
        Effect::new(move |_| {
            let Some(Ok(acted)) = act.outcome() else { return };
            changed.run(());
            if !acted.can_be_undone() {
                toaster.done(acted.said);
                return;
            }
            let (project, key) = (project.get_untracked(), key.get_untracked());
            let back = Callback::new(move |()| {
                let (project, key, note) = (project.clone(), key.clone(), Some("undone".to_owned()));
                let reopen = ActOnExperiment {
                    project,
                    key,
                    action: Action::Reopen,
                    arm: None,
                    revision: None,
                    note,
                    confirm: None,
                };
                undo.send(&reopen);
            });
            toaster.undoable(acted.said, back);
        });
        Effect::new(move |_| {
            let undone: Option<Result<Acted, _>> = undo.outcome();
            if let Some(Ok(acted)) = undone {
                toaster.done(acted.said);
                changed.run(());
            }
        });
        Self { act, undo }
    }

    /// Why the last was refused. A conflict says what somebody else did and offers to show it.
    pub fn refused(self, look: Callback<()>) -> AnyView {
        live(move || {
            let refusals = [self.act.refused(), self.undo.refused()];
            let problem = refusals.into_iter().flatten().next()?.0;
            if problem.code != ProblemCode::Conflict {
                return Some(view! { <ProblemPanel problem/> }.into_any());
            }
            let panel = view! {
                <ProblemPanel problem title="Nothing was done">
                    <Button on:click=move |_| look.run(())>"Show it as it is now"</Button>
                </ProblemPanel>
            };
            Some(panel.into_any())
        })
    }
}

/// How an action is offered.
struct Offer {
    action: Action,
    button: String,
    title: String,
    text: String,
    kind: ButtonKind,
}

fn offers(view: &ExperimentView) -> Vec<Offer> {
    let control = view.arms.first().map_or_else(String::new, ArmLine::version_words);
    let (label, prompt) = (&view.slot.label, &view.slot.prompt);
    let offer = |action, button: &str, title: &str, text: String, kind| Offer {
        action,
        button: button.to_owned(),
        title: title.to_owned(),
        text,
        kind,
    };
    let all = [
        offer(
            Action::Launch,
            "Launch",
            "Launch this experiment?",
            format!(
                "It takes over the label {label} of {prompt} and splits {} of the traffic, at once or from its scheduled start. \
                 Metrics, margins and method are fixed from then on. Programs follow without a restart.",
                view.ramp.as_ref().and_then(|ramp| ramp.steps.first()).unwrap_or(&view.full_coverage)
            ),
            ButtonKind::Primary,
        ),
        offer(
            Action::Start,
            "Start now",
            "Start before its time?",
            "It begins to split at once instead of at its scheduled start.".to_owned(),
            ButtonKind::Primary,
        ),
        offer(
            Action::Ship,
            "Ship an arm",
            "Ship an arm?",
            format!(
                "The label {label} moves to the arm’s version for everybody, and the experiment ends. You can take it back for 10 seconds."
            ),
            ButtonKind::Primary,
        ),
        offer(
            Action::Advance,
            "Next step",
            "Climb the next step of the ramp?",
            format!(
                "It takes {} of the traffic from now on, whatever the step waits for. Nobody changes arms.",
                view.ramp.as_ref().and_then(|ramp| ramp.next()).unwrap_or_default()
            ),
            ButtonKind::Normal,
        ),
        offer(
            Action::Pause,
            "Pause",
            "Pause this experiment?",
            format!(
                "Everybody gets {control} until you resume it. The label stays taken, and units keep their arms for later."
            ),
            ButtonKind::Normal,
        ),
        offer(
            Action::Resume,
            "Resume",
            "Resume this experiment?",
            "It splits again; every unit gets the arm it had.".to_owned(),
            ButtonKind::Primary,
        ),
        offer(
            Action::Stop,
            "Stop",
            "Stop this experiment?",
            format!(
                "It ends and everybody gets {control}. The label does not move. You can take it back for 10 seconds."
            ),
            ButtonKind::Danger,
        ),
        offer(
            Action::Conclude,
            "End without an answer",
            "End without an answer?",
            format!("For when time or users ran out: it ends as inconclusive and everybody gets {control}."),
            ButtonKind::Quiet,
        ),
        offer(
            Action::RollBack,
            "Roll back",
            "Roll back?",
            format!("For when it does harm: it ends, everybody gets {control}, and the record says why."),
            ButtonKind::Quiet,
        ),
        offer(
            Action::Archive,
            "Archive",
            "Archive this experiment?",
            "It leaves the list and cannot be changed any more. Its key stays taken.".to_owned(),
            ButtonKind::Quiet,
        ),
    ];
    let can_climb = view.ramp.as_ref().is_some_and(|ramp| ramp.next().is_some());
    all.into_iter()
        .filter(|offer| offer.action.possible_in(view.state))
        .filter(|offer| offer.action != Action::Advance || can_climb)
        .filter(|offer| offer.action != Action::Launch || view.problems.is_empty())
        .collect()
}

/// The buttons with their dialogs.
#[component]
pub fn Actions(project: String, view: ExperimentView, doer: Doer) -> impl IntoView {
    if !view.may_write || view.state == State::Archived {
        return ().into_any();
    }
    let offers = offers(&view);
    let what = offers
        .iter()
        .map(|offer| view! { <dt>{offer.button.clone()}</dt> <dd>{offer.text.clone()}</dd> }.into_any())
        .collect_view();
    let buttons = offers
        .into_iter()
        .map(|offer| view! { <Offered project=project.clone() view=view.clone() offer doer/> }.into_any())
        .collect_view();
    view! {
        <div class="experiment__acts">
            <div class="actions experiment__actions">{buttons}</div>
            <details class="more consequences">
                <summary>"What each does"</summary>
                <dl>{what}</dl>
            </details>
        </div>
    }
    .into_any()
}

#[component]
fn Offered(project: String, view: ExperimentView, offer: Offer, doer: Doer) -> impl IntoView {
    let Offer { action, button, title, text, kind } = offer;
    let dialog = format!("do-{}", action.as_str());
    let arm = (action == Action::Ship).then(|| {
        let options = view
            .arms
            .iter()
            .map(|arm| SelectOption::new(arm.key.clone(), format!("{} ({})", arm.title, arm.version_words())));
        let value = view.arms.get(1).map(|arm| arm.key.clone()).unwrap_or_default();
        view! { <SelectField name="arm" id="ship-arm" label="Arm" options=options.collect() value/> }.into_any()
    });
    let confirm = (view.slot.protected && matches!(action, Action::Launch | Action::Ship)).then(|| {
        let id = format!("{dialog}-confirm");
        let label = format!("The label is protected: type {} to confirm", view.key);
        view! { <TextField name="confirm" id label required=true autocomplete="off" mono=true/> }.into_any()
    });
    let note_id = format!("{dialog}-note");
    let words = button.clone();
    let act = doer.act;
    let (key, revision) = (view.key, view.revision.to_string());
    view! {
        <DialogButton dialog=dialog.clone() kind>{button}</DialogButton>
        <Dialog id=dialog.clone() title>
            <p>{text}</p>
            <ActForm act class="form" closes=dialog>
                <input type="hidden" name="project" value=project/>
                <input type="hidden" name="key" value=key/>
                <input type="hidden" name="action" value=action.as_str()/>
                <input type="hidden" name="revision" value=revision/>
                {arm}
                <TextField name="note" id=note_id label="Why" optional=true hint="Kept in the log." autocomplete="off"/>
                {confirm}
                <div class="dialog__foot">
                    <Button kind=if kind == ButtonKind::Quiet { ButtonKind::Danger } else { kind } submit=true busy=act.pending()>{words}</Button>
                </div>
            </ActForm>
        </Dialog>
    }
    .into_any()
}
