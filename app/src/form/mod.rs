//! Forms of a page's length: read as they are typed, kept for a reload, with problems at their fields and rows that come and
//! go.

pub mod kept;
pub mod rows;

use domain::problem::FieldProblem;
use leptos::prelude::*;
use ui::{Button, ButtonKind, IconName, Notice, live, problem::sentence};
use wasm_bindgen::JsCast as _;

use self::kept::Kept;
use crate::wire::{Act, Acts, act::form_text};

/// What a form says, as typed.
pub trait Draft: Clone + PartialEq + Send + Sync + 'static {
    /// What the page's own parts need beside it.
    type About: Copy + Send + Sync + 'static;

    /// Reads the form as it is sent.
    fn of_form(text: &str) -> Self;
}

/// What the parts of a form share.
#[derive(Debug)]
pub struct Typed<D: Draft> {
    /// The form as typed.
    pub draft: RwSignal<D>,
    /// What is wrong with it, shown at its fields.
    pub problems: RwSignal<Vec<FieldProblem>>,
    /// What the page adds.
    pub about: D::About,
    /// An element of the form, to read it by.
    pub inside: NodeRef<leptos::html::Div>,
    /// What it began with.
    first: StoredValue<(D, Vec<FieldProblem>)>,
    /// What its fields are drawn from, and how often they were made anew.
    begun: RwSignal<(u32, D)>,
    put_back: RwSignal<bool>,
    kept: StoredValue<Kept>,
}

#[expect(clippy::expl_impl_clone_on_copy, reason = "derived, it would ask of the draft to be `Copy`")]
impl<D: Draft> Clone for Typed<D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Draft> Copy for Typed<D> {}

impl<D: Draft> Typed<D> {
    /// A form that begins with `first` and the problems known of it; `kept` is where it is kept.
    pub fn new(first: D, known: Vec<FieldProblem>, about: D::About, kept: Kept) -> Self {
        let typed = Self {
            draft: RwSignal::new(first.clone()),
            problems: RwSignal::new(known.clone()),
            about,
            inside: NodeRef::new(),
            begun: RwSignal::new((0, first.clone())),
            first: StoredValue::new((first, known)),
            put_back: RwSignal::new(false),
            kept: StoredValue::new(kept),
        };
        Effect::new(move |_| {
            let Some(text) = typed.kept.with_value(Kept::found) else { return };
            let draft = D::of_form(&text);
            if draft != typed.draft.get_untracked() {
                typed.put_back.set(true);
                typed.begin(draft);
            }
        });
        typed
    }

    /// Forgets what is kept once the form was accepted; shows what was refused at its fields.
    pub fn follow<A: Acts>(self, act: Act<A>) {
        Effect::new(move |_| {
            if act.is_done() {
                self.kept.with_value(Kept::forget);
            }
            if let Some(error) = act.refused() {
                self.problems.set(error.0.fields);
            }
        });
    }

    /// Draws the fields, and again when other words are put into all of them.
    pub fn fields(self, draw: impl Fn(D) -> AnyView + Clone + Send + Sync + 'static) -> AnyView {
        view! {
            <For each=move || [self.begun.get()] key=|(generation, _)| *generation let:begun>
                {draw(begun.1)}
            </For>
        }
        .into_any()
    }

    /// Says that what was typed earlier is there again, with a way back.
    pub fn restored(self) -> AnyView {
        let start_over = move |_| {
            self.kept.with_value(Kept::forget);
            let (first, known) = self.first.get_value();
            self.begin(first);
            self.problems.set(known);
            self.put_back.set(false);
        };
        live(move || {
            self.put_back.get().then(|| {
                view! {
                    <Notice>
                        "This is what you had typed when you left. "
                        <Button kind=ButtonKind::Quiet icon=IconName::Undo on:click=start_over>"Start over"</Button>
                    </Notice>
                }
                .into_any()
            })
        })
    }

    /// What is wrong with a field.
    pub fn error(self, field: impl Fn() -> String + Send + Sync + 'static) -> Signal<Option<String>> {
        Signal::derive(move || {
            let field = field();
            self.problems.with(|problems| {
                problems.iter().find(|problem| problem.field == field).map(|problem| sentence(&problem.message))
            })
        })
    }

    /// The same of a field that has no rows.
    pub fn error_of(self, field: &'static str) -> Signal<Option<String>> {
        self.error(move || field.to_owned())
    }

    /// The form as it would be sent. Browser only.
    pub fn text(self) -> Option<String> {
        let element = self.inside.get_untracked()?;
        form_text(&element.closest("form").ok().flatten()?.dyn_into().ok()?, None)
    }

    /// Reads the form again, and keeps it for a reload. Browser only.
    pub fn read(self) {
        let Some(text) = self.text() else { return };
        self.kept.with_value(|kept| kept.keep(&text));
        self.draft.set(D::of_form(&text));
    }

    /// Reads the form once rows have come or gone.
    pub fn read_soon(self) {
        request_animation_frame(move || self.read());
    }

    /// Makes the fields anew.
    fn begin(self, draft: D) {
        self.draft.set(draft.clone());
        self.begun.update(|(generation, begun)| {
            *generation = generation.wrapping_add(1);
            *begun = draft;
        });
    }
}
