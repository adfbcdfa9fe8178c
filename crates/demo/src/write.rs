//! From what happened to domain values: one place that knows how a span and a score are filled in.

use std::collections::BTreeMap;

use domain::{
    Invalid,
    ids::{SpanId, TraceId},
    money::NanoUsd,
    score::{Score, ScoreSource, ScoreTarget, ScoreValue},
    time::{TimeNs, TimeUs},
    trace::{Cost, Level, PromptLink, Span, SpanKind, TokenBuckets, TraceFields, Usage},
};
use serde_json::{Map, Value, json};
use stats::random::Generator;

use crate::{NOTICE, model::Call};

/// Who asked, from where.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(crate) user: String,
    pub(crate) session: Option<String>,
    pub(crate) plan: &'static str,
    pub(crate) country: &'static str,
    pub(crate) environment: &'static str,
}

/// Countries with their share of users.
const COUNTRIES: [(&str, f64); 6] = [("US", 0.38), ("DE", 0.58), ("IN", 0.74), ("BR", 0.86), ("JP", 0.94), ("KE", 1.0)];
const STAGING_SHARE: f64 = 0.08;
const PRO_SHARE: f64 = 0.3;

impl Visit {
    /// One of `users`, few of whom ask much. What a user is like follows from who they are.
    pub(crate) fn draw(users: u64, seed: u64, random: &mut Generator) -> Self {
        let number = ((users as f64) * random.uniform().powi(2)) as u64;
        let mut own = Generator::new(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        let plan = if own.uniform() < PRO_SHARE { "pro" } else { "free" };
        let place = own.uniform();
        let country = COUNTRIES.iter().find(|(_, up_to)| place < *up_to).map_or("US", |(name, _)| name);
        let environment = if random.uniform() < STAGING_SHARE { "staging" } else { "production" };
        Self { user: format!("user-{number:05}"), session: None, plan, country, environment }
    }
}

/// A trace being written.
pub(crate) struct Writer<'a> {
    pub(crate) trace_id: TraceId,
    pub(crate) visit: &'a Visit,
    pub(crate) name: &'static str,
    pub(crate) random: &'a mut Generator,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(name: &'static str, visit: &'a Visit, random: &'a mut Generator) -> Result<Self, Invalid> {
        let id = (u128::from(random.next_u64()) << 64) | u128::from(random.next_u64()) | 1;
        Ok(Self { trace_id: TraceId::from_bytes(id.to_be_bytes())?, visit, name, random })
    }

    /// A span without content.
    pub(crate) fn span(
        &mut self,
        parent: Option<SpanId>,
        name: &str,
        kind: SpanKind,
        start_ns: i64,
        end_ns: i64,
    ) -> Result<Span, Invalid> {
        let span_id = SpanId::from_bytes((self.random.next_u64() | 1).to_be_bytes())?;
        let trace = match parent {
            None => TraceFields {
                name: Some(self.name.to_owned()),
                user_id: Some(self.visit.user.clone()),
                session_id: self.visit.session.clone(),
                metadata: object(json!({ "plan": self.visit.plan, "country": self.visit.country, "demo": NOTICE })),
                ..TraceFields::default()
            },
            Some(_) => TraceFields::default(),
        };
        Ok(Span {
            trace_id: self.trace_id,
            span_id,
            parent_id: parent,
            name: name.to_owned(),
            kind,
            start_ns: TimeNs(start_ns),
            end_ns: TimeNs(end_ns),
            level: Level::Default,
            status_message: None,
            model: None,
            provider: None,
            model_parameters: Map::new(),
            usage: Usage::default(),
            cost: Cost::default(),
            completion_start_ns: None,
            prompt: None,
            environment: self.visit.environment.to_owned(),
            release: None,
            version: None,
            input: None,
            output: None,
            metadata: Map::new(),
            trace,
            app_root: parent.is_none(),
            scope: "assay-demo".to_owned(),
        })
    }

    /// A call of a model that used a prompt version and answered.
    pub(crate) fn generation(
        &mut self,
        parent: SpanId,
        name: &str,
        start_ns: i64,
        asked: Asked,
        output: &str,
    ) -> Result<Span, Invalid> {
        let Call { first_token_ns, duration_ns, input_tokens, output_tokens, input_cost, output_cost } = asked.call;
        let mut span = self.span(Some(parent), name, SpanKind::Generation, start_ns, start_ns + duration_ns)?;
        span.model = Some(asked.model.to_owned());
        span.prompt = Some(PromptLink { name: asked.prompt.to_owned(), version: asked.version });
        span.input = Some(asked.input);
        span.output = Some(Value::String(output.to_owned()));
        span.completion_start_ns = Some(TimeNs(start_ns + first_token_ns));
        span.usage = Usage {
            reported: BTreeMap::from([("input".to_owned(), input_tokens), ("output".to_owned(), output_tokens)]),
            buckets: Some(TokenBuckets { input: input_tokens, output: output_tokens, ..TokenBuckets::default() }),
        };
        let total = NanoUsd(input_cost.0 + output_cost.0);
        span.cost = Cost {
            reported: BTreeMap::from([("input".to_owned(), input_cost), ("output".to_owned(), output_cost)]),
            total: Some(total),
            input: Some(input_cost),
            output: Some(output_cost),
        };
        Ok(span)
    }
}

/// What a model was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) prompt: &'static str,
    pub(crate) version: u32,
    pub(crate) model: &'static str,
    pub(crate) input: Value,
    pub(crate) call: Call,
}

/// How long a failed call waits for its answer.
const PATIENCE_NS: i64 = 30_000_000_000;

/// The same call, had the model never answered.
pub(crate) fn fail(generation: &mut Span) {
    generation.end_ns = TimeNs(generation.start_ns.0 + PATIENCE_NS);
    generation.level = Level::Error;
    generation.status_message = Some("the model did not answer within 30 s".to_owned());
    generation.output = None;
    generation.completion_start_ns = None;
    generation.usage = Usage::default();
    generation.cost = Cost::default();
}

/// A score of the demo.
pub(crate) fn score(
    name: &'static str,
    target: ScoreTarget,
    value: ScoreValue,
    at: TimeUs,
    environment: &str,
) -> Result<Score, Invalid> {
    let about = match &target {
        ScoreTarget::Observation { span, .. } => span.to_string(),
        ScoreTarget::Trace { trace } => trace.to_string(),
        ScoreTarget::Session { session } => session.clone(),
    };
    Ok(Score {
        id: format!("demo-{name}-{about}").parse()?,
        target,
        name: name.to_owned().try_into()?,
        value,
        comment: None,
        metadata: Value::Null,
        source: ScoreSource::Api,
        environment: environment.to_owned(),
        config_id: None,
        at_us: at,
    })
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
