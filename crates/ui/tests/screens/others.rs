use leptos::prelude::*;
use ui::{
    Button, ButtonKind, Card, CardBody, Cell, CellKind, Checkbox, Chip, Code, Column, CopyLine, Crumb, Dialog,
    DialogButton, Icon, IconName, InputKind, Instant, Moment, Notice, Page, PageHead, SelectField, SelectOption,
    Snippet, Table, TextField, Tone,
};

use super::{NOW, days_ago, in_shell};

pub(crate) fn home() -> AnyView {
    in_shell("/p/support-bot", || {
        let figure = |name: &'static str, value: &'static str, note: &'static str| {
            view! {
                <a class="health-strip__item" href="traces.html"><span class="health-strip__name">{name}</span><span class="health-strip__value">{value}</span><span class="health-strip__note">{note}</span></a>
            }
        };
        view! {
            <Page crumbs=vec![Crumb::here("Home")]>
                <PageHead title="support-bot" lead="last 24 hours, UTC"/>
                <div class="health-strip">
                    {figure("Traces", "1,204", "+12.0% on the day before")} {figure("Errors", "0.9%", "11 traces")} {figure("Latency p95", "2.41 s", "p50 1.19 s")} {figure("Cost", "$8.90", "$0.0074 a trace")} {figure("Thumbs up", "0.612", "±0.009, n 4,812")}
                </div>
                <Card title="Set up" extra=|| view! { <span class="num">"2 of 4"</span> <svg class="setup__progress" height="6" aria-hidden="true"><rect width="100%" height="6"></rect><rect width="50%" height="6"></rect></svg> }>
                    <ol class="setup">
                        <li class="setup__step" data-state="done"><Icon name=IconName::CircleCheck/><div class="setup__body"><h3>"Make a key pair"</h3></div><span class="setup__state">"pk-lf-1f0c… made today"</span></li>
                        <li class="setup__step" data-state="done"><Icon name=IconName::CircleCheck/><div class="setup__body"><h3>"Write a prompt"</h3></div><span class="setup__state">"support/answer"</span></li>
                        <li class="setup__step" data-state="now"><Icon name=IconName::Circle/>
                            <div class="setup__body">
                                <h3>"Send a first trace"</h3>
                                <p>"Run this with your key. The line turns green when the trace arrives."</p>
                                <Code id="setup" label="Send a first trace" snippets=vec![
                                    Snippet::new("Python", "pip install langfuse\n\nfrom langfuse import Langfuse\nlangfuse = Langfuse(host=\"http://localhost:4600\", public_key=\"pk-lf-1f0c\", secret_key=\"sk-lf-…\")\nprompt = langfuse.get_prompt(\"support/answer\", label=\"production\")"),
                                    Snippet::new("JavaScript", "npm install @langfuse/client"),
                                ]/>
                            </div>
                            <span class="setup__state"><span class="dot"></span>"waiting"</span>
                        </li>
                        <li class="setup__step" data-state="todo"><Icon name=IconName::Circle/><div class="setup__body"><h3>"Send a score"</h3><p>"Tell which answers were good, and versions can be compared."</p></div><span class="setup__state">"not yet"</span></li>
                    </ol>
                </Card>
                <Card title="Changes this week">
                    <ol>
                        <li class="changes__item"><Instant at=days_ago(2) shown=Moment::Ago(NOW)/><span>"Ana moved " <Chip tone=Tone::Accent>"variant-b"</Chip> " of " <a href="prompt.html">"support/answer"</a> " from v6 to v8"</span></li>
                        <li class="changes__item"><Instant at=days_ago(5) shown=Moment::Ago(NOW)/><span>"Ben made version 3 of " <a href="prompt.html">"support/final"</a></span></li>
                    </ol>
                </Card>
            </Page>
        }
        .into_any()
    })
}

fn settings(current: &'static str, content: AnyView) -> AnyView {
    let link = move |key: &'static str, text: &'static str, href: &'static str| {
        view! {
            <a class="settings__link" href=href aria-current=(key == current).then_some("page")>{text}</a>
        }
    };
    view! {
        <div class="settings">
            <nav class="settings__nav" aria-label="Settings">{link("project", "Project", "?")} {link("keys", "API keys", "keys.html")} {link("members", "Members", "members.html")}</nav>
            <div class="settings__content">{content}</div>
        </div>
    }
    .into_any()
}

pub(crate) fn keys() -> AnyView {
    in_shell("/p/support-bot/settings/keys", || {
        let columns = vec![
            Column::text("Key"),
            Column::text("Scopes"),
            Column::text("Made"),
            Column::text("Last used"),
            Column::unnamed("Actions"),
        ];
        let rows = ["production", "staging", "laptop of Ana"].into_iter().enumerate().map(|(index, name)| view! {
            <tr>
                <Cell kind=CellKind::Title><b>{name}</b><CopyLine text="pk-lf-1f0c2b7a-4c11" label=format!("Copy public key of {name}")/></Cell>
                <Cell kind=CellKind::Wide><span class="chips"><Chip>"ingest"</Chip><Chip>"prompts: read"</Chip></span></Cell>
                <Cell label="Made"><Instant at=days_ago(12 * (index as i64 + 1)) shown=Moment::Date/></Cell>
                <Cell label="Last used"><Instant at=days_ago(index as i64) shown=Moment::Ago(NOW)/></Cell>
                <Cell kind=CellKind::Wide><DialogButton dialog="revoke" kind=ButtonKind::Danger>"Revoke"</DialogButton></Cell>
            </tr>
        }).collect_view();
        let content = view! {
            <Notice tone=Tone::Good>
                <div class="new-key">
                    <p><b>"The key is made. "</b>"The secret is shown this once; copy it now."</p>
                    <dl class="new-key__pair"><dt>"Public"</dt><dd><CopyLine text="pk-lf-9a31" label="Copy public key"/></dd><dt>"Secret"</dt><dd><CopyLine text="sk-lf-44f0c7e1-91a2-4c8f" label="Copy secret key"/></dd></dl>
                </div>
            </Notice>
            <Card title="New key"><CardBody>
                <form class="form" method="post">
                    <div class="form__row">
                        <TextField name="name" label="Name" required=true hint="Where it is used: production, a laptop" error=Some("a key of this name exists; choose another".to_owned())/>
                        <SelectField name="environment" label="Environment" options=vec![SelectOption::new("", "any"), SelectOption::new("production", "production")]/>
                    </div>
                    <fieldset class="scopes"><legend class="visually-hidden">"Scopes"</legend><Checkbox name="scope" value="ingest" label="Send traces and scores" checked=true/><Checkbox name="scope" value="prompts" label="Read prompts" checked=true/><Checkbox name="scope" value="admin" label="Change prompts and labels" hint="For deployment scripts only"/></fieldset>
                    <div class="actions"><Button kind=ButtonKind::Primary submit=true>"Make key"</Button></div>
                </form>
            </CardBody></Card>
            <Card title="Keys"><Table caption="API keys" columns=columns>{rows}</Table></Card>
            <Dialog id="revoke" title="Revoke the key production?"><p>"Programs that use it get 401 at once. 2,140 requests came with it today."</p><form method="post" class="dialog__foot"><Button kind=ButtonKind::Danger submit=true>"Revoke key"</Button></form></Dialog>
        }
        .into_any();
        view! { <Page crumbs=vec![Crumb::link("Settings", "?"), Crumb::here("API keys")]><PageHead title="API keys"/>{settings("keys", content)}</Page> }.into_any()
    })
}

pub(crate) fn members() -> AnyView {
    in_shell("/p/support-bot/settings/members", || {
        let rows = [("Ana Kovač", "ana@nordwind.example", "owner"), ("Ben Okafor", "ben@nordwind.example", "editor")].into_iter().map(|(name, mail, role)| view! {
            <tr>
                <Cell kind=CellKind::Title><span class="member"><span class="member__name">{name}</span><span class="sub">{mail}</span></span></Cell>
                <Cell label="Role">{role}</Cell>
                <Cell label="Seen"><Instant at=days_ago(1) shown=Moment::Ago(NOW)/></Cell>
                <Cell kind=CellKind::Wide><Button kind=ButtonKind::Quiet>"Remove"</Button></Cell>
            </tr>
        }).collect_view();
        let content = view! {
            <Card title="Invite"><CardBody>
                <form class="inline-form" method="post"><TextField name="email" label="E-mail" kind=InputKind::Email/><SelectField name="role" label="Role" options=vec![SelectOption::new("viewer", "viewer"), SelectOption::new("editor", "editor")]/><Button kind=ButtonKind::Primary submit=true>"Make invitation link"</Button></form>
            </CardBody></Card>
            <Card title="Members"><Table caption="Members" columns=vec![Column::text("Name"), Column::text("Role"), Column::text("Seen"), Column::unnamed("Actions")]>{rows}</Table></Card>
        }
        .into_any();
        view! { <Page crumbs=vec![Crumb::link("Settings", "?"), Crumb::here("Members")]><PageHead title="Members"/>{settings("members", content)}</Page> }.into_any()
    })
}

pub(crate) fn sign_in() -> AnyView {
    view! {
        <main class="auth" id="main">
            <div class="auth__box">
                <div class="auth__brand"><span class="side__mark" aria-hidden="true">"A"</span>"Assay"</div>
                <section class="card"><div class="auth__body">
                    <div><h1 tabindex="-1">"Sign in"</h1><p class="auth__lead">"To the prompts and traces of your team."</p></div>
                    <form class="form" method="post">
                        <TextField name="email" label="E-mail" kind=InputKind::Email autocomplete="username" required=true value="ana@nordwind.example"/>
                        <TextField name="password" label="Password" kind=InputKind::Password autocomplete="current-password" required=true error=Some("E-mail and password do not match.".to_owned())/>
                        <Button kind=ButtonKind::Primary submit=true wide=true>"Sign in"</Button>
                    </form>
                </div></section>
                <p class="auth__foot">"No account? Ask an owner of your project for an invitation link."</p>
            </div>
        </main>
    }
    .into_any()
}
