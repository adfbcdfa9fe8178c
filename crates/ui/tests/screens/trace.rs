use leptos::prelude::*;
use serde_json::json;
use ui::{
    Badge, Button, ButtonKind, Chip, Choice, Copy, Crumb, Fact, Facts, FactsLayout, HatchDefs, Json, LinkButton,
    Message, Messages, Minimap, MinimapSpan, Page, PageLayout, Part, Role, Ruler, SegmentedLinks, Tone, Tree, TreeNode,
    UsageBar, UsagePart, WaterfallBar, format,
};

use super::in_shell;

const TOTAL: i64 = 4_820_000_000;

struct Span {
    name: &'static str,
    level: u32,
    kind: &'static str,
    start: i64,
    length: i64,
    badge: Option<&'static str>,
    error: Option<&'static str>,
    cost: Option<i64>,
}

fn spans() -> Vec<Span> {
    let span = |name, level, kind, start: i64, length: i64, badge, error, cost| Span {
        name,
        level,
        kind,
        start: start * 1_000_000,
        length: length * 1_000_000,
        badge,
        error,
        cost,
    };
    vec![
        span("handle_ticket", 1, "agent", 0, 4_820, None, None, Some(12_100_000)),
        span("search_policy", 2, "retriever", 20, 380, None, None, None),
        span("embed_query", 3, "retriever", 26, 90, None, None, None),
        span("vector_search", 3, "tool", 122, 250, None, None, None),
        span("draft_answer", 2, "generation", 420, 2_310, Some("support/answer v8"), None, Some(4_200_000)),
        span("lookup_order", 2, "tool", 2_760, 640, None, Some("timeout"), None),
        span("lookup_order (retry)", 2, "tool", 3_420, 210, None, None, None),
        span("final_answer", 2, "generation", 3_660, 1_120, Some("support/final v3"), None, Some(7_900_000)),
        span("pii_check", 2, "other", 4_790, 20, None, None, None),
    ]
}

fn node(span: Span) -> TreeNode {
    let text = format::duration_ns(span.length);
    let cost = span.cost.map(format::money);
    let has_error = span.error.is_some();
    let bar = view! { <WaterfallBar kind=span.kind start_ns=span.start duration_ns=span.length total_ns=TOTAL error=has_error text extra=cost/> };
    let name = view! {
        <span class="dot" data-kind=span.kind></span>
        <span class="tree__label">{span.name}</span>
        {span.badge.map(|badge| view! { <Badge>{badge}</Badge> })}
        {span.error.map(|error| view! { <span class="tree__error">{error}</span> })}
    };
    TreeNode::new(span.name, span.level, format!("?span={}", span.name.replace(' ', "+")), name)
        .beside(bar)
        .error(has_error)
}

pub(crate) fn page() -> AnyView {
    in_shell("/p/support-bot/traces/7f3a", || {
        let minimap = spans()
            .iter()
            .map(|span| MinimapSpan { start_ns: span.start, duration_ns: span.length, error: span.error.is_some() })
            .collect::<Vec<_>>();
        let nodes = spans().into_iter().map(node).collect::<Vec<_>>();
        let facts = vec![
            Fact::new("Trace", || view! { <h1 tabindex="-1">"handle_ticket"</h1> }),
            Fact::text("When (UTC)", "Nov 21, 14:02:11"),
            Fact::text("Duration", format::duration_ns(TOTAL)),
            Fact::text("Cost", format::money(12_100_000)),
            Fact::text("Tokens", "3,204 in · 418 out"),
            Fact::new("User", || view! { <a href="?user">"u-20418"</a> }),
            Fact::new("Session", || view! { <a href="?session">"s-8812 · turn 3"</a> }),
            Fact::new("Thumbs", || view! { <span class="bad">"▼ down"</span> }),
        ];
        let span_facts = vec![
            Fact::new("Model", || view! { <span class="mono">"gpt-4o-mini-2024-07-18"</span> }),
            Fact::text("Latency", "2.31 s"),
            Fact::text("First token", "410 ms"),
            Fact::text("Cost", "$0.0042"),
            Fact::text("Temperature", "0.2"),
            Fact::new("Why this version", || view! { <a href="?why">"label production"</a> }),
        ];
        let views = vec![Choice::link("tree", "Waterfall", "?view=tree"), Choice::link("chat", "Chat", "?view=chat")];
        let shapes = vec![
            Choice::link("chat", "Chat", "?io=chat"),
            Choice::link("template", "Template", "?io=template"),
            Choice::link("json", "JSON", "?io=json"),
        ];
        let system = vec![
            Part::Text("You are the support assistant of ".into()),
            Part::Variable { name: "company".into(), text: "Nordwind".into() },
            Part::Text(".\nGreet the customer warmly and answer in one paragraph.\nQuote the sentence of the policy you rely on: ".into()),
            Part::Variable { name: "policy".into(), text: "“Orders can be returned within 30 days…”".into() },
        ];
        view! {
            <Page
                layout=PageLayout::Fill
                crumbs=vec![Crumb::link("Traces", "traces.html"), Crumb::here(format::short_id("7f3aaaaaaaaaaaaaaaaaaaaaaaaa91c2")).mono()]
                actions=|| view! {
                    <span class="hide-s"><SegmentedLinks label="View" current="tree".to_owned() items=views/></span>
                    <LinkButton href="?previous" kind=ButtonKind::Quiet key="[">"Previous"</LinkButton>
                    <LinkButton href="?next" kind=ButtonKind::Quiet key="]">"Next"</LinkButton>
                }
            >
                <div class="trace">
                    <div class="trace__facts"><Facts layout=FactsLayout::Strip items=facts/></div>
                    <div class="trace__panes">
                        <div class="trace__tree">
                            <HatchDefs/>
                            <Minimap spans=minimap total_ns=TOTAL/>
                            <Ruler total_ns=TOTAL>"9 spans · 1 error " <kbd>"e"</kbd></Ruler>
                            <Tree label="Spans" selected=Some("draft_answer".to_owned()) nodes/>
                        </div>
                        <section class="trace__detail" aria-label="Span">
                            <div class="detail__head">
                                <h2><span class="dot" data-kind="generation"></span>"draft_answer" <Badge>"support/answer v8"</Badge></h2>
                                <SegmentedLinks label="Shown as" current="chat".to_owned() items=shapes/>
                            </div>
                            <Facts items=span_facts/>
                            <UsageBar parts=vec![UsagePart::new("cached", 1_204), UsagePart::new("input", 420), UsagePart::new("output", 218)]/>
                            <Messages>
                                <Message role=Role::System parts=system/>
                                <Message role=Role::User parts=vec![Part::Text("Wo ist meine Bestellung? Ich warte seit zwei Wochen.".into())]/>
                                <Message role=Role::Assistant parts=vec![Part::Text("Hello! According to our policy, orders can be returned within 30 days of delivery. Could you share your order number?".into())]>
                                    <Json value=json!({"name": "lookup_order", "arguments": {"customer": "u-20418", "limit": 3}})/>
                                </Message>
                            </Messages>
                            <div class="detail__section">
                                <h3>"Scores"</h3>
                                <div class="chips">
                                    <Chip tone=Tone::Bad>"▼ thumbs · “not my language”"</Chip>
                                    <Chip>"judge: correct 0.4"</Chip>
                                    <Chip tone=Tone::Warn>"language: en, expected de"</Chip>
                                    <Button kind=ButtonKind::Quiet key="s">"Add"</Button>
                                </div>
                            </div>
                            <div class="actions">
                                <LinkButton href="?replay" key="r">"Replay with v7"</LinkButton>
                                <LinkButton href="prompt.html" key="p">"Open prompt"</LinkButton>
                                <Copy text="https://assay.example/t/7f3a?span=draft" label="Copy link" shown=true key="c"/>
                            </div>
                        </section>
                    </div>
                </div>
            </Page>
        }
        .into_any()
    })
}
