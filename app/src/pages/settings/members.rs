//! Members and their roles.

use domain::{auth::Role, time::TimeUs};
use leptos::{form::ActionForm, prelude::*};
use leptos_meta::Title;
use leptos_router::{LazyRoute, hooks::use_params_map, lazy_route};
use ui::{
    Button, ButtonKind, Card, CardBody, Cell, CellKind, Chip, Column, CopyLine, Crumb, Dialog, DialogButton, InputKind,
    Instant, Moment, Notice, Page, ProblemPanel, SelectField, SelectOption, Table, TextField, Tone, close_dialog,
    page::PageHead,
};

use super::{
    model::{Invited, MemberLine, MembersView, role_words},
    server::{Invite, RemoveMember, RenewInvitation, SetRole, list_members},
};
use crate::{error::AppError, panel::Panel};

/// Route of the page.
#[derive(Debug)]
pub struct Members {
    members: Resource<Result<MembersView, AppError>>,
}

/// What can be done here.
#[derive(Clone, Copy)]
struct Acts {
    invite: ServerAction<Invite>,
    renew: ServerAction<RenewInvitation>,
    set_role: ServerAction<SetRole>,
    remove: ServerAction<RemoveMember>,
}

#[lazy_route]
impl LazyRoute for Members {
    fn data() -> Self {
        let params = use_params_map();
        Self { members: Resource::new_blocking(move || params.read().get("project").unwrap_or_default(), list_members) }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let members = this.members;
        let acts = Acts {
            invite: ServerAction::new(),
            renew: ServerAction::new(),
            set_role: ServerAction::new(),
            remove: ServerAction::new(),
        };
        Effect::new(move |_| {
            // All are read in any case: what an effect does not read, it does not follow.
            let changed = [
                matches!(acts.invite.value().get(), Some(Ok(_))),
                matches!(acts.set_role.value().get(), Some(Ok(()))),
                matches!(acts.remove.value().get(), Some(Ok(()))),
            ];
            if changed.contains(&true) {
                members.refetch();
            }
        });
        let draw = move |view: MembersView| {
            let project = params.read_untracked().get("project").unwrap_or_default();
            view! { <List project view acts/> }.into_any()
        };
        view! {
            <Title text="Members"/>
            <Page crumbs=vec![Crumb::text("Settings"), Crumb::here("Members")]>
                <PageHead title="Members" lead="Who may see and change this project"/>
                <Panel resource=members draw/>
            </Page>
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
    let invited = move || match acts.invite.value().get() {
        Some(Ok(invited)) => Some(view! { <Handover invited/> }.into_any()),
        Some(Err(error)) => Some(view! { <ProblemPanel problem=error.0/> }.into_any()),
        None => None,
    };
    let renewed = move || match acts.renew.value().get() {
        Some(Ok(invited)) => Some(view! { <Handover invited/> }.into_any()),
        Some(Err(error)) => Some(view! { <ProblemPanel problem=error.0/> }.into_any()),
        None => None,
    };
    let refused = move || {
        let outcomes = [acts.set_role.value().get(), acts.remove.value().get()];
        outcomes.into_iter().flatten().find_map(Result::err).map(|error| view! { <ProblemPanel problem=error.0/> })
    };
    let me = view.me;
    let rows = view
        .members
        .into_iter()
        .map(|member| {
            let is_me = member.email == me;
            view! { <Line project=project.clone() member is_me now acts/> }
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
        <Card title="Invite">
            <CardBody>
                <ActionForm action=acts.invite attr:class="inline-form">
                    <input type="hidden" name="project" value=project/>
                    <TextField name="email" label="E-mail" kind=InputKind::Email required=true/>
                    <SelectField name="role" label="Role" options=roles() value="editor"/>
                    <Button kind=ButtonKind::Primary submit=true busy=acts.invite.pending()>"Invite"</Button>
                </ActionForm>
            </CardBody>
        </Card>
    }
}

/// The link to hand on: this server sends no mail.
#[component]
fn Handover(invited: Invited) -> impl IntoView {
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
    let waiting = (!member.active).then(|| view! { <Chip tone=Tone::Warn>"invited"</Chip> });
    let own = is_me.then(|| view! { <Chip>"you"</Chip> });
    let (of, id, email) = (project.clone(), member.id.clone(), member.email.clone());
    let renew = (!member.active).then(|| {
        view! {
            <ActionForm action=acts.renew>
                <input type="hidden" name="project" value=of/>
                <input type="hidden" name="member" value=id/>
                <input type="hidden" name="email" value=email/>
                <Button kind=ButtonKind::Quiet submit=true>"New link"</Button>
            </ActionForm>
        }
    });
    let (of, id) = (project.clone(), member.id.clone());
    let (label, select_id) = (format!("Role of {}", member.email), format!("role-{}", member.id));
    let role = view! {
        <ActionForm action=acts.set_role attr:class="inline-form">
            <input type="hidden" name="project" value=of/>
            <input type="hidden" name="member" value=id/>
            <SelectField name="role" label options=roles() value=member.role.as_str() bare=true id=select_id/>
            <Button kind=ButtonKind::Quiet submit=true>"Change"</Button>
        </ActionForm>
    };
    let title = format!("Remove {}?", member.email);
    let remove = view! {
        <p>"They lose access to this project at once. Their account stays, and what they saved stays under their name."</p>
        <ActionForm action=acts.remove on:submit=move |_| close_dialog(&closing)>
            <input type="hidden" name="project" value=project/>
            <input type="hidden" name="member" value=member.id/>
            <div class="actions"><Button kind=ButtonKind::Danger submit=true>"Remove member"</Button></div>
        </ActionForm>
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
