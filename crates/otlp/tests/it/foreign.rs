//! Instrumentations other than Langfuse's and ABV's (`SDK-PROTOCOL.md` 9).

use domain::{
    money::NanoUsd,
    trace::{SpanKind, TokenBuckets},
};
use opentelemetry_proto::tonic::trace::v1::span::Event;
use otlp::Sender;
use serde_json::{Value, json};

use crate::build::{START, attributes, decode, foreign, request, span};

#[test]
fn kinds_by_every_vocabulary() {
    for (key, word, kind) in [
        ("gen_ai.operation.name", "chat", SpanKind::Generation),
        ("gen_ai.operation.name", "text_completion", SpanKind::Generation),
        ("gen_ai.operation.name", "generate_content", SpanKind::Generation),
        ("gen_ai.operation.name", "embeddings", SpanKind::Embedding),
        ("gen_ai.operation.name", "execute_tool", SpanKind::Tool),
        ("gen_ai.operation.name", "invoke_agent", SpanKind::Agent),
        ("gen_ai.operation.name", "create_agent", SpanKind::Agent),
        ("gen_ai.operation.name", "invoke_workflow", SpanKind::Chain),
        ("gen_ai.operation.name", "retrieval", SpanKind::Retriever),
        ("openinference.span.kind", "LLM", SpanKind::Generation),
        ("openinference.span.kind", "EMBEDDING", SpanKind::Embedding),
        ("openinference.span.kind", "CHAIN", SpanKind::Chain),
        ("openinference.span.kind", "TOOL", SpanKind::Tool),
        ("openinference.span.kind", "RETRIEVER", SpanKind::Retriever),
        ("openinference.span.kind", "RERANKER", SpanKind::Retriever),
        ("openinference.span.kind", "AGENT", SpanKind::Agent),
        ("openinference.span.kind", "GUARDRAIL", SpanKind::Guardrail),
        ("openinference.span.kind", "EVALUATOR", SpanKind::Evaluator),
        ("traceloop.span.kind", "workflow", SpanKind::Chain),
        ("traceloop.span.kind", "task", SpanKind::Span),
        ("traceloop.span.kind", "agent", SpanKind::Agent),
        ("traceloop.span.kind", "tool", SpanKind::Tool),
        ("mlflow.spanType", "\"CHAT_MODEL\"", SpanKind::Generation),
        ("mlflow.spanType", "LLM", SpanKind::Generation),
        ("ai.operationId", "ai.generateText", SpanKind::Chain),
        ("ai.operationId", "ai.generateText.doGenerate", SpanKind::Generation),
        ("ai.operationId", "ai.streamText.doStream", SpanKind::Generation),
        ("ai.operationId", "ai.embed.doEmbed", SpanKind::Embedding),
        ("ai.operationId", "ai.toolCall", SpanKind::Tool),
    ] {
        let span = foreign(&json!({key: word, "gen_ai.request.model": "m"}));
        assert_eq!(span.kind, kind, "{key}={word}");
        assert!(span.metadata.is_empty(), "{key}={word}: {:?}", span.metadata);
    }
    let odd = foreign(&json!({"gen_ai.operation.name": "dream", "gen_ai.request.model": "m"}));
    assert_eq!((odd.kind, &odd.metadata["gen_ai.operation.name"]), (SpanKind::Generation, &json!("dream")));
    assert_eq!(foreign(&json!({"http.request.method": "GET"})).kind, SpanKind::Span);
}

#[test]
fn opentelemetry_genai_new_names() {
    let span = foreign(&json!({
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2024-08-06", "gen_ai.request.temperature": 0.2, "gen_ai.request.max_tokens": 100,
        "gen_ai.request.stop_sequences": ["a"], "gen_ai.request.choice.count": 2,
        "gen_ai.input.messages": "[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"hi\"}]}]",
        "gen_ai.output.messages": [{"role": "assistant", "parts": [], "finish_reason": "stop"}],
        "gen_ai.system_instructions": "[{\"type\":\"text\",\"content\":\"be kind\"}]",
        "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.cache_read.input_tokens": 60, "gen_ai.usage.cache_creation.input_tokens": 10,
        "gen_ai.usage.reasoning.output_tokens": 5, "gen_ai.response.time_to_first_chunk": 0.25,
        "gen_ai.prompt.name": "greet", "gen_ai.prompt.version": "v3", "gen_ai.conversation.id": "c-1",
        "gen_ai.response.finish_reasons": ["stop"], "gen_ai.response.id": "r-1", "server.address": "api",
        "enduser.id": "u-1", "gen_ai.agent.name": "root agent"}));
    assert_eq!(span.kind, SpanKind::Generation);
    assert_eq!((span.model.as_deref(), span.provider.as_deref()), (Some("gpt-4o-2024-08-06"), Some("openai")));
    assert_eq!(
        Value::Object(span.model_parameters),
        json!({"temperature": 0.2, "max_tokens": 100, "stop_sequences": ["a"], "choice.count": 2})
    );
    let parts = |text: &str| json!([{"type": "text", "content": text}]);
    assert_eq!(
        span.input,
        Some(json!([{"role": "system", "parts": parts("be kind")}, {"role": "user", "parts": parts("hi")}]))
    );
    assert_eq!(span.output, Some(json!([{"role": "assistant", "parts": [], "finish_reason": "stop"}])));
    let expected = TokenBuckets {
        input: 30,
        cache_read: 60,
        cache_write: 10,
        output: 15,
        reasoning: 5,
        ..TokenBuckets::default()
    };
    assert_eq!(span.usage.buckets, Some(expected));
    assert_eq!(span.usage.reported["cache_read_input_tokens"], 60);
    assert_eq!(span.completion_start_ns.unwrap().0, START + 250_000_000);
    assert_eq!(span.prompt.map(|link| (link.name, link.version)), Some(("greet".to_owned(), 3)));
    assert_eq!((span.trace.session_id.as_deref(), span.trace.user_id.as_deref()), (Some("c-1"), Some("u-1")));
    assert_eq!(span.trace.name.as_deref(), Some("root agent"));
    assert_eq!(
        Value::Object(span.metadata),
        json!({"gen_ai.response.finish_reasons": ["stop"], "gen_ai.response.id": "r-1", "server.address": "api",
            "gen_ai.request.model": "gpt-4o"})
    );
}

#[test]
fn opentelemetry_genai_old_names_and_openllmetry() {
    let span = foreign(&json!({
        "gen_ai.system": "Anthropic", "gen_ai.request.model": "claude", "llm.usage.total_tokens": 129,
        "gen_ai.usage.prompt_tokens": 9, "gen_ai.usage.completion_tokens": 20,
        "gen_ai.usage.cache_read_input_tokens": 100,
        "gen_ai.prompt.1.role": "user", "gen_ai.prompt.1.content": "hi", "gen_ai.prompt.0.role": "system",
        "gen_ai.prompt.0.content": "s", "gen_ai.prompt.10.role": "user",
        "gen_ai.completion.0.content": "ho", "gen_ai.completion.0.finish_reason": "stop",
        "traceloop.prompt.key": "greet", "traceloop.prompt.version": 4,
        "traceloop.association.properties.session_id": "s-1", "traceloop.association.properties.plan": "pro",
        "gen_ai.usage.cost": 0.002}));
    assert_eq!((span.kind, span.provider.as_deref()), (SpanKind::Generation, Some("Anthropic")));
    assert_eq!(
        span.input,
        Some(
            json!([{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}, {"role": "user"}])
                .as_array()
                .map(|messages| {
                    let mut messages = messages.clone();
                    messages[1] = json!({"role": "user", "content": "hi"});
                    Value::Array(messages)
                })
                .unwrap()
        )
    );
    assert_eq!(span.output, Some(json!([{"content": "ho", "finish_reason": "stop"}])));
    // Anthropic counts the cache beside the input; the total shows it.
    let buckets = span.usage.buckets.unwrap();
    assert_eq!((buckets.input, buckets.cache_read, buckets.output, buckets.total()), (9, 100, 20, 129));
    assert_eq!(span.prompt.map(|link| link.version), Some(4));
    assert_eq!(span.trace.session_id.as_deref(), Some("s-1"));
    assert_eq!(span.cost.total, Some(NanoUsd(2_000_000)));
    assert_eq!(Value::Object(span.metadata), json!({"plan": "pro"}));
}

#[test]
fn openinference() {
    let span = foreign(&json!({
        "openinference.span.kind": "LLM", "llm.model_name": "gpt-4o", "llm.provider": "openai",
        "llm.invocation_parameters": "{\"temperature\": 0.1}", "input.value": "{\"messages\":[]}",
        "input.mime_type": "application/json", "output.value": "{not parsed}", "output.mime_type": "text/plain",
        "llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "hi",
        "llm.token_count.prompt": 100, "llm.token_count.completion": 20, "llm.token_count.total": 120,
        "llm.token_count.prompt_details.cache_read": 60, "llm.token_count.completion_details.reasoning": 5,
        "llm.cost.prompt": 0.1, "llm.cost.completion": 0.2, "llm.cost.prompt_details.cache_read": 0.05,
        "prompt.id": "greet", "llm.prompt_template.version": "2", "llm.prompt_template.variables": "{\"a\":1}",
        "metadata": "{\"k\": \"v\"}", "tag.tags": ["t"], "user.id": "u"}));
    assert_eq!(span.model.as_deref(), Some("gpt-4o"));
    assert_eq!(Value::Object(span.model_parameters), json!({"temperature": 0.1}));
    assert_eq!((span.input, span.output), (Some(json!({"messages": []})), Some(json!("{not parsed}"))));
    let expected = TokenBuckets { input: 40, cache_read: 60, output: 15, reasoning: 5, ..TokenBuckets::default() };
    assert_eq!(span.usage.buckets, Some(expected));
    assert_eq!((span.cost.total, span.cost.output), (Some(NanoUsd(300_000_000)), Some(NanoUsd(200_000_000))));
    assert_eq!(span.prompt.map(|link| (link.name, link.version)), Some(("greet".to_owned(), 2)));
    assert_eq!(span.trace.tags, ["t"]);
    assert_eq!(Value::Object(span.metadata), json!({"k": "v", "llm.prompt_template.variables": "{\"a\":1}"}));

    let messages = foreign(&json!({
        "openinference.span.kind": "LLM",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "f"}));
    assert_eq!(messages.output, Some(json!([{"role": "assistant", "tool_calls.0.tool_call.function.name": "f"}])));
}

#[test]
fn mlflow_and_vercel() {
    let span = foreign(&json!({
        "mlflow.spanType": "\"CHAT_MODEL\"", "mlflow.spanInputs": "{\"q\": 1}", "mlflow.spanOutputs": "\"text\"",
        "mlflow.chat.tokenUsage": "{\"input_tokens\": 5, \"output_tokens\": 6, \"total_tokens\": 11}",
        "mlflow.llm.model": "\"gpt\"", "gen_ai.prompt.name": "\"greet\"", "gen_ai.prompt.version": "4",
        "session.id": "\"s \\\"1\\\"\"", "broken": "\"half"}));
    assert_eq!(span.prompt.map(|link| (link.name, link.version)), Some(("greet".to_owned(), 4)));
    assert_eq!((span.trace.session_id.as_deref(), &span.metadata["broken"]), (Some("s \"1\""), &json!("\"half")));
    assert_eq!((span.input, span.output), (Some(json!({"q": 1})), Some(json!("text"))));
    assert_eq!((span.usage.buckets.unwrap().total(), span.model.as_deref()), (11, Some("gpt")));

    let span = foreign(&json!({
        "ai.operationId": "ai.streamText.doStream", "ai.model.id": "gpt", "ai.model.provider": "openai.chat",
        "ai.prompt.messages": "[{\"role\":\"user\"}]", "ai.response.text": "ho", "ai.usage.promptTokens": 3,
        "ai.usage.completionTokens": 4, "ai.response.msToFirstChunk": 12.5, "ai.settings.maxRetries": 2,
        "ai.telemetry.metadata.userId": "u", "ai.telemetry.metadata.team": "x"}));
    assert_eq!((span.kind, span.model.as_deref()), (SpanKind::Generation, Some("gpt")));
    assert_eq!((span.input, span.output), (Some(json!([{"role": "user"}])), Some(json!("ho"))));
    assert_eq!(span.usage.buckets.unwrap().total(), 7);
    assert_eq!(span.completion_start_ns.unwrap().0, START + 12_500_000);
    assert_eq!((span.trace.user_id.as_deref(), &span.metadata["team"]), (Some("u"), &json!("x")));
    assert_eq!(Value::Object(span.model_parameters), json!({"maxRetries": 2}));
}

#[test]
fn langfuse_words_win_over_all_others() {
    let span = foreign(&json!({
        "gen_ai.request.model": "b", "langfuse.observation.model.name": "a", "gen_ai.prompt": "old", "input.value": "other",
        "langfuse.observation.input": "in", "gen_ai.usage.input_tokens": 5,
        "langfuse.observation.usage_details": "{\"input\":1}", "user.id": "u", "enduser.id": "u"}));
    assert_eq!((span.model.as_deref(), span.input), (Some("a"), Some(json!("in"))));
    assert_eq!(span.usage.buckets.unwrap().input, 1);
    // What lost and says something else is kept; another spelling of the input, or of the same user, is not.
    assert_eq!(Value::Object(span.metadata), json!({"gen_ai.request.model": "b", "gen_ai.usage.input_tokens": 5}));
}

#[test]
fn span_events_tell_messages() {
    let event =
        |name: &str, map: Value| Event { name: name.to_owned(), attributes: attributes(&map), ..Event::default() };
    let read = |events: Vec<Event>| {
        let mut sent = span(&json!({"gen_ai.request.model": "m"}));
        sent.events = events;
        let span = decode(&request(&json!({}), ("x", "1"), vec![sent]), &Sender::default()).spans.remove(0);
        (span.input, span.output)
    };
    let told = read(vec![
        event("gen_ai.system.message", json!({"gen_ai.system": "openai", "content": "s"})),
        event("gen_ai.user.message", json!({"content": "hi"})),
        event("gen_ai.choice", json!({"index": 0, "content": "ho"})),
        event("unrelated", json!({"a": 1})),
    ]);
    let input = json!([{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}]);
    assert_eq!(told, (Some(input), Some(json!([{"role": "assistant", "index": 0, "content": "ho"}]))));
    let told = read(vec![
        event("gen_ai.content.prompt", json!({"gen_ai.prompt": "hi"})),
        event("gen_ai.content.completion", json!({"gen_ai.completion": "ho"})),
    ]);
    assert_eq!(told, (Some(json!("hi")), Some(json!("ho"))));
}

#[test]
fn secrets_and_surroundings_are_not_kept() {
    let resource = json!({"service.name": "shop", "telemetry.sdk.language": "java", "host.name": "h", "process.pid": 1,
        "api_key": "sk-1", "service.instance.id": "i"});
    let sent = span(&json!({"gen_ai.openai.api_key": "sk-2", "http.request.header.authorization": "Bearer sk-3",
        "http.request.header.x-api-key": "sk-4", "client_secret": "sk-5", "db.password": "sk-6", "plan": "pro"}));
    let decoded = decode(&request(&resource, ("lib", "2.0"), vec![sent]), &Sender::default());
    assert_eq!(
        Value::Object(decoded.spans[0].metadata.clone()),
        json!({"service.name": "shop", "telemetry.sdk.language": "java", "plan": "pro"})
    );
    assert_eq!(decoded.spans[0].scope, "lib 2.0");
}

#[test]
fn the_first_piece_of_a_stream_is_marked_by_an_event() {
    for name in ["First Token Stream Event", "llm.content.completion.chunk", "gen_ai.content.completion.chunk"] {
        let at = |after: u64| Event {
            name: name.to_owned(),
            time_unix_nano: u64::try_from(START).unwrap() + after,
            ..Event::default()
        };
        let mut sent = span(&json!({"gen_ai.request.model": "m"}));
        sent.events = vec![at(700), at(250), Event { name: "other".to_owned(), time_unix_nano: 1, ..Event::default() }];
        let decoded = decode(&request(&json!({}), ("x", "1"), vec![sent]), &Sender::default());
        assert_eq!(decoded.spans[0].completion_start_ns.map(|at| at.0), Some(START + 250), "{name}");
    }
}

/// What a row of the table is read into.
type Read = Box<dyn Fn(domain::trace::Span) -> Option<Value>>;

/// The row of each field in `SDK-PROTOCOL.md` 9, attribute by attribute: what one of them says alone.
#[test]
fn every_attribute_of_the_table_says_its_field() {
    let model = |span: domain::trace::Span| span.model.map(Value::from);
    let provider = |span: domain::trace::Span| span.provider.map(Value::from);
    let input = |span: domain::trace::Span| span.input;
    let output = |span: domain::trace::Span| span.output;
    let user = |span: domain::trace::Span| span.trace.user_id.map(Value::from);
    let session = |span: domain::trace::Span| span.trace.session_id.map(Value::from);
    let tags = |span: domain::trace::Span| Some(json!(span.trace.tags));
    let trace_name = |span: domain::trace::Span| span.trace.name.map(Value::from);
    let environment = |span: domain::trace::Span| Some(Value::from(span.environment));
    let release = |span: domain::trace::Span| span.release.map(Value::from);
    let usage = |bucket: fn(TokenBuckets) -> u64| {
        move |span: domain::trace::Span| span.usage.buckets.map(|buckets| Value::from(bucket(buckets)))
    };
    let rows: Vec<(&[&str], Value, Value, Read)> = vec![
        (
            &[
                "gen_ai.response.model",
                "gen_ai.request.model",
                "llm.response.model_name",
                "llm.model_name",
                "llm.request.model_name",
                "embedding.model_name",
                "ai.response.model",
                "ai.model.id",
            ],
            json!("m"),
            json!("m"),
            Box::new(model),
        ),
        (
            &["gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider"],
            json!("p"),
            json!("p"),
            Box::new(provider),
        ),
        (
            &[
                "gen_ai.input.messages",
                "gen_ai.prompt",
                "input.value",
                "traceloop.entity.input",
                "ai.prompt.messages",
                "ai.prompt",
                "mlflow.spanInputs",
                "gen_ai.tool.call.arguments",
                "ai.toolCall.args",
                "tool.parameters",
                "prompt",
            ],
            json!("{\"q\":1}"),
            json!({"q": 1}),
            Box::new(input),
        ),
        (
            &["gen_ai.input.messages", "gen_ai.prompt"],
            json!([{"role": "user"}]),
            json!([{"role": "user"}]),
            Box::new(input),
        ),
        (
            &[
                "gen_ai.output.messages",
                "gen_ai.completion",
                "output.value",
                "traceloop.entity.output",
                "ai.response.text",
                "ai.response.object",
                "mlflow.spanOutputs",
                "gen_ai.tool.call.result",
                "ai.toolCall.result",
            ],
            json!("{\"a\":1}"),
            json!({"a": 1}),
            Box::new(output),
        ),
        (
            &["user.id", "enduser.id", "gen_ai.user", "ai.telemetry.metadata.userId"],
            json!("u"),
            json!("u"),
            Box::new(user),
        ),
        (
            &[
                "session.id",
                "gen_ai.conversation.id",
                "traceloop.association.properties.session_id",
                "ai.telemetry.metadata.sessionId",
            ],
            json!("s"),
            json!("s"),
            Box::new(session),
        ),
        (&["tag.tags", "ai.telemetry.metadata.tags"], json!(["t"]), json!(["t"]), Box::new(tags)),
        (
            &["gen_ai.workflow.name", "traceloop.workflow.name", "gen_ai.agent.name"],
            json!("w"),
            json!("w"),
            Box::new(trace_name),
        ),
        (&["deployment.environment.name", "deployment.environment"], json!("QA"), json!("qa"), Box::new(environment)),
        (&["service.version"], json!("1.2"), json!("1.2"), Box::new(release)),
        (
            &[
                "gen_ai.usage.input_tokens",
                "gen_ai.usage.prompt_tokens",
                "llm.token_count.prompt",
                "llm.usage.prompt_tokens",
                "ai.usage.promptTokens",
            ],
            json!(7),
            json!(7),
            Box::new(usage(|buckets| buckets.input)),
        ),
        (
            &[
                "gen_ai.usage.output_tokens",
                "gen_ai.usage.completion_tokens",
                "llm.token_count.completion",
                "llm.usage.completion_tokens",
                "ai.usage.completionTokens",
            ],
            json!(7),
            json!(7),
            Box::new(usage(|buckets| buckets.output)),
        ),
        (
            &["gen_ai.usage.total_tokens", "llm.token_count.total", "llm.usage.total_tokens"],
            json!(7),
            json!(7),
            Box::new(usage(|buckets| buckets.total())),
        ),
        (
            &[
                "gen_ai.usage.cache_read.input_tokens",
                "gen_ai.usage.cache_read_input_tokens",
                "llm.token_count.prompt_details.cache_read",
            ],
            json!(7),
            json!(7),
            Box::new(usage(|buckets| buckets.cache_read)),
        ),
        (
            &[
                "gen_ai.usage.cache_creation.input_tokens",
                "gen_ai.usage.cache_write.input_tokens",
                "llm.token_count.prompt_details.cache_write",
            ],
            json!(7),
            json!(7),
            Box::new(usage(|buckets| buckets.cache_write)),
        ),
        (
            &[
                "gen_ai.usage.reasoning.output_tokens",
                "gen_ai.usage.reasoning_tokens",
                "llm.token_count.completion_details.reasoning",
            ],
            json!(7),
            json!(7),
            Box::new(usage(|buckets| buckets.reasoning)),
        ),
    ];
    for (keys, sent, expected, read) in rows {
        for key in keys {
            assert_eq!(read(foreign(&json!({*key: sent}))), Some(expected.clone()), "{key}");
        }
    }
    for (name, version) in [
        ("gen_ai.prompt.name", "gen_ai.prompt.version"),
        ("prompt.id", "llm.prompt_template.version"),
        ("traceloop.prompt.key", "traceloop.prompt.version"),
    ] {
        let link = foreign(&json!({name: "greet", version: 3, "gen_ai.request.model": "m"})).prompt.unwrap();
        assert_eq!((link.name.as_str(), link.version), ("greet", 3), "{name}");
    }
}
