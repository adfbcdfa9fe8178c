//! Members and their roles.

use domain::{auth::Role, time::TimeUs};
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_params_map, lazy_route};
use ui::{
    Button, ButtonKind, Card, CardBody, Cell, CellKind, Chip, Column, CopyLine, Dialog, DialogButton, InputKind,
    Instant, Moment, Notice, ProblemPanel, SelectField, SelectOption, Table, TextField, Tone, live,
};

use super::{
    model::{Invited, MemberLine, MembersView, role_words},
    nav::{self, Settings},
    server::{Invite, ListMembers, RemoveMember, RenewInvitation, SetRole},
};
use crate::{
    error::AppError,
    panel::Panel,
    wire::{Act, ActForm, Asked},
};

/// Route of the page.
#[derive(Debug)]
pub struct Members {
    members: Asked<MembersView>,
}

/// What can be done here.
#[derive(Clone, Copy)]
struct Acts {
    invite: Act<Invite>,
    renew: Act<RenewInvitation>,
    set_role: Act<SetRole>,
    remove: Act<RemoveMember>,
}

#[lazy_route]
impl LazyRoute for Members {
    fn data() -> Self {
        let params = use_params_map();
        Self { members: Asked::new(move || ListMembers { project: params.read().get("project").unwrap_or_default() }) }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let members = this.members;
        let acts = Acts { invite: Act::new(), renew: Act::new(), set_role: Act::new(), remove: Act::new() };
        Effect::new(move |_| {
            // All are read in any case: what an effect does not read, it does not follow.
            let changed = [acts.invite.is_done(), acts.set_role.is_done(), acts.remove.is_done()];
            if changed.contains(&true) {
                members.again();
            }
        });
        let draw = move |view: MembersView| {
            let project = params.read_untracked().get("project").unwrap_or_default();
            view! { <List project view acts/> }.into_any()
        };
        view! {
            <Settings here=nav::MEMBERS>
                <Panel asked=members draw/>
            </Settings>
        }
        .into_any()
    }
}

fn roles() -> Vec<SelectOption> {
    Role::ALL
        .into_iter()
        .map(|role| SelectOption::new(role.as_str(), format!("{} – {}", role.as_str(), role_words(role))))
        .collect()
}

#[component]
fn List(project: String, view: MembersView, acts: Acts) -> impl IntoView {
    let now = TimeUs(view.now_us);
    let invited = live(move || acts.invite.outcome().map(handover));
    let renewed = live(move || acts.renew.outcome().map(handover));
    let refused = live(move || {
        let error = acts.set_role.refused().or_else(|| acts.remove.refused());
        error.map(|error| view! { <ProblemPanel problem=error.0/> }.into_any())
    });
    let me = view.me;
    let rows = view
        .members
        .into_iter()
        .map(|member| {
            let is_me = member.email == me;
            view! { <Line project=project.clone() member is_me now acts/> }.into_any()
        })
        .collect_view();
    view! {
        {invited}
        {renewed}
        {refused}
        <div class="card">
            <Table
                caption="Members"
                columns=vec![Column::text("Member"), Column::text("Role"), Column::number("Since"), Column::unnamed("Actions")]
            >
                {rows}
            </Table>
        </div>
        <div id="invite"><Card title="Invite">
            <CardBody>
                <ActForm act=acts.invite class="inline-form">
                    <input type="hidden" name="project" value=project/>
                    <TextField name="email" label="E-mail" kind=InputKind::Email required=true/>
                    <SelectField name="role" label="Role" options=roles() value="editor"/>
                    <Button kind=ButtonKind::Primary submit=true busy=acts.invite.pending()>"Invite"</Button>
                </ActForm>
            </CardBody>
        </Card></div>
    }
}

/// The link to hand on: this server sends no mail.
fn handover(outcome: Result<Invited, AppError>) -> AnyView {
    let invited = match outcome {
        Ok(invited) => invited,
        Err(error) => return view! { <ProblemPanel problem=error.0/> }.into_any(),
    };
    match invited.link {
        Some(link) => view! {
            <Notice tone=Tone::Good>
                <div class="new-key">
                    <p>{format!("Send this link to {}. It works once, for seven days, and lets them choose a password.", invited.email)}</p>
                    <CopyLine text=link label="Copy link"/>
                </div>
            </Notice>
        }
        .into_any(),
        None => view! { <Notice tone=Tone::Good>{format!("{} has an account already and sees the project now.", invited.email)}</Notice> }.into_any(),
    }
}

#[component]
fn Line(project: String, member: MemberLine, is_me: bool, now: TimeUs, acts: Acts) -> impl IntoView {
    let dialog = format!("remove-{}", member.id);
    let closing = dialog.clone();
    let waiting = (!member.active).then(|| view! { <Chip tone=Tone::Warn>"invited"</Chip> }.into_any());
    let own = is_me.then(|| view! { <Chip>"you"</Chip> }.into_any());
    let (of, id, email) = (project.clone(), member.id.clone(), member.email.clone());
    let renew = (!member.active).then(|| {
        view! {
            <ActForm act=acts.renew>
                <input type="hidden" name="project" value=of/>
                <input type="hidden" name="member" value=id/>
                <input type="hidden" name="email" value=email/>
                <Button kind=ButtonKind::Quiet submit=true>"New link"</Button>
            </ActForm>
        }
        .into_any()
    });
    let (of, id) = (project.clone(), member.id.clone());
    let (label, select_id) = (format!("Role of {}", member.email), format!("role-{}", member.id));
    let role = view! {
        <ActForm act=acts.set_role class="inline-form">
            <input type="hidden" name="project" value=of/>
            <input type="hidden" name="member" value=id/>
            <SelectField name="role" label options=roles() value=member.role.as_str() bare=true id=select_id/>
            <Button kind=ButtonKind::Quiet submit=true>"Change"</Button>
        </ActForm>
    };
    let title = format!("Remove {}?", member.email);
    let remove = view! {
        <p>"They lose access to this project at once. Their account stays, and what they saved stays under their name."</p>
        <ActForm act=acts.remove closes=closing>
            <input type="hidden" name="project" value=project/>
            <input type="hidden" name="member" value=member.id/>
            <div class="actions"><Button kind=ButtonKind::Danger submit=true>"Remove member"</Button></div>
        </ActForm>
    };
    view! {
        <tr>
            <Cell kind=CellKind::Title>
                <span class="member"><span class="member__name">{member.email}</span></span>
                {own}
                {waiting}
            </Cell>
            <Cell label="Role">{role}</Cell>
            <Cell kind=CellKind::Number label="Since"><Instant at=TimeUs(member.since_us) shown=Moment::Ago(now)/></Cell>
            <Cell kind=CellKind::Wide>
                <span class="actions">
                    {renew}
                    <DialogButton dialog=dialog.clone() kind=ButtonKind::Danger>"Remove"</DialogButton>
                </span>
                <Dialog id=dialog title>{remove}</Dialog>
            </Cell>
        </tr>
    }
}
